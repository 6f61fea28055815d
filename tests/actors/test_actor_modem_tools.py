"""Tools as errands of a gateway's modem: from the order of an administrator to its one answer."""

import pytest
from doubles.peer import OK, SILENCE, Peer

from actors.gateway import ActorGateway
from actors.modem_tools import tool_errand
from otppi.at import tools
from otppi.at.sim_tool import SimSaid
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.messages.asking import AskTool
from otppi.domain.messages.running import Operate
from otppi.domain.sim_card import CardBook

IMEI, OTHER = "490154203237518", "356938035643809"
SIM = {"AT+CPIN?": "+CPIN: READY\nOK", 'AT+CLCK="SC",2': "+CLCK: 1\nOK", "AT+CPINR": "+CPINR: SIM PIN,3,3\nOK", "AT+CCID": "+CCID: 8962001234567890123\nOK"}


class Asker:
    def __init__(self):
        self.results, self.errors = [], []

    def operate(self, name, tool, *, imei_write=False, **arguments):
        """Give what the gateway tells the router."""
        told = []
        gateway = ActorGateway(router=told.append, otp_desk=None, blocklist=None, monitor=None, imei_write=imei_write)
        gateway.operate(Operate(name, {"modem": "m1", "tool": tool, "arguments": arguments}, "cli:me", self.results.append, self.errors.append))
        return told


@pytest.fixture
def asker():
    return Asker()


@pytest.fixture
def shelf():
    return {}


def errand(asker, shelf, name, **arguments):
    tool = tools.tool(name, arguments, imei_write=True)
    return tool_errand(tool, asker.results.append, asker.errors.append, book=CardBook(shelf.get, shelf.__setitem__, b"key"))


# the order


@pytest.mark.parametrize("name, tool, arguments", [
    ("modem.look", "probe", {}), ("modem.look", "probe", {"numbers": True}), ("modem.look", "doctor", {}), ("modem.look", "sim-state", {}), ("modem.look", "imei-show", {}),
    ("modem.tool", "sim-enable", {"pin": "1234"}), ("modem.tool", "sim-change", {"pin": "1234", "new": "4321"}), ("modem.tool", "sim-unblock", {"puk": "12345678", "new": "4321"}),
    ("modem.tool", "imei-write", {"imei": IMEI, "again": IMEI}),
])
def test_an_order_goes_to_the_router_with_its_tool_and_shows_no_secret(asker, name, tool, arguments):
    (message,) = asker.operate(name, tool, imei_write=True, **arguments)
    assert isinstance(message, AskTool)
    assert (message.modem, message.tool.name, message.tool.changes) == ("m1", tool, name == "modem.tool")
    assert not [value for value in arguments.values() if str(value) in repr(message) and value is not True]


@pytest.mark.parametrize("name, tool, arguments, word", [
    ("modem.look", "sim-enable", {"pin": "1234"}, "another operation"), ("modem.tool", "probe", {}, "another operation"), ("modem.tool", "fly", {}, "no such tool"),
    ("modem.tool", "sim-enable", {}, '"pin"'), ("modem.tool", "sim-enable", {"pin": 1234}, '"pin"'), ("modem.tool", "sim-enable", {"pin": "12"}, "4 to 8"),
    ("modem.tool", "sim-enable", {"pin": "1234", "colour": "red"}, '"colour"'), ("modem.tool", "sim-change", {"pin": "1234", "new": "1234"}, "old one"),
    ("modem.tool", "sim-unblock", {"puk": "1234", "new": "4321"}, "8 digits"), ("modem.tool", "imei-write", {"imei": IMEI, "again": IMEI}, "imei_write"),
])
def test_a_wrong_order_is_refused_and_reaches_no_modem(asker, name, tool, arguments, word):
    assert asker.operate(name, tool, **arguments) == []
    assert isinstance(asker.errors[0], Mistake)
    assert word in str(asker.errors[0])
    assert asker.results == []


def test_the_new_imei_must_be_given_twice(asker):
    assert asker.operate("modem.tool", "imei-write", imei_write=True, imei=IMEI, again=OTHER) == []
    assert "another one" in str(asker.errors[0])


# the errand


def test_a_result_is_told_once(asker, shelf):
    ordered = errand(asker, shelf, "sim-disable", pin="1234")
    result = Peer(SIM | {'AT+CLCK="SC",0,"1234"': OK}).play(ordered.script())
    assert ordered.settle(result) is True
    assert (asker.results[0]["done"], asker.errors) == (True, [])
    assert "1234" not in repr((asker.results, ordered.name, shelf))


def test_a_refusal_is_told_and_the_same_pin_is_not_given_again(asker, shelf):
    peer = Peer(SIM | {'AT+CLCK="SC",0,"1234"': "+CME ERROR: 16"})
    for _ in range(2):
        ordered = errand(asker, shelf, "sim-disable", pin="1234")
        ordered.settle(peer.play(ordered.script()))
    assert asker.results == []
    assert [isinstance(error, NotDone) for error in asker.errors] == [True, True]
    assert "refused it before" in str(asker.errors[1])
    assert len([line for line in peer.said if "1234" in line]) == 1


def test_what_the_modem_did_not_say_is_told_as_unknown_and_the_modem_as_silent(asker, shelf):
    ordered = errand(asker, shelf, "sim-disable", pin="1234")
    result = Peer(SIM | {'AT+CLCK="SC",0,"1234"': SILENCE}).play(ordered.script())
    assert isinstance(result, SimSaid)
    assert ordered.settle(result) is False
    assert asker.results[0]["done"] is False


@pytest.mark.parametrize("begun, word", [(True, "look how it stands"), (False, "lost before")])
def test_a_modem_that_is_lost_is_told(asker, shelf, begun, word):
    ordered = errand(asker, shelf, "sim-disable", pin="1234")
    if begun:
        ordered.script()
    ordered.settle(None)
    assert (len(asker.errors), asker.results) == (1, [])
    assert word in str(asker.errors[0])


@pytest.mark.parametrize("name", ["probe", "doctor", "imei-show", "sim-state"])
def test_a_modem_that_falls_silent_during_a_look_is_told(asker, shelf, name):
    ordered = errand(asker, shelf, name)
    ordered.settle(Peer({"AT*": SILENCE}).play(ordered.script()))
    assert len(asker.errors) + len(asker.results) == 1


def test_an_imei_is_written(asker, shelf):
    ordered = errand(asker, shelf, "imei-write", imei=OTHER, again=OTHER)
    result = Peer({"AT+CGMI": "Quectel\nOK", "AT+CGMM": "X\nOK", "AT+CGSN": (f"{IMEI}\nOK", f"{OTHER}\nOK"), f'AT+EGMR=1,7,"{OTHER}"': OK}).play(ordered.script())
    assert ordered.settle(result)
    assert asker.results[0]["done"] is True


def test_a_look_at_a_sim_needs_no_book_and_a_try_does():
    assert tools.tool("sim-state", {}, imei_write=False).script() is not None
    with pytest.raises(ValueError, match="book"):
        tools.tool("sim-enable", {"pin": "1234"}, imei_write=False).script()
