"""One TCP connection, encrypted or not, of one thread, which any other thread may wake or cut."""

import contextlib
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable

READ_BYTES = 65_536
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """Never waits longer than its owner says, whatever the other side does or leaves undone.

    :meth:`nudge` and :meth:`cut` are for any thread; all else is for the owner's.
    """

    def __init__(self) -> None:
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()  # a nudge or a cut must not reach a descriptor that has become somebody else's
        self._socket: socket.socket | None = None
        self._closed = False

    def connect(self, at: tuple[str, int], tls: ssl.SSLContext | None, limit: Callable[[], float]) -> socket.socket:
        """Connect to the first address of a name that takes it, before ``limit()``, which is asked again after each nudge. Raises OSError."""
        trouble: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(*at, type=socket.SOCK_STREAM):
            try:
                return self._connected(socket.socket(family, kind, protocol), address, at[0], tls, limit)
            except OSError as error:
                trouble = trouble or error
                if isinstance(error, ssl.SSLError) or time.monotonic() >= limit():
                    break
        raise trouble or TimeoutError

    def _connected(self, plain: socket.socket, address: object, name: str, tls: ssl.SSLContext | None, limit: Callable[[], float]) -> socket.socket:
        try:
            plain.setblocking(False)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._adopt(plain)
            with contextlib.suppress(BlockingIOError):
                plain.connect(address)  # type: ignore[arg-type]
            self._until(limit, write=True)
            _check(plain)
            if tls is None:
                return plain
            secure = tls.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
            self._adopt(secure)
            self._shake_hands(secure, limit)
        except BaseException:
            self._drop()
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
        """Wait for the socket until a monotonic time or a nudge; tell whether the socket is ready."""
        assert self._socket is not None  # noqa: S101
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        poll.register(self._socket, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
        rung = [number for number, _ in poll.poll(max(0.0, end - time.monotonic()) * 1000)]
        if self._bell in rung:
            os.eventfd_read(self._bell)
        return any(number != self._bell for number in rung)

    def read(self) -> bytes | None:
        """Give what has come: nothing yet is None, the end is empty. Raises OSError."""
        assert self._socket is not None  # noqa: S101
        try:
            return self._socket.recv(READ_BYTES)
        except _NOT_NOW:
            return None

    def write(self, data: bytearray) -> None:
        """Send what the socket takes now, and take it from ``data``. Raises OSError."""
        assert self._socket is not None  # noqa: S101
        with contextlib.suppress(*_NOT_NOW):
            while data:
                del data[:self._socket.send(data)]

    def nudge(self) -> None:
        """Wake the owner from :meth:`wait`."""
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._bell, 1)

    def cut(self) -> None:
        """End the connection under whoever reads or writes it; closing it is still for the owner."""
        with self._lock, contextlib.suppress(OSError):
            if self._socket is not None:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # that of a TLS socket would turn it into a plain one

    def close(self) -> None:
        """Close everything."""
        self._drop()
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._bell)

    def _adopt(self, other: socket.socket) -> None:
        with self._lock:
            self._socket = other

    def _drop(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


def _check(connecting: socket.socket) -> None:
    if number := connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(number, os.strerror(number))
