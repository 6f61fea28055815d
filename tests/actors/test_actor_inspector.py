"""The device inspector with real ports: virtual modems in a /dev of the test's own."""

import pytest
from doubles.ears import Ears
from doubles.inspector_desk import InspectorDesk

from actors.prober import LIMIT_S
from otppi.config.sections import General
from otppi.domain.messages.ports import AskPort, LeavePort
from otppi.domain.messages.running import Configure
from otppi.domain.ports import LineSettings
from otppi.domain.whereabouts import OWNER_FIRST_S, REPLACED_S

STRANGER = "867962041234567"


@pytest.fixture
def desk(tmp_path, stack):
    found = InspectorDesk(tmp_path)
    stack.callback(found.end)
    return found


def imei(network, modem):
    return network.state(modem)["imei"]


# ports that come and go


def test_ports_that_come_and_go_are_shown_listed_and_logged_with_a_line_each(desk, caplog):
    caplog.set_level("INFO")
    desk.tell(Configure("general", General(inspect_modems_s=0.05)))
    desk.look()
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


def test_a_pace_of_zero_means_that_nobody_looks_until_a_modem_asks(desk):
    desk.tell(Configure("general", General(inspect_modems_s=0)))
    network = desk.plugged(1)
    desk.tell(Configure("general", General(inspect_modems_s=0)))
    assert not desk.seen.told

    ears = desk.find("m1", imei(network, 0))
    desk.settle()
    assert desk.told(ears) == ["ttyUSB0"]


# finding a modem


def test_a_modem_is_found_by_its_imei_and_under_another_name_after_it_was_replugged(desk):
    network = desk.plugged(3)
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


def test_a_modem_that_is_known_already_is_told_at_once(desk):
    network = desk.plugged(2)
    desk.find("m1", STRANGER)
    desk.settle()
    desk.shows(lambda facts: all(one["imei"] for one in facts.values()))
    asked = desk.asked

    assert desk.told(desk.find("m2", imei(network, 1))) == ["ttyUSB1"]
    assert desk.asked == asked


def test_two_modems_on_each_others_port_are_sent_to_their_own_without_a_fight(desk):
    network = desk.plugged(2)
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


def test_a_port_in_use_is_never_asked_and_a_free_one_once(desk):
    network = desk.plugged(3)
    desk.look()
    desk.used("other", "ttyUSB1")
    ears = desk.find("m1", STRANGER)
    desk.settle()
    desk.shows(lambda facts: facts["ttyUSB0"]["imei"] and facts["ttyUSB2"]["imei"])
    desk.used("other", "ttyUSB1", imei(network, 1))

    assert desk.told(ears) == ["The modem with this IMEI is at no port."]
    assert sorted(desk.asked) == ["ttyUSB0", "ttyUSB2"]
    assert network.commands(1) == []


def test_a_modem_driven_under_another_name_is_told_as_such(desk):
    network = desk.plugged(1)
    desk.look()
    desk.used("other", "ttyUSB0", imei(network, 0))

    assert desk.told(desk.find("m1", imei(network, 0))) == ['The modem with this IMEI is driven as "other" already.']


def test_ports_that_are_no_modems_are_asked_only_where_the_settings_name_them(desk):
    network = desk.plugged(1)
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


def test_the_port_of_a_modem_for_the_internet_is_never_asked(desk):
    desk.plugged(1)
    desk.modems(m1=f"imei:{STRANGER}", net={"port": desk.path("ttyUSB0"), "internet_access": True})

    assert desk.told(desk.find("m1", STRANGER)) == ["The modem with this IMEI is at no port."]
    assert desk.asked == []


def test_at_most_two_ports_are_asked_at_a_time_and_one_of_a_stick_the_most_probable_first(desk):
    for place in ("1-1", "1-2", "1-3"):
        number = int(place[-1]) * 4
        desk.tree.plug(place, "2c7c", "0125", ports={f"ttyUSB{number + port}": (port, "ff/00/00") for port in range(4)}, links=False)
        for port in range(4):
            desk.cable(f"ttyUSB{number + port}")
    desk.find("m1", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort, 2)
    assert desk.asked == ["ttyUSB6", "ttyUSB10"]
    while len(desk.asked) < 4:
        desk.passes(LIMIT_S)

    assert desk.asked[2] == "ttyUSB14"
    assert desk.asked[3] in {"ttyUSB7", "ttyUSB11"}  # of the stick that was left first


def test_one_port_of_a_stick_tells_for_all_of_it(desk):
    network = desk.plugged(3)
    desk.tree.plug("1-1", "2c7c", "0125", ports={f"ttyUSB{port}": (port, "ff/00/00") for port in range(3)}, links=False)
    ears = desk.find("m1", STRANGER)
    desk.settle()

    assert desk.told(ears) == ["The modem with this IMEI is at no port."]
    assert desk.asked == ["ttyUSB2"]
    assert network.commands(0) == network.commands(1) == []


# whom it is told


def test_the_port_is_closed_before_a_modem_is_told_of_it(desk):
    network, opened = desk.plugged(1), []

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


def test_a_modem_is_not_told_again_of_the_port_that_it_could_not_open(desk):
    network = desk.plugged(1)
    ears = desk.find("m1", imei(network, 0))
    desk.settle()
    assert desk.told(ears) == ["ttyUSB0"]
    again = [desk.find("m1", imei(network, 0), desk.path("ttyUSB0")) for _ in range(3)]

    assert [one.told for one in again] == [[], [], []]


def test_a_modem_that_takes_whoever_is_at_its_port_is_told_when_it_comes_and_before_others_ask_there(desk):
    network = desk.plugged(1)
    network.unplug(0)
    other = desk.find("m2", STRANGER)
    mine = desk.find("m1", "", desk.path("ttyUSB0"))
    desk.told(other)
    network.replug(0)
    desk.look()
    desk.settle()

    assert desk.told(mine) == ["ttyUSB0"]
    assert desk.asked == []


def test_a_port_that_is_asked_is_left_for_the_modem_that_wants_to_open_it(desk):
    desk.cable("ttyUSB0")
    desk.find("m2", STRANGER)
    desk.settle()
    desk.given.wait_for(AskPort)
    mine = desk.find("m1", "", desk.path("ttyUSB0"))

    assert desk.told(mine) == ["ttyUSB0"]
    assert {message.path for message in desk.given.of(LeavePort)} == {desk.path("ttyUSB0")}


def test_a_modem_whose_port_has_another_modem_that_nobody_looks_for_counts_as_replaced_after_a_while(desk):
    network = desk.plugged(1)
    desk.modems(m1=desk.path("ttyUSB0"))
    desk.look()
    desk.used("m1", "ttyUSB0")
    desk.freed("m1", "ttyUSB0", imei(network, 0))
    ears = desk.find("m1", STRANGER, desk.path("ttyUSB0"))
    assert not ears.told
    desk.passes(REPLACED_S)

    assert desk.told(ears) == ["The modem with this IMEI is at no port."]


def test_a_modem_that_was_pulled_is_never_told_that_it_was_replaced(desk):
    network = desk.plugged(1)
    network.unplug(0)
    ears = desk.find("m1", imei(network, 0), desk.path("ttyUSB0"))
    desk.passes(REPLACED_S)
    desk.look()
    assert not ears.told

    network.replug(0, desk.tree.devices / "ttyUSB5")
    desk.look()
    desk.settle()
    assert desk.told(ears) == ["ttyUSB5"]


def test_a_modem_that_ended_or_left_the_settings_is_looked_for_no_more(desk):
    desk.plugged(1)
    desk.modems(m1=f"imei:{STRANGER}")
    desk.find("m1", STRANGER)
    desk.modems()
    desk.look()
    desk.clock.advance(1)
    desk.look()

    assert desk.asked == []
