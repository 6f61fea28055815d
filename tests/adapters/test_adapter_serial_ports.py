import logging
import os
import time

import pytest
from doubles.ears import Ears
from doubles.service import until
from doubles.usb_tree import UsbTree

from otppi.adapters.serial_ports import PortWatch
from otppi.domain.messages.ports import PortsSeen
from otppi.domain.serial_port import named


@pytest.fixture
def tree(tmp_path):
    return UsbTree(tmp_path)


@pytest.fixture
def ears():
    return Ears()


@pytest.fixture
def watch(tree, ears):
    found = PortWatch(tree.ports)
    found.start(ears)
    yield found
    found.stop()


def names(ports):
    return [port.path.rpartition("/")[2] for port in sorted(ports, key=lambda port: port.order)]


def seen(ears):
    return [names(message.ports) for message in ears.of(PortsSeen)]


# what is told of a port


def test_what_the_system_knows_of_a_port_is_told(tree):
    tree.plug("1-1.4", "12d1", "1506", manufacturer="HUAWEI", product="HUAWEI Mobile", serial="0123", ports={"ttyUSB2": (10, "ff/02/02")})

    (port,) = tree.ports.ports()

    assert (port.path, port.usb, port.function, port.interface, port.protocol) == (tree.path("ttyUSB2"), "1-1.4", "1-1.4:1.10", 10, "ff/02/02")
    assert (port.vid, port.pid, port.manufacturer, port.product, port.serial, port.driver) == ("12d1", "1506", "HUAWEI", "HUAWEI Mobile", "0123", "option")
    assert port.candidate
    assert port.stick == "1-1.4"


@pytest.mark.parametrize("name,kind,listed,candidate", [
    ("ttyS0", "4", True, False), ("ttyS1", "0", False, False), ("ttyAMA0", "32", True, False), ("ttyUSB0", "", True, True), ("ttyACM3", "", True, True),
    ("tty1", "", False, False), ("ttyprintk", "", False, False), ("ttyUSB0.lock", "", False, False),
])
def test_a_port_of_the_board_is_listed_but_only_usb_ports_may_be_asked_unnamed(tree, name, kind, listed, candidate):
    tree.board(name, kind)

    ports = tree.ports.ports()

    assert names(ports) == [name] * listed
    assert [port.candidate for port in ports] == [candidate] * listed


def test_a_port_that_leads_nowhere_or_to_no_terminal_is_none(tree):
    tree.link("ttyUSB0", "/dev/pts/none")
    (tree.devices / "ttyUSB1").write_text("x")

    assert tree.ports.ports([str(tree.devices), tree.path("ttyUSB7")]) == ()


def test_a_path_of_the_settings_is_another_name_of_a_port_or_a_port_itself(tree, tmp_path):
    tree.link("ttyUSB0")
    (tmp_path / "by-id").symlink_to(tree.devices / "ttyUSB0")
    (tmp_path / "modem").symlink_to("/dev/null")
    also = [str(tmp_path / "by-id"), str(tmp_path / "modem")]

    ports = tree.ports.ports(also)

    assert {port.path: set(port.names) for port in ports} == {tree.path("ttyUSB0"): {also[0]}, also[1]: {also[1]}}
    assert [named(ports, path).path for path in also] == [tree.path("ttyUSB0"), also[1]]
    assert [port.candidate for port in ports if port.path == also[1]] == [False]


@pytest.mark.parametrize("vid,pid,ports,order", [
    ("12d1", "1506", {"ttyUSB0": (0, "ff/02/01"), "ttyUSB1": (1, "ff/02/03"), "ttyUSB2": (2, "ff/02/02")}, ["ttyUSB2", "ttyUSB0", "ttyUSB1"]),
    ("12d1", "1001", {"ttyUSB0": (0, "ff/ff/ff"), "ttyUSB1": (1, "ff/01/02")}, ["ttyUSB1", "ttyUSB0"]),
    ("1199", "68a2", {"ttyUSB0": (0, "ff/ff/ff"), "ttyUSB1": (2, "ff/ff/ff"), "ttyUSB2": (3, "ff/ff/ff")}, ["ttyUSB2", "ttyUSB0", "ttyUSB1"]),
    ("2c7c", "0125", {"ttyUSB0": (2, "ff/ff/ff"), "ttyUSB1": (3, "ff/00/00"), "ttyUSB2": (4, "ff/00/00"), "ttyUSB3": (5, "ff/00/00")},
     ["ttyUSB2", "ttyUSB3", "ttyUSB0", "ttyUSB1"]),
    ("1e0e", "9001", {"ttyUSB0": (0, "ff/ff/ff"), "ttyUSB1": (1, "ff/00/00"), "ttyUSB2": (2, "ff/00/00"), "ttyUSB3": (3, "ff/00/00")},
     ["ttyUSB2", "ttyUSB3", "ttyUSB0", "ttyUSB1"]),
    ("1546", "1141", {"ttyACM0": (0, "02/02/01"), "ttyACM1": (2, "02/02/01"), "ttyACM2": (6, "02/02/01")}, ["ttyACM2", "ttyACM1", "ttyACM0"]),
    ("1bc7", "0021", {"ttyACM0": (0, "02/02/01"), "ttyACM1": (2, "02/02/01"), "ttyACM2": (4, "02/02/01")}, ["ttyACM1", "ttyACM0", "ttyACM2"]),
    ("19d2", "0031", {"ttyUSB9": (1, "ff/ff/ff"), "ttyUSB10": (3, "ff/ff/ff")}, ["ttyUSB9", "ttyUSB10"]),
])
def test_the_most_probable_port_of_each_make_comes_first(tree, vid, pid, ports, order):
    tree.plug("1-1", vid, pid, ports=ports)

    found = tree.ports.ports()

    assert names(found) == order
    assert named(found, "usb:1-1").path == tree.path(order[0])


def test_a_probable_port_comes_before_one_of_which_nothing_is_known(tree):
    tree.plug("1-1", "1a86", "7523", ports={"ttyUSB0": (0, "ff/01/02")}, driver="ch341")
    tree.plug("1-2", "2c7c", "0125", ports={f"ttyUSB{number + 1}": (number, "ff/00/00") for number in range(4)})

    assert names(tree.ports.ports()) == ["ttyUSB3", "ttyUSB4", "ttyUSB0", "ttyUSB1", "ttyUSB2"]
    assert named(tree.ports.ports(), tree.path("ttyUSB0")).stick == ""


@pytest.mark.parametrize("vid,pid", [("2341", "0043"), ("1546", "01a7"), ("2e8a", "000a")])
def test_what_is_known_to_be_no_modem_is_not_to_be_asked(tree, vid, pid):
    tree.plug("1-1", vid, pid, ports={"ttyACM0": (0, "02/02/01")})

    assert [port.candidate for port in tree.ports.ports()] == [False]


# sticks that are a CD-ROM


@pytest.mark.parametrize("vid,pid,interfaces,told", [
    ("12d1", "1446", ("08", "08"), True), ("12d1", "1526", (), True), ("12d1", "ffff", ("08",), True), ("12d1", "1506", ("ff", "ff", "08"), False),
    ("19d2", "2000", ("08",), True), ("0781", "5567", ("08",), False),
])
def test_a_stick_that_still_is_a_cd_rom_is_told_in_a_sentence(tree, vid, pid, interfaces, told):
    tree.plug("1-1.2", vid, pid, product="Mass Storage", interfaces=interfaces)

    sticks = tree.ports.sticks()

    assert len(sticks) == told
    for stick in sticks:
        assert f"at USB 1-1.2 ({vid}:{pid}) shows itself as a CD-ROM" in stick.why
        assert (stick.usb, stick.product) == ("1-1.2", "Mass Storage")


# the watch


def test_ports_are_told_at_first_and_when_one_comes_or_goes_and_only_then(tree, watch, ears):
    watch.every(0.02)
    ears.wait(lambda ears: seen(ears) == [[]])

    tree.link("ttyUSB0")
    ears.wait(lambda ears: seen(ears)[-1] == ["ttyUSB0"])
    tree.link("ttyUSB1")
    ears.wait(lambda ears: seen(ears)[-1] == ["ttyUSB0", "ttyUSB1"])
    (tree.devices / "ttyUSB0").unlink()
    ears.wait(lambda ears: seen(ears)[-1] == ["ttyUSB1"])

    assert seen(ears) == [[], ["ttyUSB0"], ["ttyUSB0", "ttyUSB1"], ["ttyUSB1"]]


def test_a_port_that_was_replugged_between_two_looks_has_another_birth(tree, watch, ears):
    watch.every(0.02)
    tree.link("ttyUSB0")
    first = ears.wait(lambda ears: seen(ears)[-1:] == [["ttyUSB0"]] and ears.told[-1]).ports[0]

    tree.link("ttyUSB0")
    second = ears.wait(lambda ears: ears.told[-1].ports[0] != first and ears.told[-1]).ports[0]

    assert second.birth != first.birth
    assert second.path == first.path


def test_a_stick_that_becomes_a_modem_at_the_same_place_is_noticed(tree, watch, ears):
    os.utime(tree.devices, (1, 1))  # so that nothing but the USB can tell
    watch.every(0.02)
    ears.wait(lambda ears: ears.told)
    tree.plug("1-1", "12d1", "1446", interfaces=("08",))
    ears.wait(lambda ears: ears.told and ears.told[-1].sticks)

    tree.pull("1-1")
    tree.plug("1-1", "12d1", "1506", ports={"ttyUSB0": (0, "ff/02/02")})

    ears.wait(lambda ears: not ears.told[-1].sticks and [port.usb for port in ears.told[-1].ports] == ["1-1"])


def test_a_look_that_is_asked_for_is_answered_even_if_nothing_changed_and_the_pace_is_never(tree, watch, ears):
    watch.every(0)
    tree.link("ttyUSB0")
    watch.also([tree.path("ttyUSB0"), "usb:1-1", "imei:123456789012345"])
    watch.look()
    ears.wait(lambda ears: seen(ears) == [["ttyUSB0"]])
    watch.look()
    ears.wait(lambda ears: seen(ears) == [["ttyUSB0"]] * 2)


def test_with_a_pace_of_zero_nobody_looks(tree, watch, ears, monkeypatch):
    looked = []
    monkeypatch.setattr(watch, "_look", lambda *_, asked=False: looked.append(asked))
    watch.every(0)
    watch.also(["/dev/ttyUSB0"])
    with watch._wanted:
        assert not watch._wanted.wait_for(lambda: looked, 0.2)
    watch.look()

    until(lambda: looked)
    assert looked == [True]


def test_a_named_path_is_noticed_wherever_it_lies(tree, tmp_path, watch, ears):
    named_path = tmp_path / "modem0"
    watch.also([str(named_path)])
    watch.every(0.02)
    ears.wait(lambda ears: seen(ears) == [[]])

    named_path.symlink_to("/dev/null")
    ears.wait(lambda ears: seen(ears)[-1] == ["modem0"])
    named_path.unlink()
    ears.wait(lambda ears: seen(ears)[-1] == [])


def test_a_look_that_fails_is_logged_and_the_next_one_is_made(tree, watch, ears, monkeypatch, caplog):
    fails = [OSError("no more files")]
    ports = tree.ports.ports

    def failing(also=()):
        if fails:
            raise fails.pop()
        return ports(also)

    monkeypatch.setattr(tree.ports, "ports", failing)
    with caplog.at_level(logging.ERROR):
        watch.every(0.02)
        tree.link("ttyUSB0")
        ears.wait(lambda ears: ears.told and seen(ears)[-1] == ["ttyUSB0"])

    assert "could not be looked at" in caplog.text


def test_a_folder_that_is_not_there_holds_no_ports(tmp_path):
    tree = UsbTree(tmp_path)
    tree.devices.rmdir()

    assert tree.ports.ports() == ()
    assert tree.ports.print(["/none"])[0] == 0


def test_a_look_at_which_nothing_changed_costs_little_and_leaves_nothing_open(tree, ears):
    for number in range(8):
        tree.plug(f"1-{number}", "2c7c", "0125", ports={f"ttyUSB{4 * number + port}": (port, "ff/00/00") for port in range(4)})
    os.utime(tree.devices, (1, 1))  # as if nothing had come for long
    watch, looks = PortWatch(tree.ports), 200
    watch._tell = ears
    watch._look(())
    before, began = sorted(os.listdir("/proc/self/fd")), time.thread_time()  # noqa: PTH208

    for _ in range(looks):
        watch._look(())

    assert (time.thread_time() - began) / looks < 0.001  # of a second: 0.1 % of a core at one look a second
    assert len(ears.told) == 1
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
