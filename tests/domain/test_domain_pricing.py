"""Who sends cheapest now: the seed's four modems by tariffs alone, rotation among equals, and never a dearer one of the group."""

from datetime import date

import pytest
from domain.test_domain_tariffs import SEED, TARIFFS, TODAY, numbers
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.pricing import MOST_ANSWERS, Prices, words
from otppi.domain.routing import Path, Routes
from otppi.domain.tariffs import Allowance, Span, Tariff, Used

ALL = ("1", "2", "3", "4")
FREE = Tariff("free", default_price=300, allowances=(Allowance(11, 100, "day", 0),))
FLAT = Tariff("flat", default_price=200)


@pytest.mark.parametrize("prefix, modem", [
    ("62871", "1"), ("62872", "1"), ("62835", "2"), ("62856", "2"), ("62837", "2"), ("62845", "3"), ("62848", "4"), ("62849", "4"), ("62811", "4"), ("4917", "4"),
])
def test_the_seed_s_tariffs_share_the_numbers_as_its_prefixes_do(prefix, modem):
    assert Prices(SEED, {}, TODAY).cheapest(prefix + "1234567", 1, ALL) == (modem,)


def test_the_next_cheapest_follows_when_the_cheapest_cannot_send_and_equals_share():
    prices = Prices(SEED, {}, TODAY)
    assert prices.cheapest("628711234567", 1, ("2", "3", "4")) == ("4",)
    assert prices.cheapest("628711234567", 1, ("2", "3")) == ("3",)
    assert Prices({"a": FLAT, "b": FLAT}, {}, TODAY).cheapest("628711234567", 1, ("a", "b")) == ("a", "b")


def test_a_modem_without_a_known_price_comes_last_and_without_any_tariff_all_are_alike():
    prices = Prices({"a": "", "b": FLAT, "c": Tariff("old", default_price=0, days=Span(last=date(2026, 1, 1)))}, {}, TODAY)
    assert prices.cheapest("628111234567", 1, ("a", "b", "c")) == ("b",)
    assert prices.cheapest("628111234567", 1, ("a", "c")) == ("a", "c")
    assert Prices({"a": "", "b": ""}, {}, TODAY).cheapest("628111234567", 1, ("a", "b")) == ("a", "b")


def test_a_price_changes_when_an_edge_is_crossed_and_is_said_to_only_then():
    prices = Prices({"a": FREE, "b": FLAT}, {}, TODAY)
    told = [prices.note("a", Used(sent)) for sent in range(1, 102)]
    assert [sent for sent, changed in enumerate(told, 1) if changed] == [10, 100]
    prices.note("a", Used(50))
    assert prices.cheapest("628111234567", 1, ("a", "b")) == ("a",)
    prices.note("a", Used(100))
    assert prices.cheapest("628111234567", 1, ("a", "b")) == ("b",)


def test_a_long_message_goes_where_all_its_parts_are_cheapest():
    prices = Prices({"a": FREE, "b": FLAT}, {"a": Used(99)}, TODAY, reach=10)
    assert prices.cheapest("628111234567", 1, ("a", "b")) == ("a",)
    assert prices.cheapest("628111234567", 3, ("a", "b")) == ("a", "b"), "one for nothing and two at 300 are three at 200"
    assert prices.cheapest("628111234567", 4, ("a", "b")) == ("b",)


def test_answers_are_kept_within_bounds():
    prices = Prices({"a": Tariff("t", prices={"6" * 15: 1}, default_price=2), "b": FLAT}, {}, TODAY)
    for number in range(2 * MOST_ANSWERS):
        assert prices.cheapest(f"62{number:013d}", 1, ("a", "b")) == ("a",)
    assert len(prices._answers) <= MOST_ANSWERS


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), numbers, st.integers(1, 4), st.sets(st.sampled_from("abc"), min_size=1)), max_size=25)


@given(st.fixed_dictionaries({name: st.one_of(TARIFFS, st.just("")) for name in "abc"}), STEPS)
def test_never_a_dearer_one_than_another_usable_one_whatever_was_sent_before(tariffs, steps):
    prices, used = Prices(tariffs, {}, TODAY, reach=4), dict.fromkeys("abc", Used())
    for sender, sms, number, parts, usable in steps:
        used[sender] = Used(*(count + sms for count in used[sender]))
        prices.note(sender, used[sender])
        fit = tuple(sorted(usable))

        def costs(modem, number=number, parts=parts):
            return tariffs[modem].price(number, used[modem], TODAY, parts).amount if tariffs[modem] else float("inf")

        chosen = prices.cheapest(number, parts, fit)
        assert chosen == tuple(modem for modem in fit if costs(modem) == min(map(costs, fit)))


# explained


def explain(prices, number="628711234567", usable=ALL, paths=None):
    routes = Routes(paths or [Path(name, f"Modem {name}") for name in ALL])
    return routes.explain(number, lambda modem: "usable" if modem in usable else "away", lambda modem: modem in usable,
                          lambda modem, rivals: prices.explain(modem, number, rivals))


def test_the_explanation_tells_prices_and_who_is_dearer():
    told = explain(Prices(SEED, {}, TODAY))
    assert (told["chosen"], told["reason"]) == (["1"], "all modems that send for the API, the cheapest")
    assert [words(modem) for modem in told["groups"][0]["modems"]] == [
        "50 by prefix 62871", "350 by default price, dearer", "250 by default price, dearer", "200 by default price, dearer"]


def test_one_that_is_away_makes_nobody_dearer():
    told = explain(Prices(SEED, {}, TODAY), usable=("2", "3"))
    assert told["chosen"] == ["3"]
    assert [modem["dearer"] for modem in told["groups"][0]["modems"]] == [False, True, False, False]


def test_the_explanation_tells_allowances_and_unknown_prices():
    prices = Prices({"1": FREE, "2": 'there is no tariff "x"', "3": "", "4": Tariff("old", days=Span(last=date(2026, 1, 1)))}, {"1": Used(37)}, TODAY)
    assert [words(modem) for modem in explain(prices)["groups"][0]["modems"]] == [
        "0 by allowance 11 to 100 of the day, 37 sent", 'price not known: there is no tariff "x"', "price not known: it has no tariff",
        'price not known: tariff "old" does not hold today']


def test_without_tariffs_no_price_is_spoken_of():
    told = explain(Prices(dict.fromkeys(ALL, ""), {}, TODAY))
    assert told["chosen"] == list(ALL)
    assert told["groups"][0]["modems"][0] == {"id": "1", "name": "Modem 1", "state": "usable", "usable": True}
    assert words(told["groups"][0]["modems"][0]) == ""
