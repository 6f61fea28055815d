"""The SIM's lock: the right commands, one try, judged and noted before it is made (TS 27.007 sections 7.4, 7.5, 8.3)."""

import pytest
from doubles.peer import LOST, OK, SILENCE, Peer

from otppi.at.sim_tool import Result, SimSaid, SimState, What, attempt, state
from otppi.at.sim_tries import Tries, tries
from otppi.domain.errors import StoreError
from otppi.domain.secret import Secret

ICCID = "8962001234567890123"
OPEN = {"AT+CPIN?": "+CPIN: READY\nOK", 'AT+CLCK="SC",2': "+CLCK: 1\nOK", "AT+CPINR": "+CPINR: SIM PIN,3,3\n+CPINR: SIM PUK,10,10\nOK", "AT+CCID": f"+CCID: {ICCID}\nOK"}
UNLOCKED = OPEN | {'AT+CLCK="SC",2': "+CLCK: 0\nOK"}
LOCKED = OPEN | {"AT+CPIN?": "+CPIN: SIM PIN\nOK"}
BLOCKED = OPEN | {"AT+CPIN?": "+CPIN: SIM PUK\nOK", "AT+CPINR": "+CPINR: SIM PIN,0,3\n+CPINR: SIM PUK,10,10\nOK"}
MUTE = {"AT+CPINR": "ERROR"}
PIN, NEW, PUK = Secret("1234"), Secret("4321"), Secret("12345678")
GIVEN = {What.ENABLE: 'AT+CLCK="SC",1,"1234"', What.DISABLE: 'AT+CLCK="SC",0,"1234"', What.CHANGE: 'AT+CPWD="SC","1234","4321"', What.ENTER: 'AT+CPIN="1234"',
         What.UNBLOCK: 'AT+CPIN="12345678","4321"'}
BEFORE = {What.ENABLE: UNLOCKED, What.DISABLE: OPEN, What.CHANGE: OPEN, What.ENTER: LOCKED, What.UNBLOCK: BLOCKED}
WRONG, BLOCKS = "+CME ERROR: 16", "+CME ERROR: 12"


class Book:
    """Notes what it is told, with what the modem had been told by then."""

    def __init__(self, why_not="", *, broken=False, differ=False):
        self.said, self.notes, self.asked, self.broken, self.differ, self.peer = why_not, [], [], broken, differ, None

    def why_not(self, card, secret, left):
        self.asked.append((card, secret.reveal(), left))
        return self.said

    def trying(self, card, secret):
        if self.broken:
            raise StoreError("The disk is full.")
        assert not any(secret.reveal() in line for line in self.peer.said)
        self.notes.append("trying")

    def untried(self, card):
        self.notes.append("untried")

    def refused(self, card, secret):
        self.notes.append("refused")

    def accepted(self, card, secret, new=None):
        self.notes.append("accepted")

    def settings_differ(self, secret):
        return self.differ


def played(what, answers=None, book=None, **changes):
    book = book or Book()
    book.peer = peer = Peer({**BEFORE[what], **(answers or {}), **changes})
    secret, new = (PUK, NEW) if what is What.UNBLOCK else (PIN, NEW if what is What.CHANGE else None)
    return peer.play(attempt(what, book, secret, new)), peer, book


def tried(peer):
    return [line for line in peer.said if "1234" in line]


@pytest.mark.parametrize("what", What)
def test_each_thing_is_done_by_its_command_once_and_the_try_is_noted_before(what):
    said, peer, book = played(what, {GIVEN[what]: OK})
    assert said.result is Result.DONE
    assert tried(peer) == [GIVEN[what]]
    assert book.notes == ["trying", "accepted"]
    assert book.asked[0][0] == ICCID
    assert book.asked[0][2] == (10 if what is What.UNBLOCK else 3)


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("error", [WRONG, BLOCKS])
def test_a_wrong_one_is_noted_and_not_repeated(what, error):
    said, peer, book = played(what, {GIVEN[what]: error})
    assert said.result is Result.NOT_DONE
    assert "refused" in said.said
    assert len(tried(peer)) == 1
    assert book.notes == ["trying", "refused"]


@pytest.mark.parametrize("what", What)
def test_what_the_book_forbids_is_not_tried(what):
    said, peer, book = played(what, {GIVEN[what]: OK}, Book("The last one is not used up."))
    assert said.result is Result.NOT_DONE
    assert "The last one" in said.said
    assert not tried(peer)
    assert not book.notes


@pytest.mark.parametrize("what", What)
def test_a_try_that_cannot_be_noted_is_not_made(what):
    said, peer, _ = played(what, {GIVEN[what]: OK}, Book(broken=True))
    assert said.result is Result.NOT_DONE
    assert "could not be noted" in said.said
    assert not tried(peer)


@pytest.mark.parametrize("end", [SILENCE, LOST])
def test_a_modem_that_falls_silent_leaves_it_open_and_the_note_stands(end):
    said, peer, book = played(What.ENTER, {GIVEN[What.ENTER]: end})
    assert said.result is Result.UNKNOWN
    assert book.notes == ["trying"]
    assert len(tried(peer)) == 1


@pytest.mark.parametrize("error, left, note", [
    ("+CME ERROR: 3", None, "untried"), ("+CME ERROR: 14", None, "untried"), ("ERROR", 3, "untried"), ("ERROR", 2, "refused"), ("ERROR", None, "refused"),
    ("+CME ERROR: 3", 2, "refused"), ("+CME ERROR: 100", 2, "refused"), ("+CME ERROR: 16", 3, "refused"),
])
def test_an_unclear_refusal_is_judged_by_the_tries_that_are_left(error, left, note):
    before = "+CPINR: SIM PIN,3,3\nOK" if left is not None else "ERROR"
    _, _, book = played(What.DISABLE, {GIVEN[What.DISABLE]: error, "AT+CPINR": (before, f"+CPINR: SIM PIN,{left},3\nOK" if left is not None else "ERROR")})
    assert book.notes == ["trying", note]


@pytest.mark.parametrize("what, now, sentence", [
    (What.ENABLE, OPEN, "already"), (What.DISABLE, UNLOCKED, "already"), (What.ENTER, OPEN, "already"),
    (What.CHANGE, UNLOCKED, "enable the lock first"), (What.ENABLE, LOCKED, "enter it first"), (What.CHANGE, LOCKED, "enter it first"), (What.ENTER, BLOCKED, "PUK"),
    (What.DISABLE, BLOCKED, "PUK"), (What.UNBLOCK, OPEN, "does not ask for its PUK"), (What.UNBLOCK, LOCKED, "does not ask for its PUK"),
    *((what, {"AT+CPIN?": "+CME ERROR: 10"}, "No SIM") for what in What), *((what, {"AT+CPIN?": "+CME ERROR: 13"}, "failed") for what in What),
    (What.ENTER, {"AT+CPIN?": "+CPIN: SIM PIN2\nOK"}, "SIM PIN2"), (What.CHANGE, {"AT+CPIN?": "ERROR"}, "not ready"),
    *((what, {"AT+CPIN?": SILENCE}, "does not answer") for what in What),
])
def test_where_it_makes_no_sense_nothing_is_tried_and_the_sentence_says_why(what, now, sentence):
    said, peer, book = played(what, now)
    assert sentence in said.said
    assert not tried(peer)
    assert not book.asked


def test_settings_that_lag_behind_are_spoken_of():
    assert "sim_pin" in played(What.CHANGE, {GIVEN[What.CHANGE]: OK}, Book(differ=True))[0].said
    assert "sim_pin" not in played(What.CHANGE, {GIVEN[What.CHANGE]: OK})[0].said
    assert "sim_pin" not in played(What.DISABLE, {GIVEN[What.DISABLE]: OK}, Book(differ=True))[0].said


def test_neither_results_nor_states_show_pin_or_card():
    said, _, _ = played(What.CHANGE, {GIVEN[What.CHANGE]: WRONG})
    assert isinstance(said, SimSaid)
    assert not [secret for secret in ("1234", "4321", ICCID) if secret in repr(said)]


# how it stands


@pytest.mark.parametrize("answers, expected, words", [
    (OPEN, SimState("READY", True, Tries(3, 10), ICCID), "The SIM is open; it asks for its PIN after power on; left: 3 tries for the PIN, 10 tries for the PUK."),
    (UNLOCKED | MUTE, SimState("READY", False, Tries(), ICCID), "The SIM is open; it never asks for a PIN."),
    (LOCKED | {'AT+CLCK="SC",2': "+CME ERROR: 11", "AT+CPINR": "+CPINR: SIM PIN,1,3\nOK"}, SimState("SIM PIN", None, Tries(1), ICCID), "The SIM asks for its PIN; left: 1 try for the PIN."),
    (BLOCKED, SimState("SIM PUK", True, Tries(0, 10), ICCID), "The SIM is blocked and asks for its PUK; left: 0 tries for the PIN, 10 tries for the PUK."),
    ({"AT+CPIN?": "+CME ERROR: 10"}, SimState("error: +CME ERROR 10"), "No SIM is in the modem."),
    (LOCKED | {"AT+CPIN?": "+CPIN: SIM PIN"}, SimState("SIM PIN", True, Tries(3, 10), ICCID), None),
])
def test_a_sim_is_described_in_a_sentence(answers, expected, words):
    found = Peer(answers).play(state())
    assert found == expected
    assert words is None or found.in_words() == words


@pytest.mark.parametrize("answers, card", [({"AT+CIMI": "510101234567890\nOK", "AT+CCID": "ERROR"}, "510101234567890"),
                                           ({"AT+CGSN": "867962041234567\nOK", "AT+CCID": "ERROR"}, "867962041234567"), ({"AT+CCID": "ERROR"}, "")])
def test_without_iccid_the_sim_is_known_by_what_there_is(answers, card):
    assert Peer(OPEN | answers).play(state()).card == card


@pytest.mark.parametrize("command, answer, expected", [
    ("AT+CPINR", "+CPINR: SIM PIN,2,3\n+CPINR: SIM PUK,9,10", Tries(2, 9)), ("AT+CPINR", '+CPINR: "SIM PIN",2', Tries(2)), ("AT^CPIN?", "^CPIN: SIM PIN,2,10,2,10,3", Tries(2, 10)),
    ("AT^CPIN?", "^CPIN: READY,,10,3,10,3", Tries(3, 10)), ("AT+SPIC", "+SPIC: 2,3,9,10", Tries(2, 9)), ("AT+SPIC", "+SPIC: 2", Tries(2)),
    ("AT+QPINC?", '+QPINC: "SC",2,10\n+QPINC: "P2",3,10', Tries(2, 10)), ("AT+CPINC?", "+CPINC: 2,3,9,10", Tries(2, 9)), ("AT#PCT", "#PCT: 2", Tries(2)), ("AT", "", Tries()),
])
def test_each_family_tells_the_tries_in_its_way(command, answer, expected):
    assert Peer({command: f"{answer}\nOK"}).play(tries()) == expected


def test_a_silent_modem_is_not_asked_in_every_way():
    peer = Peer({"AT+CPINR": SILENCE})
    assert peer.play(tries()) == Tries()
    assert len(peer.said) == 1
