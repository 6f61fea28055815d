"""Requests that wait for the gateway: how many may, and how they end when the doors close."""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Waits:
    """Counts the waiting requests of each lane, and waits for futures with a limit. The lock guards counts and events."""

    def __init__(self, bounds: Mapping[str, int]) -> None:
        self._bounds, self._free = dict(bounds), dict(bounds)
        self._lock = threading.Lock()
        self._events: set[threading.Event] = set()
        self._released = False

    def enter(self, lane: str) -> bool:
        """Take a place in a lane; False when it is full. Lanes without a bound are never full."""
        with self._lock:
            free = self._free.get(lane)
            if free is not None:
                if free <= 0:
                    return False
                self._free[lane] = free - 1
        return True

    def bound(self, lane: str, bound: int) -> None:
        """Give a lane another bound; who has a place keeps it."""
        with self._lock:
            self._free[lane] += bound - self._bounds[lane]
            self._bounds[lane] = bound

    def leave(self, lane: str) -> None:
        """Give the place back."""
        with self._lock:
            if lane in self._free:
                self._free[lane] += 1

    def result(self, future: "Future[T]", limit_s: float) -> T:
        """Give the future's result, or raise its exception, or TimeoutError after the limit or when all are released."""
        if not future.done():
            arrived = threading.Event()
            with self._lock:
                self._events.add(arrived)
                if self._released:
                    arrived.set()
            future.add_done_callback(lambda _: arrived.set())
            arrived.wait(limit_s)
            with self._lock:
                self._events.discard(arrived)
            if not future.done():
                raise TimeoutError
        return future.result(timeout=0)

    def release(self) -> None:
        """End every wait, now and from now on."""
        with self._lock:
            self._released = True
            for event in self._events:
                event.set()
