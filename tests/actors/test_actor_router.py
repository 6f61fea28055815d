"""The router alone, without threads: what it tells senders, blocklist, monitor and whoever waits."""

from dataclasses import replace

import pytest
from doubles.clock import NOON
from doubles.router_rig import TO, Rig

from otppi.config.modem import Modem
from otppi.config.sections import Sms
from otppi.domain.dispatch import Standing
from otppi.domain.errors import Mistake
from otppi.domain.intake import IntakeRules
from otppi.domain.messages.running import Configure, Drain, GiveUp, Operate, State, TellWhenStarted
from otppi.domain.messages.sending import BlocklistNow, ScreenNumber, SenderGone
from otppi.domain.outcome import Attempt, Verdict


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.journal.close()


def test_a_message_is_screened_twice_assigned_and_answered_once(rig):
    rig.stand("a")
    rig.send("0812-666 6666")
    assert [question.number for question in rig.blocklist] == [TO, TO]
    [job] = rig.assigned("a")
    assert (job.to, job.text, job.parts, job.source) == (TO, "hello", 1, "rest")
    assert rig.replies == []
    rig.finish("a", job)
    body = rig.reply().body()
    assert body == {"command": "send-sms", "response_code": "0000",
                    "data": {"id": job.id, "client_id": 5, "modemID": "a", "parts": {"sent": 1, "total": 1}, "reference": [7], "status": "sent", "result": "OK"}}
    rig.finish("a", job)  # said twice
    assert rig.replies == []


def test_what_is_in_hand_is_shown_while_it_is(rig):
    rig.stand("a")
    rig.send()
    assert rig.traffic()["in_hand"] == 1
    rig.finish("a", *rig.assigned("a"))
    assert (rig.traffic()["in_hand"], rig.traffic()["sent"]) == (0, 1)


def test_what_waits_for_a_modem_is_shown_at_once_although_nothing_is_written_of_it_yet(rig):
    rig.stand("a", Standing.COMING)
    rig.stand("b", Standing.COMING)
    rig.advance(1)
    rig.send()
    assert (rig.monitor.of(State)[-1].facts["in_hand"], rig.syncs.asked) == (1, 0)


def test_the_first_change_after_a_quiet_time_is_shown_at_once_and_those_after_it_together(rig):
    rig.stand("a")
    rig.advance(1)
    shown = len(rig.monitor.of(State))
    for _ in range(3):
        rig.send()
    assert [state.facts["in_hand"] for state in rig.monitor.of(State)[shown:]] == [1]
    assert rig.traffic()["in_hand"] == 3
    rig.advance(10)
    assert len(rig.monitor.of(State)) == shown + 2
    for sender in "aaa":
        rig.finish(sender, *rig.assigned(sender))
    last = rig.monitor.of(State)[-1].facts
    assert (last["in_hand"], last["sent"]) == (0, 3)  # whoever was told his outcome finds it at once


def test_a_blocked_number_is_refused_without_a_sender_hearing_of_it(rig):
    rig.stand("a")
    rig.blocklist.blocked = {TO}
    rig.send()
    assert (rig.reply().code, rig.traffic()["blocked"]) == ("1102", 1)
    assert rig.assigned("a") == []


def test_a_number_blocked_between_the_two_questions_is_refused_at_the_hand_over(rig):
    rig.stand("a")
    rig.send("628120000000")
    [first] = rig.assigned("a")
    rig.send()
    rig.blocklist.blocked = {TO}
    rig.finish("a", first)
    assert [reply.code for reply in rig.replies] == ["0000", "1102"]
    assert rig.assigned("a") == []


def waiting_for_a_modem(rig):
    """One message that was screened when it arrived and waits; the blocklist then falls silent."""
    rig.pump.tell(BlocklistNow(lambda number: number in rig.blocklist.blocked))
    rig.send(patient=True)
    rig.blocklist.answers = False
    assert len(rig.blocklist.take(ScreenNumber)) == 1


def test_while_the_blocklist_answers_a_hand_over_is_screened_by_its_list(rig):
    waiting_for_a_modem(rig)
    rig.stand("a")
    assert rig.assigned("a")
    assert rig.blocklist == []


def test_a_number_that_was_blocked_meanwhile_is_not_handed_over(rig):
    waiting_for_a_modem(rig)
    rig.blocklist.blocked = {TO}
    rig.stand("a")
    assert not rig.assigned("a")
    assert rig.reply().code == "1102"


def test_a_blocklist_that_fell_silent_after_the_arrival_stops_the_hand_over(rig):
    waiting_for_a_modem(rig)
    rig.advance(2)
    rig.stand("a")
    assert len(rig.blocklist.of(ScreenNumber)) == 1
    rig.advance(2)
    assert not rig.assigned("a")
    assert rig.reply().error == "The blocklist did not answer, so nothing was sent."


def test_a_blocklist_that_answers_again_is_believed_again(rig):
    waiting_for_a_modem(rig)
    rig.advance(2)
    rig.blocklist.answers = True
    rig.stand("a")
    [job] = rig.assigned("a")
    rig.finish("a", job)
    assert rig.reply().code == "0000"


def test_a_blocklist_that_does_not_answer_within_two_seconds_means_no(rig):
    rig.stand("a")
    rig.blocklist.answers = False
    rig.send()
    rig.advance(1.9)
    assert rig.replies == []
    rig.advance(0.2)
    assert rig.reply().error == "The blocklist did not answer, so nothing was sent."


def test_without_a_usable_modem_the_reply_is_1101_at_once_unless_the_client_is_patient(rig):
    for sender in "ab":
        rig.stand(sender, Standing.AWAY)
    rig.send()
    assert rig.reply().code == "1101"
    rig.send(patient=True)
    assert rig.replies == []
    rig.stand("b")
    [job] = rig.assigned("b")
    rig.finish("b", job)
    assert rig.reply().code == "0000"


def test_a_message_waits_for_a_modem_that_has_not_said_a_word_yet(rig):
    rig.send()
    assert rig.replies == []
    rig.stand("a")
    assert len(rig.assigned("a")) == 1


def test_when_the_reply_is_due_first_it_says_queued_or_sending_and_the_outcome_is_not_told_again(rig):
    rig.stand("a")
    rig.send("628120000001")
    rig.send("628120000002")
    rig.advance(25)
    assert sorted((reply.code, reply.data["status"]) for reply in rig.replies) == [("1111", "queued"), ("1111", "sending")]
    [job] = rig.assigned("a")
    rig.finish("a", job)
    [job] = rig.assigned("a")
    rig.finish("a", job)
    assert len(rig.replies) == 2
    assert rig.traffic()["sent"] == 2


def test_when_the_queue_is_full_a_client_is_told_to_come_back(rig):
    rig.stand("a")
    for _ in range(3):
        rig.send()
    rig.send()
    reply = rig.reply()
    assert (reply.status, reply.code, reply.retry_after_s > 0) == (503, "1102", True)


def test_another_sender_is_tried_where_that_helps_and_then_no_more(rig):
    rig.stand("a")
    rig.stand("b")
    rig.send()
    [job] = rig.assigned("a")
    rig.finish("a", job, Attempt(Verdict.ELSEWHERE, "The SIM may not send (+CMS ERROR 10).", parts=(0, 1)))
    [job] = rig.assigned("b")
    rig.finish("b", job, Attempt(Verdict.ELSEWHERE, "The SIM may not send (+CMS ERROR 10).", parts=(0, 1)))
    assert (rig.reply().code, rig.assigned("a")) == ("1102", [])


def test_an_unknown_outcome_is_told_and_never_assigned_again(rig):
    rig.stand("a")
    rig.stand("b")
    rig.send()
    [job] = rig.assigned("a")
    rig.finish("a", job, Attempt(Verdict.UNKNOWN, "The modem did not say what became of the message.", parts=(0, 1)))
    assert rig.reply().data["status"] == "unknown"
    assert rig.assigned("a") == rig.assigned("b") == []


def test_a_sender_that_ends_without_a_word_leaves_its_job_unknown(rig):
    rig.stand("a")
    rig.send()
    rig.pump.tell(SenderGone("a"))
    reply = rig.reply()
    assert (reply.code, reply.data["status"]) == ("1111", "unknown")


def test_messages_wait_for_the_successor_of_a_modem_that_is_changed(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    rig.send("628120000001")
    rig.send("628120000002")
    [job] = rig.assigned("a")
    rig.modems(Modem(id="a", port="/dev/a", name="Changed"))
    rig.stand("a", Standing.AWAY)  # it was told to retire
    rig.finish("a", job)
    assert rig.reply().code == "0000"
    rig.pump.tell(SenderGone("a"))
    rig.send("628120000003")
    assert rig.replies == []
    rig.stand("a", Standing.COMING)
    rig.stand("a")
    assert [job.to for job in rig.assigned("a")] == ["628120000002"]


def test_a_modem_that_was_changed_once_and_then_goes_away_is_not_waited_for(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    rig.modems(Modem(id="a", port="/dev/a", name="Changed"))
    rig.pump.tell(SenderGone("a"))
    rig.stand("a", Standing.AWAY)
    rig.send()
    assert rig.reply().code == "1101"


def test_a_modem_that_is_removed_takes_no_more_and_those_that_wait_for_it_alone_hear_1101(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    rig.send("628120000001")
    rig.send("628120000002")
    [job] = rig.assigned("a")
    rig.modems()
    rig.finish("a", job)
    rig.pump.tell(SenderGone("a", removed=True))
    assert sorted(reply.code for reply in rig.replies) == ["0000", "1101"]


def test_prefixes_of_settings_are_those_of_the_country(rig):
    rig.modems(Modem(id="a", port="/dev/a", recipient_prefixes=("0871",)), Modem(id="b", port="/dev/b", default=True))
    for sender in "ab":
        rig.stand(sender)
    rig.send("628711234567")
    rig.send("628121234567")
    assert [job.to for job in rig.assigned("a")] == ["628711234567"]
    assert [job.to for job in rig.assigned("b")] == ["628121234567"]
    rig.pump.tell(Configure("sms", Sms(country_code="49")))
    rig.send("0871 1234567")
    assert rig.blocklist[-1].number == "498711234567"


@pytest.mark.parametrize("fields, code", [
    ({"expiration": NOON - 1}, "1203"), ({"to": "nobody"}, "1102"), ({"text": ""}, "1102"), ({"text": "x" * 1531}, "1102")])
def test_what_cannot_be_sent_is_answered_at_once(rig, fields, code):
    rig.stand("a")
    rig.send(**fields)
    assert rig.reply().code == code
    assert rig.assigned("a") == []


def test_while_the_clock_is_wrong_nothing_expires(rig):
    rig.stand("a")
    rig.clock.plausible = False
    rig.send(expiration=NOON - 1)
    assert len(rig.assigned("a")) == 1


def test_a_message_expires_while_it_waits(rig):
    rig.stand("a")
    rig.send("628120000001")
    rig.send(expiration=NOON + 10)
    rig.advance(10)
    assert rig.reply().code == "1203"


def test_expired_messages_are_sent_when_the_settings_say_so(rig):
    rig.stand("a")
    rig.pump.tell(Configure("intake", replace(IntakeRules(), drop_expired=False)))
    rig.send(expiration=NOON - 1)
    assert len(rig.assigned("a")) == 1


def test_draining_refuses_what_waits_and_ends_with_what_a_sender_holds(rig):
    drained = []
    rig.stand("a")
    rig.send("628120000001")
    rig.send("628120000002")
    [job] = rig.assigned("a")
    rig.pump.tell(Drain(lambda: drained.append(True)))
    assert rig.reply().status == 503
    assert drained == []
    rig.finish("a", job)
    assert (rig.reply().code, drained) == ("0000", [True])
    rig.send()
    assert rig.reply().status == 503


def test_when_the_drain_is_given_up_what_a_sender_holds_is_unknown(rig):
    drained = []
    rig.stand("a")
    rig.send()
    rig.pump.tell(Drain(lambda: drained.append(True)))
    rig.pump.tell(GiveUp())
    assert rig.reply().data["status"] == "unknown"
    assert drained == [True]


def test_all_modems_must_have_had_their_first_try_before_it_is_told_that_they_started(rig):
    started = []
    rig.pump.tell(TellWhenStarted(lambda: started.append(True)))
    rig.stand("a", Standing.COMING)
    rig.stand("b", Standing.AWAY)
    assert started == []
    rig.stand("a")
    assert started == [True]


def test_without_modems_all_have_started(rig):
    started = []
    rig.modems()
    rig.pump.tell(TellWhenStarted(lambda: started.append(True)))
    assert started == [True]


def test_route_explains_and_nonsense_is_a_mistake(rig):
    results, mistakes = [], []
    rig.stand("a")
    for number in (TO, "nobody"):
        rig.pump.tell(Operate("route", {"number": number}, "cli:me", results.append, mistakes.append))
    [route] = results
    assert (route["number"], route["chosen"]) == ("628126666XXX", ["a"])
    [mistake] = mistakes
    assert isinstance(mistake, Mistake)


def test_an_error_of_ours_is_answered_and_the_next_message_goes_its_way(rig, monkeypatch):
    rig.stand("a")
    with monkeypatch.context() as patch:
        patch.setattr("actors.router.count", lambda text: 1 // 0)
        rig.send()
    assert rig.reply().error == "The gateway failed; its log says more."
    rig.send()
    assert len(rig.assigned("a")) == 1
