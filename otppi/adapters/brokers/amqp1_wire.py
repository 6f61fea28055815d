"""A socket, bare or encrypted, that one thread moves bytes over and other threads may interrupt."""

import contextlib
import os
import select
import socket
import ssl

READ_BYTES = 65_536


class Wire:
    """Connects within the limit. Raises what sockets raise, everywhere."""

    def __init__(self, where: tuple[str, int], limit_s: float, tls: ssl.SSLContext | None) -> None:
        line = socket.create_connection(where, limit_s)
        try:
            line.setblocking(False)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line = line if tls is None else tls.wrap_socket(line, server_hostname=where[0], do_handshake_on_connect=False)
        except BaseException:
            line.close()
            raise
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._shaken = tls is None
        self._wants_write = False

    def wake(self) -> None:
        """Make :meth:`wait` return; from any thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"\0")

    def wait(self, limit_s: float, *, write: bool) -> None:
        """Wait until there may be something to read or, when asked for, to write, or somebody calls :meth:`wake`."""
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        poll.register(self._line, select.POLLOUT if self._wants_write else select.POLLIN | (select.POLLOUT if write and self._shaken else 0))
        poll.poll(max(0.0, limit_s) * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, READ_BYTES)

    def read(self, limit: int) -> bytes | None:
        """Give what there is, empty at the other side's end, None when there is nothing yet."""
        try:
            self._shake()
            return self._line.recv(min(limit, READ_BYTES)) if self._shaken and limit > 0 else None
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def write(self, data: bytes) -> int:
        """Write, and give how many bytes were taken."""
        if not (self._shaken and data):
            return 0
        try:
            return self._line.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0

    def close(self) -> None:
        """Close everything; nobody may wake it any more."""
        self._line.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _shake(self) -> None:
        if self._shaken or not isinstance(self._line, ssl.SSLSocket):
            return
        self._wants_write = False
        try:
            self._line.do_handshake()
        except ssl.SSLWantWriteError:
            self._wants_write = True
            raise
        self._shaken = True
