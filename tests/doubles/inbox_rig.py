"""An inbox on real files, whose modems, webhooks and brokers are played by the test, and a disk that dies at a step."""

import itertools
import json
from datetime import UTC, datetime

from doubles.clock import FakeClock
from doubles.files import PowerCut
from doubles.pump import Pump, Told

from actors.inbox import InboxOwner
from otppi.at.concatenation import split
from otppi.at.pdu import Deliver, encode_deliver
from otppi.config.sections import InboxForward, Sms
from otppi.domain.errors import StoreError
from otppi.domain.inbox import InboxBook
from otppi.domain.messages.receiving import Happened, Heard, Safe, Stored
from otppi.domain.messages.running import Begin, Configure, Operate, State
from otppi.store.inbox import InboxFiles

SENDER = "628123456789"
SENT_AT = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
FORWARD = InboxForward(subscriber="mqtt", topic="received")


def pdus(text, *, sender=SENDER, reference=1, sent_at=SENT_AT, wide=False, flash=False):
    """The PDUs of a text, in order."""
    return [encode_deliver(Deliver(sender, one.text, one.concat, one.alphabet, sent_at, flash)).hex().upper() for one in split(text, reference, wide=wide)]


class MortalFiles(InboxFiles):
    """Dies before or after the n-th append or sync (``steps_left``), and knows what a power cut leaves. ``full``: nothing can be written."""

    def __init__(self, folder):
        super().__init__(folder)
        self.folder = folder
        self.steps_left = None
        self.full = self.worn = False
        self.calls = []
        self._safe = {path: path.stat().st_size for path in folder.iterdir()} if folder.exists() else {}

    def append(self, payload, at):
        self.calls.append("append")
        if self.full:
            raise StoreError("The disk is full.")
        self._step()
        found = super().append(payload, at)
        self._step()
        return found

    def sync(self):
        self.calls.append("sync")
        self._step()
        if self.worn:
            self._doubtful = True
            raise StoreError("The inbox could not be synced: Input/output error.")
        super().sync()
        if self._journal is not None:
            self._safe[self._path(self._day)] = self._journal.end
        self._step()

    def lose_power(self):
        """Take back what no sync has covered."""
        self.close()
        for path in self.folder.iterdir() if self.folder.exists() else ():
            with path.open("r+b") as file:
                file.truncate(self._safe.get(path, 0))

    def _step(self):
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                raise PowerCut


class Rig:
    """One life of the inbox; :meth:`again` begins the next on the same files."""

    def __init__(self, folder, clock=None, *, forward=None, days=90, steps_left=None):
        self.folder, self.clock = folder, clock or FakeClock()
        self.sms = Sms(inbox_days=days, inbox_forward=forward or InboxForward())
        self.monitor, self.webhooks, self.modem, self.asked = Told(), Told(), Told(), []
        self.files = MortalFiles(folder)
        self.files.steps_left = steps_left
        self.book = InboxBook(self.files)
        self.actor = InboxOwner(self.clock, self.book, sms=self.sms, submit=lambda *asked: self.asked.append(asked), monitor=self.monitor, webhooks=self.webhooks)
        self.pump = Pump(self.actor)
        self._places = itertools.count()

    def begin(self):
        self.pump.tell(Begin())
        return self

    def again(self, **words):
        """Another life; threads have no part in it, so the old one just ends."""
        self.files.close()
        return Rig(self.folder, self.clock, **words)

    def hear(self, *found, modem="m"):
        """Hear PDUs, each from a place of its own; gives the places that were called safe."""
        self.modem.clear()
        self.pump.tell(Heard(modem, tuple(Stored(f"SM:{next(self._places)}", pdu) for pdu in found), self.modem))
        return [place for safe in self.modem.of(Safe) for place in safe.places]

    def do(self, name, **arguments):
        """Run an operation; gives its result or the error."""
        results = []
        self.pump.tell(Operate(name, arguments, "cli:me", results.append, results.append))
        [result] = results
        return result

    def listed(self, **words):
        return self.do("inbox.list", **words)["messages"]

    def texts(self, **words):
        return [one["text"] for one in self.listed(**words)]

    def told(self):
        """What webhooks heard: keys and texts."""
        return [(event.key, event.data["text"]) for event in self.webhooks.of(Happened)]

    def alarm(self, name):
        """The last state of an alarm: its text, or None when it is off or never was."""
        states = [state.facts for state in self.monitor.of(State) if (state.kind, state.name) == ("alarm", name)]
        return states[-1]["text"] if states and states[-1] else None

    def configure(self, section, value):
        self.pump.tell(Configure(section, value))

    def advance(self, seconds):
        self.clock.advance(seconds)
        self.pump.settle()

    def on_disk(self):
        """All bytes of the folder."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()))

    def records(self):
        return [json.loads(payload) for day in self.files._days() for _, payload in self.files.scan(day)]
