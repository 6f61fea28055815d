"""The seed's four operators by their tariffs alone (SPEC section 13, 5; R3): the cheapest sends, allowances and quotas count, and all of it is explained."""

import json

import pytest
from doubles.service import until

SEED = [
    {"id": "one", "currency": "IDR", "prices": [{"prefix": "0871", "price": 50}, {"prefix": "62872", "price": 50}], "default_price": 350},
    {"id": "two", "currency": "IDR", "prices": [{"prefix": prefix, "price": 100} for prefix in ("62835", "62856", "62837")], "default_price": 350},
    {"id": "three", "currency": "IDR", "prices": [{"prefix": "62845", "price": 60}], "default_price": 250},
    {"id": "four", "currency": "IDR", "prices": [{"prefix": prefix, "price": 90} for prefix in ("62848", "62849")], "default_price": 200},
]
MODEMS = [{"name": name, "tariff": name.lower()} for name in ("One", "Two", "Three", "Four")]
ROUTES = [("62871", 0), ("62872", 0), ("62835", 1), ("62856", 1), ("62837", 1), ("62845", 2), ("62848", 3), ("62849", 3), ("62812", 3), ("49171", 3)]
NETWORK = {"count": 4}
SERVICE = {"modems": MODEMS, "settings": {"routing": {"tariffs": SEED}}}


@pytest.fixture
def priced(service):
    """Takes other tariffs for a test, and the seed's again after it."""
    yield lambda *tariffs: service.do("settings.set", section="routing", value={"tariffs": [*tariffs]})
    service.do("settings.set", section="routing", value={"tariffs": SEED})


def sent_by(service, arrivals, number):
    """The modem that sent: what the reply says and what the network saw are the same."""
    before = len(arrivals.messages())
    reply = service.post("send-sms", receiver=number, message="by whom?")
    assert reply["response_code"] == "0000", reply
    seen = arrivals.messages(before + 1)[-1]["modem"]
    assert reply["data"]["modemID"] == f"modem{seen}"
    return seen


@pytest.mark.parametrize("prefix, modem", ROUTES)
def test_a_number_goes_by_the_modem_whose_tariff_is_the_cheapest_for_it(service, arrivals, prefix, modem):
    assert sent_by(service, arrivals, f"{prefix}1234567") == modem


def test_two_sims_of_one_tariff_alternate(service, arrivals, priced):
    priced(*(tariff | {"default_price": 50 if tariff["id"] in {"one", "two"} else 350} for tariff in SEED))
    modems = [sent_by(service, arrivals, "628121234567") for _ in range(6)]
    assert sorted(modems[:2]) == [0, 1]
    assert modems == modems[:2] * 3


def test_a_modem_that_is_down_is_passed_over_for_the_next_cheapest_and_comes_back(service, network, arrivals):
    network.unplug(0)
    service.until_modem("modem0", "no port")
    assert sent_by(service, arrivals, "628711234567") == 3
    network.replug(0)
    service.until_modem("modem0", "ready")
    assert sent_by(service, arrivals, "628711234567") == 0


def usage(service, modem):
    return until(lambda: service.do("status").get("usage", {}).get(modem))


def test_an_allowance_and_a_quota_count_what_was_sent_also_over_a_crash(service, arrivals, priced):
    sent = usage(service, "modem2")["day"]
    promo = {"id": "three", "default_price": 250, "allowances": [{"from": sent + 1, "to": sent + 3, "price": 0}], "quota": {"month": sent + 4}}
    priced(SEED[0], SEED[1], promo, SEED[3])
    assert [sent_by(service, arrivals, "628121234567") for _ in range(2)] == [2, 2]
    service.kill()
    service.start()
    assert [sent_by(service, arrivals, "628121234567") for _ in range(2)] == [2, 3]
    priced(SEED[0], SEED[1], promo | {"default_price": 1}, SEED[3])
    assert [sent_by(service, arrivals, "628121234567") for _ in range(2)] == [2, 3]
    until(lambda: usage(service, "modem2")["quota_reached"] == "month")
    assert service.do("status")["alarm"]["modem modem2 quota"]["text"] == "Modem modem2 has sent what its tariff allows in a month; it sends nothing until the month is over."
    done = service.cli("route", "08121234567")
    assert "Three (resting, quota of the month reached, 1 by default price)" in done.stdout
    priced(SEED[0], SEED[1], promo | {"default_price": 1, "quota": {}}, SEED[3])
    assert sent_by(service, arrivals, "628121234567") == 2
    until(lambda: "modem modem2 quota" not in service.do("status").get("alarm", {}))


def test_route_tells_every_price_and_who_is_dearer(service):
    done = service.cli("route", "0871 1234567")
    assert done.returncode == 0, done.stderr
    first, group = done.stdout.splitlines()
    assert first == "628711234XXX goes by One: all modems that send for the API, the cheapest."
    assert group == ("  all modems that send for the API: One (usable, 50 IDR by prefix 62871), Two (usable, 350 IDR by default price, dearer), "
                     "Three (usable, 250 IDR by default price, dearer), Four (usable, 200 IDR by default price, dearer)")
    told = json.loads(service.cli("route", "628451234567", "--json").stdout)
    assert told["chosen"] == ["modem2"]
    assert [(modem["price"], modem["dearer"]) for modem in told["groups"][0]["modems"]] == [(350, True), (350, True), (60, False), (200, True)]


def test_check_says_which_modem_has_no_price(service, priced):
    priced(*SEED[:3])
    done = service.cli("check")
    assert done.returncode == 0, done.stderr
    assert 'routing: Modem "modem3": there is no tariff "four", so that its price is not known and it counts as the most expensive.' in done.stdout.splitlines()
    told = service.do("route", number="628121234567")
    assert told["chosen"] == ["modem2"]
    assert [modem["why"] for modem in told["groups"][0]["modems"]][3] == 'there is no tariff "four"'
