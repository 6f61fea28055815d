"""What waits for one webhook, and which of it is due: a pure state machine. Times are monotonic seconds unless named otherwise.

One event is posted at a time, the oldest first. A failure lets the whole webhook rest, longer each time. While it fails, its
oldest event takes turns with those that were tried least, so that an event that the receiver cannot take is told from a
receiver that cannot be reached: once another one got through, those that failed before have one more turn each, and what fails
again is set **aside**, to be tried at times of its own while the others go on. So but for one that tells that the receiver is
back, later events overtake only what the receiver refuses. A status that speaks of the event alone sets it aside at once.
"""

from dataclasses import dataclass
from itertools import chain, islice

from otppi.domain.agenda import Agenda
from otppi.domain.webhooks import GIVE_UP_S, MOST_BYTES, MOST_EVENTS, Answer, Event, rest_s

NEVER = float("inf")
PROBED = 64
"""Of the oldest events, those that take turns: more than there are turns in two days."""

REFUSALS = frozenset({400, 409, 413, 415, 422})
"""Statuses of a receiver that has looked at an event and does not take it as it is (RFC 9110, 15.5)."""
MOST_REFUSALS = 10
"""Of new events in a row; from then on it is the receiver that fails."""


@dataclass(slots=True)
class _Waiting:
    event: Event
    ends: float
    tries: int = 0
    suspect: bool = False
    """It alone is refused: others got through after it had failed, or the receiver says so."""


class HookQueue:
    """The events of one webhook. What it gives up is for its owner to forget; figures are counted from the start of the service."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_events, self._most_bytes = most_events, most_bytes
        self._all: dict[str, _Waiting] = {}  # oldest first, as are the next two
        self._line: dict[str, None] = {}
        self._ripe: dict[str, None] = {}  # was aside, and may be tried
        self._aside = Agenda()
        self._bytes = 0
        self._failed_last = ""
        self._refusals = 0
        self.posting = ""
        """The event that is on its way."""
        self.failures = 0
        """In a row."""
        self.rests_until = -NEVER
        self.delivered = self.failed = self.given_up = 0

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._all

    def add(self, event: Event, now: float, age_s: float = 0.0) -> list[Event]:
        """Let an event wait that was accepted ``age_s`` ago; gives the oldest ones that had to be given up for it."""
        self._all[event.id] = _Waiting(event, now + GIVE_UP_S - min(max(0.0, age_s), GIVE_UP_S))
        self._line[event.id] = None
        self._bytes += len(event.body)
        given_up = []
        while (len(self._all) > self._most_events or self._bytes > self._most_bytes) and len(self._all) > 1:
            oldest = next(name for name in self._all if name != self.posting)
            given_up.append(self._give_up(oldest))
        return given_up

    def over(self, now: float) -> list[Event]:
        """Give up what has waited for too long, and give it."""
        found = []
        while (oldest := next((name for name in self._all if name != self.posting), None)) is not None and self._all[oldest].ends <= now:
            found.append(self._give_up(oldest))
        return found

    def next(self, now: float) -> Event | None:
        """Give the event to post now, which is on its way from then on; None when there is none."""
        if self.posting or now < self.rests_until:
            return None
        self._ripe.update(dict.fromkeys(self._aside.due(now)))
        name = self._turn()
        if name is None:
            return None
        self.posting = name
        return self._all[name].event

    def moment(self) -> float:
        """Give when to look again, infinity for not before something happens."""
        if self.posting or not self._all:
            return NEVER
        ready = -NEVER if self._line or self._ripe else self._aside.first()
        turn = max(self.rests_until, ready if ready is not None else NEVER)
        return min(turn, next(iter(self._all.values())).ends)

    def settle(self, answer: Answer, now: float, luck: float) -> Event | None:
        """Take how the event on its way went; gives it when it is done with."""
        name, self.posting = self.posting, ""
        waiting = self._all[name]
        if answer.taken:
            self.delivered += 1
            self.failures, self.rests_until, self._refusals = 0, -NEVER, 0
            for other in islice(self._line, PROBED):
                self._all[other].suspect = self._all[other].tries > 0
            return self._forget(name).event
        self.failed += 1
        waiting.tries += 1
        self._failed_last = name
        if answer.status in REFUSALS and not waiting.suspect and not self.failures:
            self._refusals += 1
            waiting.suspect = self._refusals <= MOST_REFUSALS
        if waiting.suspect:
            self._set_aside(name, now + rest_s(waiting.tries, luck))
        if not waiting.suspect or not answer.status:
            self.failures += 1
            self.rests_until = now + rest_s(self.failures, luck)
        return None

    def mend(self) -> None:
        """Begin anew: somebody changed what may have been wrong. How the event on its way went counts no more."""
        self.failures, self.rests_until, self.posting, self._refusals = 0, -NEVER, "", 0
        for name, waiting in self._all.items():
            self._aside.drop(name)
            waiting.tries, waiting.suspect = 0, False
        self._line, self._ripe = dict.fromkeys(self._all), {}

    def clear(self) -> list[Event]:
        """Forget everything, and give it."""
        return [self._forget(name).event for name in list(self._all)]

    def _turn(self) -> str | None:
        if self.failures % 2:  # that of another one than has just failed
            others = [name for name in islice(chain(self._ripe, self._line), PROBED) if name != self._failed_last]
            if others:
                return min(others, key=lambda name: self._all[name].tries)
        return next(chain(self._ripe, self._line), None)

    def _set_aside(self, name: str, due: float) -> None:
        self._line.pop(name, None)
        self._ripe.pop(name, None)
        self._aside.put(name, due)

    def _give_up(self, name: str) -> Event:
        self.given_up += 1
        return self._forget(name).event

    def _forget(self, name: str) -> _Waiting:
        self._line.pop(name, None)
        self._ripe.pop(name, None)
        self._aside.drop(name)
        if self.posting == name:
            self.posting = ""
        waiting = self._all.pop(name)
        self._bytes -= len(waiting.event.body)
        return waiting
