import os
import tty

import pytest
from doubles.modem_desk import AWAY, COMING, USABLE

from actors.modem_bringup import LONGEST_REST_S, UNREGISTERED_REST_S
from actors.monitor import MODEM_LIST
from otppi.domain.errors import StoreError

PIN = "4711"


def locked(start_network, **words):
    return start_network(extra=["--pin", PIN], **words)


def pins(network):
    return [command for command in network.commands() if command.startswith("AT+CPIN=")]


def gives_up(desk, state, each=0.5):
    """Until the modem has shown a state; the time it takes passes."""
    desk.until(lambda: state in desk.states, each=each)


# who it is


def test_a_ready_modem_tells_everything_the_api_lists_of_it(network, desk):
    real, facts = network.state(), desk.facts[-1]

    assert {key: facts[key] for key in MODEM_LIST} == {
        "id": "m1", "name": "m1", "port": str(network.links[0]), "active": True, "connected": True, "defaultModem": False, "internetAccess": False,
        "internetConnected": False, "imei": real["imei"], "imsi": real["imsi"], "iccid": real["iccid"], "copsOperator": "OTPPI Test",
        "smsCenter": real["sms_center"].lstrip("+"), "signalStrength": {"value": 21, "rssi": -71, "ber": 0, "condition": "Excellent"}}
    assert (facts["manufacturer"], facts["model"], facts["revision"], facts["state"]) == ("OTTPI", "Virtual Modem", "1.0", "ready")


@pytest.mark.parametrize("profile", ["huawei", "sim800", "quectel", "wavecom", "zte", "sierra"])
def test_every_make_becomes_ready_is_known_and_sends(start_network, start_desk, profile):
    network = start_network(profile=profile)
    desk = start_desk(network.links[0]).ready()
    real = network.state()

    assert desk.facts[-1]["imei"] == real["imei"]
    assert desk.facts[-1]["iccid"] == real["iccid"]
    assert desk.facts[-1]["imsi"] == real["imsi"]
    assert desk.send("hello").verdict.value == "sent"


def test_what_a_modem_does_not_tell_is_taken_from_its_settings(network, start_desk):
    desk = start_desk(network.links[0] / "missing", imei="867962041234567", operator="TELKOMSEL", name="Left")

    desk.until(lambda: "no port" in desk.states)
    assert (desk.facts[-1]["imei"], desk.facts[-1]["copsOperator"], desk.facts[-1]["name"]) == ("867962041234567", "TELKOMSEL", "Left")
    assert desk.facts[-1]["signalStrength"] == {}
    assert desk.facts[-1]["connected"] is False


def test_the_sms_centre_of_the_settings_is_set(network, start_desk):
    start_desk(network.links[0], sms_center="+628990001").ready()

    assert network.state()["sms_center"] == "+628990001"


def test_a_modem_is_usable_only_once_it_is_ready(network, desk):
    assert desk.states == ["starting", "registering", "ready"]
    assert desk.standings == [COMING, USABLE]


# the PIN


def test_the_right_pin_opens_the_sim_and_was_noted_on_disk_before_it_left(start_network, start_desk):
    network, seen = locked(start_network), []
    desk = start_desk(network.links[0], sim_pin=PIN)
    desk.at_save = lambda value: seen.append((value["state"], [data for data in desk.written if b"+CPIN=" in data]))
    desk.ready()

    assert desk.states == ["starting", "entering the PIN", "registering", "ready"]
    assert seen == [("trying", []), ("accepted", [b'AT+CPIN="4711"\r'])]
    assert PIN not in str(desk.disk)
    assert PIN not in str(desk.facts)
    assert desk.send("hello").verdict.value == "sent"


def test_a_pin_whose_try_cannot_be_noted_is_not_entered(start_network, start_desk):
    network = locked(start_network)
    desk = start_desk(network.links[0], sim_pin=PIN)

    def full(_):
        raise StoreError("The disk is full.")

    desk.at_save = full
    gives_up(desk, "PIN wanted")

    assert pins(network) == []
    assert "The disk is full." in desk.facts[-1]["why"]


def test_a_wrong_pin_is_tried_once_only_also_by_the_next_owner(start_network, start_desk, caplog):
    network = locked(start_network)
    desk = start_desk(network.links[0], sim_pin="0000")
    gives_up(desk, "refused")
    assert network.state()["pin_tries"] == 2
    gives_up(desk, "PIN wanted")
    desk.end()

    again = start_desk(network.links[0], disk=desk.disk, sim_pin="0000")
    gives_up(again, "PIN wanted")

    assert pins(network) == ['AT+CPIN="0000"']
    assert network.state()["pin_tries"] == 2
    assert "0000" not in caplog.text


@pytest.mark.parametrize("profile", ["generic", "sim800"])
def test_a_pin_that_failed_is_not_tried_again_even_when_the_sim_does_not_tell_its_tries(start_network, start_desk, profile):
    network = locked(start_network, profile=profile)
    desk = start_desk(network.links[0], sim_pin="0000")

    gives_up(desk, "PIN wanted")

    assert len(pins(network)) == 1
    assert desk.disk[-1]["state"] == "refused"


def test_another_pin_is_not_tried_with_fewer_than_three_tries_left(start_network, start_desk):
    network = locked(start_network)
    desk = start_desk(network.links[0], sim_pin="0000")
    gives_up(desk, "PIN wanted")
    desk.end()

    right = start_desk(network.links[0], disk=desk.disk, sim_pin=PIN)
    gives_up(right, "PIN wanted")

    assert len(pins(network)) == 1
    assert "2 of 3 tries left" in right.facts[-1]["why"]


def test_without_a_pin_in_the_settings_none_is_tried(start_network, start_desk):
    network = locked(start_network)
    desk = start_desk(network.links[0])
    gives_up(desk, "PIN wanted")

    assert pins(network) == []
    assert desk.disk == []
    assert "settings" in desk.facts[-1]["why"]


def test_a_modem_unplugged_while_it_takes_the_pin_gets_it_again_only_because_three_tries_are_left(start_network, start_desk):
    network = locked(start_network)
    desk = start_desk(network.links[0], sim_pin=PIN)

    def pull(data):
        if b"+CPIN=" in data:
            desk.at_write = lambda _: None
            network.unplug()

    desk.at_write = pull
    gives_up(desk, "no port")
    assert desk.disk[-1]["state"] == "trying"
    network.replug()
    desk.ready()

    assert len(pins(network)) == 1
    assert desk.disk[-1]["state"] == "accepted"


def test_a_sim_that_wants_its_puk_is_told_and_left_alone(start_network, start_desk):
    network = locked(start_network)
    port = os.open(network.links[0], os.O_RDWR | os.O_NOCTTY)
    os.write(port, b'AT+CPIN="1"\rAT+CPIN="2"\rAT+CPIN="3"\r')
    network.wait_command('AT+CPIN="3"')
    os.close(port)
    desk = start_desk(network.links[0], sim_pin=PIN)

    gives_up(desk, "no SIM")

    assert "PUK" in desk.facts[-1]["why"]
    assert len(pins(network)) == 3


# SIM and network


def test_a_modem_without_sim_is_told_and_becomes_ready_once_one_is_in(network, start_desk):
    network.fault("sim_absent", count=None)
    desk = start_desk(network.links[0])
    gives_up(desk, "no SIM")
    assert desk.facts[-1]["why"] == "No SIM is in the modem."
    assert desk.standings[-1] is AWAY

    network.clear_faults()
    desk.ready()


def test_a_sim_that_is_busy_at_first_is_waited_for(network, start_desk):
    network.fault("sim_busy", count=5)

    desk = start_desk(network.links[0]).ready()

    assert desk.states == ["starting", "registering", "ready"]


def test_a_modem_that_finds_no_network_keeps_its_port_and_looks_again_until_it_does(network, start_desk):
    network.fault("not_registered", count=None)
    desk = start_desk(network.links[0])
    gives_up(desk, "not registered", each=1)
    assert desk.facts[-1]["why"] == "The modem finds no network."
    assert desk.standings[-1] is AWAY

    looks = sum(data == b"AT+CPIN?\r" for data in desk.written)
    desk.passes(UNREGISTERED_REST_S)
    desk.until(lambda: sum(data == b"AT+CPIN?\r" for data in desk.written) > looks)
    network.clear_faults()
    desk.ready()

    assert len(desk.opened_at) == 1
    assert desk.send("hello").verdict.value == "sent"


def test_a_sim_that_the_network_denies_is_told(network, start_desk):
    network.fault("not_registered", count=None, stat=3)
    desk = start_desk(network.links[0])
    gives_up(desk, "not registered")

    assert desk.facts[-1]["why"] == "The network denies the SIM."


def test_a_sim_pulled_while_the_network_is_looked_for_is_told_as_such(network, start_desk):
    network.fault("not_registered", count=None, stat=3)
    desk = start_desk(network.links[0])
    gives_up(desk, "not registered")

    network.fault("sim_absent", count=None)
    gives_up(desk, "no SIM")

    assert desk.facts[-1]["why"] == "No SIM is in the modem."


# the port


def test_a_missing_port_is_tried_again_after_rests_that_grow_to_a_minute(tmp_path, start_desk):
    desk = start_desk(tmp_path / "none")
    for count, seconds in enumerate([1, 2, 4, 8, 16, 32, LONGEST_REST_S, LONGEST_REST_S], start=1):
        desk.until(lambda count=count: len(desk.opened_at) == count)
        desk.until(lambda count=count: desk.states.count("no port") == count)
        desk.clock.wait_for_wakeup(seconds * 1.2)
        desk.clock.advance(seconds * 0.79)
        desk.pause()
        assert len(desk.opened_at) == count
        desk.clock.advance(seconds * 0.42)

    assert COMING not in desk.standings[1:]
    assert "There is nothing at" in desk.facts[-1]["why"]


def test_a_port_that_another_program_holds_is_told_and_taken_once_it_is_free(network, start_desk):
    first = start_desk(network.links[0]).ready()
    second = start_desk(network.links[0])
    second.until(lambda: "no port" in second.states)
    assert "Another program holds" in second.facts[-1]["why"]

    first.end()
    second.ready()


@pytest.fixture
def cable(stack):
    modem, port = os.openpty()
    tty.setraw(port)
    stack.callback(os.close, modem)
    stack.callback(os.close, port)
    return modem, os.ttyname(port)


def test_a_port_at_which_nothing_answers_is_told_within_seconds(cable, start_desk):
    desk = start_desk(cable[1], baud_rate=9600)
    gives_up(desk, "silent")

    assert desk.facts[-1]["why"] == "The port opened, but nothing answers AT commands. (9600 baud)"
    assert desk.standings[-1] is AWAY
    assert desk.clock.monotonic() - desk.opened_at[0] < 15


def test_a_port_at_which_something_else_answers_shows_what_it_says(cable, start_desk):
    desk = start_desk(cable[1])
    desk.at_write = lambda data: os.write(cable[0], b"login: \x1b[1m\r\n")
    gives_up(desk, "silent")

    assert "does not speak AT: login:" in desk.facts[-1]["why"]
    assert desk.facts[-1]["why"].isprintable()
