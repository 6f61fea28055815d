"""How many SMS a SIM may send: sliding windows, against a model that counts everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.limits import DAY_S, HOUR_S, MINUTE_S, Limit, Meter, limits

MENUS = st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 8)).map(lambda counts: limits(*counts))
TIMES = st.one_of(st.integers(0, 90), st.integers(0, 5000), st.integers(0, 100_000)).map(float)


def test_a_limit_of_nothing_is_no_limit():
    assert limits(0, 0, 0) == ()
    assert limits(2, 0, 9) == (Limit(2, MINUTE_S), Limit(9, DAY_S))
    meter = Meter(())
    meter.note(1000, 5.0)
    assert meter.free_at(5.0) == 5.0


@pytest.mark.parametrize("seconds, menu", [(MINUTE_S, limits(2, 0, 0)), (HOUR_S, limits(0, 2, 0)), (DAY_S, limits(0, 0, 2))])
def test_a_window_slides_and_frees_one_place_when_the_oldest_leaves_it(seconds, menu):
    meter = Meter(menu)
    assert meter.free_at(0.0) == 0.0
    meter.note(1, 0.0)
    assert meter.free_at(1.0) == 1.0
    meter.note(1, 10.0)
    assert meter.free_at(10.0) == seconds
    assert meter.free_at(seconds) == seconds
    meter.note(1, seconds)
    assert meter.free_at(seconds) == seconds + 10.0


def test_the_strictest_limit_counts():
    meter = Meter(limits(2, 3, 0))
    for now in (0.0, 1.0):
        meter.note(1, now)
    assert meter.free_at(2.0) == MINUTE_S
    meter.note(1, 60.0)
    assert meter.free_at(61.0) == HOUR_S


def test_each_part_of_a_message_counts():
    meter = Meter(limits(5, 0, 0))
    meter.note(4, 0.0)
    assert meter.free_at(1.0) == 1.0
    assert meter.free_at(1.0, parts=3) == MINUTE_S
    meter.note(3, 1.0)
    assert meter.free_at(2.0) == MINUTE_S
    assert meter.free_at(2.0, parts=3) == MINUTE_S + 1


def test_a_message_longer_than_a_limit_leaves_when_the_window_is_empty():
    meter = Meter(limits(2, 0, 0))
    assert meter.free_at(0.0, parts=9) == 0.0
    meter.note(1, 5.0)
    assert meter.free_at(6.0, parts=9) == 65.0


def naive_free_at(menu, sent, now, parts):
    moments = sorted({now, *(at + limit.seconds for at in sent for limit in menu if at + limit.seconds > now)})
    for moment in moments:
        if all(sum(moment < at + limit.seconds for at in sent) + min(parts, limit.count) <= limit.count for limit in menu):
            return moment
    raise AssertionError


@given(menu=MENUS, steps=st.lists(st.tuples(TIMES, st.integers(1, 3)), max_size=25), parts=st.integers(1, 4))
def test_the_meter_says_what_counting_everything_would_say(menu, steps, parts):
    meter, sent, now = Meter(menu), [], 0.0
    for pause, count in steps:
        now += pause
        meter.note(count, now)
        sent += [now] * count
        assert meter.free_at(now) == naive_free_at(menu, sent, now, 1)
        assert meter.free_at(now + 30, parts) == naive_free_at(menu, sent, now + 30, parts)


@given(menu=MENUS.filter(bool), pauses=st.lists(TIMES, max_size=40))
def test_whoever_waits_as_told_never_passes_a_limit(menu, pauses):
    meter, sent, now = Meter(menu), [], 0.0
    for pause in pauses:
        now = meter.free_at(now + pause)
        meter.note(1, now)
        sent.append(now)
        for limit in menu:
            assert sum(now < at + limit.seconds for at in sent) <= limit.count


def test_no_more_is_remembered_than_the_largest_limit_needs():
    meter = Meter(limits(2, 0, 7))
    for second in range(1000):
        meter.note(1, float(second))
    assert len(meter._sent) == 7
