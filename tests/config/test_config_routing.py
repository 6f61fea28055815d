"""The section ``routing``: price lists as an administrator writes them, and what does not fit the modems."""

from datetime import date

import pytest

from otppi.config import SECTIONS, Modem
from otppi.config.routing import Routing, doubts
from otppi.config.zones import zone_of
from otppi.domain import tariffs
from otppi.domain.errors import Mistake

TODAY = date(2027, 1, 15)
FULL = {
    "id": "flat", "name": "Flat", "currency": "IDR", "prices": [{"prefix": "0871", "price": 50}, {"prefix": "+62872", "price": 50.5}], "default_price": 350,
    "allowances": [{"from": 11, "to": 100, "period": "day", "price": 0, "prefixes": ["0871"], "valid_from": "2027-01-01", "valid_to": "2027-12-31"}],
    "valid_from": "2027-01-01", "valid_to": "", "quota": {"day": 0, "week": 0, "month": 3000},
}


def read(*lists):
    problems = []
    made = SECTIONS["routing"].read({"tariffs": list(lists)}, problems)
    return made, dict(problems)


def test_a_full_tariff_is_read_and_written_back_as_it_was():
    made, problems = read(FULL)
    assert not problems
    assert SECTIONS["routing"].to_json(made, masked=True) == {"tariffs": [FULL]}


def test_an_id_and_a_default_price_are_enough():
    made, problems = read({"id": "a", "default_price": 200})
    assert not problems
    assert SECTIONS["routing"].to_json(made, masked=True)["tariffs"] == [{
        "id": "a", "name": "", "currency": "", "prices": [], "default_price": 200, "allowances": [], "valid_from": "", "valid_to": "",
        "quota": {"day": 0, "week": 0, "month": 0}}]


def test_prefixes_become_those_of_the_country():
    (tariff,) = read(FULL)[0].tariffs
    assert tariff.made("62") == tariffs.Tariff(
        "flat", "Flat", "IDR", {"62871": 50, "62872": 50.5}, 350,
        (tariffs.Allowance(11, 100, "day", 0, ("62871",), tariffs.Span(date(2027, 1, 1), date(2027, 12, 31))),),
        tariffs.Span(date(2027, 1, 1)), tariffs.Used(month=3000))
    assert set(tariff.made("49").prices) == {"49871", "62872"}


def test_a_prefix_that_is_too_long_with_its_country_code_matches_nothing_and_breaks_nothing():
    (tariff,) = read({"id": "a", "default_price": 1, "prices": [{"prefix": "0" + "8" * 15, "price": 0}]})[0].tariffs
    assert tariff.made("62").price("62" + "8" * 13, tariffs.Used(), TODAY).amount == 1


def test_all_that_is_wrong_is_said_at_once_and_where():
    bad = FULL | {
        "prices": [{"prefix": "x", "price": -1}, {"prefix": "00"}, 5], "allowances": [{"from": 0, "period": "year", "price": 1, "valid_to": "2027-02-30"}],
        "valid_from": "1.1.2027", "quota": {"month": -1}, "colour": 1,
    }
    made, problems = read(bad, {"id": "flat"})
    assert made is None
    assert problems == {
        "settings/routing: tariffs[flat].colour": problems["settings/routing: tariffs[flat].colour"],
        "settings/routing: tariffs[flat].prices[0].prefix": "must be digits, with or without a plus sign.",
        "settings/routing: tariffs[flat].prices[0].price": "must be a number from 0 to 1000000000.0.",
        "settings/routing: tariffs[flat].prices[1].prefix": "must have a digit other than 0.",
        "settings/routing: tariffs[flat].prices[1].price": "is missing.",
        "settings/routing: tariffs[flat].prices[2]": "must be an object, not a number.",
        "settings/routing: tariffs[flat].allowances[0].from": "must be a whole number from 1 to 10000000.",
        "settings/routing: tariffs[flat].allowances[0].period": 'must be one of "day", "week", "month".',
        "settings/routing: tariffs[flat].allowances[0].valid_to": "must be a day of the calendar.",
        "settings/routing: tariffs[flat].valid_from": "must be a day such as 2027-01-31.",
        "settings/routing: tariffs[flat].quota.month": "must be a whole number from 0 to 10000000.",
        "settings/routing: tariffs[flat].default_price": "is missing.",
        "settings/routing: tariffs[flat].id": "is there twice; give each its own.",
    }


@pytest.mark.parametrize("change, path, sentence", [
    ({"prices": [{"prefix": "0871", "price": 1}, {"prefix": "0871", "price": 2}]}, "prices[1].prefix", "has a price above already."),
    ({"allowances": [{"from": 5, "to": 4, "price": 1}]}, "allowances[0].to", "must not be below from; 0 is no end."),
    ({"valid_from": "2027-02-01", "valid_to": "2027-01-31"}, "valid_to", "must not be before valid_from."),
    ({"allowances": [{"from": 1, "price": 1, "valid_from": "2027-02-01", "valid_to": "2027-01-31"}]}, "allowances[0].valid_to", "must not be before valid_from."),
    ({"prices": {}}, "prices", "must be a list, not an object."),
    ({"prices": [{"prefix": "1", "price": 1}] * 1001}, "prices", "must hold at most 1000 entries."),
])
def test_what_does_not_go_together_is_refused(change, path, sentence):
    assert read(FULL | change) == (None, {f"settings/routing: tariffs[flat].{path}": sentence})


def modem(name, tariff="", **fields):
    return Modem(id=name, port=f"/dev/{name}", tariff=tariff, **fields)


def test_what_is_allowed_but_hardly_meant_is_said():
    routing, problems = read(FULL, {"id": "old", "default_price": 1, "currency": "USD", "valid_to": "2026-12-31"})
    assert not problems
    told = list(doubts(routing, [modem("a", "flat"), modem("b", "flatt"), modem("c", "old"), modem("d"), modem("e", "none", active=False)], TODAY))
    assert [sentence.partition(",")[0] for sentence in told] == [
        'Modem "b": there is no tariff "flatt"', 'Modem "c": tariff "old" does not hold today', "Without a tariff", "The tariffs have several currencies (IDR"]
    assert list(doubts(routing, [modem("a", "flat")], TODAY)) == list(doubts(Routing(), [modem("a")], TODAY)) == []


def test_a_zone_is_known_by_its_name_or_is_the_system_s():
    assert zone_of("") is None
    assert str(zone_of("Asia/Jakarta")) == "Asia/Jakarta"


@pytest.mark.parametrize("name", ["Asia/Nowhere", "Asia", "../etc/passwd", "x" * 300])
def test_a_zone_that_nobody_knows_is_a_mistake_in_a_sentence(name):
    with pytest.raises(Mistake, match="There is no time zone"):
        zone_of(name)
