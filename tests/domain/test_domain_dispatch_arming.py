"""Only what is written down is handed out, and only a few are written down ahead."""

import pytest
from domain.ledger import Ledger

from otppi.domain.dispatch import AHEAD, Standing
from otppi.domain.job import Priority
from otppi.domain.outcome import Fate, Verdict
from otppi.domain.states import Stage


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.usable("A")
    ledger.slow_journal = True
    return ledger


def test_a_message_is_not_handed_over_before_it_is_written_down(ledger):
    job = ledger.accept()
    ledger.clear(job)
    assert ledger.stage(job) is Stage.ARMING
    assert not ledger.assigned
    ledger.arm()
    ledger.clear(job)
    assert ledger.assigned == [("A", job.id)]


def test_only_the_first_few_of_a_long_queue_are_written_down_ahead(ledger):
    for _ in range(50):
        ledger.clear(ledger.accept())
    assert len(ledger.to_arm) == AHEAD


def test_an_otp_that_overtakes_a_long_queue_is_written_down_at_once(ledger):
    for _ in range(50):
        ledger.clear(ledger.accept(priority=Priority.BULK))
    otp = ledger.accept(priority=Priority.OTP)
    ledger.clear(otp)
    assert otp.id in ledger.to_arm


def test_a_message_that_comes_back_unsent_is_not_written_down_again(ledger):
    ledger.slow_journal = False
    ledger.usable("B")
    job = ledger.send()
    ledger.finish("A", Verdict.ELSEWHERE)
    ledger.clear(job)
    assert [sender for sender, _ in ledger.assigned] == ["A", "B"]


def test_a_message_that_expired_while_it_was_written_down_is_not_sent(ledger):
    job = ledger.accept(wait=1, expires=True)
    ledger.clear(job)
    ledger.wait(2)
    ledger.arm()
    assert ledger.fate(job) is Fate.EXPIRED
    assert not ledger.assigned


def test_a_modem_that_goes_away_meanwhile_does_not_get_it(ledger):
    job = ledger.accept(patient=True)
    ledger.clear(job)
    ledger.stand(Standing.AWAY, "A")
    ledger.arm()
    assert ledger.stage(job) is Stage.QUEUED
    ledger.usable("B")
    ledger.clear(job)
    assert ledger.assigned == [("B", job.id)]


def test_when_the_journal_cannot_be_written_new_messages_are_refused_and_nothing_goes_out(ledger):
    arming, waiting = ledger.accept(), None
    ledger.clear(arming)
    ledger.halt()
    assert ledger.fate(arming) is Fate.REFUSED
    waiting = ledger.accept()
    assert ledger.answers[waiting.id][0].fate is Fate.REFUSED
    assert "disk is full" in ledger.answers[waiting.id][0].error
    assert not ledger.assigned


def test_what_was_written_down_waits_until_the_journal_can_be_written_again(ledger):
    ledger.slow_journal = False
    first, second = ledger.send(), ledger.accept()
    ledger.clear(second)
    ledger.halt()
    ledger.finish("A")
    assert ledger.fate(first) is Fate.SENT
    assert ledger.stage(second) is Stage.QUEUED
    ledger.resume()
    ledger.clear(second)
    assert ledger.assigned[-1] == ("A", second.id)
