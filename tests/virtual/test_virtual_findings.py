"""Every make is explored over its real terminal; what was found is exported, and the modem that plays it is found to be the same."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.network import VirtualNetwork

from otppi.adapters.at_session import AtSession
from otppi.at import bringup
from otppi.at.capabilities import LIST, Capabilities
from otppi.at.dialogue import Pause
from otppi.domain.ports import LineSettings
from otppi.virtual.findings import make_of
from otppi.virtual.makes import PROFILES

LIMIT_S = 20
DIRECT, STORED, NONE = "2,1,0,1,0", "2,1,0,2,0", "2,1,0,0,0"
FOUND = {
    "generic": Capabilities(iccid="AT+CCID", family="generic"),
    "huawei": Capabilities(iccid="AT^ICCID?", family="huawei", ussd="packed"),
    "sim800": Capabilities(iccid="AT+CCID", family="simcom", first_index=1),
    "quectel": Capabilities(iccid="AT+QCCID", family="quectel"),
    "wavecom": Capabilities(iccid="AT+CCID", family="wavecom", first_index=1),
    "zte": Capabilities(iccid="AT+ZGETICCID", family="zte"),
    "sierra": Capabilities(iccid="AT!ICCID?", family="sierra"),
    "sim7600": Capabilities(iccid="AT+CICCID", family="simcom LTE"),
    "cinterion": Capabilities(cnmi="2,1,0,1,1", iccid="AT^SCID", family="cinterion", first_index=1),
    "ublox": Capabilities(iccid="AT+CCID", family="u-blox", acknowledge=True),
    "telit": Capabilities(iccid="AT#CCID", family="telit", first_index=1),
    "ep06": Capabilities(iccid="AT+QCCID", family="quectel EP06", list_command=""),
    "old": Capabilities(cnmi=NONE, reports="", stores=("SM",), iccid="AT+CCID", family="neoway", report_store="", first_index=1),
}
ODD = (
    Capabilities(cnmi=STORED, reports="stored", receive_store="ME", report_store="", first_index=1, iccid="AT+ICCID", list_command="", family="generic"),
    Capabilities(cnmi="2,1,2,1,0", stores=("ME",), receive_store="MT", acknowledge=True, iccid="", family="quectel"),
    Capabilities(cnmi="2,1,0,2,1", reports="stored", receive_store="MT", iccid="AT^SCID", first_index=1, family="cinterion"),
    Capabilities(cnmi="", reports="", stores=("SM",), report_store="", family="generic"),
)
"""Such as no make of ours is."""


def brought_up(link, known=None):
    with AtSession(LineSettings(str(link))) as session:
        hardware = session.run(bringup.hello(), LIMIT_S)
        began = time.monotonic()
        subscriber = session.run(bringup.prepare(hardware.profile, "", known), LIMIT_S)
        assert subscriber.registered
        return hardware, subscriber.capabilities, time.monotonic() - began


def all_brought_up(links, known=()):
    """All at once: each waits half a second after its ESC."""
    with ThreadPoolExecutor(len(links)) as pool:
        return list(pool.map(brought_up, links, known or [None] * len(links)))


def entry(hardware, found):
    return {"imei": hardware.imei, "revision": hardware.revision, "manufacturer": hardware.manufacturer, "model": hardware.model, "at": 0, "capabilities": found.to_json()}


@pytest.fixture(scope="module")
def makes(tmp_path_factory):
    """Hardware and findings of each make, with the network that they are at."""
    with VirtualNetwork(tmp_path_factory.mktemp("makes"), count=len(PROFILES), profile=list(PROFILES)) as network:
        yield network, {name: found[:2] for name, found in zip(PROFILES, all_brought_up(network.links), strict=True)}


@pytest.mark.parametrize("make", PROFILES)
def test_each_make_is_found_to_be_what_its_family_is(makes, make):
    assert makes[1][make][1] == FOUND[make]


def test_makes_that_are_known_are_not_explored_again(makes):
    network, known = makes
    before = [len(network.commands(modem=index)) for index in range(len(PROFILES))]
    again = all_brought_up(network.links, [found for _, found in known.values()])

    for index, (_, found, _) in enumerate(again):
        assert found == known[list(PROFILES)[index]][1]
        said = network.commands(modem=index)[before[index]:]
        assert "AT+CPMS=?" not in said
        assert LIST not in said
        assert network.state(index)["cnmi"] == [int(value) for value in found.cnmi.split(",")]


def test_a_modem_is_explored_within_a_tenth_of_a_second(start):
    link = start().links[0]
    assert min(brought_up(link)[2] for _ in range(3)) < 0.1


def test_what_was_found_out_about_modems_is_played_so_that_the_same_is_found(makes, tmp_path):
    exported = [entry(*known) for known in makes[1].values()] + [
        {**entry(*makes[1]["generic"]), "manufacturer": {"generic": "ACME", "cinterion": "Cinterion", "quectel": "Quectel"}[odd.family], "capabilities": odd.to_json()} for odd in ODD]
    files = []
    for number, one in enumerate(exported):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps([one] if number % 2 else one))
    with VirtualNetwork(tmp_path, name="played", count=len(files), profile=[str(file) for file in files]) as network:
        for one, (hardware, found, _) in zip(exported, all_brought_up(network.links), strict=True):
            assert (hardware.manufacturer, hardware.model, hardware.revision) == (one["manufacturer"], one["model"], one["revision"])
            assert found.to_json() == one["capabilities"]


def test_a_zte_floods_until_it_is_asked_for_its_stores(makes):
    network, _ = makes
    index = list(PROFILES).index("zte")
    with AtSession(LineSettings(str(network.links[index]))) as session:
        session.run(bringup.hello(), LIMIT_S)
        heard = len(session.heard)
        session.run(pause(2.5), LIMIT_S)
        assert session.heard[heard:] == []


def pause(seconds):
    yield Pause(seconds)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"capabilities": {}}', "[" * 100_000, json.dumps({"capabilities": Capabilities().to_json()}),
                                  json.dumps({"capabilities": Capabilities().to_json(), "manufacturer": "a\r\nb", "model": "", "revision": ""})])
def test_a_file_that_holds_no_findings_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no findings"):
        make_of(str(path))


@pytest.mark.parametrize("words,sentence", [("nokia", "There is no make nokia"), ("/nowhere/x.json", "No such file")])
def test_a_make_that_is_not_there_is_told(words, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_of(words)
