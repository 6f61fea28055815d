import contextlib
import os
import threading
import time
import tty
from pathlib import Path

import pytest
import serial
from doubles.usb_tree import UsbTree

from otppi.adapters import serial_lines
from otppi.adapters.serial_lines import LineWatch, find_port
from otppi.domain.errors import PortError, PortLost, PortMissing, PortTaken
from otppi.domain.ports import LineSettings

LIMIT_S = 5


class Cable:
    """A pseudo-terminal; the test holds the modem's end."""

    def __init__(self):
        self.modem, self._held = os.openpty()
        tty.setraw(self._held)
        self.path = os.ttyname(self._held)

    def say(self, data):
        os.write(self.modem, data)

    def unplug(self):
        for name in ("modem", "_held"):
            if (end := getattr(self, name)) >= 0:
                os.close(end)
                setattr(self, name, -1)


class Ear:
    """What a line's two callbacks brought, and a way to wait for it."""

    def __init__(self):
        self.heard = b""
        self.losses = []
        self._changed = threading.Condition()

    def received(self, data):
        with self._changed:
            self.heard += data
            self._changed.notify_all()

    def lost(self, why):
        with self._changed:
            self.losses.append(why)
            self._changed.notify_all()

    def wait(self, holds):
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), LIMIT_S), (self.heard, self.losses)


@pytest.fixture
def watch():
    found = LineWatch()
    found.start()
    yield found
    if found._thread.is_alive():
        found.stop()


@pytest.fixture
def plug():
    cables = []

    def plugged():
        cables.append(Cable())
        return cables[-1]

    yield plugged
    for cable in cables:
        cable.unplug()


@pytest.fixture
def cable(plug):
    return plug()


def opened(watch, cable):
    ear = Ear()
    return watch.open(LineSettings(cable.path), ear.received, ear.lost), ear


def test_bytes_of_the_modem_arrive_and_ours_reach_it(watch, cable):
    line, ear = opened(watch, cable)

    cable.say(b"\r\nOK\r\n\0\xff")
    ear.wait(lambda ear: ear.heard == b"\r\nOK\r\n\0\xff")
    line.write(b"AT\r")

    assert os.read(cable.modem, 100) == b"AT\r"
    line.close()


def test_more_bytes_than_fit_one_read_all_arrive_in_order(watch, cable):
    line, ear = opened(watch, cable)
    sent = bytes(range(256)) * 100
    writer = threading.Thread(target=cable.say, args=(sent,))
    writer.start()

    ear.wait(lambda ear: len(ear.heard) == len(sent))
    writer.join(LIMIT_S)

    assert ear.heard == sent
    line.close()


def test_an_unplugged_modem_is_told_once(watch, plug):
    first, other = plug(), plug()
    line, ear = opened(watch, first)
    other_line, other_ear = opened(watch, other)

    first.unplug()
    ear.wait(lambda ear: ear.losses)
    other.say(b"still there")
    other_ear.wait(lambda ear: ear.heard == b"still there")

    assert len(ear.losses) == 1
    line.close()
    other_line.close()


def test_writing_to_an_unplugged_modem_says_that_it_is_lost(watch, cable):
    line, ear = opened(watch, cable)
    cable.unplug()
    ear.wait(lambda ear: ear.losses)

    with pytest.raises(PortLost):
        line.write(b"AT\r")
    line.close()
    with pytest.raises(PortLost):
        line.write(b"AT\r")


def test_a_modem_that_takes_no_bytes_is_lost_within_the_limit(watch, cable, monkeypatch):
    monkeypatch.setattr(serial_lines, "WRITE_LIMIT_S", 0.3)
    line, _ = opened(watch, cable)
    started = time.monotonic()

    with pytest.raises(PortLost):
        line.write(b"x" * 1_000_000)

    assert time.monotonic() - started < 2
    line.close()
    assert time.monotonic() - started < 3


def test_a_port_that_another_gateway_holds_is_told_as_taken(watch, cable):
    line, _ = opened(watch, cable)

    with pytest.raises(PortTaken, match="Another program holds"):
        opened(watch, cable)

    line.close()
    again, ear = opened(watch, cable)
    cable.say(b"hi")
    ear.wait(lambda ear: ear.heard == b"hi")
    again.close()


def test_a_missing_port_names_those_that_are_there(watch, tmp_path, monkeypatch):
    monkeypatch.setattr(serial_lines, "_present", lambda: " Present: /dev/ttyUSB7.")

    with pytest.raises(PortMissing, match=r"There is nothing at .*modem\. Present: /dev/ttyUSB7\."):
        watch.open(LineSettings(str(tmp_path / "modem")), print, print)


def test_the_ports_that_are_there_are_those_of_modems(monkeypatch):
    entries = {"ttyUSB*": [Path("/dev/ttyUSB1"), Path("/dev/ttyUSB0")], "ttyACM*": [Path("/dev/ttyACM0")]}
    monkeypatch.setattr(Path, "glob", lambda _, pattern: iter(entries.get(pattern, [])))
    assert serial_lines._present() == " Present: /dev/ttyACM0, /dev/ttyUSB0, /dev/ttyUSB1."

    entries.clear()
    assert serial_lines._present() == " No modem's port is present."


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/null")], ids=["file", "folder", "null"])
def test_what_is_no_terminal_is_told_as_such(watch, tmp_path, make):
    make(tmp_path / "modem")

    with pytest.raises(PortError, match="is no serial port") as found:
        watch.open(LineSettings(str(tmp_path / "modem")), print, print)
    assert not isinstance(found.value, PortMissing | PortTaken)


def test_a_port_that_may_not_be_opened_names_the_group(watch, cable, monkeypatch):
    def refuse(*_, **__):
        raise serial.SerialException(13, "Permission denied")

    monkeypatch.setattr(serial_lines.serial, "Serial", refuse)
    with pytest.raises(PortError, match="dialout"):
        opened(watch, cable)


def test_the_usb_id_of_a_port_is_told_by_any_of_its_names(tmp_path):
    system = UsbTree(tmp_path)
    system.plug("1-1.4", "12d1", "1506", ports={"ttyUSB0": (0, "ff/02/01")})
    watch = LineWatch(system.ports)
    watch.start()
    try:
        assert watch.usb_id(system.path("ttyUSB0")) == watch.usb_id("usb:1-1.4") == "12d1:1506"
        assert watch.usb_id("/dev/ttyS0") == ""
    finally:
        watch.stop()


def test_a_modem_named_by_its_usb_place_is_found_or_told_missing(watch, tmp_path):
    system = UsbTree(tmp_path)
    system.plug("1-1.4", "12d1", "1506", ports={"ttyUSB0": (0, "ff/02/01"), "ttyUSB1": (1, "ff/02/02")})
    system.plug("1-1.40", "12d1", "1506", ports={"ttyUSB2": (0, "ff/02/02")})

    assert find_port("usb:1-1.4", system.ports) == system.path("ttyUSB1")
    assert find_port("usb:1-1.4:1.0", system.ports) == system.path("ttyUSB0")
    with pytest.raises(PortMissing, match=r"no serial port at USB 1-1\.5"):
        find_port("usb:1-1.5", system.ports)
    with pytest.raises(PortMissing, match=r"no serial port at USB 9-9\.9"):
        watch.open(LineSettings("usb:9-9.9"), print, print)


def test_a_modem_named_by_its_imei_is_told_missing(watch):
    with pytest.raises(PortMissing, match="IMEI"):
        watch.open(LineSettings("imei:867962041234567"), print, print)


def test_line_settings_reach_the_port(watch, cable):
    ear = Ear()
    line = watch.open(LineSettings(cable.path, 9600, "E", 2), ear.received, ear.lost)

    assert (line._port.baudrate, line._port.parity, line._port.stopbits) == (9600, "E", 2)
    line.close()


def test_no_byte_comes_from_a_line_once_it_was_closed(watch, plug):
    cable, other = plug(), plug()
    for _ in range(50):
        line, ear = opened(watch, cable)
        cable.say(b"x" * 500)
        line.close()
        heard = ear.heard
        other_line, other_ear = opened(watch, other)  # takes the same descriptor
        other.say(b"y")
        other_ear.wait(lambda ear: ear.heard == b"y")
        other_line.close()
        assert ear.heard == heard
        assert ear.losses == other_ear.losses == []


def test_a_line_can_be_closed_twice_and_from_its_own_callback(watch, cable):
    closed = threading.Event()
    lines = []

    def received(_):
        lines[0].close()
        lines[0].close()
        closed.set()

    lines.append(watch.open(LineSettings(cable.path), received, print))
    cable.say(b"x")

    assert closed.wait(LIMIT_S)


def test_two_lines_are_heard_apart_from_each_other(watch, plug):
    cables = [plug(), plug()]
    lines = [opened(watch, cable) for cable in cables]

    for turn in range(20):
        for number, cable in enumerate(cables):
            cable.say(b"%d-%d " % (number, turn))

    for number, (line, ear) in enumerate(lines):
        wanted = b"".join(b"%d-%d " % (number, turn) for turn in range(20))
        ear.wait(lambda ear, wanted=wanted: ear.heard == wanted)
        line.close()


def test_a_receiver_that_fails_does_not_make_the_other_lines_deaf(watch, plug, caplog):
    bad, good = plug(), plug()

    def fail(_):
        raise RuntimeError("receiver")

    bad_line = watch.open(LineSettings(bad.path), fail, fail)
    line, ear = opened(watch, good)
    bad.say(b"x")
    good.say(b"y")
    ear.wait(lambda ear: ear.heard == b"y")
    bad.unplug()
    good.say(b"z")
    ear.wait(lambda ear: ear.heard == b"yz")

    bad_line.close()
    line.close()


def test_the_watch_stops_with_lines_open_and_they_can_be_closed_after_it(watch, cable):
    line, ear = opened(watch, cable)

    watch.stop()
    line.close()

    assert not watch._thread.is_alive()
    assert ear.losses == []


def test_nothing_stays_open_after_a_refusal_or_a_close(watch, cable, tmp_path):
    (tmp_path / "modem").write_text("x")
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208

    for path in (tmp_path / "modem", tmp_path / "none", cable.path):
        with contextlib.suppress(PortError):
            watch.open(LineSettings(str(path)), print, print).close()

    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
