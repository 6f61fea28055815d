"""What wakes the one thread of a link, and what that thread waits with."""

import contextlib
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable


class Bell:
    """Any thread may ring; the link's own waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # a ring must not reach a descriptor that has become somebody else's
        self._number = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Give what to poll."""
        return self._number

    def ring(self) -> None:
        """Wake the thread, now or at its next wait; nothing once it has gone."""
        with self._lock:
            if self._number >= 0:
                os.eventfd_write(self._number, 1)

    def hush(self) -> None:
        """Take the rings off, before looking what they were for."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._number)

    def close(self) -> None:
        """Let nobody ring any more."""
        with self._lock:
            if self._number >= 0:
                os.close(self._number)
                self._number = -1


def watch(bell: Bell, end: float, *, read: Iterable[socket.socket] = (), write: Iterable[socket.socket] = ()) -> bool:
    """Wait for a socket, for the bell, or until a monotonic time; tell whether a socket is ready."""
    wanted: dict[socket.socket, int] = {}
    for line in read:
        wanted[line] = select.POLLIN
        if isinstance(line, ssl.SSLSocket) and line.pending():
            return True  # deciphered already, so that the system knows nothing of it
    for line in write:
        wanted[line] = wanted.get(line, 0) | select.POLLOUT
    poll = select.poll()
    poll.register(bell, select.POLLIN)
    for line, events in wanted.items():
        poll.register(line, events)
    ready = [number for number, _ in poll.poll(max(0.0, end - time.monotonic()) * 1000)]
    bell.hush()
    return any(number != bell.fileno() for number in ready)
