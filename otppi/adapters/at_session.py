"""A line of one's own for a command: opens a port, runs scripts over it one after the other, closes it. Everything has a limit."""

import queue
import time
from types import TracebackType
from typing import Any, Self

from otppi.adapters.serial_lines import LineWatch, SerialLine
from otppi.at.dialogue import Dialogue, Done, Effect, Script, Unsolicited, Write
from otppi.domain.errors import NotDone, PortError, PortTaken
from otppi.domain.ports import LineSettings

MOST_HEARD = 1000
TAKEN_AGAIN_S = 0.2
"""Between two tries to open a port that somebody else holds for a moment."""


class AtSession:
    """``with AtSession(settings) as session: session.run(script, limit_s)``. Raises PortError when the port cannot be opened.

    ``patience_s``: for how long a port is asked for again that another program holds.
    """

    def __init__(self, settings: LineSettings, patience_s: float = 0.0) -> None:
        self._settings = settings
        self._patience_s = patience_s
        self._watch = LineWatch()
        self._events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._line: SerialLine | None = None
        self._dialogue = Dialogue()
        self.heard: list[str] = []
        """Lines that the modem said unasked, the first thousand."""
        self.pdus: list[str] = []
        """What came with them."""

    def __enter__(self) -> Self:
        self._watch.start()
        try:
            self._line = self._open()
        except PortError:
            self._watch.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._line is not None:
            self._line.close()
        self._watch.stop()

    def run(self, script: Script, limit_s: float) -> Any:
        """Run a script and give its result. A port that goes away, and the limit, end it as a lost line does. Raises NotDone when it then gives nothing."""
        end = time.monotonic() + limit_s
        effects = self._dialogue.run(script, time.monotonic())
        while True:
            for effect in effects:
                if isinstance(effect, Done):
                    return effect.result
                self._carry_out(effect)
            effects = self._next(end)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Write(data) if self._line is not None:
                try:
                    self._line.write(data)
                except PortError:
                    self._events.put(None)
            case Unsolicited(line, pdu) if len(self.heard) < MOST_HEARD:
                self.heard.append(line)
                self.pdus += [pdu] if pdu else []

    def _next(self, end: float) -> list[Effect]:
        """Wait for bytes, for the dialogue's deadline, or for the end of all."""
        now = time.monotonic()
        if now >= end:
            return self._lost()
        until = end if self._dialogue.deadline is None else min(end, self._dialogue.deadline)
        try:
            data = self._events.get(timeout=max(0.0, until - now))
        except queue.Empty:
            return self._dialogue.wake(time.monotonic())
        return self._lost() if data is None else self._dialogue.feed(data, time.monotonic())

    def _lost(self) -> list[Effect]:
        effects = self._dialogue.lost(time.monotonic())
        if not any(isinstance(effect, Done) for effect in effects):
            raise NotDone("The modem did not answer in time.")
        return effects

    def _open(self) -> SerialLine:
        end = time.monotonic() + self._patience_s
        while True:
            try:
                return self._watch.open(self._settings, self._events.put, lambda _: self._events.put(None))
            except PortTaken:
                if time.monotonic() >= end:
                    raise
                time.sleep(TAKEN_AGAIN_S)
