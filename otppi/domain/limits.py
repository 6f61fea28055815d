"""How many SMS a SIM may send in a minute, an hour and a day."""

from collections import deque
from dataclasses import dataclass

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` SMS in any ``seconds``; 0 means no limit."""

    count: int
    seconds: float


def limits(per_minute: int, per_hour: int, per_day: int) -> tuple[Limit, ...]:
    """Give the limits that are set."""
    return tuple(limit for limit in (Limit(per_minute, MINUTE_S), Limit(per_hour, HOUR_S), Limit(per_day, DAY_S)) if limit.count > 0)


class Meter:
    """Counts one sender's SMS over sliding windows. Times are of one clock that never goes back."""

    def __init__(self, allowed: tuple[Limit, ...]) -> None:
        self.allowed = allowed
        self._sent: deque[float] = deque(maxlen=max((limit.count for limit in allowed), default=0))

    def allow(self, allowed: tuple[Limit, ...]) -> None:
        """Take other limits; what was counted counts on."""
        sent = self._sent
        self.allowed = allowed
        self._sent = deque(sent, maxlen=max((limit.count for limit in allowed), default=0))

    def note(self, count: int, now: float) -> None:
        """Note that so many SMS left."""
        self._sent.extend([now] * count)

    def free_at(self, now: float, parts: int = 1) -> float:
        """Give the moment from which so many more SMS may leave; ``now`` when they may at once.

        A message of more parts than a limit allows at all may leave when nothing counts against that limit any more.
        """
        moment = now
        for limit in self.allowed:
            last = limit.count - min(parts, limit.count) + 1  # the newest of those that have to be over first
            if len(self._sent) >= last:
                moment = max(moment, self._sent[-last] + limit.seconds)
        return moment
