"""What the router tells to be in hand, and keeps; what it leaves to the next life; and errors of ours on the way."""

import json

import pytest
from doubles.noting import FULL, noting_rig
from doubles.router_rig import FAILED, SENT, TO

from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.job import Job, Priority, new_id
from otppi.domain.messages.running import Drain
from otppi.domain.messages.sending import Screened, ScreenNumber, Submit
from otppi.domain.outcome import Attempt, Fate, Verdict


@pytest.fixture
def rig(tmp_path):
    return noting_rig(tmp_path)


# in hand


def test_what_is_told_to_be_in_hand_is_sealed_and_noted_before(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.send("628120000001")
    [held] = rig.assigned("a")
    del rig.papers.order[:]
    rig.advance(1)
    rig.send("628120000002")
    rig.advance(25)
    steps = [each for each in rig.papers.order if "sync" not in each]
    assert sorted(steps) == sorted(["armed", "sealed", "kept", "told sending", "sealed", "kept", "told queued"])
    assert all(steps[:place].count("kept") == steps[:place].count("sealed") > told for told, place in enumerate(
        place for place, step in enumerate(steps) if step.startswith("told")))
    assert rig.papers.order[-2:] == ["sync begins", "synced"]  # nobody waits for it, but a power cut should find it
    rig.replies.clear()
    del rig.papers.order[:]
    rig.finish("a", held)
    assert rig.papers.order[:2] == ["sent", "dropped"]
    assert rig.replies == []
    [job] = rig.assigned("a")
    rig.finish("a", job, FAILED)
    assert rig.papers.order[-2:] == ["failed", "dropped"]
    assert (rig.replies, rig.bodies()) == ([], [])


def test_a_client_in_a_hurry_is_told_in_hand_as_soon_as_the_message_is_queued_and_kept(rig):
    rig.send(hurried=True)
    reply = rig.reply()
    assert (reply.code, reply.data["status"], reply.data["client_id"]) == ("1111", "queued", 5)
    steps = [step for step in rig.papers.order if step in {"sealed", "kept", "told queued"}]
    assert steps == ["sealed", "kept", "told queued"]
    [job] = rig.assigned("a")
    assert reply.data["id"] == job.id
    assert rig.bodies() == [job.id]
    rig.finish("a", job)
    assert (rig.replies, rig.bodies()) == ([], [])


@pytest.mark.parametrize("why", ["blocked", "no modem"])
def test_a_client_in_a_hurry_still_hears_at_once_what_cannot_be_sent(rig, why):
    if why == "blocked":
        rig.blocklist.blocked = {TO}
    else:
        rig.stand("a", Standing.AWAY)
        rig.stand("b", Standing.AWAY)
    rig.send(hurried=True)
    assert rig.reply().code == {"blocked": "1102", "no modem": "1101"}[why]


@pytest.mark.parametrize("step", [0, 1], ids=["the body", "the record"])
def test_what_cannot_be_kept_is_refused_with_503_and_never_sent(rig, step):
    rig.papers.fail_from = len(rig.papers.calls) + step
    rig.send(hurried=True, id="retried")
    reply = rig.reply()
    assert (reply.status, reply.code, reply.error) == (503, "1102", FULL)
    rig.papers.mend()
    rig.catch_up()
    assert rig.assigned("a") == rig.assigned("b") == []
    assert (rig.bodies(), rig.traffic()["in_hand"], rig.replies) == ([], 0, [])
    rig.send(hurried=True, id="retried")
    assert rig.reply().code == "1111"


def test_what_cannot_be_kept_while_it_waits_is_refused_and_never_sent(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.send("628120000001", patient=True)
    [held] = rig.assigned("a")
    rig.send("628120000002")
    rig.papers.break_down()
    rig.advance(25)
    assert rig.reply().status == 503
    rig.papers.mend()
    rig.catch_up()
    rig.finish("a", held)
    assert rig.reply().code == "0000"
    assert rig.assigned("a") == []


def test_what_a_modem_has_already_is_told_to_be_sending_whether_it_can_be_kept_or_not(rig):
    rig.send()
    [job] = rig.assigned("a")
    rig.papers.break_down()
    rig.advance(25)
    assert (rig.reply().code, job.to) == ("1111", TO)
    rig.papers.mend()
    rig.finish("a", job)
    assert (rig.replies, rig.bodies()) == ([], [])
    assert "sent" in rig.papers.order


# end


def test_draining_leaves_what_was_told_to_be_in_hand_to_the_next_life_and_refuses_the_rest(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.send("628120000001")
    [held] = rig.assigned("a")
    rig.send("628120000002", hurried=True)
    kept = rig.reply().data["id"]
    rig.send("628120000003")
    drained = []
    rig.pump.tell(Drain(lambda: drained.append(True)))
    assert rig.reply().status == 503
    rig.finish("a", held)
    assert (rig.reply().code, drained, rig.bodies()) == ("0000", [True], [kept])
    assert not any(json.loads(line)["id"] == kept and json.loads(line)["r"] == "end" for line in rig.papers.lines)


# errors of ours


@pytest.fixture
def failing_once(rig):
    """The first question to the blocklist fails; as a bug there would."""
    ask, asked = rig.pump.actor._blocklist, []

    def fail(message):
        asked.append(message)
        if len(asked) == 1:
            raise RuntimeError("a bug of ours")
        ask(message)

    rig.pump.actor._blocklist = fail
    return asked


@pytest.mark.parametrize("words", [{}, {"hurried": True}, {"patient": True}])
def test_what_was_half_taken_in_when_an_error_of_ours_came_is_answered_once_and_never_sent(rig, failing_once, words):
    rig.send(id="again", **words)
    assert (rig.reply().error, rig.traffic()["in_hand"]) == ("The gateway failed; its log says more.", 0)
    [question] = failing_once
    assert isinstance(question, ScreenNumber)
    rig.pump.tell(Screened(question.job_id, question.turn, blocked=False))
    rig.advance(2000)
    assert (rig.assigned("a") + rig.assigned("b"), rig.replies) == ([], [])
    rig.send(id="again", **words)
    assert len(rig.assigned("a") + rig.assigned("b")) == 1


def test_a_job_of_the_otp_desk_that_was_half_taken_in_is_answered_and_settled_once(rig, failing_once):
    job = Job(new_id(rig.clock.wall()), TO, "Code 1", 1, Priority.OTP, rig.clock.monotonic() + 60, expires=True, reply_due=None, otp="ab" * 16)
    answers, settled = [], []
    rig.pump.tell(Submit(job, answers.append, settled.append))
    assert [(outcome.fate, outcome.status) for outcome in answers] == [(Fate.FAILED, "failed")]
    assert settled == answers
    assert rig.assigned("a") == rig.assigned("b") == []


def test_an_error_of_ours_while_an_outcome_is_noted_makes_it_unknown_and_not_lost(rig, monkeypatch):
    rig.send()
    [job] = rig.assigned("a")
    with monkeypatch.context() as patch:
        patch.setattr(rig.pump.actor._senders, "note", lambda *_: 1 // 0)
        rig.finish("a", job, SENT)
    assert rig.reply().data["status"] == "unknown"
    rig.finish("a", job, Attempt(Verdict.SENT, parts=(1, 1)))
    assert rig.replies == []
