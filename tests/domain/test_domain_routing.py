"""Routing: the seed's four modems, and the groups in their order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.msisdn import canonical_prefix
from otppi.domain.routing import Path, Routes


def path(name, *prefixes, **fields):
    return Path(name, f"Modem {name}", tuple(canonical_prefix(prefix, "62") for prefix in prefixes), **fields)


SEED = [path("1", "0871", "62872"), path("2", "62835", "62856", "62837"), path("3", "62845"), path("4", default=True)]


def chosen(routes, number, usable="1234"):
    return "".join(routes.candidates(number, lambda modem: modem in usable).modems)


@pytest.mark.parametrize("length", [0, 5])
@pytest.mark.parametrize("prefix,modem", [
    ("62871", "1"), ("62872", "1"), ("62835", "2"), ("62856", "2"), ("62837", "2"), ("62845", "3"), ("62848", "4"), ("62849", "4"), ("62811", "4"), ("4917", "4"),
])
def test_the_seed_s_four_modems_share_the_numbers_as_the_seed_tells(prefix, modem, length):
    assert chosen(Routes(SEED, length), prefix + "1234567") == modem


def test_a_national_prefix_is_stored_with_the_country_code():
    assert SEED[0].prefixes == ("62871", "62872")


def test_without_the_modem_of_the_prefix_the_defaults_send_and_without_those_all():
    routes = Routes(SEED)
    number = "628711234567"
    assert chosen(routes, number, "1234") == "1"
    assert chosen(routes, number, "234") == "4"
    assert chosen(routes, number, "23") == "23"
    assert chosen(routes, number, "") == ""


def test_two_modems_of_one_prefix_are_both_candidates():
    routes = Routes([path("1", "0871"), path("2", "0871"), path("3", default=True)])
    assert chosen(routes, "628711234567") == "12"
    assert chosen(routes, "628711234567", "23") == "2"


def test_the_longest_prefix_alone_counts():
    routes = Routes([path("1", "62"), path("2", "62871"), path("3", "628"), path("4", default=True)])
    assert chosen(routes, "628711234567") == "2"
    assert chosen(routes, "628711234567", "134") == "4", "a shorter prefix is another tariff"
    assert chosen(routes, "62819999999") == "3"
    assert chosen(routes, "62799999999") == "1"


def test_with_a_prefix_length_only_prefixes_of_that_length_count():
    paths = [path("1", "628"), path("2", "62871"), path("3", "628712"), path("4", default=True)]
    assert chosen(Routes(paths, 5), "6287123456") == "2"
    assert chosen(Routes(paths, 3), "6287123456") == "1"
    assert chosen(Routes(paths, 4), "6287123456") == "4"
    assert chosen(Routes(paths, 0), "6287123456") == "3"


def test_a_modem_that_does_not_send_for_the_api_is_never_a_candidate():
    routes = Routes([path("1", "0871", from_api=False), path("2", default=True, from_api=False), path("3")])
    assert chosen(routes, "628711234567") == "3"
    assert chosen(routes, "628711234567", "12") == ""
    only = Routes([path("1", from_api=False)]).candidates("628711234567", lambda modem: True)
    assert (only.modems, only.reason) == ((), "no modem may send for the API")


def test_without_default_and_prefix_all_are_candidates():
    assert chosen(Routes([path("1"), path("2")]), "628711234567") == "12"


def test_a_prefix_twice_on_one_modem_counts_once():
    assert chosen(Routes([path("1", "0871", "62871")]), "628711234567") == "1"


def test_a_number_shorter_than_a_prefix_does_not_match_it():
    assert chosen(Routes([path("1", "6287112"), path("2", default=True)]), "62871") == "2"


@pytest.mark.parametrize("usable,reason", [
    ("1234", "prefix 62871"), ("4", "default modems, as no modem with a matching prefix is usable"), ("2", "all modems that send for the API"), ("", "no modem is usable"),
])
def test_the_choice_is_explained(usable, reason):
    assert Routes(SEED).candidates("628711234567", lambda modem: modem in usable).reason == reason


def test_a_number_without_a_prefix_is_explained_too():
    assert Routes(SEED).candidates("62811234567", lambda modem: True).reason == "default modems, as no prefix matches"


def test_the_explanation_lists_every_group_with_states_and_a_masked_number():
    told = Routes(SEED).explain("628711234567", lambda modem: "busy" if modem == "1" else "idle", lambda modem: modem != "1")
    assert (told["number"], told["chosen"]) == ("628711234XXX", ["4"])
    assert [(group["reason"].split(",")[0], [modem["id"] for modem in group["modems"]]) for group in told["groups"]] == [
        ("prefix 62871", ["1"]), ("default modems", ["4"]), ("all modems that send for the API", ["1", "2", "3", "4"]),
    ]
    assert told["groups"][0]["modems"] == [{"id": "1", "name": "Modem 1", "state": "busy", "usable": False}]


prefixes = st.lists(st.from_regex(r"6[0-3]{0,4}", fullmatch=True), max_size=3).map(tuple)
paths = st.lists(st.tuples(prefixes, st.booleans(), st.booleans()), max_size=5).map(
    lambda rows: [Path(str(n), "", prefixes, default=default, from_api=api) for n, (prefixes, default, api) in enumerate(rows)]
)


@given(paths, st.from_regex(r"6[0-3]{7}", fullmatch=True), st.sets(st.sampled_from("01234")), st.integers(0, 5))
def test_the_choice_is_what_a_plain_search_finds(paths, number, usable, length):
    allowed = [path for path in paths if path.from_api]
    matching = {path.id: max((len(prefix) for prefix in path.prefixes if number.startswith(prefix) and length in {0, len(prefix)}), default=0) for path in allowed}
    longest = max(matching.values(), default=0)
    groups = [
        [path.id for path in allowed if longest and matching[path.id] == longest], [path.id for path in allowed if path.default], [path.id for path in allowed],
    ]
    expected = next((fit for group in groups if (fit := [modem for modem in group if modem in usable])), [])
    routes = Routes(paths, length)
    assert list(routes.candidates(number, lambda modem: modem in usable).modems) == expected
    assert list(routes.modems(number, lambda modem: modem in usable)) == expected
