"""Messages that a network could not take now: another modem at once, the same one after a while."""

import pytest
from domain.ledger import Ledger

from otppi.domain.dispatch import LATER_S, MAX_ROUNDS
from otppi.domain.outcome import Fate, Verdict
from otppi.domain.states import Stage


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.usable("A")
    return ledger


def senders_of(ledger):
    return [sender for sender, _ in ledger.assigned]


def test_a_message_that_the_network_could_not_take_goes_to_another_modem_at_once_and_leaves_the_first_free(ledger):
    ledger.usable("B")
    job = ledger.send()
    ledger.finish("A", Verdict.LATER)
    ledger.clear(job)
    other = ledger.send()
    assert ledger.holds == {"A": other.id, "B": job.id}


def test_a_message_that_the_network_could_not_take_comes_back_to_the_only_modem_after_longer_and_longer_waits(ledger):
    job = ledger.send(wait=5000, reply_in=None)
    for wait_s in [*LATER_S, LATER_S[-1]]:
        ledger.finish("A", Verdict.LATER)
        ledger.wait(wait_s - 0.01)
        assert ledger.stage(job) is Stage.QUEUED
        assert "A" not in ledger.holds
        ledger.wait(0.02)
        ledger.clear(job)
    assert senders_of(ledger) == ["A"] * MAX_ROUNDS
    ledger.finish("A", Verdict.LATER, error="The network cannot take it now.")
    assert ledger.fate(job) is Fate.FAILED
    assert ledger.outcome(job).error == "The network cannot take it now."


def test_a_message_that_the_network_could_not_take_fails_with_the_reason_at_its_deadline_and_is_told_to_be_in_hand_before(ledger):
    job = ledger.send(wait=60, reply_in=5)
    ledger.finish("A", Verdict.LATER)
    ledger.wait(LATER_S[0])
    assert ledger.answers[job.id][0].fate is Fate.IN_HAND
    ledger.clear(job)
    ledger.finish("A", Verdict.LATER, error="The network cannot take it now.")
    ledger.wait(60)
    assert ledger.settled[job.id][0].error == "The network cannot take it now."
