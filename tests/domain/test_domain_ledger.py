"""What is on disk before what is said, and that nothing is lost when a write fails."""

import dataclasses
import json

import pytest
from doubles.papers import Papers

from otppi.domain import chronicle
from otppi.domain.errors import StoreError
from otppi.domain.job import Job, Priority
from otppi.domain.ledger import Ledger, owner_of, story_of
from otppi.domain.outcome import Fate, Outcome

KEY = b"k" * 32
BOOT = "boot-1"
PRINT = "0f" * 16
SENT = Outcome(Fate.SENT, "sent", "", "A", (1, 1), (200,), "+CMGS: 200")
FAILED = Outcome(Fate.FAILED, "failed", "No.", "A", (0, 1))
UNKNOWN = Outcome(Fate.UNKNOWN, "unknown", "Who knows.", "A", (0, 1))
REFUSED = Outcome(Fate.REFUSED, "failed", "The queue is full.", parts=(0, 1))


def job(number=1, **more):
    return Job(id=f"{number:026d}", to="6281234567", text="Your code is 135790", parts=1, priority=Priority.SINGLE, deadline=1300.0, expires=False,
               reply_due=1025.0, source="rest", user="shop", **more)


@pytest.fixture
def papers():
    return Papers()


@pytest.fixture
def ledger(papers):
    return a_life(papers)


def a_life(papers, life=BOOT, marks=(), now=1000.0):
    ledger = Ledger(papers, papers, KEY, remember_h=24)
    made = Lived(ledger)
    made.found = ledger.recover(marks, life, now=now, monotonic=now)
    return made


class Lived:
    """A ledger with what its recovery found."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.found = None

    def __getattr__(self, name):
        return getattr(self.ledger, name)

    def take(self, job, *, armed=True, kept=False, begun=True):
        self.arrived(job, 1000.0)
        if armed:
            self.arm([job.id])
        if kept:
            self.keep(job, now=1001.0, monotonic=1001.0)
        if begun:
            self.begun(job.id, "A", 1002.0)
        return job


def kinds(papers):
    return [json.loads(line)["r"] for line in papers.lines]


# order


def test_an_arrival_writes_nothing(ledger, papers):
    ledger.arrived(job(), 1000.0)
    assert not papers.calls


def test_a_body_is_sealed_before_the_record_that_promises_it(ledger, papers):
    ledger.take(job(), armed=False, kept=True)
    assert papers.calls == ["keep", "append"]
    assert kinds(papers) == ["kept"]


def test_a_body_is_dropped_only_after_the_end_is_written(ledger, papers):
    ledger.settled(ledger.take(job(), kept=True), SENT, 1005.0)
    assert papers.calls == ["append", "keep", "append", "append", "drop"]
    assert kinds(papers) == ["armed", "kept", "end"]
    assert not papers.bodies


def test_an_end_is_written_with_what_the_sender_reported(ledger, papers):
    ledger.settled(ledger.take(job()), SENT, 1005.0)
    story = chronicle.read(papers.lines)[job().id]
    assert story.outcome() == SENT
    assert [step["at"] for step in story.status()["history"]] == [1000.0, 1002.0, 1005.0]


def test_what_was_neither_armed_nor_kept_but_came_to_an_end_is_written_down(ledger, papers):
    blocked = Outcome(Fate.FAILED, "blocked", "The receiver is on the blocklist.", parts=(0, 1))
    ledger.settled(ledger.take(job(), armed=False, begun=False), blocked, 1001.0)
    assert kinds(papers) == ["end"]


def test_a_refused_message_leaves_nothing(ledger, papers):
    ledger.settled(ledger.take(job(print=PRINT), armed=False, begun=False), REFUSED, 1001.0)
    assert not papers.calls
    assert ledger.known(PRINT, 1001.0) is None
    assert ledger.in_hand(job().id, "rest:shop") is None


@pytest.mark.parametrize("armed, kept", [(True, False), (False, True)])
def test_a_message_that_is_refused_after_it_was_written_down_gets_its_end(ledger, papers, armed, kept):
    ledger.settled(ledger.take(job(), armed=armed, kept=kept, begun=False), REFUSED, 1001.0)
    assert kinds(papers)[-1] == "end"
    assert chronicle.read(papers.lines)[job().id].outcome().status == "failed"
    assert not papers.bodies


def test_a_message_settled_twice_is_written_once(ledger, papers):
    taken = ledger.take(job())
    ledger.settled(taken, SENT, 1005.0)
    ledger.settled(taken, FAILED, 1006.0)
    assert kinds(papers) == ["armed", "end"]


def test_a_message_that_ended_while_it_was_to_be_armed_is_passed_over(ledger, papers):
    ledger.arrived(job(2), 1000.0)
    ledger.arm([job(1).id, job(2).id])
    assert [json.loads(line)["id"] for line in papers.lines] == [job(2).id]


def test_what_is_left_for_the_next_life_stays_on_disk(ledger, papers):
    taken = ledger.take(job(), kept=True, begun=False)
    ledger.left(taken.id)
    assert ledger.in_hand(taken.id, "rest:shop") is None
    assert taken.id in papers.bodies
    assert [resumed.id for resumed in a_life(papers).found.resumed] == [taken.id]


# failures


def test_nothing_is_armed_while_an_earlier_end_is_not_written(ledger, papers):
    """The sender would write over the mark that alone tells what became of the earlier message."""
    first, second = ledger.take(job(1)), ledger.take(job(2), armed=False, begun=False)
    papers.fail_from = len(papers.calls)
    with pytest.raises(StoreError):
        ledger.settled(first, SENT, 1005.0)
    assert ledger.behind
    with pytest.raises(StoreError):
        ledger.arm([second.id])
    papers.fail_from = None
    ledger.arm([second.id])
    assert kinds(papers) == ["armed", "end", "armed"]
    assert not ledger.behind


def test_a_batch_whose_second_record_fails_leaves_both_to_be_ended(ledger, papers):
    jobs = [ledger.take(job(number), armed=False, begun=False) for number in (1, 2)]
    papers.fail_from = 1
    with pytest.raises(StoreError):
        ledger.arm([job.id for job in jobs])
    for one in jobs:
        with pytest.raises(StoreError):
            ledger.settled(one, REFUSED, 1001.0)
    papers.fail_from = None
    ledger.catch_up()
    stories = chronicle.read(papers.lines)
    assert {story.outcome().fate for story in stories.values()} == {Fate.FAILED}
    assert set(stories) == {jobs[0].id, jobs[1].id}


def test_a_body_that_could_not_be_kept_promises_nothing(ledger, papers):
    taken = ledger.take(job(), begun=False)
    papers.fail_from = 1
    with pytest.raises(StoreError):
        ledger.keep(taken, now=1001.0, monotonic=1001.0)
    papers.fail_from = None
    assert kinds(papers) == ["armed"]
    ledger.settled(taken, SENT, 1005.0)
    assert papers.calls[-1] == "append"


def test_a_promise_that_could_not_be_written_is_not_resumed_and_its_body_is_dropped(ledger, papers):
    taken = ledger.take(job(), begun=False)
    papers.fail_from = 2
    with pytest.raises(StoreError):
        ledger.keep(taken, now=1001.0, monotonic=1001.0)
    papers.fail_from = None
    found = a_life(papers).found
    assert not found.resumed
    assert [outcome.fate for _, outcome in found.ended] == [Fate.FAILED]
    assert not papers.bodies


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("failing", range(5))
@pytest.mark.parametrize("crash", [False, True])
def test_whichever_write_of_an_end_fails_it_is_written_later_and_the_body_goes_after_it(ledger, papers, kept, failing, crash):
    taken = [ledger.take(job(number), kept=kept) for number in (1, 2)]
    papers.fail_from, papers.fail = len(papers.calls) + failing, 1
    failed = False
    for one in taken:
        try:
            ledger.settled(one, SENT, 1005.0)
        except StoreError:
            failed = True
            if crash:
                break
    if crash:
        marks = [chronicle.Mark(one.id, 1, left=False, taken=(200,)) for one in taken]
        assert not a_life(papers, marks=marks).found.resumed
    else:
        ledger.catch_up()
        assert not ledger.behind
        assert kinds(papers).count("end") == 2
        assert failed == (failing < (4 if kept else 2))
    assert {story.outcome().fate for story in chronicle.read(papers.lines).values()} == {Fate.SENT}
    assert not papers.bodies


def test_ends_are_written_late_in_the_order_in_which_they_came(ledger, papers):
    jobs = [ledger.take(job(number)) for number in range(1, 5)]
    papers.fail_from = len(papers.calls)
    for one in jobs:
        with pytest.raises(StoreError):
            ledger.settled(one, SENT, 1005.0)
    papers.fail_from = None
    ledger.catch_up()
    assert [json.loads(line)["id"] for line in papers.lines if json.loads(line)["r"] == "end"] == [one.id for one in jobs]


@pytest.mark.parametrize("failing", range(4))
def test_a_disk_that_is_full_at_start_stops_neither_the_start_nor_the_bookkeeping(papers, failing):
    before = a_life(papers)
    before.take(job(1, print=PRINT))
    before.take(job(2), kept=True, begun=False)
    before.take(job(3), kept=True)
    papers.fail_from = len(papers.calls) + failing
    after = a_life(papers, marks=[chronicle.Mark(job(1).id, 1, left=True), chronicle.Mark(job(3).id, 1, left=False, taken=(5,))])
    assert after.found.trouble == "The disk is full."
    assert after.behind
    assert after.known(PRINT, 1001.0).outcome.fate is Fate.UNKNOWN
    assert [one.id for one in after.found.resumed] == [job(2).id]
    with pytest.raises(StoreError):
        after.arm([job(2).id])
    papers.fail_from = None
    after.catch_up()
    assert {story.facts.id: story.outcome() and story.outcome().status for story in chronicle.read(papers.lines).values()} == {
        job(1).id: "unknown", job(2).id: None, job(3).id: "sent"}
    assert list(papers.bodies) == [job(2).id]


# what is asked of it


def test_a_message_in_hand_is_shown_to_its_owner_alone(ledger):
    taken = ledger.take(job(), begun=False)
    assert ledger.in_hand(taken.id, "rest:shop")["status"] == "queued"
    ledger.begun(taken.id, "A", 1002.0)
    assert ledger.in_hand(taken.id, "rest:shop") == {
        "id": taken.id, "status": "sending", "modemID": "A", "parts": {"sent": 0, "total": 1},
        "history": [{"status": "queued", "at": 1000.0}, {"status": "sending", "at": 1002.0}]}
    for stranger in ("rest:other", "mqtt:shop", ""):
        assert ledger.in_hand(taken.id, stranger) is None
    assert ledger.in_hand("x", "rest:shop") is None


def test_a_story_is_told_to_its_owner_alone(ledger, papers):
    taken = ledger.take(job())
    ledger.settled(taken, SENT, 1005.0)
    records = list(papers.search(1000.0, taken.id.encode(), 30))
    assert story_of(records, taken.id, owner_of("rest", "shop"))["status"] == "sent"
    assert story_of(records, taken.id, owner_of("rest", "other")) is None
    assert story_of(records, "x", owner_of("rest", "shop")) is None


def test_an_equal_request_is_known_from_its_arrival_on_and_forgotten_when_it_failed(ledger):
    taken = ledger.take(job(print=PRINT))
    assert ledger.known(PRINT, 1001.0).message_id == taken.id
    assert ledger.known(PRINT, 1001.0).outcome is None
    assert ledger.known("", 1001.0) is None
    ledger.settled(taken, FAILED, 1005.0)
    assert ledger.known(PRINT, 1006.0) is None
    again = ledger.take(job(2, print=PRINT))
    ledger.settled(again, UNKNOWN, 1007.0)
    assert ledger.known(PRINT, 1008.0).outcome == UNKNOWN


@pytest.mark.parametrize("wanted", [0, 1, "a", [], [1], {"x": 1}, False])
def test_a_request_with_whatever_id_may_be_known_again(ledger, wanted):
    assert len(ledger.print_of("send-sms", {"id": wanted})) == 32


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": ""}])
def test_a_request_without_an_id_may_be_repeated(ledger, data):
    assert ledger.print_of("send-sms", data) == ""


def test_every_field_that_a_sender_needs_is_kept(papers, ledger):
    full = job(flash=True, validity_s=600, client_id={"a": [1, None]}, print=PRINT, otp="ab", patient=True)
    full = dataclasses.replace(full, priority=Priority.OTP, expires=True, reply_due=None, text="Ünïcödé 🔑 \ud800", parts=2)
    ledger.take(full, armed=False, kept=True, begun=False)
    assert a_life(papers).found.resumed == [full]
