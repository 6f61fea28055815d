"""What a modem's owner finds out about it is kept, and gone by when the modem comes back."""

import json
from dataclasses import replace

import pytest
from doubles.ears import Ears
from doubles.modem_desk import USABLE

from otppi.at.capabilities import Capabilities
from otppi.domain.messages.asking import AskUssd
from otppi.domain.requests import RequestUssd


def ask(desk, code):
    replies = Ears()
    desk.ref.tell(AskUssd(RequestUssd(command="request-ussd", modem_id="m1", ussd_code=code, cancel=False, echoed={}), replies))
    desk.until(lambda: replies.told, each=0.2)
    desk.until(lambda: desk.standings[-1] is USABLE)
    return replies.told[0]


@pytest.fixture
def unknown(tmp_path, start_network):
    """A modem of a maker that nobody knows, which takes USSD codes in packed septets only."""
    path = tmp_path / "unknown.json"
    path.write_text(json.dumps({"manufacturer": "ACME", "model": "A1", "revision": "7", "capabilities": Capabilities(ussd="packed", iccid="AT+CCID", family="generic").to_json()}))
    return start_network(profile=str(path))


def test_what_was_found_is_kept_and_the_next_owner_explores_no_more(network, start_desk):
    desk = start_desk(network.links[0]).ready()
    imei = network.state()["imei"]
    assert desk.known == {(imei, "1.0"): Capabilities(iccid="AT+CCID", family="generic")}
    desk.end()

    again = start_desk(network.links[0], known=desk.known).ready()
    assert b"AT+CPMS=?\r" in desk.written
    assert b"AT+CPMS=?\r" not in again.written
    assert again.send("hello").verdict.value == "sent"


def test_another_firmware_is_explored_anew(network, start_desk):
    desk = start_desk(network.links[0], known={(network.state()["imei"], "0.9"): Capabilities(family="generic")}).ready()
    assert b"AT+CPMS=?\r" in desk.written
    assert len(desk.known) == 2


@pytest.mark.parametrize("known", [Capabilities(family="huawei"), Capabilities(cnmi="", family="generic"), Capabilities(cnmi="3,3,3,3,3", family="generic")])
def test_findings_that_do_not_hold_are_found_anew(network, start_desk, known):
    desk = start_desk(network.links[0], known={(network.state()["imei"], "1.0"): known}).ready()
    assert list(desk.known.values()) == [Capabilities(iccid="AT+CCID", family="generic")]


def test_how_a_ussd_code_is_written_is_learned_and_tried_first_from_then_on(unknown, start_desk):
    desk = start_desk(unknown.links[0]).ready()
    assert next(iter(desk.known.values())).ussd == ""

    assert ask(desk, "*888#").data["ussd_response"].startswith("Sisa pulsa")
    found, = desk.known.values()
    assert found == replace(Capabilities(iccid="AT+CCID", family="generic"), ussd="packed")
    written = len(desk.written)
    assert ask(desk, "*888#").data["ussd_response"].startswith("Sisa pulsa")
    assert not [data for data in desk.written[written:] if data.startswith(b"AT+CSCS")]
    desk.end()

    again = start_desk(unknown.links[0], known=desk.known).ready()
    ask(again, "*888#")
    assert not [data for data in again.written if data.startswith(b"AT+CSCS")]


def test_a_modem_that_is_silent_for_40_seconds_after_its_start_is_greeted_until_it_answers(start_network, start_desk):
    network = start_network(profile="telit")
    network.fault("hang", count=None)
    desk = start_desk(network.links[0])
    desk.until(lambda: desk.clock.monotonic() - 1000 > 40, each=1.0)
    assert "silent" in desk.states
    network.clear_faults()
    desk.ready()
    assert desk.clock.monotonic() - 1000 < 120
