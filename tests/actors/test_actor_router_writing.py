"""What the router writes down before what, and what it does when the disk does not take it."""

import pytest
from doubles.noting import FULL, WORN, noting_rig
from doubles.router_rig import TO

from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.messages.sending import Screened


@pytest.fixture
def rig(tmp_path):
    return noting_rig(tmp_path)


# syncs


def test_a_message_is_armed_synced_assigned_and_its_end_is_written_before_the_client_is_told(rig):
    rig.send()
    [job] = rig.assigned("a")
    rig.finish("a", job)
    assert rig.papers.order == ["armed", "sync begins", "synced", "assigned", "sent", "told sent"]


def test_nothing_is_assigned_before_the_sync_is_answered(rig):
    rig.syncs.answers = False
    rig.send()
    assert rig.papers.order == ["armed", "sync begins"]
    rig.advance(1.0)
    assert rig.assigned("a") == rig.assigned("b") == []
    rig.sync()
    assert len(rig.assigned("a")) == 1


def test_one_sync_runs_at_a_time_and_what_comes_meanwhile_is_the_next_batch(rig):
    rig.syncs.answers = False
    for number in (1, 2, 3):
        rig.send(f"62812000000{number}")
    assert rig.papers.order == ["armed", "sync begins", "armed", "armed"]
    assert rig.syncs.asked == 1
    rig.sync()
    assert [job.to for job in rig.assigned("a") + rig.assigned("b")] == ["628120000001"]
    assert rig.syncs.asked == 2
    rig.sync()
    assert [job.to for job in rig.assigned("a") + rig.assigned("b")] == ["628120000002"]
    assert (rig.syncs.asked, list(rig.syncs)) == (2, [])


def test_a_message_that_ended_while_its_sync_ran_is_not_assigned(rig):
    rig.syncs.answers = False
    rig.send(expiration=rig.clock.wall() + 1)
    rig.advance(1)
    assert rig.reply().code == "1203"
    rig.sync()
    assert rig.assigned("a") == rig.assigned("b") == []


def test_a_blocked_message_costs_no_sync(rig):
    rig.blocklist.blocked = {TO}
    rig.send()
    assert (rig.reply().code, rig.syncs.asked) == ("1102", 0)


# when the disk fails


def fail_sync(rig):
    rig.syncs.error = WORN
    return WORN


def fail_begin_of_sync(rig):
    rig.papers.sync_fails = True
    return WORN


def fail_write(rig):
    rig.papers.break_down()
    return FULL


def mend(rig):
    rig.syncs.error = ""
    rig.papers.mend()


@pytest.mark.parametrize("fail", [fail_sync, fail_begin_of_sync, fail_write])
def test_a_disk_that_fails_refuses_with_its_reason_what_was_to_be_sent_and_all_that_comes_until_a_sync_succeeds(rig, fail):
    why = fail(rig)
    for _ in range(3):
        rig.send()
        reply = rig.reply()
        assert (reply.status, reply.code, reply.error, reply.retry_after_s > 0) == (503, "1102", why, True)
        rig.catch_up()
    assert (rig.traffic()["halted"], rig.traffic()["in_hand"]) == (why, 0)
    assert rig.assigned("a") == rig.assigned("b") == []
    mend(rig)
    rig.catch_up()
    assert rig.traffic()["halted"] == ""
    rig.send()
    assert len(rig.assigned("a") + rig.assigned("b")) == 1


def test_while_the_sync_that_shall_mend_it_runs_everything_stays_refused(rig):
    fail_sync(rig)
    rig.send()
    assert rig.reply().status == 503
    rig.syncs.answers = False
    rig.catch_up()
    assert rig.syncs.asked == 2
    rig.send()
    assert rig.reply().status == 503
    rig.catch_up()
    assert rig.syncs.asked == 2
    rig.sync()
    rig.send()
    assert rig.replies == []


def test_what_waits_unarmed_when_the_disk_fails_goes_on_when_it_is_mended(rig):
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.send("628120000001", patient=True)  # armed and assigned to a
    [held] = rig.assigned("a")
    rig.stand("a", Standing.COMING)
    rig.send("628120000002", patient=True)  # waits for a modem
    fail_write(rig)
    rig.finish("a", held)
    assert (rig.reply().code, rig.traffic()["halted"]) == ("0000", FULL)
    rig.stand("a")
    assert rig.assigned("a") == []
    mend(rig)
    rig.catch_up()
    assert [job.to for job in rig.assigned("a")] == ["628120000002"]


def test_the_outcome_of_what_a_sender_holds_is_told_also_then_and_its_late_record_is_written_first(rig):
    rig.send("628120000001")
    [job] = rig.assigned("a")
    fail_write(rig)
    rig.finish("a", job)
    assert rig.reply().code == "0000"
    rig.send("628120000002")
    assert rig.reply().status == 503
    mend(rig)
    rig.catch_up()
    assert rig.papers.order[-3:] == ["sent", "sync begins", "synced"]


def test_a_message_that_was_offered_when_the_disk_failed_is_handed_out_only_after_it(rig):
    rig.blocklist.answers = False
    rig.send()
    answer_blocklist(rig)  # the first question: it is armed, synced and offered
    fail_sync(rig)
    rig.send("628120000002")
    answer_blocklist(rig, number="628120000002")  # its sync fails
    assert rig.reply().error == WORN
    answer_blocklist(rig)
    assert rig.assigned("a") == rig.assigned("b") == []
    mend(rig)
    rig.catch_up()
    answer_blocklist(rig)
    assert len(rig.assigned("a") + rig.assigned("b")) == 1


def answer_blocklist(rig, number=TO):
    asked = [message for message in rig.blocklist if message.number == number][-1]
    rig.pump.tell(Screened(asked.job_id, asked.turn, blocked=False))


def test_a_sync_that_had_begun_before_mends_nothing_while_an_end_is_not_on_disk(rig):
    """Else a modem would write over the mark of a message of whose end nothing is written, and a crash would call it failed."""
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.send("628120000001")
    [held] = rig.assigned("a")
    rig.send("628120000002")  # armed, and next
    rig.syncs.answers = False
    rig.send("628120000003")
    assert len(rig.syncs) == 1
    fail_write(rig)
    rig.finish("a", held)
    rig.sync()
    assert (rig.assigned("a"), rig.traffic()["halted"]) == ([], FULL)
    mend(rig)
    rig.catch_up()
    assert rig.assigned("a") == []
    rig.sync()
    assert [job.to for job in rig.assigned("a")] == ["628120000002"]
    assert rig.papers.order.index("sent") < len(rig.papers.order) - 1 - rig.papers.order[::-1].index("assigned")
