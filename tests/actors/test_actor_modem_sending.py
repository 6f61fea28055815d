import re

import pytest
from doubles.modem_desk import AWAY, COMING, TO, USABLE, job

from actors.modem import SHOW_S
from otppi.at.submit import PROMPT_LIMIT_S, RESULT_LIMIT_S
from otppi.domain.messages.running import Retire
from otppi.domain.messages.sending import Assign
from otppi.domain.outcome import Verdict

OURS = re.compile(r"AT|ATE0|AT\+(CMEE=1|CGMI|CGMM|CGMR|CGSN|CPIN\?|CPINR|CMGF=0|CPMS=\"(SM|ME|SR)\"|CPMS=\"SM\",\"SM\",\"SM\"|CPMS=\?|CPMS\?|CSMS=[01]|CSMS\?|CNMI=2,1,0,1,0|CNMI\?|CMGL=4|CMGD=\?|CREG=1|CREG\?|CEREG\?|CIMI|CCID|QCCID|ICCID"
                  r"|CNUM|COPS=3,0|COPS\?|CSCA\?|CSQ|CMGS=\d{1,3})|AT\^ICCID\?|AT!ICCID\?")
"""All that a generic modem is ever told, but for bodies."""


def only_ours(network, desk):
    """The modem saw no command that is not ours, and was written nothing but commands, hexadecimal bodies and ESC."""
    foreign = [command for command in network.commands() if not OURS.fullmatch(command)]
    odd = [data for data in desk.written if not re.fullmatch(rb"AT[ -~]*\r|[0-9A-F]+\x1a|\x1b", data)]
    return not foreign and not odd


def fault_before_body(desk, number, order):
    """Order a fault right before that body leaves."""

    def look(data):
        if data.endswith(b"\x1a") and desk.bodies == number:
            order()

    desk.at_write = look


# what is sent


def test_a_text_arrives_as_it_is(network, desk):
    texts = ["hello", "€ [braces] {and} ~\\|^", "Grüße\nzweite Zeile", "привет", "🙂 emoji 👩‍👩‍👧 family", "x" * 160, " "]
    for number, text in enumerate(texts):
        attempt = desk.send(text)
        assert (attempt.verdict, attempt.parts, attempt.references) == (Verdict.SENT, (1, 1), (number,))

    assert [(message["to"], message["text"]) for message in network.received(len(texts))] == [(TO, text) for text in texts]


@pytest.mark.parametrize("text,parts", [("x" * 161, 2), ("long " * 100, 4), ("🙂" * 100, 4)])
def test_a_long_text_arrives_whole_in_its_parts(network, desk, text, parts):
    attempt = desk.send(text)

    assert attempt.verdict is Verdict.SENT
    assert attempt.parts == (parts, parts)
    assert attempt.references == tuple(submit["tp_mr"] for submit in network.submits(parts))
    assert [message["text"] for message in network.received(1)] == [text]


def test_two_long_texts_in_a_row_have_different_references(network, desk):
    desk.send("a" * 200)
    desk.send("b" * 200)

    assert len({submit["reference"] for submit in network.submits(4)}) == 2
    assert [message["text"][0] for message in network.received(2)] == ["a", "b"]


def test_flash_and_validity_reach_the_network(network, desk):
    desk.send("flash", flash=True, validity_s=3600)
    desk.send("plain")

    first, second = network.submits(2)
    assert (first["flash"], first["validity_s"]) == (True, 3600)
    assert (second["flash"], second["validity_s"]) == (False, None)


def test_a_message_that_expires_is_not_kept_by_the_network_for_longer(network, desk):
    desk.send("expires", deadline=desk.clock.monotonic() + 600, expires=True)
    desk.send("waits no longer than this", deadline=desk.clock.monotonic() + 600, expires=False)

    assert [submit["validity_s"] for submit in network.submits(2)] == [600, None]


def test_messages_in_a_row_are_counted_and_shown(network, desk):
    for number in range(5):
        desk.send(f"message {number}")
    network.fault("cms", code=1)
    desk.send("refused")
    network.fault("cms", code=500)
    desk.send("unknown")

    desk.until(lambda: [desk.facts[-1][name] for name in ("sent", "failed", "unknown")] == [5, 1, 1], each=SHOW_S)
    assert desk.facts[-1]["state"] == "ready"

    network.latency(500)
    desk.assign("slow")
    desk.until(lambda: desk.facts[-1]["state"] == "sending", each=SHOW_S)
    desk.until(lambda: desk.facts[-1]["sent"] == 6, each=SHOW_S)
    assert desk.facts[-1]["state"] == "ready"


def test_after_a_quiet_time_a_modem_is_shown_as_sending_before_its_prompt_is_asked_for(network, desk):
    desk.clock.advance(SHOW_S)
    shown = []
    desk.at_write = lambda data: shown.append((data[:7], desk.facts[-1]["state"]))
    desk.send("hello")
    assert shown[0] == (b"AT+CMGS", "sending")


# what must not get in


EVIL = ['";AT+CMGD=1,4;"', "\r\nAT+CMGD=1,4\r\n", "\x1a", "\x1b", "a\x1ab\x1bc", "\x1a\rAT+CFUN=0\r", "+++", "ATH\r", "\0\x01\x7f", "OK\r\n+CMGS: 9\r\n> "]


def test_a_text_cannot_talk_to_the_modem(network, desk):
    for text in EVIL:
        assert desk.send(text).verdict is Verdict.SENT

    assert [message["text"] for message in network.received(len(EVIL))] == EVIL
    assert only_ours(network, desk)


ODD = ["", '62"812', "62812;AT+CFUN=0", "62812\r", "62812\x1a", "62812\x1b", "+62812", "62 812", "6" * 21, "６２８１２", "٦٢", "62812\n", "abc", "-1"]


def test_an_odd_number_is_refused_before_anything_is_written(network, desk):
    written = len(desk.written)
    for to in ODD:
        attempt = desk.send("hello", to=to)
        assert attempt.verdict is Verdict.FAILED
        assert "cannot be encoded" in attempt.error
        assert not to or to not in attempt.error

    assert len(desk.written) == written
    assert desk.send("next").verdict is Verdict.SENT
    assert only_ours(network, desk)


def test_ten_thousand_characters_are_sent_and_more_than_255_parts_refused(network, desk):
    text = "0123456789" * 1000
    assert desk.send(text).verdict is Verdict.SENT
    assert [message["text"] for message in network.received(1)] == [text]

    attempt = desk.send("x" * 50_000)
    assert attempt.verdict is Verdict.FAILED
    assert "255" in attempt.error
    assert only_ours(network, desk)


def test_half_a_character_is_refused(network, desk):
    attempt = desk.send("\ud83d")

    assert attempt.verdict is Verdict.FAILED
    assert network.submits() == []


# what the modem does wrong and the message survives


CLUMSY = [{"kind": "double_cmgs"}, {"kind": "urc_storm"}, {"kind": "junk"}, {"kind": "one_byte", "count": None}, {"kind": "late", "seconds": 0.2},
          {"kind": "urc_storm", "lines": ["+CDS: 25", '+CMT: "",24', "0011", "+CREG: 2", "RING"]}]


def test_a_talkative_or_clumsy_modem_sends_all_the_same_and_once(network, desk):
    for fault in CLUMSY:
        network.fault(**fault)
        assert desk.send(f"{fault} " * 4).verdict is Verdict.SENT
        assert desk.send("next").verdict is Verdict.SENT
        network.clear_faults()

    assert len(network.received(2 * len(CLUMSY))) == 2 * len(CLUMSY)


def test_an_ok_that_is_lost_after_the_reference_counts_as_sent(network, desk):
    network.fault("lost_ok")
    desk.assign("hello")
    network.submits(1)
    desk.passes(2)

    assert desk.attempt().verdict is Verdict.SENT
    assert desk.send("next").verdict is Verdict.SENT
    assert desk.standings == [COMING, USABLE]


def test_a_result_that_comes_after_135_seconds_is_still_waited_for(network, desk):
    network.fault("late", seconds=0.5)
    desk.assign("hello")
    network.submits(1)
    desk.clock.advance(135)

    assert desk.attempt().verdict is Verdict.SENT


def test_a_prompt_that_does_not_come_once_costs_no_message(network, desk):
    network.fault("no_prompt")
    desk.assign("hello")
    desk.passes(PROMPT_LIMIT_S)
    desk.until(lambda: desk.finished, each=0.25)

    assert desk.attempt().verdict is Verdict.SENT
    assert len(network.received(1)) == 1
    assert desk.send("next").verdict is Verdict.SENT
    assert only_ours(network, desk)


@pytest.mark.parametrize("at", ["prompt", "after_body"])
def test_a_busy_modem_is_asked_again_and_the_message_is_sent_once(network, desk, at):
    for count, code in enumerate((301, 314, 512), start=1):
        network.fault("cms", code=code, at=at, count=2)
        desk.assign("hello")
        desk.until(lambda count=count: len(desk.finished) == count, each=0.5)

        assert desk.finished[-1].attempt.verdict is Verdict.SENT
        assert len(network.received(count)) == count


# what ends a message


REFUSALS = [
    ({"kind": "cms", "code": 1}, Verdict.FAILED), ({"kind": "cms", "code": 304}, Verdict.FAILED), ({"kind": "cms", "code": 69}, Verdict.FAILED), ({"kind": "error"}, Verdict.FAILED),
    ({"kind": "cms", "code": 38}, Verdict.LATER), ({"kind": "cms", "code": 331}, Verdict.LATER), ({"kind": "cms", "code": 322}, Verdict.ELSEWHERE),
    ({"kind": "cms", "code": 500}, Verdict.UNKNOWN), ({"kind": "cms", "code": 350}, Verdict.UNKNOWN), ({"kind": "cms", "code": 600}, Verdict.UNKNOWN)]


def test_a_refusal_ends_the_message_by_its_class_and_the_modem_goes_on(network, desk):
    for fault, verdict in REFUSALS:
        network.fault(**fault)

        attempt = desk.send("hello")

        assert attempt.verdict is verdict, fault
        assert attempt.parts == (0, 1)
        assert attempt.error.endswith(".")
        assert TO not in attempt.error
        desk.until(lambda error=attempt.error: desk.facts[-1]["last_error"] == error, each=SHOW_S)
        assert desk.send("next").verdict is Verdict.SENT
    assert desk.standings == [COMING, USABLE]
    assert [message["text"] for message in network.received(len(REFUSALS))] == ["next"] * len(REFUSALS)


@pytest.mark.parametrize("code,verdict,sent", [(1, Verdict.FAILED, 1), (500, Verdict.UNKNOWN, 1), (10, Verdict.FAILED, 1), (331, Verdict.SENT, 3)])
def test_a_refused_second_part_ends_the_message_or_is_given_to_the_same_modem_again(network, desk, code, verdict, sent):
    fault_before_body(desk, 2, lambda: network.fault("cms", code=code))
    desk.assign("x" * 400)
    desk.until(lambda: desk.finished, each=1)

    attempt = desk.attempt()
    assert attempt.verdict is verdict
    assert attempt.parts == (sent, 3)
    assert len(attempt.references) == sent
    assert len(network.submits()) == sent


# the end of the owner


def test_an_owner_that_is_to_retire_finishes_what_it_sends_first_and_takes_nothing_new(network, desk):
    network.latency(300)
    desk.assign("hello")
    network.submits(1)
    desk.ref.tell(Retire())
    desk.retired()

    assert desk.attempt().verdict is Verdict.SENT
    assert [type(told).__name__ for told in desk.order if type(told).__name__ in {"Finished", "Retired"}] == ["Finished", "Retired"]
    assert desk.standing_at_finish() is AWAY
    assert not desk.ref.is_alive()


def test_an_owner_that_is_to_retire_with_a_message_that_cannot_be_encoded_ends_too(network, desk):
    network.fault("sim_busy")
    desk.passes(60)
    desk.clock.wait_for_wakeup(1)
    desk.assign("hello", to="weird")
    desk.ref.tell(Retire())
    desk.passes(1)
    desk.retired()

    assert desk.attempt().verdict is Verdict.FAILED


def test_an_idle_owner_retires_at_once_and_leaves_its_port_to_the_next(network, desk, start_desk):
    desk.ref.tell(Retire())
    desk.retired()

    successor = start_desk(network.links[0]).ready()
    assert successor.send("hello").verdict is Verdict.SENT


def test_a_message_that_comes_after_the_wish_to_retire_is_given_back(desk):
    desk.ref.tell(Retire())
    desk.assign("hello")
    desk.retired()

    assert desk.attempt().verdict is Verdict.AGAIN


@pytest.mark.parametrize("state", ["idle", "sending"])
def test_an_owner_that_is_stopped_answers_for_what_it_holds(network, desk, state):
    network.latency(2000)
    if state == "sending":
        desk.assign("hello")
        network.submits(1)
    desk.ref.stop()

    assert [finished.attempt.verdict for finished in desk.finished] == ([Verdict.UNKNOWN] if state == "sending" else [])
    assert desk.standings[-1] is AWAY
    assert desk.supervisor.told == []


class BugError(Exception):
    pass


@pytest.mark.parametrize("where,verdict,parts", [(b"AT+CMGS", Verdict.AGAIN, (0, 3)), (b"\x1a", Verdict.UNKNOWN, (0, 3)), (2, Verdict.UNKNOWN, (1, 3))])
def test_a_crash_in_the_middle_answers_once_gives_the_port_back_and_tells_the_supervisor(network, desk, start_desk, caplog, where, verdict, parts):
    def crash(data):
        if (isinstance(where, bytes) and where in data) or where == desk.bodies:
            raise BugError

    desk.at_write = crash
    desk.assign("secret text " * 30)
    died = desk.died()

    assert (died.name, died.why) == ("modem m1", "BugError")
    assert [(finished.attempt.verdict, finished.attempt.parts) for finished in desk.finished] == [(verdict, parts)]
    assert [type(told).__name__ for told in desk.order if type(told).__name__ in {"Finished", "Died"}] == ["Finished", "Died"]
    assert desk.standing_at_finish() is not USABLE
    assert "secret text" not in caplog.text
    assert start_desk(network.links[0]).ready().send("next").verdict is Verdict.SENT


def test_an_owner_that_crashes_while_it_is_to_retire_tells_of_its_death_alone(network, desk, caplog):
    def crash(data):
        if data.endswith(b"\x1a"):
            desk.ref.tell(Retire())
        elif desk.bodies:
            raise BugError

    desk.at_write = crash
    desk.assign("x" * 400)
    desk.died()

    assert [type(told).__name__ for told in desk.supervisor.told] == ["Died"]
    assert len(desk.finished) == 1


def test_a_message_that_waited_in_the_mailbox_of_an_owner_that_crashed_is_given_back(desk, caplog):
    def crash(data):
        desk.ref.tell(Assign(job(id="job1")))
        raise BugError

    desk.at_write = crash
    desk.ref.tell(Assign(job(id="job0")))
    desk.died()

    assert [(finished.job_id, finished.attempt.verdict) for finished in desk.finished] == [("job0", Verdict.AGAIN), ("job1", Verdict.AGAIN)]


def test_a_result_that_never_comes_is_unknown_after_three_minutes_and_the_modem_starts_anew(network, desk):
    network.fault("lost_result")
    desk.assign("hello")
    network.submits(1)
    desk.until(lambda: desk.finished, by=RESULT_LIMIT_S, each=0.5)

    assert desk.attempt().verdict is Verdict.UNKNOWN
    assert desk.standing_at_finish() is COMING
    desk.ready(2)
    assert desk.send("next").verdict is Verdict.SENT
    assert [message["text"] for message in network.received(2)] == ["hello", "next"]
