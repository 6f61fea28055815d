"""What the router makes of its senders: limits that rest them, senders that had ended, codes that earlier lives sent."""

import pytest
from doubles.router_rig import FAILED, TO, Rig

from otppi.config.modem import Limits, Modem
from otppi.domain.chronicle import Mark
from otppi.domain.dispatch import MAX_ROUNDS, Standing
from otppi.domain.job import Job, Priority, new_id
from otppi.domain.messages.running import State
from otppi.domain.messages.sending import Assign, SenderGone, Submit
from otppi.domain.outcome import Attempt, Verdict


def limited(name="a", **limits):
    return Modem(id=name, port=f"/dev/{name}", limits=Limits(**limits))


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path, queue_limit=100)
    yield rig
    rig.journal.close()


def sent(rig, sender="a", parts=1):
    """Let the sender send what it holds."""
    [job] = rig.assigned(sender)
    rig.finish(sender, job, Attempt(Verdict.SENT, parts=(parts, parts), references=tuple(range(parts)), result="OK"))
    return job


# limits


def test_a_modem_rests_when_its_limit_is_reached_and_goes_on_by_itself(rig):
    rig.modems(limited(per_minute=2))
    rig.stand("a")
    for _ in range(3):
        rig.send()
    sent(rig)
    rig.advance(10)
    sent(rig)
    assert rig.assigned("a") == []
    rig.advance(49.9)
    assert rig.assigned("a") == []
    rig.advance(0.1)
    assert len(rig.assigned("a")) == 1


def test_what_a_modem_held_that_died_without_a_word_may_have_left_and_counts(rig):
    rig.modems(limited(per_minute=1))
    rig.stand("a")
    rig.send()
    assert len(rig.assigned("a")) == 1
    rig.pump.tell(SenderGone("a"))
    rig.stand("a")
    before = len(rig.assigned("a"))
    rig.send()
    rig.advance(59)
    assert len(rig.assigned("a")) == before
    rig.advance(1)
    assert len(rig.assigned("a")) == before + 1


def test_while_one_rests_another_sends(rig):
    rig.modems(limited(per_minute=1), limited("b"))
    for name in "ab":
        rig.stand(name)
    rig.send()
    sent(rig)
    for _ in range(2):
        rig.send()
        sent(rig, "b")
    assert rig.assigned("a") == []


def test_what_did_not_leave_does_not_count(rig):
    rig.modems(limited(per_minute=1))
    rig.stand("a")
    for _ in range(3):
        rig.send()
    rig.finish("a", *rig.assigned("a"), FAILED)
    sent(rig)
    assert rig.assigned("a") == []


def test_every_part_of_a_long_text_counts(rig):
    rig.modems(limited(per_minute=3))
    rig.stand("a")
    rig.send(text="x" * 400)
    rig.send()
    sent(rig, parts=3)
    assert rig.assigned("a") == []


def test_what_may_have_left_counts_against_the_limit_with_its_one_part_in_doubt(rig):
    rig.modems(limited(per_minute=3))
    rig.stand("a")
    rig.send(text="x" * 400)
    rig.finish("a", *rig.assigned("a"), Attempt(Verdict.UNKNOWN, "Nobody knows.", (1, 3), (7,)))
    for _ in range(2):
        rig.send()
    sent(rig)
    assert rig.assigned("a") == []
    rig.advance(60)
    assert len(rig.assigned("a")) == 1


def test_what_may_have_left_counts_over_a_restart_as_the_dead_modem_s_mark_tells(rig):
    rig.modems(limited(per_day=2))
    rig.stand("a")
    rig.send()
    [first] = rig.assigned("a")
    rig.finish("a", first, Attempt(Verdict.UNKNOWN, "Nobody knows.", (0, 1)))
    rig.send()
    [job] = rig.assigned("a")
    life = rig.again(limited(per_day=2), marks=[Mark(job.id, 1, left=True, sender="a")])
    life.stand("a")
    life.send()
    assert life.assigned("a") == []
    life.advance(24 * 3600)
    life.send()
    assert len(life.assigned("a")) == 1


def test_a_changed_limit_counts_at_once_and_what_was_sent_before_counts_against_it(rig):
    rig.modems(limited(per_day=2))
    rig.stand("a")
    for _ in range(2):
        rig.send()
        sent(rig)
    rig.send()
    assert rig.assigned("a") == []
    rig.modems(limited(per_day=3))
    rig.stand("a")
    sent(rig)
    rig.send()
    assert rig.assigned("a") == []


def test_limits_count_over_a_restart(rig):
    rig.modems(limited(per_minute=2))
    rig.stand("a")
    for _ in range(2):
        rig.send()
        sent(rig)
        rig.advance(20)
    life = rig.again(limited(per_minute=2))
    life.stand("a")
    life.send()
    assert life.assigned("a") == []
    life.advance(19.9)
    assert life.assigned("a") == []
    life.advance(0.1)
    assert len(life.assigned("a")) == 1
    life.journal.close()


def test_who_waits_at_a_resting_modem_is_told_at_the_end_of_the_wait(rig):
    rig.modems(limited(per_hour=1))
    rig.stand("a")
    rig.send()
    sent(rig)
    rig.replies.clear()
    rig.send()
    rig.advance(25)
    assert rig.reply().code == "1111"
    message_id = rig.bodies()
    rig.advance(275)
    assert (rig.traffic()["in_hand"], rig.bodies(), len(message_id)) == (0, [], 1)


def test_the_route_tells_that_a_modem_rests(rig):
    rig.modems(limited(per_hour=1))
    rig.stand("a")
    rig.send()
    sent(rig)
    route = rig.pump.actor.explain(TO)
    assert "resting" in str(route)
    assert route["chosen"] == []


# senders that had ended


def test_a_job_for_a_sender_that_had_just_ended_waits_for_its_successor(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    handed = []
    rig.stand("a", port=lambda message: bool(handed.append(message)))  # False: it is gone
    rig.send()
    assert len(handed) == 1
    rig.advance(20)  # whatever wakes the router: nobody is tried again and again
    assert (len(handed), rig.replies) == (1, [])
    rig.pump.tell(SenderGone("a"))
    rig.stand("a", Standing.COMING)
    rig.stand("a")
    [job] = rig.assigned("a")
    assert job == handed[0].job
    rig.finish("a", job)
    assert rig.reply().code == "0000"


def test_what_wakes_the_router_does_not_bring_a_sender_back_that_had_ended(rig):
    rig.modems(limited(per_minute=1), Modem(id="b", port="/dev/b"))
    rig.stand("a")
    handed = []
    rig.send("628120000001")
    sent(rig)
    rig.stand("b", port=lambda message: bool(handed.append(message)))
    rig.send("628120000002")
    assert len(handed) == 1
    rig.advance(30)
    rig.advance(30)  # a has rested enough: every sender is looked at
    assert [job.to for job in rig.assigned("a")] == ["628120000002"]
    assert len(handed) == 1


def test_another_sender_takes_the_job_of_one_that_had_ended(rig):
    rig.stand("a", port=lambda message: False)
    rig.stand("b")
    rig.send()
    assert len(rig.assigned("b")) == 1


def test_a_job_does_not_come_back_for_ever(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    handed = []
    rig.send()
    for _ in range(MAX_ROUNDS + 3):
        rig.stand("a", port=lambda message: bool(handed.append(message)))
        rig.pump.tell(SenderGone("a"))
    assert len(handed) == MAX_ROUNDS
    assert all(isinstance(message, Assign) for message in handed)
    assert rig.reply().code == "1102"


# codes


def submit(rig, tag, *, hurried=False):
    now = rig.clock.monotonic()
    job = Job(new_id(rig.clock.wall()), TO, "Code 123456", 1, Priority.OTP, now + 60, expires=True, reply_due=now + 25, hurried=hurried, otp=tag)
    told = []
    rig.pump.tell(Submit(job, told.append, lambda outcome: told.append(outcome.status)))
    return told


def test_another_life_tells_the_otp_desk_what_became_of_the_codes_and_later_of_those_that_go_on(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    submit(rig, "a1")
    rig.finish("a", *rig.assigned("a"))
    submit(rig, "a2")
    rig.finish("a", *rig.assigned("a"), FAILED)
    submit(rig, "a3")  # with the modem when the gateway dies, and nobody was told of it
    submit(rig, "a4", hurried=True)
    life = rig.again(Modem(id="a", port="/dev/a"))
    assert {tag: outcome.status for tag, outcome in life.recovered().items()} == {"a1": "sent", "a2": "failed", "a3": "failed", "a4": "queued"}
    assert life.settled() == []
    life.stand("a")
    life.finish("a", *life.assigned("a"))
    assert life.settled() == [(b"\xa4", "sent")]
    life.journal.close()


def test_the_desk_hears_of_an_earlier_life_also_when_there_was_none(rig):
    assert rig.take_up().recovered() == {}


def test_no_log_line_and_no_state_shows_a_text_or_a_number(rig, caplog):
    caplog.set_level("DEBUG")
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    submit(rig, "a1")
    rig.send(hurried=True, text="hello 4711")
    life = rig.again(Modem(id="a", port="/dev/a"))
    life.stand("a")
    life.finish("a", *life.assigned("a"))
    shown = caplog.text + repr(rig.monitor.of(State)) + repr(life.recovery)
    assert "628126666XXX" in shown
    for secret in (TO, "123456", "4711"):
        assert secret not in shown
    life.journal.close()
