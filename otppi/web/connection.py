"""One connection to a door: cheroot's, but it holds a thread only while there is something to do.

It waits in the listener's selector, not on a thread, until its handshake and the head of a request have arrived, and after
a refusal until the client has read it. cheroot itself makes handshakes where connections are accepted: three silent clients
stop HTTPS for half a minute.
"""

import contextlib
import select
import selectors
import socket
import ssl
from time import monotonic
from typing import Any

from cheroot.server import HTTPConnection

from otppi.web import streams
from otppi.web.request import Request
from otppi.web.streams import BLOCKED, Reader, Writer

IDLE_S = 10.0  # a connection that says nothing, new or kept alive, is closed after this
_LINGER_S = 1.0  # for the rest of a refused body, so that the client reads our answer instead of a reset
_LINGER_BYTES = 1024 * 1024
_HANDSHAKE = b"\x16"  # RFC 8446, 5.1: the first byte of a TLS connection, and of no HTTP request


class Connection(HTTPConnection):
    RequestHandlerClass = Request
    unread = False
    """More of a refused request may be on its way; not so from a client that stalled."""
    until = 0.0
    """When the selector gives it up, by the monotonic clock; 0 for one that has just been accepted."""
    events = selectors.EVENT_READ
    midway = False
    """Whether it waits for the rest of something, and all that has arrived is taken in."""
    secure = False

    def __init__(self, server: Any, sock: socket.socket, makefile: object = None) -> None:  # noqa: ARG002  # cheroot's
        super().__init__(server, sock, lambda *_: None)
        sock.setblocking(False)
        self.rfile, self.wfile = Reader(sock, server.patience_s), Writer(sock)
        self._met = self._shaking = False
        self._left = 0  # bytes that are still taken in while lingering

    @property
    def strayed(self) -> bool:
        """Whether it speaks plain HTTP where HTTPS is spoken."""
        return not self.secure and self.server.context is not None

    def idle(self) -> None:
        """Begin to wait for the first byte of something."""
        self.until = monotonic() + IDLE_S
        self.midway, self.events = False, selectors.EVENT_READ

    def communicate(self) -> bool:
        """Do what can be done without waiting for a handshake or a head; False when the connection is over."""
        if self._left:
            return self._linger()
        try:
            whole = self._arrived()
        except OSError:  # the client has gone, or no handshake is possible with it
            return False
        if not whole:
            if not self.midway:
                self.midway, self.until = True, monotonic() + streams.REQUEST_LIMIT_S
            return monotonic() < self.until or self._too_late()
        self.rfile.begin()
        keep = bool(super().communicate())  # type: ignore[no-untyped-call]
        if keep:
            self.idle()
        elif self.unread and self.server.ready:
            return self._part()
        return keep

    def give_up(self) -> None:
        """Close what has waited in the selector for too long."""
        if not self._left:
            self._too_late()
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.unwrap()  # says goodbye; the client's own is not waited for
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.rfile.close()
        self.socket.close()

    def _arrived(self) -> bool:
        if not self._met and not self._meet(self.server.context):
            return False
        self._met = True
        if self._shaking:
            try:
                self.socket.do_handshake()
            except BLOCKED as blocked:
                self.events = selectors.EVENT_WRITE if streams.direction(blocked) == select.POLLOUT else selectors.EVENT_READ
                return False
            self._shaking, self.events = False, selectors.EVENT_READ
        return bool(self.rfile.gather())

    def _meet(self, context: ssl.SSLContext | None) -> bool:
        """Find out by its first byte whether a client speaks TLS; False when it has not come yet."""
        try:
            first = self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        if first == _HANDSHAKE:
            if context is None:
                raise ConnectionAbortedError("TLS where plain HTTP is spoken")  # which could only be answered in TLS
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.rfile.secure(self.socket)
            self.wfile.secure(self.socket)
            self.secure = self._shaking = True
        return True

    def _too_late(self) -> bool:
        """Tell a client that has begun a request that it took too long; the connection is over."""
        if self.rfile.begun:
            self.wfile.waiting = False
            with contextlib.suppress(OSError):
                Request(self.server, self).simple_response("408 Request Timeout")
        return False

    def _part(self) -> bool:
        """Say that we are done. A socket closed with unread bytes is reset by the kernel (RFC 9112, 9.6), and the client
        loses the answer; so what it still sends is taken in for a moment.
        """
        try:
            with contextlib.suppress(OSError, ValueError):
                self.socket.unwrap() if self.secure else None
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False  # the client has gone; there is nobody to be polite to
        self.midway, self.events = True, selectors.EVENT_READ
        self.until, self._left = monotonic() + _LINGER_S, _LINGER_BYTES
        return self._linger()

    def _linger(self) -> bool:
        try:
            while self._left > 0 and (data := self.socket.recv(min(self._left, 65536))):
                self._left -= len(data)
        except BLOCKED:
            return True
        except OSError:
            return False
        return False
