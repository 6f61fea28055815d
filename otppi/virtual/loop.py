"""One thread for all modems: an edge-triggered epoll and a heap of deadlines. No lock is needed where nobody else runs."""

import heapq
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import FrameType
from typing import Final

READABLE: Final = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR | select.EPOLLET
"""Edge-triggered: a pseudo-terminal that nobody has open would else report its hang-up without end."""
WRITABLE: Final = select.EPOLLOUT

Action = Callable[[], object]


class Timer:
    """A deadline that can be taken back."""

    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        """`action` runs once, at the deadline."""
        self.action: Action | None = action

    def cancel(self) -> None:
        """The action will not run."""
        self.action = None


class Loop:
    """Runs handlers and timers until `stop()` or SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.watch(self._wake_read, self._woken)

    def watch(self, descriptor: int, handler: Callable[[int], None]) -> None:
        """Call `handler(events)` when something new can be read; it must read until there is no more."""
        self._handlers[descriptor] = handler
        self._epoll.register(descriptor, READABLE)

    def want_write(self, descriptor: int, *, wanted: bool) -> None:
        """Also call the handler once there is room to write."""
        self._epoll.modify(descriptor, READABLE | WRITABLE if wanted else READABLE)

    def forget(self, descriptor: int) -> None:
        """End watching; before the descriptor is closed."""
        if self._handlers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def later(self, delay_s: float, action: Action) -> Timer:
        """Run `action` in `delay_s` seconds."""
        timer = Timer(action)
        heapq.heappush(self._timers, (time.monotonic() + delay_s, next(self._order), timer))
        return timer

    def stop(self) -> None:
        """Let `run()` return; may be called from a signal handler."""
        self._stopping = True

    def end_on_signals(self) -> None:
        """SIGTERM and SIGINT end `run()`; the wake-up pipe closes the gap between a signal and the next wait."""
        signal.set_wakeup_fd(self._wake_write)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def run(self) -> None:
        """Serve until stopped."""
        while not self._stopping:
            for descriptor, events in self._epoll.poll(self._patience_s()):
                handler = self._handlers.get(descriptor)
                if handler is not None:
                    handler(events)
            self._run_due()

    def close(self) -> None:
        """Give the descriptors back."""
        with suppress(ValueError):  # not in the main thread, so never set either
            signal.set_wakeup_fd(-1)
        self._epoll.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _patience_s(self) -> float:
        if not self._timers:
            return -1
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _run_due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            action = heapq.heappop(self._timers)[2].action
            if action is not None:
                action()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _woken(self, _events: int) -> None:
        with suppress(BlockingIOError):
            while os.read(self._wake_read, 64):
                pass
