"""What the inspector makes of ports that do not tell who is there: silent, held, gone, or broken by us."""

import os

import pytest
from doubles.inspector_desk import InspectorDesk

from actors.prober import LIMIT_S, SILENT
from otppi.adapters.serial_lines import LineWatch
from otppi.domain.messages.ports import AskPort, LeavePort
from otppi.domain.ports import LineSettings
from otppi.domain.whereabouts import ASK_AGAIN_S

STRANGER = "867962041234567"


@pytest.fixture
def desk(tmp_path, stack):
    found = InspectorDesk(tmp_path)
    stack.callback(found.end)
    return found


def imei(network, modem):
    return network.state(modem)["imei"]


def test_a_port_that_says_nothing_is_left_after_three_seconds_and_asked_again_after_a_minute_or_a_replug(desk):
    desk.cable("ttyUSB0")
    ears = desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort)
    desk.passes(LIMIT_S)
    assert desk.told(ears) == [f"The modem with this IMEI is at no port. {desk.path('ttyUSB0')}: {SILENT}"]
    desk.find("m2", STRANGER)
    assert desk.asked == ["ttyUSB0"]

    desk.passes(ASK_AGAIN_S)
    desk.given.wait_for(AskPort, 2)
    desk.passes(LIMIT_S)
    desk.cable("ttyUSB0")
    desk.look()
    desk.settle()
    desk.given.wait_for(AskPort, 3)
    assert desk.asked == ["ttyUSB0"] * 3


def test_what_talks_without_pause_is_left_after_three_seconds_too(desk):
    other = desk.cable("ttyUSB0")
    desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort)
    desk.clock.wait_for_wakeup(LIMIT_S, beyond_s=LIMIT_S - 0.1)
    for _ in range(6):
        os.write(other, b"$GPGGA,092750.000,5321.6802,N\r\n" * 3)
        desk.clock.advance(0.5)
    desk.shows(lambda facts: facts["ttyUSB0"]["why"] == SILENT)


def test_a_port_that_another_program_holds_is_told_as_such(desk, stack):
    network = desk.plugged(1)
    other = LineWatch()
    other.start()
    stack.callback(other.stop)
    line = other.open(LineSettings(desk.path("ttyUSB0")), print, print)
    stack.callback(line.close)
    ears = desk.find("m1", imei(network, 0))
    desk.settle()

    assert desk.told(ears) == [f"The modem with this IMEI is at no port. {desk.path('ttyUSB0')}: Another program holds {desk.path('ttyUSB0')}."]
    line.close()
    desk.passes(ASK_AGAIN_S)
    assert desk.told(ears, 2)[1] == "ttyUSB0"


@pytest.mark.parametrize("when", ["while it answers", "before it is opened"])
def test_a_port_that_vanishes_while_it_is_asked_is_forgotten_and_its_prober_asks_the_next(desk, when):
    network = desk.plugged(2)
    network.fault("hang", modem=0, count=None)
    desk.watch.every(0.02)
    if when == "while it answers":
        network.fault("hang", modem=1, count=None)  # as soon as one answers nobody asks at the other any more
    if when == "before it is opened":
        desk.at_open = lambda settings: network.unplug(0) if settings.path.endswith("0") and network.state(0)["plugged"] else None
    ears = desk.find("m1", imei(network, 1))
    desk.settle()
    if when == "while it answers":
        network.wait_command("AT", modem=0)
        network.unplug(0)
        network.clear_faults(modem=1)
    desk.told(ears)
    desk.shows(lambda facts: list(facts) == ["ttyUSB1"])
    again = desk.find("m2", STRANGER)

    assert desk.told(again)[0].startswith("The modem with this IMEI is at no port.")


def test_a_port_that_goes_without_a_hang_up_while_it_is_asked_is_closed(desk):
    other = desk.cable("ttyUSB0")
    desk.find("m1", STRANGER)
    desk.settle()
    assert os.read(other, 3) == b"AT\r"
    (desk.tree.devices / "ttyUSB0").unlink()
    desk.look()

    assert desk.given.wait_for(LeavePort).path == desk.path("ttyUSB0")


def test_asking_leaves_nothing_open(desk):
    desk.plugged(1)
    desk.cable("ttyUSB1")
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    ears = desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort, 2)
    while not ears.told:
        desk.clock.advance(LIMIT_S)
        desk.look()

    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_an_error_of_ours_while_a_port_is_asked_loses_neither_prober_nor_port(desk, caplog):
    network = desk.plugged(1)

    def breaks(_):
        desk.at_open = lambda settings: None
        raise RuntimeError("broken")

    desk.at_open = breaks
    ears = desk.find("m1", imei(network, 0))
    desk.settle()
    assert "It could not be asked" in desk.told(ears)[0]
    desk.passes(ASK_AGAIN_S)

    assert desk.told(ears, 2)[1] == "ttyUSB0"
    assert "failed while handling AskPort" in caplog.text
