"""One connection to a door and the requests on it: cheroot's, with other limits and with answers in JSON."""

import contextlib
import re
import socket
from typing import Any

from cheroot.server import HeaderReader, HTTPConnection
from cherrypy._cpwsgi_server import CPWSGIHTTPRequest

from otppi.domain import replies
from otppi.web.streams import Reader, Writer, linger

_LENGTH = re.compile(rb"[0-9]{1,18}")


class _Headers(HeaderReader):
    """WSGI makes ``X_A`` and ``X-A`` one name: a client could overwrite what a proxy says of it."""

    def _allow_header(self, key_name: bytes) -> bool:
        return b"_" not in key_name


class _Head:
    """Takes what cheroot writes as the head of an answer."""

    written = b""

    def write(self, data: bytes) -> None:
        self.written = data


class Request(CPWSGIHTTPRequest):  # type: ignore[misc]
    header_reader = _Headers()

    def read_request_headers(self) -> bool:
        """Read the head; a Content-Length that Python would take and RFC 9110, 8.6 does not would let one request hide in another."""
        if not super().read_request_headers():
            return False
        if _LENGTH.fullmatch(self.inheaders.get(b"Content-Length", b"0")):
            return True
        self.simple_response("400 Bad Request", "The Content-Length is no number.")
        return False

    def send_headers(self) -> None:
        if not self._body_taken():
            self.close_connection = True
            self.conn.unread = not self.status.startswith(b"408")
        writer, self.conn.wfile = self.conn.wfile, _Head()
        try:
            super().send_headers()
        finally:
            head, self.conn.wfile = self.conn.wfile, writer
        writer.hold(head.written)

    def respond(self) -> None:
        super().respond()
        self.conn.wfile.write()  # the head of an answer without a body

    def _body_taken(self) -> bool:
        """Whether the next request can begin: a body that was not wanted is dropped if it is here, never waited for."""
        if self.chunked_read:
            return bool(self.rfile.closed)
        if self.rfile.remaining > 0:
            self.rfile.remaining -= self.conn.rfile.discard(self.rfile.remaining)
        return bool(self.rfile.remaining == 0)

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer what never reached an application: broken or oversized heads, clients that stall."""
        sentence = msg or f"{status[4:]}."
        body = replies.Reply("", replies.FAILED, error=sentence).encode()
        head = (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n")
        self.close_connection = True
        self.conn.unread = not status.startswith("408")
        with contextlib.suppress(OSError):  # a client that has gone needs no answer
            self.conn.wfile.write(head.encode() + body)


class Connection(HTTPConnection):
    RequestHandlerClass = Request
    unread = False
    """More of a refused request may be on its way; not so from a client that stalled."""

    def __init__(self, server: Any, sock: socket.socket, makefile: object = None) -> None:  # noqa: ARG002  # cheroot's
        super().__init__(server, sock, lambda *_: None)
        sock.setblocking(False)
        self.rfile, self.wfile = Reader(sock, server.patience_s), Writer(sock)

    def communicate(self) -> bool:
        self.rfile.begin()
        keep = bool(super().communicate())  # type: ignore[no-untyped-call]
        if not keep and self.unread and self.server.ready:
            linger(self.socket)
        return keep
