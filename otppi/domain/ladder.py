"""What is tried, in which order and how often, to bring a modem back that has stopped answering (row S4).

    ask again ─▶ reset the line ─▶ open the port anew ─▶ restart the modem ─▶ rest, longer each time, then open it anew

A modem that answers again has to stay for a while before the next silence begins at the first rung: one that falls silent
every minute climbs on. A restart by command is given at most once in an hour.
"""

from dataclasses import dataclass
from enum import Enum

STEADY_S = 60.0
RESTART_APART_S = 3600.0
RESTART_REST_S = 20.0  # a module is away from its bus for 5 to 15 s
REOPEN_REST_S = 1.0
RESTS_S = (60.0, 120.0, 300.0, 600.0)


class Rung(Enum):
    """What is done now. Value: as people see it."""

    ASK = "asked again"
    LINE = "line reset"
    REOPEN = "port opened anew"
    RESTART = "modem restarted by command"
    REST = "left alone for a while"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung, and how long to wait before the port is opened again; 0 where it stays open."""

    rung: Rung
    rest_s: float = 0.0


class Ladder:
    """The way up of one modem. Times are monotonic seconds; ``may_restart`` tells that its family can take it."""

    def __init__(self) -> None:
        self.may_restart = True
        self._rung = 0
        self._rests = 0
        self._ready_at: float | None = None
        self._restarted_at = -RESTART_APART_S

    def silent(self, now: float) -> Step:
        """Note that the modem does not answer; gives what to do."""
        if self._ready_at is not None and now - self._ready_at >= STEADY_S:
            self._rung = self._rests = 0
        self._ready_at = None
        self._rung += 1
        match self._rung:
            case 1:
                return Step(Rung.ASK)
            case 2:
                return Step(Rung.LINE)
            case 3:
                return Step(Rung.REOPEN, REOPEN_REST_S)
        if self.may_restart and self._rung % 2 == 0 and now - self._restarted_at >= RESTART_APART_S:
            self._restarted_at = now
            return Step(Rung.RESTART, RESTART_REST_S)
        rest_s = RESTS_S[min(self._rests, len(RESTS_S) - 1)]
        self._rests += 1
        return Step(Rung.REST, rest_s)

    def ready(self, now: float) -> None:
        """Note that the modem works again."""
        if self._ready_at is None:
            self._ready_at = now
