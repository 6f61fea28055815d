"""One TCP connection, encrypted or not, of one thread, whose waits end by a bell and by a limit."""

import contextlib
import math
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from otppi.adapters.brokers.bell import Bell, watch

READ_BYTES = 65_536
MOST_BYTES = 16 * 1024 * 1024
"""Of one message: what is larger is an attack, or for somebody else. Where its end can be told it is delivered empty, else the link ends."""
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """Never waits longer than its owner says, whatever the other side does or leaves undone."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._socket: socket.socket | None = None

    def connect(self, at: tuple[str, int], tls: ssl.SSLContext | None, limit: Callable[[], float]) -> socket.socket:
        """Connect to the first address of a name that takes it, before ``limit()``, which is asked again after each ring. Raises OSError."""
        trouble: OSError | None = None
        for family, kind, protocol, _, address in self._look_up(at, limit):
            try:
                return self._connected(socket.socket(family, kind, protocol), address, at[0], tls, limit)
            except OSError as error:
                trouble = trouble or error
                if isinstance(error, ssl.SSLError) or time.monotonic() >= limit():
                    break
        raise trouble or TimeoutError

    def _look_up(self, at: tuple[str, int], limit: Callable[[], float]) -> list[Any]:
        """Give the addresses of a name. The system's own look-up has no limit that suits us, and cannot be broken off: its thread is left to it."""
        with contextlib.suppress(socket.gaierror):
            return socket.getaddrinfo(*at, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        found: list[list[Any] | Exception] = []

        def ask() -> None:
            try:
                found.append(socket.getaddrinfo(*at, type=socket.SOCK_STREAM))
            except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
                found.append(error)
            self._bell.ring()

        threading.Thread(target=ask, name="name look-up", daemon=True).start()
        while not found:
            self.wait(limit(), read=False)
            if not found and time.monotonic() >= limit():
                raise TimeoutError
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _connected(self, plain: socket.socket, address: object, name: str, tls: ssl.SSLContext | None, limit: Callable[[], float]) -> socket.socket:
        self._socket = plain
        try:
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(BlockingIOError):
                plain.connect(address)  # type: ignore[arg-type]
            self._until(limit, write=True)
            _check(plain)
            if tls is None:
                return plain
            self._socket = secure = tls.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
            self._shake_hands(secure, limit)
        except BaseException:
            self.close()
            plain.close()
            raise
        return secure

    def _shake_hands(self, secure: ssl.SSLSocket, limit: Callable[[], float]) -> None:
        while True:
            try:
                return secure.do_handshake()
            except ssl.SSLWantReadError:
                self._until(limit, write=False)
            except ssl.SSLWantWriteError:
                self._until(limit, write=True)

    def _until(self, limit: Callable[[], float], *, write: bool) -> None:
        while not self.wait(limit(), read=not write, write=write):
            if time.monotonic() >= limit():
                raise TimeoutError

    def wait(self, end: float, *, read: bool = True, write: bool = False) -> bool:
        """Wait for the socket until a monotonic time or a ring; tell whether the socket is ready."""
        mine = [] if self._socket is None else [self._socket]
        return watch(self._bell, end, read=mine if read else (), write=mine if write else ())

    def read(self, limit: int = READ_BYTES) -> bytes | None:
        """Give what has come: nothing yet is None, the end is empty. Raises OSError."""
        if self._socket is None:
            return b""
        try:
            return self._socket.recv(min(limit, READ_BYTES))
        except _NOT_NOW:
            return None

    def write(self, data: bytes | bytearray) -> int:
        """Send, and give how many bytes were taken. Raises OSError."""
        if self._socket is None:
            raise ConnectionError
        try:
            return self._socket.send(data) if data else 0
        except _NOT_NOW:
            return 0

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class TooMuch(OSError):
    """A message is larger than we take."""


class Line:
    """A wire as a library's socket: one limit for all it does from :meth:`settimeout` on, where a socket has one for each byte.

    ``limit()`` is another, asked for at each ring; from :meth:`next` on no more than ``most`` bytes are read.
    """

    def __init__(self, wire: Wire, stream: socket.socket, limit: Callable[[], float], most: int) -> None:
        self._wire = wire
        self._end = math.inf
        self.stream, self.limit = stream, limit
        self.next(most)

    def next(self, most: int) -> None:
        """Begin another message."""
        self._room = most

    def settimeout(self, limit_s: float | None) -> None:
        """Begin another limit."""
        self._end = math.inf if limit_s is None else time.monotonic() + limit_s

    def gettimeout(self) -> float:
        """Give none, so that the library does not wait itself."""
        return 0.0

    def recv(self, size: int) -> bytes:
        """Read. Raises OSError."""
        data = self.read(size)
        self.count(data)
        return data

    def read(self, size: int) -> bytes:
        """Read what does not count yet. Raises OSError."""
        while (data := self._wire.read(size)) is None:
            self._wait(write=False)
        return data

    def count(self, data: bytes) -> None:
        """Count what was read. Raises TooMuch."""
        self._room -= len(data)
        if self._room < 0:
            raise TooMuch

    def send(self, data: bytes) -> int:
        """Write some of it. Raises OSError."""
        while not (sent := self._wire.write(data)):
            self._wait(write=True)
        return sent

    def sendall(self, data: bytes) -> None:
        """Write all of it. Raises OSError."""
        while data:
            data = data[self.send(data):]

    def _wait(self, *, write: bool) -> None:
        while not self._wire.wait(min(self._end, self.limit()), read=not write, write=write):
            if time.monotonic() >= min(self._end, self.limit()):
                raise TimeoutError

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _check(connecting: socket.socket) -> None:
    if number := connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(number, os.strerror(number))
