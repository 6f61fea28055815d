"""Prefix routing with four modems as the seed tells it, and what `otppi route` says of it (SPEC section 13, 5; R2)."""

import json

import pytest
from doubles.service import Arrivals, until

MODEMS = [
    {"name": "One", "recipient_prefixes": ["62871", "62872"]},
    {"name": "Two", "recipient_prefixes": ["62835", "62856", "62837"]},
    {"name": "Three", "recipient_prefixes": ["62845"]},
    {"name": "Four", "default": True},
]
ROUTES = [("62871", 0), ("62872", 0), ("62835", 1), ("62856", 1), ("62837", 1), ("62845", 2), ("62848", 3), ("62849", 3), ("62812", 3), ("49171", 3)]
NETWORK = {"count": 4}
SERVICE = {"modems": MODEMS}


@pytest.fixture
def configured(service):
    """Takes other modems for a test, and the seed's again after it."""

    def configure(*changes, name=" (changed)", **sms):
        value = [{**modem, **change, "name": modem["name"] + name} for modem, change in zip(service.modems, changes or [{}] * 4, strict=True)]
        service.do("settings.set", section="modems", value=value)
        service.do("settings.set", section="sms", value=sms)
        for modem in value:
            until(lambda modem=modem: is_ready(service.modem(modem["id"]), modem["name"]))

    yield configure
    configure(name="")


def is_ready(facts, name):
    return facts.get("name") == name and facts["state"] == "ready"


def sent_by(service, arrivals, number):
    """The modem that sent: what the reply says and what the network saw are the same."""
    before = len(arrivals.messages())
    reply = service.post("send-sms", receiver=number, message="by whom?")
    assert reply["response_code"] == "0000", reply
    seen = arrivals.messages(before + 1)[-1]["modem"]
    assert reply["data"]["modemID"] == f"modem{seen}"
    return seen


@pytest.mark.parametrize("prefix, modem", ROUTES)
def test_a_number_goes_by_the_modem_whose_prefix_it_has_and_all_others_by_the_default(service, network, prefix, modem):
    assert sent_by(service, Arrivals(network), f"{prefix}1234567") == modem


def test_a_national_number_takes_the_same_route_as_the_international_one(service, network):
    assert sent_by(service, Arrivals(network), "0871 1234567") == 0
    assert sent_by(service, Arrivals(network), "+62 845-1234567") == 2


def test_a_prefix_typed_with_a_zero_is_the_prefix_of_the_country(service, network, configured):
    configured({"recipient_prefixes": ["0871"]}, {"recipient_prefixes": []}, {"recipient_prefixes": []}, {})
    assert sent_by(service, Arrivals(network), "628711234567") == 0
    assert sent_by(service, Arrivals(network), "628451234567") == 3


def test_two_sims_on_one_prefix_alternate(service, network, configured):
    configured({}, {"recipient_prefixes": ["62871"]}, {}, {})
    arrivals = Arrivals(network)
    modems = [sent_by(service, arrivals, "628711234567") for _ in range(6)]
    assert sorted(modems[:2]) == [0, 1]
    assert modems == modems[:2] * 3


def test_the_longest_prefix_wins_and_with_a_fixed_length_only_prefixes_of_that_length_count(service, network, configured):
    changes = {"recipient_prefixes": ["628"]}, {"recipient_prefixes": ["62871"]}, {"recipient_prefixes": ["6287111"]}, {}
    configured(*changes)
    assert [sent_by(service, Arrivals(network), number) for number in ("628711100000", "628712200000", "628991234567")] == [2, 1, 0]
    configured(*changes, recipient_prefix_length=5)
    assert [sent_by(service, Arrivals(network), number) for number in ("628711100000", "628712200000", "628991234567")] == [1, 1, 3]


def test_a_modem_that_does_not_send_for_the_api_is_never_chosen(service, network, configured):
    configured({"send_from_api": False}, {}, {}, {})
    assert sent_by(service, Arrivals(network), "628711234567") == 3


def test_a_modem_that_is_down_is_passed_over_and_comes_back(service, network):
    network.unplug(0)
    service.until_modem("modem0", "no port")
    assert sent_by(service, Arrivals(network), "628711234567") == 3
    network.replug(0)
    service.until_modem("modem0", "ready")
    assert sent_by(service, Arrivals(network), "628711234567") == 0


def test_route_explains_the_choice_in_words_and_in_json_without_the_whole_number(service):
    done = service.cli("route", "0871 1234567")
    assert done.returncode == 0, done.stderr
    first, *groups = done.stdout.splitlines()
    assert first == "628711234XXX goes by One: prefix 62871."
    assert groups == ["  prefix 62871: One (usable)", "  default modems, as no modem with a matching prefix is usable: Four (usable)",
                      "  all modems that send for the API: One (usable), Two (usable), Three (usable), Four (usable)"]

    done = service.cli("route", "628481234567", "--json")
    assert done.returncode == 0
    route = json.loads(done.stdout)
    assert route["chosen"] == ["modem3"]
    assert "628481234567" not in done.stdout


def test_route_says_in_one_sentence_that_a_number_is_none(service):
    done = service.cli("route", "hello")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("otppi: The receiver is no phone number")
    assert done.stderr.count("\n") == 1
