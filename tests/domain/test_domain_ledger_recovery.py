"""A new life reads real files: what an earlier one left comes to one end, whatever happened to power and clock."""

import base64
import dataclasses
import json

import pytest
from doubles.clock import NOON
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otppi.adapters.seal import Seal
from otppi.domain.chronicle import Mark
from otppi.domain.job import Job, Priority
from otppi.domain.ledger import Ledger
from otppi.domain.outcome import Fate, Outcome
from otppi.store.days import DayJournals
from otppi.store.marks import MarkFile, read_marks
from otppi.store.spool import Spool

DAY = 86_400.0
PRINTS = ["0f" * 16, "1e" * 16, "2d" * 16]
SENT = Outcome(Fate.SENT, "sent", "", "A", (1, 1), (200,), "+CMGS: 200")
FAILED = Outcome(Fate.FAILED, "failed", "No.", "A", (0, 1))
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def an_id(number):
    return base64.b32hexencode(number.to_bytes(16, "big")).decode().rstrip("=")


class House:
    """A machine with its disk; :meth:`start` begins a life of the gateway, dropping the one before without a word."""

    def __init__(self, folder):
        self.folder = folder
        self.wall, self.monotonic = NOON, 1000.0
        self.boot, self.key = "boot-1", b"1" * 32
        self.marks = {}
        self.remember_h = 24
        self._days = None
        self.start()

    def start(self):
        self.close()
        self._days = DayJournals(self.folder / "journal", lambda: self.wall, keep_days=30)
        self.spool = Spool(self.folder / "spool", lambda: Seal(self.key))
        self.ledger = Ledger(self._days, self.spool, b"n" * 32, remember_h=self.remember_h)
        marks = [Mark.from_json(value) for value in read_marks(self.folder / "marks")]
        self.found = self.ledger.recover(marks, self.boot, now=self.wall, monotonic=self.monotonic)
        return self.found

    def lose_power(self):
        self.boot, self.key = f"boot-{int(self.boot[5:]) + 1}", bytes(32)
        self.monotonic = 5.0

    def wait(self, seconds):
        self.wall += seconds
        self.monotonic += seconds

    def mark(self, sender, job, *, left=False, taken=()):
        if sender not in self.marks:
            self.marks[sender] = MarkFile(self.folder / "marks" / sender)
        self.marks[sender].write(Mark(job.id, job.parts, left, taken).to_json())

    def close(self):
        if self._days is not None:
            self._days.close()
        for file in self.marks.values():
            file.close()
        self.marks.clear()

    def take(self, number=1, *, armed=True, kept=False, **more):
        job = Job(id=an_id(number), to="6281234567", text="Your code is 135790", parts=1, priority=Priority.OTP, deadline=self.monotonic + 300,
                  expires=True, reply_due=self.monotonic + 25, source="rest", user="shop", **more)
        self.ledger.arrived(job, self.wall)
        if armed:
            self.ledger.arm([job.id])
            self._days.syncing()()
        if kept:
            self.ledger.keep(job, now=self.wall, monotonic=self.monotonic)
        return job

    def end(self, job, outcome):
        self.ledger.begun(job.id, outcome.sender, self.wall)
        self.ledger.settled(job, outcome, self.wall)

    def status(self, job):
        records = self._days.search(self.wall, job.id.encode(), 30)
        return [json.loads(record)["status"] for record in records if b'"end"' in record]

    def bodies(self):
        return sorted(path.name for path in (self.folder / "spool").iterdir())


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


def as_kept(job):
    return dataclasses.replace(job, reply_due=None, patient=True, hurried=False)


def ends(found):
    return {facts.id: outcome.fate for facts, outcome in found.ended}


def test_the_first_life_finds_nothing(house):
    assert (house.found.resumed, house.found.ended, house.found.sent, house.found.otps, house.found.trouble) == ([], [], [], {}, "")


def test_a_kept_message_comes_back_as_it_was_and_in_hand(house):
    job = house.take(kept=True, armed=False, print=PRINTS[0], client_id=7, hurried=True)
    house.wait(10)
    assert house.start().resumed == [as_kept(job)]
    assert house.ledger.in_hand(job.id, "rest:shop")["status"] == "queued"
    known = house.ledger.known(PRINTS[0], house.wall)
    assert (known.message_id, known.outcome) == (job.id, None)
    house.ledger.arm([job.id])
    house.end(house.found.resumed[0], SENT)
    assert house.status(job) == ["sent"]
    assert house.bodies() == []
    assert house.start().resumed == []


@pytest.mark.parametrize("days", [-400, -10, -1, 1, 10, 29, 40])
def test_a_clock_set_wrong_between_two_lives_neither_loses_a_kept_message_nor_moves_its_deadline(house, days):
    job, open_one = house.take(kept=True), house.take(2, print=PRINTS[0])
    house.mark("A", open_one, left=True)
    house.wall += days * DAY
    house.wait(10)
    for _ in range(3):  # a jump forward makes old journals go, which must not hurt the life after
        assert [one.deadline for one in house.start().resumed] == [job.deadline]
        house.wall += 1
    house.end(house.found.resumed[0], SENT)
    assert house.start().resumed == []


def test_a_clock_set_back_leaves_a_message_in_doubt_unknown(house):
    job = house.take(print=PRINTS[0])
    house.mark("A", job, left=True)
    house.wall -= 10 * DAY
    assert ends(house.start()) == {job.id: Fate.UNKNOWN}
    assert house.ledger.known(PRINTS[0], house.wall).outcome.fate is Fate.UNKNOWN


def test_where_monotonic_time_starts_again_the_wall_clock_tells_how_long_a_message_may_still_wait(house):
    house.take(kept=True)
    house.wall += 100
    house.monotonic = 3.0
    assert [one.deadline for one in house.start().resumed] == [pytest.approx(3.0 + 200)]


def test_a_gateway_that_ran_for_weeks_still_knows_which_life_of_the_machine_it_is(house):
    for _ in range(9):
        house.wait(2 * DAY)
        done = house.take(int(house.wall))
        house.end(done, SENT)
    job = house.take(kept=True)
    assert [one.id for one in house.start().resumed] == [job.id]


def test_a_message_that_waited_for_days_is_found_though_its_records_lie_in_old_files(house):
    job, other = house.take(1, kept=True, armed=False), house.take(2, kept=True, armed=False)
    for number in range(3, 8):
        house.wait(DAY)
        house.end(house.take(number), SENT)
    house.ledger.arm([job.id])  # a modem came back; the promise stands five files earlier
    assert [one.id for one in house.start().resumed] == [job.id, other.id]
    assert house.ledger._open[job.id].armed
    assert not house.ledger._open[other.id].armed
    assert len(house.found.sent) == 1  # what is read twice is counted once


def test_records_on_both_sides_of_midnight_are_one_message(house):
    house.wall = NOON - NOON % DAY + DAY - 1
    job, kept = house.take(), house.take(2, kept=True)
    house.wait(2)
    house.end(job, SENT)
    found = house.start()
    assert found.ended == []
    assert [one.id for one in found.resumed] == [kept.id]


def test_after_a_power_cut_nothing_goes_on_and_each_message_says_what_can_be_said(house):
    waiting, armed = house.take(1, kept=True, armed=False), house.take(2, kept=True)
    done, stale = house.take(3, kept=True), house.take(4)
    house.mark("A", done, taken=(9,))
    house.mark("B", stale)
    house.lose_power()
    found = house.start()
    assert found.resumed == []
    assert ends(found) == {waiting.id: Fate.FAILED, armed.id: Fate.UNKNOWN, done.id: Fate.SENT, stale.id: Fate.UNKNOWN}
    assert all("ower was lost" in outcome.error for facts, outcome in found.ended if facts.id != done.id)
    assert house.bodies() == []


def test_a_key_that_outlived_the_power_resumes_nothing(house):
    job = house.take(kept=True)
    key = house.key
    house.lose_power()
    house.key = key
    assert ends(house.start()) == {job.id: Fate.UNKNOWN}


def test_a_start_after_a_power_cut_that_is_itself_cut_short_decides_the_same_again(house, monkeypatch):
    jobs = [house.take(number, kept=True) for number in range(1, 4)]
    house.lose_power()
    whole = DayJournals.append
    written = []

    def killed(self, payload):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(payload)
        whole(self, payload)

    with monkeypatch.context() as patch:
        patch.setattr(DayJournals, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            house.start()
    assert ends(house.start()) == {jobs[2].id: Fate.UNKNOWN}
    assert [house.status(job) for job in jobs] == [["unknown"]] * 3


def test_a_wrong_key_in_the_same_life_ends_a_kept_message_as_not_sent(house):
    job = house.take(kept=True)
    house.key = b"2" * 32
    assert ends(house.start()) == {job.id: Fate.FAILED}
    assert house.bodies() == []


def test_a_torn_body_ends_its_message_and_hurts_no_other(house):
    torn, whole = house.take(1, kept=True), house.take(2, kept=True)
    path = house.folder / "spool" / torn.id
    path.write_bytes(path.read_bytes()[:-1])
    found = house.start()
    assert ends(found) == {torn.id: Fate.FAILED}
    assert [one.id for one in found.resumed] == [whole.id]
    assert house.bodies() == [whole.id]


@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b"not JSON", b'{"deadline":1,"kept":[1,1],"priority":9}'])
def test_a_body_in_words_of_another_version_ends_its_message_and_not_the_start(house, body):
    job = house.take(kept=True)
    house.spool.keep(job.id, body)
    assert ends(house.start()) == {job.id: Fate.FAILED}


def test_a_body_without_a_story_was_never_promised_and_goes(house):
    house.spool.keep(an_id(99), b"{}")
    found = house.start()
    assert (found.resumed, found.ended) == ([], [])
    assert house.bodies() == []


def test_a_body_that_outlived_its_end_goes(house):
    job = house.take(kept=True)
    body = (house.folder / "spool" / job.id).read_bytes()
    house.end(job, SENT)
    (house.folder / "spool" / job.id).write_bytes(body)
    assert house.start().resumed == []
    assert house.bodies() == []


def test_a_damaged_mark_makes_what_was_armed_unknown(house):
    job, waiting = house.take(1, kept=True), house.take(2, kept=True, armed=False)
    house.mark("A", job, left=True)
    path = house.folder / "marks" / "A"
    path.write_bytes(path.read_bytes()[:40] + b"#" + path.read_bytes()[41:])
    found = house.start()
    assert ends(found) == {job.id: Fate.UNKNOWN}
    assert [one.id for one in found.resumed] == [waiting.id]


def test_only_what_may_have_been_sent_is_remembered_and_only_in_time(house):
    for number, outcome in enumerate([SENT, FAILED, Outcome(Fate.UNKNOWN, "unknown", sender="A", parts=(0, 1))]):
        house.end(house.take(number + 1, print=PRINTS[number]), outcome)
        house.wait(3600)
    house.start()
    known = [house.ledger.known(print_, house.wall) for print_ in PRINTS]
    assert [entry and entry.outcome.fate for entry in known] == [Fate.SENT, None, Fate.UNKNOWN]
    assert known[0].outcome == SENT
    house.wait(24 * 3600 - 3 * 3600)
    house.start()
    assert house.ledger.known(PRINTS[0], house.wall) is None
    assert house.ledger.known(PRINTS[2], house.wall) is not None


def test_journals_are_read_as_far_back_as_requests_are_remembered(house):
    house.remember_h = 24 * 7
    house.end(house.take(1, print=PRINTS[0]), SENT)
    for number in range(2, 7):
        house.wait(DAY)
        house.end(house.take(number), SENT)
    house.start()
    assert house.ledger.known(PRINTS[0], house.wall).message_id == an_id(1)


def test_a_retry_after_a_failure_is_remembered_by_its_own_time(house):
    house.end(house.take(1, print=PRINTS[0]), FAILED)
    house.wait(23 * 3600)
    house.end(house.take(2, print=PRINTS[0]), SENT)
    house.wait(2 * 3600)
    assert house.ledger.known(PRINTS[0], house.wall).message_id == an_id(2)
    house.start()
    assert house.ledger.known(PRINTS[0], house.wall).message_id == an_id(2)


def test_the_senders_limits_learn_what_left_in_the_last_day_in_order(house):
    slow = house.take(1)
    quick = house.take(2)
    house.end(quick, dataclasses.replace(SENT, sender="B"))
    house.wait(3600)
    house.end(slow, SENT)
    assert house.start().sent == [("B", house.wall - 3600, 1), ("A", house.wall, 1)]
    house.wall -= 2 * DAY
    assert sorted(house.start().sent) == [("A", house.wall, 1), ("B", house.wall, 1)]  # not in the future
    house.wall += 2 * DAY + DAY - 1800
    assert [sender for sender, *_ in house.start().sent] == ["A"]


def test_the_senders_limits_hear_in_order_of_what_left_before_and_after_a_clock_was_set_back(house):
    house.end(house.take(1), SENT)
    house.wall -= 3600
    house.end(house.take(2), dataclasses.replace(SENT, sender="B"))
    house.wall += 7200
    assert house.start().sent == [("B", house.wall - 7200, 1), ("A", house.wall - 3600, 1)]


def test_the_fate_of_each_otp_is_that_of_its_latest_message(house):
    house.end(house.take(1, otp="aa"), FAILED)
    house.end(house.take(2, otp="aa"), SENT)
    house.end(house.take(3, otp="bb"), FAILED)
    house.take(4, otp="cc", kept=True)
    house.mark("A", house.take(5, otp="dd"), left=True)
    fates = {otp: outcome.fate for otp, outcome in house.start().otps.items()}
    assert fates == {"aa": Fate.SENT, "bb": Fate.FAILED, "cc": Fate.IN_HAND, "dd": Fate.UNKNOWN}


def test_neither_text_nor_whole_number_lies_in_any_file(house):
    secret = "\N{KEY} geheim 135790"
    for number in range(1, 4):
        job = house.take(number, kept=True, print=PRINTS[0], otp="ab", client_id=secret)
        house.mark("A", job, left=True)
    house.end(job, SENT)
    house.ledger.keep(dataclasses.replace(house.take(5), text=secret), now=house.wall, monotonic=house.monotonic)
    house.start()
    everything = b"".join(path.read_bytes() for path in house.folder.rglob("*") if path.is_file())
    assert b"62812" in everything  # the masked number
    for word in (b"6281234567", b"1234567", b"135790", b"geheim", b"Your code", "\N{KEY}".encode(), base64.b64encode(b"6281234567"), b"6281234567".hex().encode()):
        assert word not in everything


STEPS = st.sampled_from(["keep", "arm", "left", "took", "cleared", "end"])


@SLOW
@given(courses=st.lists(st.lists(STEPS, unique=True, max_size=4), max_size=4), power=st.booleans(), days=st.sampled_from([0, 0, -9, 1]))
def test_whatever_was_left_the_second_start_says_the_same_and_nobody_is_without_an_end(tmp_path_factory, courses, power, days):
    house = House(tmp_path_factory.mktemp("house"))
    try:
        for number, course in enumerate(courses, 1):
            job = house.take(number, armed="arm" in course, kept="keep" in course)
            for step in course:
                match step:
                    case "left":
                        house.mark(job.id, job, left=True)
                    case "took":
                        house.mark(job.id, job, taken=(number,))
                    case "cleared":
                        house.mark(job.id, job)
                    case "end":
                        house.end(job, SENT if "took" in course else FAILED)
        if power:
            house.lose_power()
        house.wall += days * DAY
        first = house.start()
        again = house.start()
        assert again.ended == []
        assert again.resumed == first.resumed
        assert {one.id for one in first.resumed} == set(house.bodies())
        for number, course in enumerate(courses, 1):
            traced = {"arm", "keep", "end"} & set(course)
            resumed = an_id(number) in {one.id for one in first.resumed}
            records = list(house._days.search(NOON - 10 * DAY, an_id(number).encode(), 30))
            written = [record for record in records if b'"end"' in record]
            if traced:
                assert bool(written) != resumed
            else:
                assert not records
    finally:
        house.close()
