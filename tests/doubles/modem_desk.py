"""One modem's owner between a recording router and a real port: what the tests of the modem share."""

from types import SimpleNamespace

from doubles.clock import FakeClock
from doubles.ears import Ears

from actors.modem import SHOW_S, ModemOwner
from actors.modem_bringup import Memory, Neighbours
from otppi.adapters.serial_lines import LineWatch
from otppi.at.dialogue import DRAIN_S
from otppi.at.segments import count
from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.job import Job, Priority
from otppi.domain.messages.running import Died, Retired, State
from otppi.domain.messages.sending import Assign, Finished, SenderStanding
from otppi.domain.pin import PinBook
from otppi.domain.secret import Secret

TO = "628123456789"
STEP_S = 0.02  # of real time between two looks at what came of moved time
BODY_END = b"\x1a"


def job(text="hello", to=TO, now=1000.0, **more):
    try:
        parts = count(text)
    except ValueError:
        parts = 1
    fields = {"id": "job1", "parts": parts, "priority": Priority.SINGLE, "deadline": now + 3600, "expires": False, "reply_due": None, **more}
    return Job(to=to, text=text, **fields)


class Desk:
    """Starts the owner; plays the router, the monitor, the supervisor and the disk; passes lines on and sees what is written.

    ``at_write`` is called before each write, in the owner's thread, and may raise; ``bodies`` counts those that left.
    """

    def __init__(self, port, known=(), **settings):
        self.settings = Modem(**{"id": "m1", "port": str(port), **settings, "sim_pin": Secret(settings.get("sim_pin", ""))})
        self.clock, self.watch = FakeClock(), LineWatch()
        self.order = []
        self.router, self.monitor, self.supervisor, self.inbox = Ears(self.order), Ears(self.order), Ears(self.order), Ears()
        self.known = dict(known)
        """What was found out about modems, by IMEI and firmware."""
        self.disk, self.marks, self.at_save = [], [], lambda value: None
        self.written, self.opened_at = [], []
        self.at_write = lambda data: None
        self.deaf = False
        """Whether what the modem says gets lost."""
        self.ref = None
        self.watch.start()

    # the owner's world

    def open(self, settings, received, lost):
        self.opened_at.append(self.clock.monotonic())
        line = self.watch.open(settings, lambda data: None if self.deaf else received(data), lost)

        def write(data):
            self.written.append(data)
            self.at_write(data)
            line.write(data)

        return SimpleNamespace(write=write, close=line.close, reset=line.reset)

    def save(self, value):
        self.at_save(value)
        self.disk.append(value)

    @property
    def bodies(self):
        return sum(data.endswith(BODY_END) for data in self.written)

    # its life

    def start(self):
        pins = PinBook(lambda: self.disk[-1] if self.disk else None, self.save, b"key")
        memory = Memory(capabilities=lambda imei, revision: self.known.get((imei, revision)),
                        note_capabilities=lambda hardware, found: self.known.update({(hardware.imei, hardware.revision): found}))
        self.ref = ModemOwner.start(self.clock, self.supervisor, self.settings, self, Neighbours(self.router, self.monitor, self.inbox), pins, self, memory)
        return self

    def write(self, value):
        """The modem's mark file."""
        self.marks.append(value)

    def close(self):
        """Of the mark file; lines have their own."""

    def end(self):
        if self.ref is not None:
            self.ref.stop(timeout=10)
            self.ref = None
            self.watch.stop()

    def ready(self, count=1):
        """Through greeting and preparation, and what else has to be waited for, up to the next readiness."""
        self.until(lambda: self.states.count("ready") >= count, each=DRAIN_S)  # as ESC takes
        return self

    # time and facts

    def until(self, holds, by=0.0, each=0.0):
        """Move time, once and then at each look, until a fact holds."""
        self.clock.advance(by)
        for _ in range(int(15 / STEP_S)):
            if holds():
                return
            self.clock.advance(each)
            if each:
                self.router_settles()
            else:
                self.pause()
        raise AssertionError(f"waited in vain; states: {self.states}, told: {self.router.told[-5:]}")

    def pause(self):
        told = len(self.order)
        with self.router._changed:
            self.router._changed.wait_for(lambda: len(self.order) > told, STEP_S)

    def router_settles(self):
        """Let answers of the modem come in before time moves on."""
        written = -1
        while written != len(self.written):
            written = len(self.written)
            self.pause()

    def passes(self, seconds):
        """Wait until the owner asks to be woken within so many seconds (not only to show its figures), and let them pass."""
        self.clock.wait_for_wakeup(seconds, beyond_s=SHOW_S)
        self.clock.advance(seconds)

    # what was told

    @property
    def facts(self):
        return [state.facts for state in self.monitor.of(State) if state.kind == "modem"]

    @property
    def alarms(self):
        """What is wrong now, by what it is about."""
        said = {state.name: state.facts for state in self.monitor.of(State) if state.kind == "alarm"}
        return {facts["what"]: facts["text"] for facts in said.values() if facts is not None}

    @property
    def states(self):
        """States in their order, each once in a row."""
        found = [facts["state"] for facts in self.facts]
        return [state for number, state in enumerate(found) if number == 0 or found[number - 1] != state]

    @property
    def standings(self):
        found = [told.standing for told in self.router.of(SenderStanding)]
        return [standing for number, standing in enumerate(found) if number == 0 or found[number - 1] is not standing]

    @property
    def finished(self):
        return self.router.of(Finished)

    def assign(self, *words, **more):
        given = job(*words, now=self.clock.monotonic(), **more)
        self.ref.tell(Assign(given))
        return given

    def attempt(self, count=1):
        """The report on the one job."""
        self.until(lambda: len(self.finished) >= count)
        assert len(self.finished) == count
        return self.finished[-1].attempt

    def send(self, *words, **more):
        """Assign a job and give what became of it."""
        before = len(self.finished)
        self.assign(*words, **more)
        return self.attempt(before + 1)

    def standing_at_finish(self):
        """How the modem stood when it told the last Finished."""
        told = [message for message in self.order if isinstance(message, SenderStanding | Finished)]
        last = max(number for number, message in enumerate(told) if isinstance(message, Finished))
        return next(message.standing for message in reversed(told[:last]) if isinstance(message, SenderStanding))

    def died(self):
        return self.supervisor.wait_for(Died)

    def retired(self):
        return self.supervisor.wait_for(Retired)


COMING, AWAY, USABLE = Standing.COMING, Standing.AWAY, Standing.USABLE
