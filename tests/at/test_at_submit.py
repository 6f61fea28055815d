import pytest
from doubles.peer import BODY, ESC, LOST, OK, PROMPT, SILENCE, Peer

from otppi.at.dialogue import Dialogue
from otppi.at.pdu import submit_pdus
from otppi.at.results import Meaning
from otppi.at.submit import (
    BUSY_PAUSE_S,
    BUSY_TRIES,
    NETWORK_PAUSE_S,
    NETWORK_TRIES,
    RESULT_LIMIT_S,
    Answered,
    Started,
    submit,
)
from otppi.domain.outcome import Verdict

ONE = submit_pdus("628123456789", "hello")
THREE = submit_pdus("628123456789", "x" * 400, reference=9)
CMGS = "AT+CMGS=*"


def reference(number):
    return f"+CMGS: {number}\nOK"


def play(pdus, patience_s=300.0, **answers):
    peer = Peer({CMGS: answers.pop("prompt", PROMPT), BODY: answers.pop("body"), **answers})
    return peer.play(submit(pdus, patience_s)), peer


def test_a_message_is_sent_with_its_reference():
    submitted, peer = play(ONE, body=reference(7))

    assert submitted.attempt.verdict is Verdict.SENT
    assert submitted.attempt.references == (7,)
    assert submitted.attempt.parts == (1, 1)
    assert submitted.healthy
    assert submitted.trouble is None
    assert peer.said == [f"AT+CMGS={ONE[0].length}", BODY]


def test_every_part_is_sent_in_its_order_and_marked_before_it_leaves_and_when_it_is_answered():
    submitted, peer = play(THREE, body=tuple(reference(number) for number in (255, 0, 1)))

    assert submitted.attempt.references == (255, 0, 1)
    assert submitted.attempt.parts == (3, 3)
    assert peer.marks == [Started(1), Answered((255,)), Started(2), Answered((255, 0)), Started(3), Answered((255, 0, 1))]


def test_a_refused_body_is_marked_as_answered_so_that_a_crash_after_it_leaves_no_doubt():
    _, peer = play(ONE, body="+CMS ERROR: 38")

    assert peer.marks == [Started(1), Answered(())]


def test_a_body_without_an_answer_stays_marked_as_open():
    _, peer = play(ONE, body=LOST)

    assert peer.marks == [Started(1)]


def test_an_ok_lost_after_the_reference_counts_as_sent():
    submitted, peer = play(ONE, body="+CMGS: 7")

    assert submitted.attempt.verdict is Verdict.SENT
    assert peer.seconds < 5


@pytest.mark.parametrize("body", ["+CMGS: 7\n+CMGS: 7\nOK", "+CMGS: 7\nERROR", "+CMGS: 7\n+CMS ERROR: 500", '+CMGS: 7,"26/01/01"\nOK'])
def test_a_reference_says_that_the_network_took_it_whatever_comes_after(body):
    submitted, _ = play(ONE, body=body)

    assert submitted.attempt.verdict is Verdict.SENT
    assert submitted.attempt.references == (7,)


def test_a_bare_ok_after_the_body_counts_as_sent():
    submitted, _ = play(ONE, body=OK)

    assert submitted.attempt.verdict is Verdict.SENT


def test_a_port_lost_after_the_reference_counts_as_sent():
    dialogue = Dialogue()
    dialogue.run(submit(ONE), 0)
    dialogue.feed(b"\r\n> ", 0)
    dialogue.feed(b"\r\n+CMGS: 7\r\n", 0)

    submitted = dialogue.lost(1)[-1].result

    assert submitted.attempt.verdict is Verdict.SENT
    assert submitted.attempt.references == (7,)


FAILED = [1, 28, 30, 50, 69, 96, 97, 98, 99, 304, 305, 27, 111]
ELSEWHERE = [8, 10, 29, 310, 311, 312, 313, 315, 316, 317, 318, 330, 320, 321, 322]
LATER = [17, 22, 38, 41, 42, 47, 331, 332, 21]
OPEN = [500, 350, 513, 999]


@pytest.mark.parametrize("code,verdict", [*((code, Verdict.FAILED) for code in FAILED), *((code, Verdict.ELSEWHERE) for code in ELSEWHERE),
                                          *((code, Verdict.LATER) for code in LATER), *((code, Verdict.UNKNOWN) for code in OPEN)])
def test_an_error_after_the_body_is_for_good_or_for_another_modem_or_nobody_knows(code, verdict):
    submitted, peer = play(ONE, body=f"+CMS ERROR: {code}")

    assert submitted.attempt.verdict is verdict
    assert submitted.attempt.parts == (0, 1)
    assert str(code) in submitted.attempt.error
    assert submitted.attempt.result == f"+CMS ERROR {code}"
    assert submitted.healthy
    assert peer.said.count(BODY) == 1


@pytest.mark.parametrize("code", [8, 310])
def test_a_sim_that_may_not_send_is_told_as_such(code):
    assert play(ONE, body=f"+CMS ERROR: {code}")[0].trouble is Meaning.SIM


@pytest.mark.parametrize("code", [*(code for code in FAILED if code not in {304, 305}), *ELSEWHERE, *OPEN])
def test_an_error_before_the_body_lets_another_modem_try(code):
    _before_the_body(code, Verdict.ELSEWHERE)


@pytest.mark.parametrize("code", LATER)
def test_a_network_that_takes_nothing_before_the_body_is_asked_again_later(code):
    _before_the_body(code, Verdict.LATER)


def _before_the_body(code, verdict):
    submitted, peer = play(ONE, prompt=f"+CMS ERROR: {code}", body=OK)

    assert submitted.attempt.verdict is verdict
    assert peer.said[-1] == ESC
    assert peer.marks == []


@pytest.mark.parametrize("code", [304, 305])
def test_a_pdu_that_is_refused_before_the_body_would_be_refused_anywhere(code):
    assert play(ONE, prompt=f"+CMS ERROR: {code}", body=OK)[0].attempt.verdict is Verdict.FAILED


def test_a_bare_error_is_for_good_only_after_the_body():
    assert play(ONE, body="ERROR")[0].attempt.verdict is Verdict.FAILED
    assert play(ONE, prompt="ERROR", body=OK)[0].attempt.verdict is Verdict.ELSEWHERE


@pytest.mark.parametrize("error", ["+CMS ERROR: 301", "+CMS ERROR: 314", "+CMS ERROR: 512", "+CME ERROR: 14", "+CME ERROR: 515"])
@pytest.mark.parametrize("where", ["prompt", "body"])
def test_a_busy_modem_is_asked_again_and_that_is_no_attempt(error, where):
    answers = {"prompt": PROMPT, "body": reference(7)}
    answers[where] = (error, error, answers[where])

    submitted, peer = play(ONE, **answers)

    assert submitted.attempt.verdict is Verdict.SENT
    assert 2 * BUSY_PAUSE_S <= peer.seconds < 2 * BUSY_PAUSE_S + 2


def test_a_modem_that_stays_busy_lets_another_one_try():
    submitted, peer = play(ONE, body="+CMS ERROR: 314")

    assert submitted.attempt.verdict is Verdict.ELSEWHERE
    assert peer.said.count(BODY) == BUSY_TRIES


def test_a_busy_modem_is_not_waited_for_beyond_the_messages_time():
    submitted, peer = play(ONE, patience_s=BUSY_PAUSE_S + 1, body="+CMS ERROR: 314")

    assert submitted.attempt.verdict is Verdict.ELSEWHERE
    assert peer.said.count(BODY) == 2


def test_a_prompt_that_does_not_come_is_left_with_esc_and_asked_for_again():
    submitted, peer = play(ONE, prompt=(SILENCE, PROMPT), body=reference(7))

    assert submitted.attempt.verdict is Verdict.SENT
    assert peer.said == [f"AT+CMGS={ONE[0].length}", ESC, f"AT+CMGS={ONE[0].length}", BODY]


def test_a_prompt_that_never_comes_means_the_same_message_after_a_new_start():
    submitted, peer = play(ONE, prompt=SILENCE, body=OK)

    assert submitted.attempt.verdict is Verdict.AGAIN
    assert not submitted.healthy
    assert BODY not in peer.said
    assert peer.said[-1] == ESC


def test_an_ok_of_something_earlier_is_not_taken_for_the_prompt():
    submitted, peer = play(ONE, prompt=(OK, PROMPT), body=reference(7))
    assert submitted.attempt.verdict is Verdict.SENT
    assert peer.said[1] == ESC

    assert play(ONE, prompt=OK, body=OK)[0].attempt.verdict is Verdict.AGAIN


def test_a_port_lost_before_the_body_means_again():
    submitted, peer = play(ONE, prompt=LOST, body=OK)

    assert submitted.attempt.verdict is Verdict.AGAIN
    assert not submitted.healthy
    assert peer.marks == []


@pytest.mark.parametrize("body", [LOST, SILENCE])
def test_nothing_heard_after_the_body_means_that_nobody_knows(body):
    submitted, peer = play(ONE, body=body)

    assert submitted.attempt.verdict is Verdict.UNKNOWN
    assert not submitted.healthy
    assert peer.said.count(BODY) == 1
    assert peer.seconds == (RESULT_LIMIT_S if body is SILENCE else 0)


def test_the_error_says_nothing_of_number_or_text():
    for body in ("+CMS ERROR: 500", "+CMS ERROR: 38", LOST, "ERROR"):
        attempt = play(ONE, body=body)[0].attempt
        assert attempt.error
        assert "628123" not in attempt.error
        assert "hello" not in attempt.error


# part k of three


@pytest.mark.parametrize("part", [2, 3])
@pytest.mark.parametrize("code", FAILED + ELSEWHERE)
def test_once_a_part_has_left_a_refused_one_fails_the_message_and_no_other_modem_tries(part, code):
    submitted, _ = play(THREE, body=(*map(reference, range(part - 1)), f"+CMS ERROR: {code}"))

    assert submitted.attempt.verdict is Verdict.FAILED
    assert submitted.attempt.parts == (part - 1, 3)
    assert submitted.attempt.references == tuple(range(part - 1))
    assert f"Part {part} of 3" in submitted.attempt.error


@pytest.mark.parametrize("part", [2, 3])
@pytest.mark.parametrize("code", OPEN)
def test_a_part_of_open_fate_makes_the_message_unknown_and_counts_those_before(part, code):
    submitted, peer = play(THREE, body=(*map(reference, range(part - 1)), f"+CMS ERROR: {code}"))

    assert submitted.attempt.verdict is Verdict.UNKNOWN
    assert submitted.attempt.parts == (part - 1, 3)
    assert peer.said.count(BODY) == part


@pytest.mark.parametrize("code", LATER)
def test_a_part_that_the_network_refuses_for_now_is_given_to_the_same_modem_again_once_another_has_left(code):
    error = f"+CMS ERROR: {code}"
    submitted, peer = play(THREE, body=(reference(0), error, error, reference(1), reference(2)))

    assert submitted.attempt.verdict is Verdict.SENT
    assert submitted.attempt.references == (0, 1, 2)
    assert peer.seconds >= 2 * NETWORK_PAUSE_S


def test_a_network_that_goes_on_refusing_a_part_fails_the_message():
    submitted, peer = play(THREE, body=(reference(0), "+CMS ERROR: 38"))

    assert submitted.attempt.verdict is Verdict.FAILED
    assert submitted.attempt.parts == (1, 3)
    assert peer.said.count(BODY) == 1 + NETWORK_TRIES


def test_a_busy_modem_is_asked_again_for_each_part():
    busy = "+CMS ERROR: 314"
    submitted, _ = play(THREE, body=(busy, reference(0), busy, reference(1), busy, reference(2)))

    assert submitted.attempt.references == (0, 1, 2)


@pytest.mark.parametrize("prompt,verdict,healthy", [(LOST, Verdict.FAILED, False), (SILENCE, Verdict.FAILED, False), ("+CMS ERROR: 500", Verdict.FAILED, True)])
def test_a_part_that_was_not_even_taken_fails_the_message_once_another_has_left(prompt, verdict, healthy):
    submitted, peer = play(THREE, prompt=(PROMPT, prompt), body=reference(0))

    assert submitted.attempt.verdict is verdict
    assert submitted.attempt.parts == (1, 3)
    assert submitted.healthy is healthy
    assert peer.marks == [Started(1), Answered((0,))]


def test_a_port_lost_after_the_second_body_is_unknown_with_one_part_counted():
    submitted, _ = play(THREE, body=(reference(0), LOST))

    assert submitted.attempt.verdict is Verdict.UNKNOWN
    assert submitted.attempt.parts == (1, 3)
