import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.at.dialogue import (
    COMMAND_LIMIT_S,
    DRAIN_LIMIT_S,
    DRAIN_S,
    MAX_LINES,
    SETTLE_S,
    Body,
    Command,
    Dialogue,
    Done,
    Escape,
    Mark,
    Marked,
    Pause,
    Unsolicited,
    Write,
)
from otppi.at.results import Final, Kind

STORM = b'\r\n^RSSI:17\r\n\r\n+CREG: 1\r\n\r\n+CMTI: "SM",3\r\n'
SENT = Body("00AB", 180, expects="+CMGS:", settles="+CMGS:")


def one(step):
    """A script of one step that returns its answer."""
    return (yield step)


class Talk:
    """A dialogue that has been given a script; what came of it is sorted."""

    def __init__(self, script, now=100.0):
        self.dialogue = Dialogue()
        self.now = now
        self.effects = self.dialogue.run(script, now)

    def hear(self, *data):
        for chunk in data:
            self.effects += self.dialogue.feed(chunk, self.now)
        return self

    def wait(self, seconds):
        self.now += seconds
        self.effects += self.dialogue.wake(self.now)
        return self

    def lose(self):
        self.effects += self.dialogue.lost(self.now)
        return self

    @property
    def written(self):
        return [effect.data for effect in self.effects if isinstance(effect, Write)]

    @property
    def unasked(self):
        return [(effect.line, effect.pdu) for effect in self.effects if isinstance(effect, Unsolicited)]

    @property
    def answer(self):
        found = [effect.result for effect in self.effects if isinstance(effect, Done)]
        assert len(found) <= 1
        return found[0] if found else None


def test_a_command_is_written_with_its_end_and_answered_by_its_lines():
    talk = Talk(one(Command("AT+CGMI"))).hear(b"\r\nQuectel\r\n\r\nOK\r\n")

    assert talk.written == [b"AT+CGMI\r"]
    assert talk.answer.final.ok
    assert talk.answer.lines == ("Quectel",)
    assert not talk.dialogue.busy
    assert talk.dialogue.deadline is None


def test_the_echo_is_no_line_of_the_answer():
    talk = Talk(one(Command("AT+CGMI"))).hear(b"AT+CGMI\r\r\nQuectel\r\n\r\nOK\r\n")

    assert talk.answer.lines == ("Quectel",)


def test_an_answer_that_is_glued_to_the_echo_is_understood():
    assert Talk(one(Command("AT"))).hear(b"ATOK\r\n").answer.final.ok


@pytest.mark.parametrize("data", [STORM + b"\r\nQuectel\r\n\r\nOK\r\n", b"\r\nQuectel\r\n" + STORM + b"\r\nOK\r\n"])
def test_unasked_lines_before_and_within_an_answer_are_passed_on_and_are_no_part_of_it(data):
    talk = Talk(one(Command("AT+CGMI"))).hear(data)

    assert talk.answer.lines == ("Quectel",)
    assert [line for line, _ in talk.unasked] == ["^RSSI:17", "+CREG: 1", '+CMTI: "SM",3']


def test_unasked_lines_within_a_list_leave_the_list_whole():
    listed = [b"+CMGL: 1,1,,26", b"0791AB", b"+CMGL: 2,1,,26", b"0791CD"]
    talk = Talk(one(Command("AT+CMGL=4", expects="+CMGL:"))).hear(*(b"\r\n" + line + b"\r\n" + STORM for line in listed), b"OK\r\n")

    assert talk.answer.lines == tuple(line.decode() for line in listed)
    assert len(talk.unasked) == 3 * len(listed)


def test_unasked_lines_between_cmgs_and_ok_do_not_hide_the_reference():
    talk = Talk(one(SENT)).hear(b"\r\n+CMGS: 7\r\n", STORM, b"\r\nOK\r\n")

    assert talk.answer.first("+CMGS:") == "7"
    assert talk.answer.final.ok


def test_the_answer_to_a_question_is_not_taken_for_an_unasked_line():
    talk = Talk(one(Command("AT+CREG?", expects="+CREG:"))).hear(b"\r\n+CREG: 0,1\r\n\r\nOK\r\n")

    assert talk.answer.first("+CREG:") == "0,1"
    assert talk.unasked == []


@pytest.mark.parametrize("head", ['+CMT: "",24', "+CDS: 25"])
def test_a_message_shown_within_an_answer_takes_its_pdu_along(head):
    talk = Talk(one(Command("AT+CGMI"))).hear(f"\r\n{head}\r\n0791AB\r\n".encode(), b"\r\nQuectel\r\nOK\r\n")

    assert talk.unasked == [(head, "0791AB")]
    assert talk.answer.lines == ("Quectel",)


def test_a_message_whose_pdu_never_comes_does_not_swallow_the_answer():
    talk = Talk(one(Command("AT+CGMI"))).hear(b"\r\n+CDS: 25\r\n", b"\r\nOK\r\n")

    assert talk.unasked == [("+CDS: 25", "")]
    assert talk.answer.final.ok


def test_a_message_shown_while_nothing_runs_is_passed_on():
    dialogue = Dialogue()

    assert dialogue.feed(b'\r\n+CMT: "",24\r\n0791AB\r\n\r\nRING\r\n', 1.0) == [Unsolicited('+CMT: "",24', "0791AB"), Unsolicited("RING")]


def test_an_ok_lost_after_cmgs_is_not_waited_for_longer_than_it_takes_to_settle():
    talk = Talk(one(SENT)).hear(b"\r\n+CMGS: 7\r\n").wait(SETTLE_S - 0.1)
    assert talk.answer is None

    talk.wait(0.1)

    assert talk.answer.final.ok
    assert talk.answer.first("+CMGS:") == "7"


def test_lines_that_go_on_coming_do_not_put_off_the_settling():
    talk = Talk(one(SENT)).hear(b"\r\n+CMGS: 7\r\n")
    for _ in range(4):
        talk.wait(SETTLE_S / 4).hear(b"\r\n+CMGS: 7\r\n", b"\r\n^RSSI:3\r\n")

    assert talk.answer.final.ok


def test_a_second_cmgs_changes_nothing():
    talk = Talk(one(SENT)).hear(b"\r\n+CMGS: 7\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n")

    assert talk.answer.first("+CMGS:") == "7"
    assert not talk.dialogue.busy


def test_wavecoms_cpin_without_ok_is_an_answer():
    talk = Talk(one(Command("AT+CPIN?", 20, expects="+CPIN:", settles="+CPIN:"))).hear(b"\r\n+CPIN: READY\r\n").wait(SETTLE_S)

    assert talk.answer.first("+CPIN:") == "READY"
    assert talk.answer.final.ok


def test_a_command_that_is_not_answered_ends_at_its_limit_with_what_was_heard():
    talk = Talk(one(Command("AT"))).hear(b"\r\nhalf\r\n").wait(COMMAND_LIMIT_S - 0.1)
    assert talk.answer is None

    talk.wait(0.1)

    assert talk.answer.final == Final(Kind.TIMEOUT)
    assert talk.answer.lines == ("half",)


def test_a_final_answer_after_135_seconds_is_still_waited_for():
    talk = Talk(one(SENT)).wait(135).hear(b"\r\n+CMS ERROR: 350\r\n")

    assert talk.answer.final == Final(Kind.CMS, 350)


def test_the_prompt_answers_only_a_command_that_waits_for_it():
    assert Talk(one(Command("AT+CMGS=20", prompt=True))).hear(b"\r\n> ").answer.final.kind is Kind.PROMPT
    assert Talk(one(Command("AT"))).hear(b"\r\n> ").answer is None


def test_an_error_in_place_of_the_prompt_answers_the_command():
    assert Talk(one(Command("AT+CMGS=20", prompt=True))).hear(b"\r\n+CMS ERROR: 304\r\n").answer.final == Final(Kind.CMS, 304)


def test_a_body_ends_in_ctrl_z():
    assert Talk(one(SENT)).written == [b"00AB\x1a"]


def test_esc_waits_for_silence_and_swallows_what_still_comes():
    def script():
        yield Escape()
        return (yield Command("AT"))

    talk = Talk(script()).wait(DRAIN_S - 0.1).hear(b"\r\n> ", b"\r\nOK\r\n").wait(DRAIN_S - 0.1)
    assert talk.written == [b"\x1b"]

    talk.wait(0.1)
    assert talk.written == [b"\x1b", b"AT\r"]
    assert talk.answer is None

    assert talk.hear(b"\r\nERROR\r\n").answer.final == Final(Kind.ERROR)


def test_esc_does_not_wait_for_ever_on_a_modem_that_never_stops_talking():
    talk = Talk(one(Escape()))
    for _ in range(int(DRAIN_LIMIT_S / 0.25)):
        assert talk.answer is None
        talk.wait(0.25).hear(b"blah\r\n")

    assert talk.wait(0).answer.final.ok


def test_a_pause_lasts_as_long_as_asked_and_takes_lines_as_unasked():
    talk = Talk(one(Pause(3))).hear(b"\r\n+CPIN: READY\r\n").wait(2.9)
    assert talk.answer is None

    assert talk.wait(0.1).answer.final.ok
    assert talk.unasked == [("+CPIN: READY", "")]


def test_a_mark_is_passed_on_before_the_next_step_goes_out():
    def script():
        yield Command("AT")
        yield Mark("about to")
        yield SENT

    talk = Talk(script()).hear(b"\r\nOK\r\n")

    assert talk.effects == [Write(b"AT\r"), Marked("about to"), Write(b"00AB\x1a")]


@pytest.mark.parametrize("step", [Command("AT"), Command("AT+CMGS=20", prompt=True), SENT, Pause(3), Escape()], ids=lambda step: type(step).__name__)
def test_a_lost_port_ends_every_step_at_once_and_writes_nothing_more(step):
    def script():
        first = yield step
        second = yield Command("AT")
        return first, second

    talk = Talk(script())
    before = len(talk.written)

    first, second = talk.lose().answer

    assert first.final.kind is second.final.kind is Kind.LOST
    assert len(talk.written) == before
    assert talk.dialogue.deadline is None


def test_a_port_lost_after_cmgs_leaves_the_reference_in_the_answer():
    answer = Talk(one(SENT)).hear(b"\r\n+CMGS: 7\r\n").lose().answer

    assert answer.final.kind is Kind.LOST
    assert answer.first("+CMGS:") == "7"


def test_a_script_that_does_not_end_when_the_port_is_lost_is_ended():
    def stubborn():
        while True:
            yield Command("AT")

    talk = Talk(stubborn()).lose()

    assert not talk.dialogue.busy
    assert talk.dialogue.deadline is None
    assert talk.hear(b"\r\nOK\r\n").wait(1000).written == [b"AT\r"]


def test_losing_a_port_at_which_nothing_runs_does_nothing():
    assert Dialogue().lost(1.0) == []


def test_an_answer_without_end_does_not_fill_the_memory():
    talk = Talk(one(Command("AT+CMGL=4"))).hear(b"line\r\n" * (MAX_LINES + 500), b"OK\r\n")

    assert len(talk.answer.lines) == MAX_LINES


@pytest.mark.parametrize("text", ["AT\rATD112;", "AT\n", "AT\x1b", "AT\x1a", "ATé", "AT\0"])
def test_what_would_not_stay_one_line_cannot_be_a_command(text):
    with pytest.raises(ValueError):
        Command(text)


@pytest.mark.parametrize("text", ["", "00A", "00\x1a00", "0G", "00 00", "00\r", "zz"])
def test_what_is_no_pdu_cannot_be_a_body(text):
    with pytest.raises(ValueError):
        Body(text, 1)


STEPS = st.sampled_from([Command("AT"), Command("AT+CMGS=20", 5, prompt=True), SENT, Pause(1), Escape(), Mark("here"),
                         Command("AT+CPIN?", expects="+CPIN:", settles="+CPIN:")])
CHUNKS = st.binary(max_size=30) | st.sampled_from([b"\r\nOK\r\n", b"\r\n> ", b"\r\n+CMGS: 1\r\n", b"\r\n+CDS: 25\r\n", b"\r\n+CMS ERROR: 9999999\r\n", b"AT\r"])


@settings(deadline=None)
@given(st.lists(STEPS, max_size=6), st.lists(CHUNKS | st.floats(0, 200) | st.none(), max_size=30))
def test_nothing_that_comes_in_makes_it_raise_and_it_always_ends(steps, events):
    def script():
        for step in steps:  # noqa: UP028  # a list takes no answers
            yield step
        return "end"

    talk = Talk(script())
    for event in events:
        if event is None:
            talk.lose()
        elif isinstance(event, bytes):
            talk.hear(event)
        else:
            talk.wait(event)
        assert talk.dialogue.busy == (talk.dialogue.deadline is not None) == (talk.answer is None)
    for _ in range(2 * len(steps)):
        talk.wait(1000)
    assert talk.answer == "end"
    assert len(talk.written) <= len(steps)
