"""The device inspector with real ports: virtual modems in a /dev of the test's own."""

import os
import tty

import pytest
from doubles.ears import Ears
from doubles.inspector_desk import InspectorDesk
from doubles.network import VirtualNetwork

from actors.prober import LIMIT_S, SILENT
from otppi.adapters.serial_lines import LineWatch
from otppi.config.sections import General
from otppi.domain.messages.ports import AskPort, LeavePort
from otppi.domain.messages.running import Configure
from otppi.domain.ports import LineSettings
from otppi.domain.whereabouts import ASK_AGAIN_S, OWNER_FIRST_S, REPLACED_S

STRANGER = "867962041234567"


@pytest.fixture
def desk(tmp_path, stack):
    found = InspectorDesk(tmp_path)
    stack.callback(found.end)
    return found


@pytest.fixture
def plugged(desk, stack):
    """Plug so many virtual modems in, as ttyUSB0 and so on."""

    def started(count, **words):
        return stack.enter_context(VirtualNetwork(desk.tree.devices, count=count, name="ttyUSB", **words))

    return started


@pytest.fixture
def cable(desk, stack):
    """Plug something in that says nothing; gives the other end."""

    def plugged_in(name):
        other, port = os.openpty()
        tty.setraw(port)
        stack.callback(os.close, other)
        stack.callback(os.close, port)
        desk.tree.link(name, os.ttyname(port))
        return other

    return plugged_in


def imei(network, modem):
    return network.state(modem)["imei"]


# ports that come and go


def test_ports_that_come_and_go_are_shown_listed_and_logged_with_a_line_each(desk, caplog):
    caplog.set_level("INFO")
    desk.tell(Configure("general", General(inspect_modems_s=0.05)))
    desk.tree.plug("1-1.4", "12d1", "1506", product="HUAWEI Mobile", ports={"ttyUSB2": (2, "ff/02/02")})
    desk.shows(lambda facts: facts)

    assert desk.facts["ttyUSB2"] == {"usb": "1-1.4", "vid": "12d1", "pid": "1506", "manufacturer": "", "product": "HUAWEI Mobile", "interface": 2, "driver": "option",
                                     "imei": "", "modem": "", "since": int(desk.clock.wall()), "why": ""}
    assert desk.listed() == [{"path": desk.path("ttyUSB2"), **desk.facts["ttyUSB2"]}]

    desk.tree.pull("1-1.4")
    desk.shows(lambda facts: not facts)
    lines = [message for message in caplog.messages if "ttyUSB2" in message]
    assert lines == [f"port {desk.path('ttyUSB2')} came (USB 1-1.4, 12d1:1506 HUAWEI Mobile, interface 2)", f"port {desk.path('ttyUSB2')} went"]


def test_a_stick_that_still_is_a_cd_rom_is_shown_and_logged_once(desk, caplog):
    desk.tree.plug("1-1", "12d1", "1446", interfaces=("08",))
    desk.look()
    desk.look()
    desk.shows(lambda facts: "usb:1-1" in facts)
    desk.tree.pull("1-1")
    desk.look()
    desk.shows(lambda facts: not facts)

    assert sum("shows itself as a CD-ROM" in message for message in caplog.messages) == 1


def test_a_pace_of_zero_means_that_nobody_looks_until_a_modem_asks(desk, plugged):
    desk.tell(Configure("general", General(inspect_modems_s=0)))
    network = plugged(1)
    desk.tell(Configure("general", General(inspect_modems_s=0)))
    assert not desk.seen.told

    ears = desk.find("m1", imei(network, 0))
    desk.settle()
    assert desk.told(ears) == ["ttyUSB0"]


# finding a modem


def test_a_modem_is_found_by_its_imei_and_under_another_name_after_it_was_replugged(desk, plugged):
    network = plugged(3)
    ears = desk.find("m1", imei(network, 1))
    desk.settle()
    assert desk.told(ears) == ["ttyUSB1"]
    desk.used("m1", "ttyUSB1", imei(network, 1))
    desk.shows(lambda facts: facts["ttyUSB1"]["modem"] == "m1")

    network.unplug(1)
    desk.freed("m1", "ttyUSB1", imei(network, 1))
    ears = desk.find("m1", imei(network, 1), desk.path("ttyUSB1"))
    desk.shows(lambda facts: "ttyUSB1" not in facts)
    network.replug(1, desk.tree.devices / "ttyUSB7")
    desk.look()
    desk.settle()

    assert desk.told(ears) == ["ttyUSB7"]
    assert desk.facts["ttyUSB7"]["imei"] == imei(network, 1)


def test_a_modem_that_is_known_already_is_told_at_once(desk, plugged):
    network = plugged(2)
    desk.find("m1", STRANGER)
    desk.settle()
    desk.shows(lambda facts: all(one["imei"] for one in facts.values()))
    asked = desk.asked

    assert desk.told(desk.find("m2", imei(network, 1))) == ["ttyUSB1"]
    assert desk.asked == asked


def test_two_modems_on_each_others_port_are_sent_to_their_own_without_a_fight(desk, plugged):
    network = plugged(2)
    desk.modems(a=desk.path("ttyUSB0"), b=desk.path("ttyUSB1"))
    desk.look()
    for modem, name in (("a", "ttyUSB0"), ("b", "ttyUSB1")):
        desk.used(modem, name)
    desk.freed("a", "ttyUSB0", imei(network, 0))
    a = desk.find("a", imei(network, 1), desk.path("ttyUSB0"))
    assert not a.told  # the other is still finding out who is there
    desk.freed("b", "ttyUSB1", imei(network, 1))
    b = desk.find("b", imei(network, 0), desk.path("ttyUSB1"))

    assert desk.told(a) == ["ttyUSB1"]
    assert desk.told(b) == ["ttyUSB0"]
    assert desk.asked == []


def test_a_port_in_use_is_never_asked_and_a_free_one_once(desk, plugged):
    network = plugged(3)
    desk.look()
    desk.used("other", "ttyUSB1")
    ears = desk.find("m1", STRANGER)
    desk.settle()
    desk.shows(lambda facts: facts["ttyUSB0"]["imei"] and facts["ttyUSB2"]["imei"])
    desk.used("other", "ttyUSB1", imei(network, 1))

    assert desk.told(ears) == ["The modem with this IMEI is at no port."]
    assert sorted(desk.asked) == ["ttyUSB0", "ttyUSB2"]
    assert network.commands(1) == []


def test_a_modem_driven_under_another_name_is_told_as_such(desk, plugged):
    network = plugged(1)
    desk.look()
    desk.used("other", "ttyUSB0", imei(network, 0))

    assert desk.told(desk.find("m1", imei(network, 0))) == ['The modem with this IMEI is driven as "other" already.']


def test_ports_that_are_no_modems_are_asked_only_where_the_settings_name_them(desk, plugged):
    network = plugged(1)
    network.unplug(0)
    desk.tree.board("ttyS0", "4")
    network.replug(0, desk.tree.devices / "ttyS0")
    ears = desk.find("m1", imei(network, 0))
    assert desk.told(ears) == ["The modem with this IMEI is at no port."]
    assert desk.asked == []

    desk.modems(m1=f"imei:{imei(network, 0)}", m2={"port": desk.path("ttyS0"), "baud_rate": 9600})
    desk.passes(OWNER_FIRST_S)
    assert desk.told(ears, 2)[1] == "ttyS0"
    assert [message.settings.baud_rate for message in desk.given.of(AskPort)] == [9600]


def test_the_port_of_a_modem_for_the_internet_is_never_asked(desk, plugged):
    plugged(1)
    desk.modems(m1=f"imei:{STRANGER}", net={"port": desk.path("ttyUSB0"), "internet_access": True})

    assert desk.told(desk.find("m1", STRANGER)) == ["The modem with this IMEI is at no port."]
    assert desk.asked == []


def test_at_most_two_ports_are_asked_at_a_time_and_one_of_a_stick_the_most_probable_first(desk, cable):
    for place in ("1-1", "1-2", "1-3"):
        number = int(place[-1]) * 4
        desk.tree.plug(place, "2c7c", "0125", ports={f"ttyUSB{number + port}": (port, "ff/00/00") for port in range(4)}, links=False)
        for port in range(4):
            cable(f"ttyUSB{number + port}")
    desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort, 2)
    assert desk.asked == ["ttyUSB6", "ttyUSB10"]
    while len(desk.asked) < 4:
        desk.passes(LIMIT_S)

    assert desk.asked[2] == "ttyUSB14"
    assert desk.asked[3] in {"ttyUSB7", "ttyUSB11"}  # of the stick that was left first


def test_one_port_of_a_stick_tells_for_all_of_it(desk, plugged):
    network = plugged(3)
    desk.tree.plug("1-1", "2c7c", "0125", ports={f"ttyUSB{port}": (port, "ff/00/00") for port in range(3)}, links=False)
    ears = desk.find("m1", STRANGER)
    desk.settle()

    assert desk.told(ears) == ["The modem with this IMEI is at no port."]
    assert desk.asked == ["ttyUSB2"]
    assert network.commands(0) == network.commands(1) == []


# ports that do not tell


def test_a_port_that_says_nothing_is_left_after_three_seconds_and_asked_again_after_a_minute_or_a_replug(desk, cable):
    cable("ttyUSB0")
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
    cable("ttyUSB0")
    desk.look()
    desk.settle()
    desk.given.wait_for(AskPort, 3)
    assert desk.asked == ["ttyUSB0"] * 3


def test_what_talks_without_pause_is_left_after_three_seconds_too(desk, cable):
    other = cable("ttyUSB0")
    desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort)
    for _ in range(6):
        os.write(other, b"$GPGGA,092750.000,5321.6802,N\r\n" * 3)
        desk.clock.wait_for_wakeup(LIMIT_S)
        desk.clock.advance(0.5)
    desk.shows(lambda facts: facts["ttyUSB0"]["why"] == SILENT)


def test_a_port_that_another_program_holds_is_told_as_such(desk, plugged, stack):
    network = plugged(1)
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
def test_a_port_that_vanishes_while_it_is_asked_is_forgotten_and_its_prober_asks_the_next(desk, plugged, when):
    network = plugged(2)
    network.fault("hang", modem=0, count=None)
    desk.watch.every(0.02)
    if when == "before it is opened":
        desk.at_open = lambda settings: network.unplug(0) if settings.path.endswith("0") and network.state(0)["plugged"] else None
    ears = desk.find("m1", imei(network, 1))
    desk.settle()
    if when == "while it answers":
        network.wait_command("AT", modem=0)
        network.unplug(0)
    desk.told(ears)
    desk.shows(lambda facts: list(facts) == ["ttyUSB1"])
    again = desk.find("m2", STRANGER)

    assert desk.told(again)[0].startswith("The modem with this IMEI is at no port.")


def test_a_port_that_goes_without_a_hang_up_while_it_is_asked_is_closed(desk, cable):
    other = cable("ttyUSB0")
    desk.find("m1", STRANGER)
    desk.settle()
    assert os.read(other, 3) == b"AT\r"
    (desk.tree.devices / "ttyUSB0").unlink()
    desk.look()

    assert desk.given.wait_for(LeavePort).path == desk.path("ttyUSB0")


def test_asking_leaves_nothing_open(desk, plugged, cable):
    plugged(1)
    cable("ttyUSB1")
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    ears = desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort, 2)
    while not ears.told:
        desk.clock.advance(LIMIT_S)
        desk.look()

    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_an_error_of_ours_while_a_port_is_asked_loses_neither_prober_nor_port(desk, plugged, caplog):
    network = plugged(1)

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


# whom it is told


def test_the_port_is_closed_before_a_modem_is_told_of_it(desk, plugged):
    network, opened = plugged(1), []

    def told(message):
        line = desk.lines.open(LineSettings(message.path), print, print)
        line.close()
        opened.append(message.path)
        ears(message)

    ears = Ears()
    desk.find("m1", imei(network, 0), answer_to=told)
    desk.settle()
    desk.told(ears)

    assert opened == [desk.path("ttyUSB0")]


def test_a_modem_is_not_told_again_of_the_port_that_it_could_not_open(desk, plugged):
    network = plugged(1)
    ears = desk.find("m1", imei(network, 0))
    desk.settle()
    assert desk.told(ears) == ["ttyUSB0"]
    again = [desk.find("m1", imei(network, 0), desk.path("ttyUSB0")) for _ in range(3)]

    assert [one.told for one in again] == [[], [], []]


def test_a_modem_that_takes_whoever_is_at_its_port_is_told_when_it_comes_and_before_others_ask_there(desk, plugged):
    network = plugged(1)
    network.unplug(0)
    other = desk.find("m2", STRANGER)
    mine = desk.find("m1", "", desk.path("ttyUSB0"))
    desk.told(other)
    network.replug(0)
    desk.look()
    desk.settle()

    assert desk.told(mine) == ["ttyUSB0"]
    assert desk.asked == []


def test_a_port_that_is_asked_is_left_for_the_modem_that_wants_to_open_it(desk, cable):
    cable("ttyUSB0")
    desk.find("m2", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort)
    mine = desk.find("m1", "", desk.path("ttyUSB0"))

    assert desk.told(mine) == ["ttyUSB0"]
    assert {message.path for message in desk.given.of(LeavePort)} == {desk.path("ttyUSB0")}


def test_a_modem_whose_port_has_another_modem_that_nobody_looks_for_counts_as_replaced_after_a_while(desk, plugged):
    network = plugged(1)
    desk.modems(m1=desk.path("ttyUSB0"))
    desk.look()
    desk.used("m1", "ttyUSB0")
    desk.freed("m1", "ttyUSB0", imei(network, 0))
    ears = desk.find("m1", STRANGER, desk.path("ttyUSB0"))
    assert not ears.told
    desk.passes(REPLACED_S)

    assert desk.told(ears) == ["The modem with this IMEI is at no port."]


def test_a_modem_that_was_pulled_is_never_told_that_it_was_replaced(desk, plugged):
    network = plugged(1)
    network.unplug(0)
    ears = desk.find("m1", imei(network, 0), desk.path("ttyUSB0"))
    desk.passes(REPLACED_S)
    desk.look()
    assert not ears.told

    network.replug(0, desk.tree.devices / "ttyUSB5")
    desk.look()
    desk.settle()
    assert desk.told(ears) == ["ttyUSB5"]


def test_a_modem_that_ended_or_left_the_settings_is_looked_for_no_more(desk, plugged):
    plugged(1)
    desk.modems(m1=f"imei:{STRANGER}")
    desk.find("m1", STRANGER)
    desk.modems()
    desk.look()
    desk.clock.advance(1)
    desk.look()

    assert desk.asked == []
