"""The queue of one webhook alone: order, turns, rests, what is given up (S15)."""

import itertools

import pytest

from otppi.domain.hook_queue import MOST_REFUSALS, NEVER, HookQueue
from otppi.domain.webhooks import GIVE_UP_S, MOST_BYTES, PLAN_S, Answer, Event

OK, BROKEN, REFUSED, SILENT = Answer(200), Answer(500), Answer(422), Answer(0, "silent")


class Rig:
    """A queue and the receiver behind it: ``answers`` decides by the event's number."""

    def __init__(self, answers=lambda number: OK, **words):
        self.queue, self.answers, self.now, self.posted, self.taken, self.over = HookQueue(**words), answers, 0.0, [], [], []

    def add(self, *numbers, size=10):
        for number in numbers:
            self.over += [int(event.id) for event in self.queue.add(Event(str(number), b"x" * size, 0.0), self.now)]

    def run(self, until=0.0):
        """Let time pass, and post whatever is due."""
        while True:
            self.over += [int(event.id) for event in self.queue.over(self.now)]
            while (event := self.queue.next(self.now)) is not None:
                self.posted.append((round(self.now), int(event.id)))
                if (done := self.queue.settle(self.answers(int(event.id)), self.now, 0.5)) is not None:
                    self.taken.append(int(done.id))
            if self.queue.moment() > until:
                self.now = max(self.now, until)
                return self
            assert self.queue.moment() > self.now, "nothing is due, yet it would be looked at again at once"
            self.now = self.queue.moment()


@pytest.fixture
def rig():
    return Rig()


def test_events_go_out_in_their_order_one_at_a_time(rig):
    rig.add(1, 2, 3)
    assert rig.queue.next(0).id == "1"
    assert rig.queue.next(0) is None
    assert rig.queue.moment() == NEVER, "its answer is waited for"
    rig.queue.settle(OK, 0, 0.5)
    assert rig.run().taken == [2, 3]
    assert (rig.queue.delivered, len(rig.queue), rig.queue.moment()) == (3, 0, NEVER)


def test_a_receiver_that_was_away_gets_everything_in_order(rig):
    rig.answers = lambda number: SILENT
    rig.add(*range(1, 6))
    rig.run(39)
    assert [moment for moment, _ in rig.posted] == [0, 10], "the whole webhook rests, not each event by itself"
    rig.answers = lambda number: OK
    assert rig.run(45).taken == [1, 2, 3, 4, 5]
    assert {moment for moment, _ in rig.posted[2:]} == {40}


@pytest.mark.parametrize("turns", range(1, 7))
def test_whenever_it_comes_back_at_most_one_event_is_early(turns):
    rig = Rig(lambda number: SILENT)
    rig.add(*range(1, 6))
    while len(rig.posted) < turns:
        rig.run(max(rig.now, rig.queue.moment()))
    rig.answers = lambda number: OK
    rig.run(rig.now + 3700)
    assert sorted(rig.taken) == [1, 2, 3, 4, 5]
    assert rig.taken[1:] == sorted(rig.taken[1:])


@pytest.mark.parametrize("refusal", [BROKEN, REFUSED, SILENT])
def test_an_event_that_the_receiver_cannot_take_does_not_stop_later_ones(refusal):
    rig = Rig(lambda number: refusal if number == 1 else OK)
    rig.add(*range(1, 101))
    rig.run(60)
    assert rig.taken == list(range(2, 101))
    rig.add(101)
    rig.run(61)
    assert rig.taken[-1] == 101
    rig.answers = lambda number: OK
    assert rig.run(61 + PLAN_S[3]).taken[-1] == 1, "it is not forgotten"


def test_several_that_cannot_be_taken_are_all_set_aside_and_the_others_go_on():
    bad = {1, 2, 5, 6, 7}
    rig = Rig(lambda number: REFUSED if number in bad else OK)
    rig.add(*range(1, 11))
    rig.run(3600)
    assert sorted(rig.taken) == [3, 4, 8, 9, 10]
    assert len(rig.queue) == len(bad)
    rig.run(GIVE_UP_S + 1)
    assert sorted(rig.over) == sorted(bad)
    assert len(rig.posted) < 60 * len(bad), "each of them is tried by the plan and no more often"


def test_a_receiver_that_cannot_be_reached_rests_also_when_only_refused_events_are_left():
    rig = Rig(lambda number: OK if number == 9 else REFUSED)
    rig.add(*range(1, 10))
    rig.run(3600)
    assert (rig.taken, len(rig.queue)) == ([9], 8)
    rig.posted.clear()
    rig.answers = lambda number: SILENT
    rig.run(3 * 3600)
    assert len(rig.posted) < 10, "by the plan of the webhook, not by that of each event"


def test_events_of_a_sort_that_the_receiver_refuses_do_not_slow_down_the_others():
    rig = Rig(lambda number: REFUSED if number % 3 else OK)
    rig.add(*range(100))
    assert rig.run().taken == list(range(0, 100, 3))


def test_a_receiver_that_refuses_everything_is_not_asked_for_each_event_at_once():
    rig = Rig(lambda number: REFUSED)
    rig.add(*range(100))
    rig.run(9)
    assert len(rig.posted) == MOST_REFUSALS + 1
    rig.answers = lambda number: OK
    rig.run(GIVE_UP_S)
    assert sorted(rig.taken) == list(range(100))


def test_one_event_is_tried_by_the_plan_for_two_days_and_then_given_up(rig):
    rig.answers = lambda number: BROKEN
    rig.add(1)
    rig.run(GIVE_UP_S - 1)
    moments = [moment for moment, _ in rig.posted]
    assert [later - earlier for earlier, later in itertools.pairwise(moments[:8])] == [*PLAN_S, PLAN_S[-1]]
    assert len(moments) == 53
    assert rig.over == []
    assert rig.run(GIVE_UP_S).over == [1]
    assert (rig.queue.given_up, len(rig.queue), rig.queue.moment()) == (1, 0, NEVER)


def test_what_waited_in_an_earlier_life_counts(rig):
    rig.answers = lambda number: BROKEN
    rig.queue.add(Event("1", b"", 0.0), 0.0, age_s=GIVE_UP_S - 60)
    assert rig.run(59).over == []
    assert rig.run(60).over == [1]


@pytest.mark.parametrize("age_s", [-1e9, 1e9])
def test_a_clock_that_was_wrong_keeps_nothing_longer_and_breaks_nothing(rig, age_s):
    rig.queue.add(Event("1", b"", 0.0), 0.0, age_s=age_s)
    assert len(rig.queue.over(GIVE_UP_S)) == 1


def test_beyond_the_bound_the_oldest_are_given_up_but_not_the_one_on_its_way():
    rig = Rig(most_events=3)
    rig.add(1, 2, 3)
    assert rig.queue.next(0).id == "1"
    rig.add(4, 5)
    assert rig.over == [2, 3]
    rig.queue.settle(OK, 0, 0.5)
    assert rig.run().taken == [4, 5]
    assert rig.queue.given_up == 2


def test_long_bodies_count_as_what_they_are(rig):
    rig.add(1, 2, size=MOST_BYTES // 2)
    assert rig.over == []
    rig.add(3, size=10)
    assert rig.over == [1]
    rig.run()
    rig.add(4, 5, size=MOST_BYTES // 2)
    assert rig.over == [1], "what is gone does not count"
    rig.add(6, size=2 * MOST_BYTES)
    assert rig.over == [1, 4, 5]
    assert rig.run().taken[-1] == 6, "the newest one is never given up for itself"


def test_ten_thousand_are_the_bound_and_go_out_in_their_order(rig):
    rig.add(*range(10_050))
    assert rig.over == list(range(50))
    assert rig.run().taken == list(range(50, 10_050))


def test_a_change_begins_anew_in_the_old_order():
    rig = Rig(lambda number: REFUSED if number == 1 else OK)
    rig.add(1, 2)
    rig.run(100)
    rig.add(3)
    rig.answers = lambda number: SILENT
    rig.run(101)
    assert (rig.queue.failures, rig.taken) == (1, [2])
    rig.queue.mend()
    rig.answers = lambda number: OK
    assert rig.run(101).taken == [2, 1, 3]
