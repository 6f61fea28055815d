import threading
from dataclasses import dataclass, field

import pytest
from doubles.clock import FakeClock
from doubles.ears import LIMIT_S, Ears

from actors.base import Actor, handles, teller
from otppi.domain.messages.running import Begin, Died, Wake


@dataclass(frozen=True)
class Do:
    what: str
    secret: str = field(default="top secret", repr=False)


@dataclass(frozen=True)
class Fail:
    once: threading.Event


class Child(Actor):
    def __init__(self, clock, ears, supervisor=None):
        super().__init__("child", clock, supervisor)
        self._ears = ears

    @handles(Begin)
    def begin(self, message):
        self._ears("begun")

    @handles(Do)
    def do(self, message):
        if message.what == "fail":
            raise RuntimeError("child failed")
        if message.what == "sleep":
            self.wake_in(10, "alarm")
            self.wake_in(20, "other")
        if message.what == "put off":
            self.wake_in(30, "alarm")
        if message.what == "cancel":
            self.let_sleep("alarm")
        self._ears(message.what)

    @handles(Fail)
    def fail(self, message):
        message.once.wait(LIMIT_S)
        raise RuntimeError("child failed")

    @handles(Wake)
    def wake(self, message):
        self._ears(f"woken by {message.what}")

    def failed(self, message):
        self._ears("failed")

    def clean_up(self):
        self._ears(("left", [message.what for message in self.unread() if isinstance(message, Do)]))


class Mortal(Child):
    resumes = False


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def ears():
    return Ears()


@pytest.fixture
def start(clock, ears):
    refs = []

    def started(kind=Child, supervisor=None):
        refs.append(kind.start(clock, ears, supervisor))
        ears.wait(lambda ears: "begun" in ears.told)
        return refs[-1]

    yield started
    for ref in refs:
        ref.stop()


def heard(ears, what):
    ears.wait(lambda ears: what in ears.told)


def test_an_actor_begins_by_itself_before_anything_else(start, ears):
    start().tell(Do("work"))

    heard(ears, "work")
    assert ears.told == ["begun", "work"]


def test_an_owner_of_state_goes_on_after_an_error_and_answers_who_waits(start, ears, caplog):
    ref = start()
    ref.tell(Do("fail"))
    ref.tell(Do("work"))

    heard(ears, "work")
    assert ears.told == ["begun", "failed", "work"]
    assert "top secret" not in caplog.text
    assert "failed while handling Do" in caplog.text


def test_an_owner_of_a_device_dies_of_an_error_cleans_up_once_and_then_tells_its_supervisor(start, ears, caplog):
    ref = start(Mortal, ears)
    ref.tell(Do("fail"))

    ears.wait_for(Died)
    ref.actor_stopped.wait(LIMIT_S)
    assert ears.told == ["begun", ("left", []), Died("child", "RuntimeError")]
    assert not ref.is_alive()


def test_clean_up_sees_what_was_told_and_will_never_be_handled(start, ears, caplog):
    ref, gate = start(Mortal, ears), threading.Event()
    ref.tell(Fail(gate))
    ref.tell(Do("one"))
    ref.tell(Do("two"))
    gate.set()

    ears.wait_for(Died)
    assert ("left", ["one", "two"]) in ears.told


def test_an_actor_that_is_stopped_cleans_up_and_tells_nobody_that_it_died(start, ears):
    start(Mortal, ears).stop()

    assert ears.told == ["begun", ("left", [])]


def test_an_error_while_cleaning_up_is_logged_and_the_supervisor_hears_of_the_death_all_the_same(start, ears, caplog, monkeypatch):
    def broken(self):
        raise RuntimeError("broken")

    monkeypatch.setattr(Mortal, "clean_up", broken)
    start(Mortal, ears).tell(Do("fail"))

    ears.wait_for(Died)
    assert "failed while cleaning up" in caplog.text


def test_a_message_without_a_handler_is_logged_by_its_type_alone(start, ears, caplog):
    ref = start()
    ref.tell("a secret text")
    ref.tell(Do("work"))

    heard(ears, "work")
    assert "no handler for str" in caplog.text
    assert "secret" not in caplog.text


def test_telling_an_actor_that_is_gone_is_silent(start):
    ref = start()
    tell = teller(ref)
    ref.stop()

    tell(Do("work"))


def test_a_wake_up_comes_at_its_time_once(start, ears, clock):
    start().tell(Do("sleep"))
    heard(ears, "sleep")

    clock.advance(10)
    heard(ears, "woken by alarm")
    clock.advance(10)
    heard(ears, "woken by other")
    clock.advance(100)
    assert ears.told.count("woken by alarm") == 1


def test_a_wake_up_that_is_put_off_comes_only_at_the_later_time(start, ears, clock):
    ref = start()
    ref.tell(Do("sleep"))
    ref.tell(Do("put off"))
    heard(ears, "put off")

    clock.advance(20)
    heard(ears, "woken by other")
    assert "woken by alarm" not in ears.told
    clock.advance(10)
    heard(ears, "woken by alarm")


def test_a_wake_up_taken_back_while_it_was_on_its_way_counts_for_nothing(start, ears, clock):
    ref = start()
    ref.tell(Do("sleep"))
    heard(ears, "sleep")
    ref.tell(Do("cancel"))
    ref.tell(Wake("alarm", 1))
    ref.tell(Do("work"))

    heard(ears, "work")
    assert "woken by alarm" not in ears.told


def test_nothing_is_woken_after_its_end(start, ears, clock):
    ref = start()
    ref.tell(Do("sleep"))
    heard(ears, "sleep")
    ref.stop()

    clock.advance(100)
    assert ears.told[-1] == ("left", [])
    assert all(entry[2].deliver is None for entry in clock._heap)


def test_a_subclass_has_the_handlers_of_its_parents_and_its_own(clock, ears):
    class Grandchild(Child):
        @handles(str)
        def word(self, message):
            self._ears(message)

    ref = Grandchild.start(clock, ears)
    ref.tell("word")
    ref.tell(Do("work"))
    heard(ears, "work")
    ref.stop()

    assert ears.told[:3] == ["begun", "word", "work"]
    assert str not in Child._handlers
