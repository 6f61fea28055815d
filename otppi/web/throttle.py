"""Counts failures per key within a window, in a table that cannot grow without bound."""

import math
import threading

from otppi.domain.ports import Clock

WINDOW_S = 60.0
TABLE = 2000  # keys; the oldest one is forgotten for a new one


class Failures:
    """At most ``limit`` failures of one key within the window. The lock is held for a few dictionary operations."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}

    def wait_s(self, key: str) -> int:
        """Give the seconds that this key must wait, or 0."""
        began, count = self._counts.get(key, (0.0, 0))
        left = began + WINDOW_S - self._clock.monotonic()
        return math.ceil(left) if count >= self._limit and left > 0 else 0

    def add(self, key: str) -> None:
        """Count one failure."""
        now = self._clock.monotonic()
        with self._lock:
            began, count = self._counts.get(key, (now, 0))
            if now - began >= WINDOW_S:
                began, count = now, 0
                del self._counts[key]
            elif key not in self._counts and len(self._counts) >= TABLE:
                del self._counts[next(iter(self._counts))]
            self._counts[key] = (began, count + 1)

    def forget(self, key: str) -> None:
        """Forget the failures of a key that has shown itself good."""
        with self._lock:
            self._counts.pop(key, None)
