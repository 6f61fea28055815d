"""What a modem does between two messages: one errand at a time, each a script and somebody who waits for its result."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from otppi.at.dialogue import Script


class Errand(Protocol):
    """Something to be done with a modem that is ready and has nothing else on its line."""

    name: str
    """As people see it, in the modem's state."""

    def script(self) -> Script:
        """Give the script; it is run once."""

    def settle(self, result: Any) -> bool | None:
        """Take what the script returned, None when the modem was lost on the way. False says that the modem fell silent."""


class Errands:
    """The errands of one modem. ``sources`` give what is due by itself, most urgent first; tools that people use come before it."""

    def __init__(self, *sources: Callable[[], Errand | None]) -> None:
        self._asked: deque[Errand] = deque()
        self._sources = sources
        self._running: Errand | None = None
        self._rested = True

    @property
    def running(self) -> str:
        """Name of the errand on the line, empty when there is none."""
        return self._running.name if self._running is not None else ""

    def queue(self, errand: Errand) -> None:
        """Put an errand behind those that people asked for before."""
        self._asked.append(errand)

    def next(self, *, waits: bool) -> Errand | None:
        """Begin the next errand; ``waits`` tells that a message waits, which goes first after each errand."""
        if waits and not self._rested:
            self._rested = True
            return None
        self._running = self._asked.popleft() if self._asked else next((errand for source in self._sources if (errand := source()) is not None), None)
        self._rested = self._running is None
        return self._running

    def done(self, result: Any) -> bool:
        """Hand the running errand its result; False when the modem fell silent."""
        errand, self._running = self._running, None
        return errand is None or errand.settle(result) is not False

    def lost(self) -> None:
        """Tell whoever waits that the modem was lost; what is due by itself is due again when it is back."""
        self.done(None)
        while self._asked:
            self._asked.popleft().settle(None)
