"""Messages that are answered before their end, rest, or were taken over from an earlier life."""

import pytest
from domain.ledger import Ledger

from otppi.domain import endings
from otppi.domain.dispatch import Standing
from otppi.domain.outcome import Fate
from otppi.domain.states import Stage


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.usable("A")
    return ledger


def test_a_hurried_message_is_answered_in_hand_once_it_is_queued_and_still_sent(ledger):
    blocker = ledger.send(reply_in=None)
    job = ledger.accept(hurried=True)
    assert job.id not in ledger.answers
    ledger.clear(job)
    assert ledger.answers[job.id][0].fate is Fate.IN_HAND
    ledger.finish("A")
    ledger.clear(job)
    ledger.finish("A")
    assert ledger.settled[job.id][0].fate is Fate.SENT
    assert ledger.fate(blocker) is Fate.SENT


def test_a_hurried_message_to_a_blocked_receiver_is_refused_instead(ledger):
    job = ledger.accept(hurried=True)
    ledger.block(job)
    assert ledger.fate(job) is Fate.FAILED


def test_a_message_waits_for_a_modem_that_rests_at_its_limit(ledger):
    ledger.stand(Standing.RESTING, "A")
    job = ledger.send()
    assert ledger.stage(job) is Stage.QUEUED
    ledger.usable("A")
    ledger.clear(job)
    assert [sender for sender, _ in ledger.assigned] == ["A"]


def test_a_message_of_an_earlier_life_is_sent_and_not_answered_again(ledger):
    job = ledger.accept()
    other = Ledger()
    other.usable("A")
    other.jobs[job.id] = job
    other.answers[job.id] = [endings.in_hand(job, "")]
    other.take(other.dispatch.restore(job, other.now))
    other.clear(job)
    other.clear(job)
    other.finish("A")
    assert other.settled[job.id][0].fate is Fate.SENT
