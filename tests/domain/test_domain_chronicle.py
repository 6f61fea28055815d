"""What can be said of a message after a crash, against a table and against a small model of what truly happened."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.domain import chronicle
from otppi.domain.chronicle import Facts, Mark, Next, Story, after_crash
from otppi.domain.outcome import Fate, Outcome

ID = "0" * 26
BOOT = "boot-1"
PARTS = 3


def facts(parts=PARTS, **more):
    return Facts(ID, 1000.0, "62812345XXX", "aa", "rest:shop", parts, **more)


def story(*, armed=True, kept=False, parts=PARTS):
    return Story(facts(parts), BOOT, armed, kept)


def mark(*taken, left=False, id_=ID, parts=PARTS):
    return Mark(id_, parts, left, taken)


OTHER = mark(7, left=True, id_="1" * 26)
NOTHING_DONE = {
    "no mark": [],
    "a mark of another message": [OTHER],
    "a clear failure": [mark()],
    "clear failures of two senders": [mark(), mark()],
}
IN_DOUBT = {
    "a body that left": [mark(left=True)],
    "a second body that left": [mark(7, left=True)],
    "a clear failure, then a body that left": [mark(), mark(left=True)],
    "a body that left, in the mark of the first sender": [mark(left=True), mark()],
    "two bodies taken, the third left": [OTHER, mark(7, 8, left=True)],
}
SOME = {"one part taken": [mark(7)], "two taken, by the second sender": [mark(), mark(7, 8)]}
ALL = {"all taken": [mark(7, 8, 9)], "all taken by the second sender": [mark(), OTHER, mark(7, 8, 9)]}
RECORDS = list(itertools.product((False, True), repeat=2))  # armed, kept


def cases(table):
    return pytest.mark.parametrize("marks", table.values(), ids=table.keys())


@cases(NOTHING_DONE)
@pytest.mark.parametrize("armed, kept", RECORDS)
@pytest.mark.parametrize("body", [False, True])
def test_in_the_same_life_what_no_sender_let_go_is_resumed_if_it_was_kept_and_else_failed(marks, armed, kept, body):
    step, outcome = after_crash(story(armed=armed, kept=kept), marks, same_life=True, body_kept=body)
    if kept and body:
        assert (step, outcome.fate) == (Next.RESUME, Fate.IN_HAND)
    else:
        assert (step, outcome.fate, outcome.status) == (Next.CLOSE, Fate.FAILED, "failed")
        assert outcome.parts == (0, PARTS)
        assert "before the message was sent" in outcome.error


@pytest.mark.parametrize("marks", [[], [OTHER]])
@pytest.mark.parametrize("kept, body", RECORDS)
def test_after_a_power_cut_what_was_never_armed_has_failed_and_what_was_armed_is_unknown(marks, kept, body):
    step, outcome = after_crash(story(armed=False, kept=kept), marks, same_life=False, body_kept=body)
    assert (step, outcome.fate) == (Next.CLOSE, Fate.FAILED)
    assert outcome.error == "Power was lost before the message was sent."
    step, outcome = after_crash(story(kept=kept), marks, same_life=False, body_kept=body)
    assert (step, outcome.fate, outcome.status) == (Next.CLOSE, Fate.UNKNOWN, "unknown")


@cases(NOTHING_DONE | SOME)
@pytest.mark.parametrize("kept, body", RECORDS)
def test_after_a_power_cut_a_mark_may_be_older_than_what_was_done(marks, kept, body):
    _, outcome = after_crash(story(kept=kept), marks, same_life=False, body_kept=body)
    assert outcome.fate is Fate.UNKNOWN


def test_a_mark_proves_that_a_sender_had_the_message_even_if_the_record_of_it_is_gone():
    _, outcome = after_crash(story(armed=False, kept=True), [mark()], same_life=False, body_kept=False)
    assert outcome.fate is Fate.UNKNOWN


@cases(IN_DOUBT)
@pytest.mark.parametrize("armed, kept", RECORDS)
@pytest.mark.parametrize("same_life, body", RECORDS)
def test_a_body_that_left_without_an_answer_is_unknown_whatever_else_is_known(marks, armed, kept, same_life, body):
    step, outcome = after_crash(story(armed=armed, kept=kept), marks, same_life=same_life, body_kept=body)
    assert (step, outcome.fate) == (Next.CLOSE, Fate.UNKNOWN)
    assert outcome.parts == (len(outcome.references), PARTS)


@cases(SOME)
@pytest.mark.parametrize("armed, kept", RECORDS)
@pytest.mark.parametrize("body", [False, True])
def test_a_message_of_which_a_part_left_is_never_begun_again(marks, armed, kept, body):
    step, outcome = after_crash(story(armed=armed, kept=kept), marks, same_life=True, body_kept=body)
    assert (step, outcome.fate) == (Next.CLOSE, Fate.FAILED)
    assert outcome.parts[0] == len(outcome.references) > 0
    assert f"after part {outcome.parts[0]} of 3 had left" in outcome.error


@cases(ALL)
@pytest.mark.parametrize("armed, kept", RECORDS)
@pytest.mark.parametrize("same_life, body", RECORDS)
def test_a_message_whose_parts_were_all_taken_is_sent(marks, armed, kept, same_life, body):
    step, outcome = after_crash(story(armed=armed, kept=kept), marks, same_life=same_life, body_kept=body)
    assert (step, outcome.fate, outcome.parts, outcome.references) == (Next.CLOSE, Fate.SENT, (3, 3), (7, 8, 9))


def test_the_sender_says_how_many_parts_there_were():
    assert after_crash(story(parts=2), [mark(7, 8, parts=3)], same_life=True, body_kept=False)[1].fate is Fate.FAILED
    assert after_crash(story(parts=3), [mark(7, 8, parts=2)], same_life=True, body_kept=False)[1].fate is Fate.SENT


@pytest.mark.parametrize("marks", [[], [mark()], [mark(7)]])
def test_a_damaged_mark_may_have_been_of_any_message_that_a_sender_could_have(marks):
    step, outcome = after_crash(story(kept=True), marks, same_life=True, body_kept=True, marks_whole=False)
    assert (step, outcome.fate) == (Next.CLOSE, Fate.UNKNOWN)
    assert after_crash(story(armed=False, kept=True), [], same_life=True, body_kept=True, marks_whole=False)[0] is Next.RESUME


# records and marks as they lie on disk


def test_whoever_asks_hears_of_each_message_with_an_end_and_keeps_only_the_open_ones():
    over = []
    other = Facts("1" * 26, 1.0, "62XXX", "aa", "rest:shop", 1)
    sent = chronicle.end(facts(), Outcome(Fate.SENT, "sent"), at=1, began=None)
    stories = chronicle.read([chronicle.armed(facts(), BOOT), chronicle.armed(other, BOOT), sent], over.append)
    assert list(stories) == [other.id]
    assert [(one.facts.id, one.armed, one.outcome().fate) for one in over] == [(ID, True, Fate.SENT)]


@given(st.builds(Mark, st.text(), st.integers(1, 255), st.booleans(), st.lists(st.integers(0, 255)).map(tuple)))
def test_a_mark_comes_back_as_it_was_written(written):
    assert Mark.from_json(json.loads(json.dumps(written.to_json()))) == written


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"id": ID, "parts": 1, "left": True}, {"id": ID, "parts": "x", "left": True, "taken": []},
                                   {"id": ID, "parts": 1, "left": True, "taken": 5}, {"id": ID, "parts": 0, "left": False, "taken": []}])
def test_what_is_no_mark_is_none(value):
    assert Mark.from_json(value) is None


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"7", b"null", b'{"r":"armed"}', b'{"r":"end","id":"x"}', b'{"id":"x"}', "ü".encode("latin-1")])
def test_what_is_no_record_says_nothing_and_hides_nothing(line):
    stories = chronicle.read([line, chronicle.armed(facts(), BOOT), line])
    assert list(stories) == [ID]
    assert stories[ID].armed


def test_an_end_that_is_not_understood_leaves_the_message_open():
    assert chronicle.read([chronicle.armed(facts(), BOOT), json.dumps({"r": "end", **json.loads(chronicle.armed(facts(), BOOT)) | {"r": "end"}}).encode()])[ID].end is None


FATES = [(Fate.SENT, "sent"), (Fate.FAILED, "failed"), (Fate.FAILED, "blocked"), (Fate.EXPIRED, "expired"), (Fate.UNKNOWN, "unknown")]


@pytest.mark.parametrize("fate, status", FATES)
def test_an_outcome_comes_back_as_it_was_written(fate, status):
    outcome = Outcome(fate, status, "Why.", "A", (1, PARTS), (200,), "+CMGS: 200")
    lines = [chronicle.armed(facts(print="00ff", otp="aa"), BOOT), chronicle.kept(facts(), BOOT), chronicle.end(facts(), outcome, at=1007, began=1002)]
    told = chronicle.read(lines)[ID]
    assert told.outcome() == outcome
    assert (told.facts, told.armed, told.kept, told.life) == (facts(print="00ff", otp="aa"), True, True, BOOT)
    assert told.status() == {
        "id": ID, "status": status, "modemID": "A", "parts": {"sent": 1, "total": PARTS}, "error": "Why.",
        "history": [{"status": "queued", "at": 1000.0}, {"status": "sending", "at": 1002}, {"status": status, "at": 1007}],
    }


def test_a_message_without_an_end_is_queued():
    assert story().outcome() is None
    assert story().status() == {"id": ID, "status": "queued", "modemID": "", "parts": {"sent": 0, "total": PARTS}, "history": [{"status": "queued", "at": 1000.0}]}


def test_a_later_end_counts_and_a_word_of_a_later_version_is_never_taken_for_not_sent():
    unknown, sent, strange = (chronicle.end(facts(), Outcome(Fate.SENT, status), at=1, began=None) for status in ("unknown", "sent", "beamed"))
    assert chronicle.read([unknown, sent])[ID].outcome().fate is Fate.SENT
    assert chronicle.read([strange])[ID].outcome().fate is Fate.UNKNOWN


def test_a_record_holds_whatever_a_name_holds_without_breaking_its_line():
    odd = Facts(ID, 1.0, "62XXX", "aa", "rest:a\nb\ud800\u2028ü", 1)
    line = chronicle.armed(odd, BOOT)
    assert b"\n" not in line
    assert chronicle.read([line])[ID].facts == odd


# against what truly happened


class World:
    """One message, step by step. Everything that survives is kept in all its versions; truth is kept beside it."""

    def __init__(self, parts):
        self.parts = parts
        self.lines, self.synced = [], 0
        self.marks = {"A": [None], "B": [None]}
        self.body = self.promised = False
        self.taken = 0  # by the network, in truth
        self.doubt = False  # a body is on its way, in truth
        self.asked = False  # between "about to leave" and the note of the answer
        self.told = None

    def record(self, line):
        self.lines.append(line)

    def sync(self):
        self.synced = len(self.lines)

    def note(self, sender, left, taken=0):
        self.marks[sender].append(Mark(ID, self.parts, left, tuple(range(taken))))
        self.asked = left

    def set(self, **truth):
        for name, value in truth.items():
            setattr(self, name, value)


def course(world, keep_at, answers):
    """Give the steps of one message, each a function. ``answers`` says what the network does with each body."""
    f = facts(world.parts)
    keeping = [
        lambda: world.set(body=True),
        lambda: world.record(chronicle.kept(f, BOOT)),
        lambda: world.set(promised=True),
    ]
    steps = [[], [lambda: world.record(chronicle.armed(f, BOOT)), world.sync]]
    sender, part, ending, answers = "A", 0, "failed", iter(answers)
    while True:
        answer = next(answers, "taken")
        steps.append([lambda s=sender, n=part: world.note(s, left=True, taken=n), lambda: world.set(doubt=True)])
        if answer == "silence":
            ending = "unknown"
            break
        gained = part + (answer == "taken")
        steps.append([lambda n=gained: world.set(doubt=False, taken=n), lambda s=sender, n=gained: world.note(s, left=False, taken=n)])
        if answer == "no":
            if part == 0 and sender == "A":
                sender = "B"  # a clear failure of the first part: another sender
                continue
            break
        part = gained
        if part == world.parts:
            ending = "sent"
            break
    done = Outcome({"sent": Fate.SENT, "failed": Fate.FAILED, "unknown": Fate.UNKNOWN}[ending], ending, parts=(part, world.parts))
    steps.append([lambda: world.record(chronicle.end(f, done, at=9.0, began=2.0)), lambda: world.set(told=done.fate)])
    if keep_at is not None:
        steps.insert(min(keep_at, len(steps) - 1), keeping)
    return [step for group in steps for step in group]


def check(world, lines, marks, *, same_life):
    told = chronicle.read(lines).get(ID)
    if told is None:
        assert not world.asked, "no trace of a message that a sender has"
        assert not world.taken, "no trace of a message that a sender had"
        assert not (same_life and world.promised), "a promise is gone"
        return
    if told.outcome() is not None:
        return
    assert not (same_life and world.told), "told before it was written"
    step, outcome = after_crash(told, [mark for mark in marks if mark], same_life=same_life, body_kept=world.body and same_life)
    left = world.taken > 0 or world.doubt
    match outcome.fate:
        case Fate.IN_HAND:
            assert step is Next.RESUME
            assert not left
            assert same_life
            assert told.kept
        case Fate.SENT:
            assert world.taken == world.parts
        case Fate.FAILED:
            assert not world.doubt
            assert world.taken == outcome.parts[0] < world.parts
            assert not (same_life and world.promised and not left), "a promise is broken"
        case Fate.UNKNOWN if same_life:
            assert world.asked, "nothing is open"
        case Fate.UNKNOWN:
            assert told.armed
    assert (step is Next.RESUME) == (outcome.fate is Fate.IN_HAND)


@settings(max_examples=150, deadline=None)
@given(
    parts=st.integers(1, 3),
    keep_at=st.none() | st.integers(0, 6),
    answers=st.lists(st.sampled_from(["taken", "no", "silence"]), max_size=5),
)
def test_whatever_the_moment_of_the_crash_nothing_is_sent_twice_and_nothing_false_is_said(parts, keep_at, answers):
    steps = len(course(World(parts), keep_at, answers))
    for crash in range(steps + 1):
        world = World(parts)
        for step in course(world, keep_at, answers)[:crash]:
            step()
        check(world, world.lines, [versions[-1] for versions in world.marks.values()], same_life=True)
        for there in range(world.synced, len(world.lines) + 1):
            for marks in itertools.product(*world.marks.values()):
                check(world, world.lines[:there], marks, same_life=False)
