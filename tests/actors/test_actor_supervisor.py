import threading
import time

import pytest
from doubles.clock import FakeClock
from doubles.ears import LIMIT_S, Ears

from actors import supervisor as module
from actors.base import Actor, handles
from actors.supervisor import LONGEST_BACKOFF_S, STEADY_S, Supervisor
from otppi.domain.messages.running import Begin, Child, Died, Reconcile, Retire, Retired, State, StopChildren

JITTER = 0.2


class Crash:
    pass


class Hold:
    def __init__(self, until):
        self.until = until


class Part(Actor):
    """A child: says when it starts and stops; retires when told to, or once it is let go."""

    resumes = False

    def __init__(self, name, clock, supervisor, ears, slow):
        super().__init__(name, clock, supervisor)
        self._ears, self._slow, self._retired = ears, slow, False

    @handles(Begin)
    def begin(self, _):
        self._ears(("started", self.name))

    @handles(Crash)
    def crash(self, _):
        raise RuntimeError("crash")

    @handles(Hold)
    def hold(self, message):
        message.until.wait(LIMIT_S)

    @handles(Retire)
    def retire(self, _):
        self._ears(("asked to retire", self.name))
        self._retired = True
        if not self._slow:
            self.stop()

    @handles(str)
    def let_go(self, _):
        self.stop()

    def on_stop(self):
        super().on_stop()
        if self._retired:
            self._supervisor(Retired(self.name))

    def clean_up(self):
        self._ears(("ended", self.name))


class House:
    """A supervisor with children made to order; ``ears`` hear everything in its order."""

    def __init__(self):
        self.clock, self.ears = FakeClock(), Ears()
        self.ref = Supervisor.start(self.clock, self.ears)
        self.refs = {}
        self.broken = set()
        self.slow = set()

    def child(self, name, value=1):
        def start():
            if name in self.broken:
                self.ears(("cannot start", name))
                raise OSError("broken")
            self.refs[name] = Part.start(name, self.clock, self.ref.tell, self.ears, name in self.slow)
            return self.refs[name]

        return Child(name, value, start, lambda for_good: self.ears(("death told", name, value, for_good)))

    def reconcile(self, *names, kind="part", **values):
        self.ref.tell(Reconcile(kind, (*(self.child(name) for name in names), *(self.child(name, value) for name, value in values.items()))))

    def heard(self, *what, count=1):
        self.ears.wait(lambda ears: ears.told.count(what) >= count)
        if what[0] == "started":
            self.settle()  # its reference is known

    def settle(self):
        """Wait until the supervisor has handled all it was told."""
        self.ref.ask(Reconcile("nothing", ()), timeout=LIMIT_S)

    def crash(self, name, count=1):
        self.refs[name].tell(Crash())
        self.ears.wait(lambda ears: len([state for state in ears.of(State) if state.name == name and state.facts and state.facts["state"] == "failed"]) >= count)
        self.settle()

    def starts(self, name):
        return self.ears.told.count(("started", name)) + self.ears.told.count(("cannot start", name))

    def restarted_within(self, name, seconds):
        """The child does not come back before the back-off less jitter, and does after it and jitter."""
        before = self.starts(name)
        self.clock.advance(seconds * (1 - JITTER) - 0.001)
        self.settle()
        assert self.starts(name) == before
        self.clock.advance(seconds * 2 * JITTER + 0.002)
        self.ears.wait(lambda _: self.starts(name) == before + 1)
        self.settle()

    def stop(self):
        done = threading.Event()
        if self.ref.is_alive():
            self.ref.tell(StopChildren(done.set))
            assert done.wait(LIMIT_S)
            self.ref.stop()


@pytest.fixture
def house(caplog):
    found = House()
    yield found
    found.stop()


def test_children_are_started_once_however_often_they_are_named(house):
    house.reconcile("a", "b")
    house.reconcile("a", "b")
    house.heard("started", "a")
    house.heard("started", "b")
    house.settle()

    assert house.starts("a") == house.starts("b") == 1


def test_a_child_that_died_is_started_anew_after_a_second_and_its_state_is_shown(house):
    house.reconcile("a")
    house.heard("started", "a")
    house.crash("a")
    shown = house.ears.of(State)[-1]
    assert (shown.kind, shown.name, dict(shown.facts)) == ("part", "a", {"state": "failed", "why": "RuntimeError", "restarts": 1})

    house.restarted_within("a", 1)
    assert house.ears.of(State)[-1].facts["state"] == "running"


def test_the_back_off_doubles_up_to_a_minute(house):
    house.reconcile("a")
    house.heard("started", "a")

    for count, seconds in enumerate([1, 2, 4, 8, 16, 32, LONGEST_BACKOFF_S, LONGEST_BACKOFF_S], start=1):
        house.crash("a", count)
        house.restarted_within("a", seconds)


def test_the_back_off_begins_anew_after_a_steady_time(house):
    house.reconcile("a")
    house.heard("started", "a")
    for count, seconds in enumerate([1, 2, 4], start=1):
        house.crash("a", count)
        house.restarted_within("a", seconds)

    house.clock.advance(STEADY_S + 1)
    house.crash("a", 4)

    house.restarted_within("a", 1)


def test_the_death_of_a_child_is_told_before_its_successor_starts(house):
    house.reconcile("a")
    house.heard("started", "a")
    house.crash("a")
    house.restarted_within("a", 1)

    marks = [told for told in house.ears.told if isinstance(told, tuple)]
    assert marks == [("started", "a"), ("ended", "a"), ("death told", "a", 1, False), ("started", "a")]


def test_one_childs_death_does_not_touch_the_others(house):
    house.reconcile("a", "b")
    house.heard("started", "b")
    house.crash("a")
    house.restarted_within("a", 1)

    assert house.starts("b") == 1
    assert house.refs["b"].is_alive()


def test_a_child_that_cannot_be_started_is_tried_again_and_the_others_start(house, caplog):
    house.broken.add("a")
    house.reconcile("a", "b")
    house.heard("started", "b")
    house.settle()
    assert "a could not be started" in caplog.text
    for seconds in (1, 2):
        house.restarted_within("a", seconds)

    house.broken.clear()
    house.restarted_within("a", 4)
    assert house.refs["a"].is_alive()


def test_a_child_that_could_not_be_started_and_was_then_changed_runs_once(house):
    house.broken.add("a")
    house.reconcile(a=1)
    house.heard("cannot start", "a")
    house.broken.clear()
    house.reconcile(a=2)
    house.heard("started", "a")

    house.clock.advance(300)
    house.settle()

    assert house.ears.told.count(("started", "a")) == 1


def test_a_changed_child_is_replaced_only_once_the_old_one_has_retired(house):
    house.slow.add("a")
    house.reconcile(a=1)
    house.heard("started", "a")
    house.reconcile(a=2)
    house.heard("asked to retire", "a")
    house.clock.advance(300)
    house.settle()
    assert house.starts("a") == 1

    house.refs["a"].tell("go")
    house.heard("started", "a", count=2)

    marks = [told for told in house.ears.told if isinstance(told, tuple)]
    assert marks == [("started", "a"), ("asked to retire", "a"), ("ended", "a"), ("death told", "a", 1, False), ("started", "a")]


def test_of_several_changes_while_a_child_retires_the_last_one_counts(house):
    house.slow.add("a")
    house.reconcile(a=1)
    house.heard("started", "a")
    for value in (2, 3, 4):
        house.reconcile(a=value)
    house.heard("asked to retire", "a")
    house.refs["a"].tell("go")
    house.heard("started", "a", count=2)
    house.slow.clear()
    house.reconcile()
    house.settle()
    house.refs["a"].tell("go")
    house.heard("death told", "a", 4, True)

    assert house.starts("a") == 2
    assert house.ears.told.count(("asked to retire", "a")) == 2


def test_a_child_that_dies_while_it_retires_is_replaced_once(house):
    house.slow.add("a")
    house.reconcile(a=1)
    house.heard("started", "a")
    house.reconcile(a=2)
    house.heard("asked to retire", "a")

    house.refs["a"].tell(Crash())
    house.heard("started", "a", count=2)
    house.clock.advance(300)
    house.settle()

    assert house.starts("a") == 2


def test_a_removed_child_retires_and_its_death_is_told_for_good(house):
    house.reconcile("a", "b")
    house.heard("started", "b")
    house.reconcile("b")
    house.heard("death told", "a", 1, True)
    house.settle()
    house.clock.advance(300)
    house.settle()

    assert house.starts("a") == 1
    assert [state.facts for state in house.ears.of(State) if state.name == "a"][-1] is None
    assert house.refs["b"].is_alive()


def test_a_child_that_is_removed_while_it_waits_for_its_restart_does_not_come_back(house):
    house.reconcile("a")
    house.heard("started", "a")
    house.crash("a")
    house.reconcile()
    house.heard("death told", "a", 1, True)

    house.clock.advance(300)
    house.settle()
    assert house.starts("a") == 1


def test_a_child_that_is_changed_while_it_waits_for_its_restart_starts_at_once_and_once(house):
    house.reconcile(a=1)
    house.heard("started", "a")
    house.crash("a")
    house.reconcile(a=2)
    house.heard("started", "a", count=2)

    house.clock.advance(300)
    house.settle()
    assert house.starts("a") == 2


def test_a_child_that_was_removed_and_is_wanted_again_comes_back(house):
    house.slow.add("a")
    house.reconcile("a")
    house.heard("started", "a")
    house.reconcile()
    house.reconcile("a")
    house.heard("asked to retire", "a")
    house.refs["a"].tell("go")

    house.heard("started", "a", count=2)
    house.heard("death told", "a", 1, False)


def test_kinds_do_not_touch_each_other(house):
    house.reconcile("a", kind="modem")
    house.reconcile("b", kind="broker")
    house.reconcile(kind="broker")
    house.heard("death told", "b", 1, True)
    house.settle()

    assert house.refs["a"].is_alive()


def test_word_of_a_child_that_nobody_knows_is_let_pass(house):
    house.ref.tell(Died("stranger", "why"))
    house.ref.tell(Retired("stranger"))
    house.reconcile("a")

    house.heard("started", "a")


def test_children_are_stopped_youngest_first_and_nothing_is_started_any_more(house):
    house.reconcile("a", "b", "c")
    house.heard("started", "c")
    house.crash("b")
    done = threading.Event()

    house.ref.tell(StopChildren(done.set))
    assert done.wait(LIMIT_S)
    house.reconcile("a", "b", "c", "d")
    house.clock.advance(300)
    house.settle()

    assert [told[1] for told in house.ears.told if isinstance(told, tuple) and told[0] == "ended"] == ["b", "c", "a"]
    assert house.starts("a") == house.starts("b") == house.starts("c") == 1
    assert house.starts("d") == 0


def test_a_child_that_does_not_end_is_named_in_the_log_and_holds_up_the_others_only_so_long(house, caplog, monkeypatch):
    monkeypatch.setattr(module, "STOP_LIMIT_S", 0.2)
    house.reconcile("a", "b")
    house.heard("started", "b")
    let_go, done, started = threading.Event(), threading.Event(), time.monotonic()
    house.refs["b"].tell(Hold(let_go))

    house.ref.tell(StopChildren(done.set))
    assert done.wait(LIMIT_S)

    assert time.monotonic() - started < 3
    assert "b did not end within" in caplog.text
    house.heard("ended", "a")
    let_go.set()
    house.heard("ended", "b")
