import logging
import threading
import time

import pytest

from otppi.adapters.clock import BUILD_DATE, CROWD, SystemClock

LIMIT_S = 5


@pytest.fixture
def clock():
    found = SystemClock()
    found.start()
    yield found
    found.stop()


class Inbox:
    """What was delivered, and a way to wait for so many."""

    def __init__(self):
        self.found = []
        self._changed = threading.Condition()

    def put(self, what):
        with self._changed:
            self.found.append(what)
            self._changed.notify_all()

    def wait(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.found) >= count, LIMIT_S)
        return self.found


def test_wake_ups_come_in_the_order_of_their_times_whatever_the_order_they_were_asked_in(clock):
    inbox = Inbox()
    for name, seconds in (("third", 0.06), ("first", 0.02), ("second", 0.04)):
        clock.after(seconds, lambda name=name: inbox.put(name))

    assert inbox.wait(3) == ["first", "second", "third"]


def test_wake_ups_for_one_time_come_in_the_order_they_were_asked_in(clock):
    inbox = Inbox()
    for number in range(50):
        clock.after(0, lambda number=number: inbox.put(number))

    assert inbox.wait(50) == list(range(50))


def test_a_wake_up_does_not_come_before_its_time(clock):
    inbox, asked = Inbox(), time.monotonic()
    clock.after(0.05, lambda: inbox.put(time.monotonic()))

    assert inbox.wait(1)[0] >= asked + 0.05


def test_a_nearer_wake_up_does_not_wait_for_a_farther_one(clock):
    inbox = Inbox()
    clock.after(3600, lambda: inbox.put("far"))
    clock.after(0.01, lambda: inbox.put("near"))

    assert inbox.wait(1) == ["near"]


def test_a_cancelled_wake_up_does_not_come_and_can_be_cancelled_twice(clock):
    inbox = Inbox()
    wakeup = clock.after(0.02, lambda: inbox.put("cancelled"))
    clock.after(0.04, lambda: inbox.put("kept"))
    wakeup.cancel()
    wakeup.cancel()

    assert inbox.wait(1) == ["kept"]


def test_a_time_in_the_past_is_now(clock):
    inbox = Inbox()
    clock.after(-5, lambda: inbox.put("now"))

    assert inbox.wait(1) == ["now"]


def test_a_receiver_that_fails_is_logged_and_does_not_stop_the_clock(clock, caplog):
    inbox = Inbox()

    def fail():
        raise RuntimeError("receiver")

    clock.after(0, fail)
    clock.after(0.01, lambda: inbox.put("after"))

    assert inbox.wait(1) == ["after"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_many_threads_can_ask_and_cancel_at_once(clock):
    inbox = Inbox()

    def ask(thread):
        for number in range(200):
            clock.after(3600, lambda: inbox.put("never")).cancel()
            clock.after(0.001, lambda number=number: inbox.put((thread, number)))

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)

    assert sorted(inbox.wait(1600)) == [(thread, number) for thread in range(8) for number in range(200)]


def test_cancelled_wake_ups_do_not_fill_the_memory_until_they_are_due(clock):
    inbox = Inbox()
    clock.after(0.05, lambda: inbox.put("kept"))
    for _ in range(20 * CROWD):
        clock.after(3600, lambda: None).cancel()

    assert len(clock._heap) <= 2 * CROWD
    assert inbox.wait(1) == ["kept"]


def test_what_still_waits_when_the_clock_is_stopped_never_comes():
    clock, inbox = SystemClock(), Inbox()
    clock.start()
    clock.after(0.2, lambda: inbox.put("late"))
    clock.stop()

    assert not clock._thread.is_alive()
    assert inbox.found == []


def test_the_wall_is_plausible_once_it_is_past_build_date_and_saved_time(monkeypatch):
    clock = SystemClock(BUILD_DATE + 1000)

    for now, plausible in ((BUILD_DATE - 1, False), (BUILD_DATE + 999, False), (BUILD_DATE + 1000, True)):
        monkeypatch.setattr("otppi.adapters.clock.time.time", lambda now=now: now)
        assert clock.wall_is_plausible() is plausible
        assert clock.wall() == now


def test_monotonic_never_goes_back(clock):
    moments = [clock.monotonic() for _ in range(100)]

    assert moments == sorted(moments)
