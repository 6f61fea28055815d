"""The one clock: a heap of deadlines and one thread that keeps them."""

import heapq
import logging
import threading
import time
from collections.abc import Callable

CROWD = 1024  # wake-ups from which the heap is cleared of cancelled ones, so that they do not stay until they are due
BUILD_DATE = 1_795_305_600.0  # 2026-11-22 UTC: no gateway of this version runs before it
_log = logging.getLogger(__name__)


class _Wakeup:
    """One deadline; cancelling only marks it, the thread drops it when it comes up."""

    __slots__ = ("deliver",)

    def __init__(self, deliver: Callable[[], object]) -> None:
        self.deliver: Callable[[], object] | None = deliver

    def cancel(self) -> None:
        self.deliver = None


class SystemClock:
    """Implements domain.ports.Clock. Start it before use and stop it last.

    The lock guards the heap, which callers of many threads add to and the clock's thread takes from.
    """

    def __init__(self, saved_time: float = 0.0) -> None:
        self._earliest = max(BUILD_DATE, saved_time)
        self._heap: list[tuple[float, int, _Wakeup]] = []
        self._changed = threading.Condition()
        self._count = 0
        self._crowd = CROWD
        self._stopping = False
        self._thread = threading.Thread(target=self._keep, name="clock")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is still waiting is never delivered."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(5)

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()

    def wall(self) -> float:
        """Give unix seconds."""
        return time.time()

    def wall_is_plausible(self) -> bool:
        """Tell whether the wall clock can be right; a device without a battery wakes up in the past."""
        return time.time() >= self._earliest

    def after(self, seconds: float, deliver: Callable[[], object]) -> _Wakeup:
        """Call ``deliver`` once from the clock's thread, ``seconds`` from now."""
        wakeup = _Wakeup(deliver)
        with self._changed:
            self._count += 1
            if len(self._heap) >= self._crowd:
                self._clear_cancelled()
            heapq.heappush(self._heap, (time.monotonic() + max(0.0, seconds), self._count, wakeup))
            if self._heap[0][2] is wakeup:
                self._changed.notify()
        return wakeup

    def _clear_cancelled(self) -> None:
        """Most wake-ups are time-outs that are cancelled in time; the lock is held."""
        self._heap = [entry for entry in self._heap if entry[2].deliver is not None]
        heapq.heapify(self._heap)
        self._crowd = max(CROWD, 2 * len(self._heap))

    def _keep(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and (not self._heap or self._heap[0][0] > time.monotonic()):
                    self._changed.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                if self._stopping:
                    return
                deliver = heapq.heappop(self._heap)[2].deliver
            if deliver is not None:
                try:
                    deliver()
                except Exception:  # noqa: BLE001  # one bad wake-up must not stop all others
                    _log.exception("a wake-up could not be delivered")
