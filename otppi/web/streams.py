"""A connection's two directions, plain or TLS, with limits: reading never waits long for a client while others wait for a thread.

cheroot gives each connection a thread from its first byte on, one time-out for each read, and buffers in Python. Here the
sockets never block; what has arrived is taken in without waiting until the head of a request is whole, a body has one
limit, and a shorter one as soon as other connections queue for a thread, so that clients who send nothing, or a byte now
and then, cannot hold the pool (SPEC X4).
"""

import errno
import io
import select
import socket
import ssl
from collections.abc import Callable
from time import monotonic  # of sockets, not of the gateway's affairs: real time even in tests
from typing import Any

REQUEST_LIMIT_S = 15.0  # head with handshake, from the first byte; body, from the end of the head
CROWDED_LIMIT_S = 1.0  # body, while others queue; whoever sends a request at once needs a fraction of it
WRITE_LIMIT_S = 10.0  # for a client that does not take its answer
HEAD_LIMIT = 16 * 1024  # bytes
_SLICE_MS = 250  # how soon a waiting thread notices that others queue
_PART = 16 * 1024  # bytes; a TLS record holds as many


class _Line(io.RawIOBase):
    """The reading end of a socket that does not block."""

    def __init__(self, sock: socket.socket, patience_s: Callable[[], float]) -> None:
        super().__init__()
        self.sock = sock
        self._patience_s = patience_s
        self._started = monotonic()
        self.waiting = True
        self.ended = False
        self.early = bytearray()
        """What was taken in before its request was whole; it comes before anything in the socket."""

    def begin(self) -> None:
        self._started = monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.early:
            size = min(len(buffer), len(self.early))
            buffer[:size] = self.early[:size]
            del self.early[:size]
            return size
        return self.receive(buffer)

    def receive(self, buffer: Any) -> int | None:
        """Read from the socket; None when nothing is there and waiting is off."""
        while True:
            try:
                size = self.sock.recv_into(buffer)
            except BLOCKED as blocked:
                if not self.waiting:
                    return None
                self._wait(direction(blocked))
            except ssl.SSLError as error:
                raise broken() from error
            else:
                self.ended = not size
                return size

    def _wait(self, events: int) -> None:
        poll = select.poll()
        poll.register(self.sock, events)
        while True:
            if monotonic() - self._started >= self._patience_s():
                raise TimeoutError("timed out")  # the words that cheroot knows
            if poll.poll(_SLICE_MS):
                return


class Reader(io.BufferedReader):
    """What cheroot reads requests from. ``patience_s`` tells how long a body may take, and may change its mind meanwhile."""

    def __init__(self, sock: socket.socket, patience_s: Callable[[], float]) -> None:
        self._line = _Line(sock, patience_s)
        super().__init__(self._line)

    def secure(self, sock: ssl.SSLSocket) -> None:
        """Read from this socket from now on."""
        self._line.sock = sock

    def begin(self) -> None:
        """Start the limit of a body."""
        self._line.begin()

    def gather(self) -> bool:
        """Take in what has arrived; True once the head of a request is whole, or never will be.

        After False everything is taken, from the socket and from the TLS layer above it: more will show in a selector.
        """
        line = self._line
        line.waiting = False
        try:
            data = self.peek(1)
            if line.ended or _whole(data):
                return True
            early = line.early
            early[:0] = self.read1(len(data)) if data else b""
            part, seen = bytearray(_PART), 0
            while not _whole(early, seen) and len(early) <= HEAD_LIMIT:
                size = line.receive(part)
                if not size:
                    return line.ended
                seen = len(early)
                early += part[:size]
            return True
        finally:
            line.waiting = True

    @property
    def begun(self) -> bool:
        """Whether a part of a request is here."""
        return bool(self._line.early)

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
        self.waiting = True
        """Whether it may wait for the client to take what is written."""

    def secure(self, sock: ssl.SSLSocket) -> None:
        """Write to this socket from now on."""
        self._sock = sock

    def hold(self, head: bytes) -> None:
        """Keep the head of an answer until its body comes, so that both leave in one packet."""
        self._held = head

    def write(self, data: bytes = b"") -> int:
        """Send everything or raise TimeoutError."""
        size = len(data)
        if self._held:
            data, self._held = self._held + data, b""
        limit_s = WRITE_LIMIT_S if self.waiting else 0.0
        until = monotonic() + limit_s
        while data:
            try:
                data = data[self._sock.send(data):]
            except BLOCKED as blocked:
                poll = select.poll()
                poll.register(self._sock, direction(blocked, select.POLLOUT))
                if monotonic() > until or not poll.poll(limit_s * 1000):
                    raise TimeoutError("timed out") from None
            except ssl.SSLError as error:
                raise broken() from error
        return size


BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def direction(blocked: OSError, plain: int = select.POLLIN) -> int:
    """Tell what a socket that would block waits for, as a poll event; a plain one waits for ``plain``."""
    if isinstance(blocked, ssl.SSLWantReadError):
        return select.POLLIN
    return select.POLLOUT if isinstance(blocked, ssl.SSLWantWriteError) else plain


def broken() -> ConnectionResetError:
    """Say of a TLS connection that broke what cheroot knows of a plain one: no news."""
    return ConnectionResetError(errno.ECONNRESET, "The TLS connection broke.")


def _whole(data: bytes | bytearray, seen: int = 0) -> bool:
    """Tell whether an empty line is in it, also one of those that will be refused for their bare line feeds."""
    at = max(seen - 3, 0)
    return data.find(b"\n\r\n", at) >= 0 or data.find(b"\n\n", at) >= 0
