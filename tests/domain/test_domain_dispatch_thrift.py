"""The cheapest sends, and a message waits for it, but not for ever; every rule of the dispatch holds with prices too."""

import pytest
from domain.ledger import PAIR, Ledger
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.domain.dispatch import Dispatch, Standing
from otppi.domain.job import Priority
from otppi.domain.outcome import Verdict
from otppi.domain.routing import Path
from otppi.domain.states import OTP_THRIFT_S, Stage

TRIO = (*PAIR, Path("C", "C"))


class Shop(Ledger):
    """A ledger whose senders take what ``prices`` says."""

    def __init__(self, paths=TRIO, **prices):
        super().__init__(paths)
        self.prices = prices
        self.thrifty_until = {}
        self.dispatch = Dispatch(self.routes.modems, 10_000, lambda job, senders: self.cheapest(senders))

    def accept(self, *, priority=Priority.SINGLE, wait=300.0, **fields):
        self.thrifty_until[f"{len(self.jobs):05d}"] = self.now + (min(5.0, wait / 2) if priority is Priority.OTP else wait / 2)
        return super().accept(priority=priority, wait=wait, **fields)

    def cheapest(self, senders):
        least = min(self.prices[sender] for sender in senders)
        return tuple(sender for sender in senders if self.prices[sender] == least)

    def reprice(self, **prices):
        self.prices.update(prices)
        self.take(self.dispatch.routes_changed(self.now))

    def _may_send(self, job):
        able = super()._may_send(job)
        return self.cheapest(able) if able and self.now < self.thrifty_until[job.id] else able

    def _next_moment(self, entry):
        moments = [super()._next_moment(entry)]
        if entry.thrifty and entry.stage in {Stage.QUEUED, Stage.ARMING}:
            moments.append(self.thrifty_until[entry.job.id])
        return min((moment for moment in moments if moment is not None), default=None)


@pytest.fixture
def shop():
    shop = Shop(A=50, B=100, C=350)
    shop.usable("A", "C", "B")  # C has been idle for longer than B
    return shop


def sent_by(shop):
    return [sender for sender, _ in shop.assigned]


def test_the_cheapest_sends_and_the_next_waits_for_it(shop):
    first, second = shop.send(), shop.send()
    assert sent_by(shop) == ["A"]
    shop.finish("A")
    shop.clear(second)
    shop.finish("A")
    assert sent_by(shop) == ["A", "A"]
    assert shop.fate(first).name == shop.fate(second).name == "SENT"


@pytest.mark.parametrize("priority, seconds", [(Priority.OTP, OTP_THRIFT_S), (Priority.SINGLE, 150.0), (Priority.BULK, 150.0)])
def test_one_that_has_waited_long_enough_goes_by_the_next_cheapest_that_has_nothing_to_do(shop, priority, seconds):
    shop.send()
    job = shop.send(priority=priority, reply_in=None)
    shop.wait(seconds - 0.1)
    assert sent_by(shop) == ["A"]
    shop.wait(0.1)
    shop.clear(job)
    assert sent_by(shop) == ["A", "B"]


def test_a_short_time_is_halved_for_a_one_time_password_too(shop):
    shop.send()
    job = shop.send(priority=Priority.OTP, wait=4.0, expires=True)
    shop.wait(2)
    shop.clear(job)
    assert sent_by(shop) == ["A", "B"]


def test_one_that_has_waited_long_enough_takes_whoever_is_free_first_when_nobody_is(shop):
    for name in "ABC":
        shop.prices[name] = 1
    for _ in range(3):
        shop.send(reply_in=None)
    shop.reprice(A=50, B=100, C=350)
    late = shop.send(priority=Priority.OTP)
    shop.wait(OTP_THRIFT_S)
    shop.finish("C")
    shop.clear(late)
    assert sent_by(shop)[-1] == "C"


def test_a_modem_that_is_down_or_gave_up_is_passed_over_and_comes_back(shop):
    shop.stand(Standing.RESTING, "A")
    shop.send()
    assert sent_by(shop) == ["B"]
    shop.usable("A")
    job = shop.send()
    assert sent_by(shop) == ["B", "A"]
    shop.finish("B")
    shop.finish("A", Verdict.ELSEWHERE)
    shop.clear(job)
    assert sent_by(shop) == ["B", "A", "B"]


def test_a_price_that_changes_moves_those_who_wait_and_those_who_were_only_offered(shop):
    shop.send()
    waiting, offered = shop.send(), shop.accept()
    shop.finish("A")
    assert shop.dispatch._held == {"A": waiting.id}
    shop.reprice(A=400)
    assert shop.dispatch._held == {"B": waiting.id}
    shop.clear(waiting)
    shop.clear(offered)
    assert sent_by(shop) == ["A", "B"]


def test_equals_take_turns_and_the_dearer_one_none(shop):
    shop.reprice(B=50)
    for _ in range(4):
        shop.send()
        shop.finish(sent_by(shop)[-1])
    assert sent_by(shop) == ["A", "B", "A", "B"]


def test_one_that_waits_for_the_only_one_there_is_goes_by_a_dearer_one_that_comes_later_once_it_has_waited_long_enough(shop):
    shop.stand(Standing.COMING, "A", "C")
    shop.send()
    job = shop.send(priority=Priority.OTP)
    shop.reprice(C=350)
    shop.usable("C")
    shop.wait(OTP_THRIFT_S)
    shop.clear(job)
    assert sent_by(shop) == ["B", "C"]


def test_one_alone_is_never_asked_for_its_price():
    asked = []
    shop = Shop(PAIR[:1], A=1)
    shop.dispatch._cheapest = lambda job, senders: asked.append(senders) or senders
    shop.usable("A")
    shop.send()
    assert not asked
    assert shop.dispatch.next_due() is not None


STEPS = st.lists(st.one_of(
    st.tuples(st.just("send"), st.sampled_from(Priority), st.sampled_from([3.0, 60.0, 300.0])),
    st.tuples(st.just("finish"), st.sampled_from("ABC"), st.sampled_from([Verdict.SENT, Verdict.ELSEWHERE, Verdict.AGAIN, Verdict.UNKNOWN])),
    st.tuples(st.just("stand"), st.sampled_from("ABC"), st.sampled_from(Standing)),
    st.tuples(st.just("reprice"), st.sampled_from("ABC"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([0.5, 5.0, 40.0]), st.none()),
    st.tuples(st.just("clear"), st.none(), st.none()),
), max_size=40)


@settings(max_examples=200)
@given(STEPS)
def test_whatever_happens_every_rule_of_the_dispatch_holds_with_prices_too(steps):
    shop = Shop(A=1, B=2, C=3)
    shop.usable("A", "B", "C")
    for what, first, second in steps:
        match what:
            case "send":
                shop.send(priority=first, wait=second)
            case "finish":
                shop.finish(first, second)
            case "stand" if first not in shop.holds:
                shop.stand(second, first)
            case "reprice":
                shop.reprice(**{first: second})
            case "wait":
                shop.wait(first)
            case "clear":
                for job_id in [job_id for job_id in shop.jobs if shop.open_question(job_id)]:
                    shop.clear(shop.jobs[job_id])
