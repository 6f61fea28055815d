from otppi.domain.failure_rate import LAST, LEAST, FailureRate


def test_few_failures_say_nothing_and_half_of_many_do():
    rate = FailureRate()
    assert not any(rate.note(failed=True) for _ in range(LEAST - 1))
    assert rate.note(failed=True)
    assert rate.alarming
    assert rate.sentence() == f"{LEAST} of the last {LEAST} messages failed."


def test_the_alarm_ends_once_failures_are_rare_again_and_does_not_flutter():
    rate = FailureRate()
    for _ in range(LAST):
        rate.note(failed=True)
    changes = [number for number in range(LAST) if rate.note(failed=False)]
    assert len(changes) == 1
    assert changes[0] > LAST / 2
    assert not rate.alarming
    assert not rate.note(failed=True)


def test_a_modem_that_now_and_then_fails_raises_no_alarm():
    rate = FailureRate()
    assert not any(rate.note(failed=number % 3 == 0) for number in range(100) if number > 0)
