"""A connection's two directions with limits: reading never waits long for a client while others wait for a thread.

cheroot gives each connection a thread from its first byte on, one time-out for each read, and buffers in Python. Here the
sockets never block; a whole request has one limit, and a shorter one as soon as other connections queue for a thread, so
that clients who send nothing, or a byte now and then, cannot hold the pool (SPEC X4).
"""

import io
import select
import socket
from collections.abc import Callable
from time import monotonic  # of sockets, not of the gateway's affairs: real time even in tests
from typing import Any

REQUEST_LIMIT_S = 15.0  # head and body together, from the first byte
CROWDED_LIMIT_S = 1.0  # the same while others queue; whoever sends a request at once needs a fraction of it
WRITE_LIMIT_S = 10.0  # for a client that does not take its answer
_SLICE_MS = 250  # how soon a waiting thread notices that others queue
_LINGER_S = 1.0  # for the rest of a refused body, so that the client reads our answer instead of a reset
_LINGER_BYTES = 1024 * 1024


class _Line(io.RawIOBase):
    """The reading end of a socket that does not block."""

    def __init__(self, sock: socket.socket, patience_s: Callable[[], float]) -> None:
        super().__init__()
        self._sock = sock
        self._patience_s = patience_s
        self._started = monotonic()
        self.waiting = True

    def begin(self) -> None:
        self._started = monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        while True:
            try:
                return self._sock.recv_into(buffer)
            except BlockingIOError:
                if not self.waiting:
                    return None
            self._wait()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        while True:
            if monotonic() - self._started >= self._patience_s():
                raise TimeoutError("timed out")  # the words that cheroot knows
            if poll.poll(_SLICE_MS):
                return


class Reader(io.BufferedReader):
    """What cheroot reads requests from. ``patience_s`` tells how long a request may take, and may change its mind meanwhile."""

    def __init__(self, sock: socket.socket, patience_s: Callable[[], float]) -> None:
        self._line = _Line(sock, patience_s)
        super().__init__(self._line)

    def begin(self) -> None:
        """Start the limit of a request."""
        self._line.begin()

    def has_data(self) -> bool:
        """Tell, without waiting, whether a request has begun to arrive."""
        self._line.waiting = False
        try:
            return bool(self.peek(1))
        except OSError:
            return True  # whoever reads next gets the error
        finally:
            self._line.waiting = True

    def discard(self, size: int) -> int:
        """Drop up to ``size`` bytes that have arrived; gives how many."""
        self._line.waiting = False
        dropped = 0
        try:
            while dropped < size and (data := self.read1(min(size - dropped, 65536))):
                dropped += len(data)
        finally:
            self._line.waiting = True
        return dropped


class Writer:
    """What cheroot writes answers to."""

    closed = False

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = b""

    def hold(self, head: bytes) -> None:
        """Keep the head of an answer until its body comes, so that both leave in one packet."""
        self._held = head

    def write(self, data: bytes = b"") -> int:
        """Send everything or raise TimeoutError."""
        size = len(data)
        if self._held:
            data, self._held = self._held + data, b""
        until = monotonic() + WRITE_LIMIT_S
        while data:
            try:
                data = data[self._sock.send(data):]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._sock, select.POLLOUT)
                if monotonic() > until or not poll.poll(WRITE_LIMIT_S * 1000):
                    raise TimeoutError("timed out") from None
        return size


def linger(sock: socket.socket) -> None:
    """Say that we are done, and take in what the client still sends, within limits. A socket closed with unread bytes is reset
    by the kernel (RFC 9112, 9.6), and the client loses the answer.
    """
    until = monotonic() + _LINGER_S
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    left = _LINGER_BYTES
    try:
        sock.shutdown(socket.SHUT_WR)
        while left > 0 and (rest := until - monotonic()) > 0 and poll.poll(rest * 1000):
            data = sock.recv(min(left, 65536))
            if not data:
                return
            left -= len(data)
    except OSError:
        return  # the client has gone; there is nobody to be polite to
