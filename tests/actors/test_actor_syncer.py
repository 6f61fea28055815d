"""The syncer alone, without threads: every question gets exactly one answer."""

import pytest
from doubles.clock import FakeClock
from doubles.pump import Pump, Told

from actors.syncer import Syncer
from otppi.domain.errors import StoreError
from otppi.domain.messages.writing import Sync, Synced


def fail(error):
    raise error


@pytest.fixture
def answers():
    return Told()


@pytest.fixture
def pump():
    return Pump(Syncer(FakeClock()))


def test_the_answer_comes_after_the_sync(pump, answers):
    pump.tell(Sync(lambda: answers.append("synced"), answers))
    assert answers == ["synced", Synced("")]


def test_a_sync_that_fails_is_answered_with_its_reason(pump, answers):
    pump.tell(Sync(lambda: fail(StoreError("The journal could not be synced: Input/output error.")), answers))
    assert answers == [Synced("The journal could not be synced: Input/output error.")]


@pytest.mark.parametrize("error", [OSError("nobody expected this"), ValueError(), ZeroDivisionError()], ids=repr)
def test_an_error_that_nobody_expected_is_answered_too_and_the_next_sync_goes_its_way(pump, answers, error):
    pump.tell(Sync(lambda: fail(error), answers))
    assert answers == [Synced("The journal could not be synced.")]
    pump.tell(Sync(lambda: None, answers))
    assert answers[1:] == [Synced("")]
