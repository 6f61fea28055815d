"""A clock that stands still until a test moves it. Implements otppi.domain.ports.Clock."""

import heapq
import threading
from collections.abc import Callable

NOON = 1_800_000_000.0  # unix seconds; later than any build date


class _Wakeup:
    def __init__(self, deliver: Callable[[], object]) -> None:
        self.deliver: Callable[[], object] | None = deliver

    def cancel(self) -> None:
        self.deliver = None


class FakeClock:
    """Monotonic and wall time move together with :meth:`advance`; the wall alone with :meth:`set_wall`.

    Actors of many threads ask for wake-ups, hence the lock.
    """

    def __init__(self) -> None:
        self._now = 1000.0
        self._wall = NOON
        self.plausible = True
        self._heap: list[tuple[float, int, _Wakeup]] = []
        self._count = 0
        self._lock = threading.Condition()

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._wall

    def wall_is_plausible(self) -> bool:
        return self.plausible

    def set_wall(self, unix: float) -> None:
        self._wall = unix

    def after(self, seconds: float, deliver: Callable[[], object]) -> _Wakeup:
        wakeup = _Wakeup(deliver)
        with self._lock:
            self._count += 1
            heapq.heappush(self._heap, (self._now + max(0.0, seconds), self._count, wakeup))
            self._lock.notify_all()
        return wakeup

    def wait_for_wakeup(self, within_s: float, limit_s: float = 5.0, beyond_s: float = -1.0) -> None:
        """Wait (in real time, at most ``limit_s``) until somebody asks to be woken within the next ``within_s`` seconds.

        Wake-ups that are due within ``beyond_s`` do not count.
        """
        with self._lock:
            due = lambda: any(self._now + beyond_s < at <= self._now + within_s and wakeup.deliver is not None for at, _, wakeup in self._heap)  # noqa: E731
            assert self._lock.wait_for(due, limit_s), f"nobody asked to be woken within {within_s} s"

    def advance(self, seconds: float) -> None:
        """Move both times and deliver what became due, in order, from this thread."""
        with self._lock:
            self._now += seconds
            self._wall += seconds
            due = []
            while self._heap and self._heap[0][0] <= self._now:
                due.append(heapq.heappop(self._heap)[2])
        for wakeup in due:
            if wakeup.deliver is not None:
                wakeup.deliver()
