"""One request on a connection: cheroot's, with other limits and with answers in JSON."""

import contextlib
import re
from typing import Any

from cheroot.server import HeaderReader
from cherrypy._cpwsgi_server import CPWSGIHTTPRequest

from otppi.domain import replies

_LENGTH = re.compile(rb"[0-9]{1,18}")
_HOST = re.compile(rb"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


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

    def __init__(self, server: Any, conn: Any) -> None:
        super().__init__(server, conn)
        if conn.secure:
            self.scheme = b"https"

    def read_request_headers(self) -> bool:
        """Read the head; a Content-Length that Python would take and RFC 9110, 8.6 does not would let one request hide in another."""
        if not super().read_request_headers():
            return False
        if self.conn.strayed:
            self._redirect()
        elif _LENGTH.fullmatch(self.inheaders.get(b"Content-Length", b"0")):
            return True
        else:
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

    def _redirect(self) -> None:
        """Send whoever looks at a page to HTTPS; whoever sends something has already sent it in the clear and is told so."""
        host = self.inheaders.get(b"Host", b"")
        if self.method in {b"GET", b"HEAD"} and self.uri.startswith(b"/") and _HOST.fullmatch(host):
            self.simple_response("307 Temporary Redirect", "This port speaks HTTPS.", (("Location", f"https://{host.decode()}{self.uri.decode('latin-1')}"),))
        else:
            self.simple_response("400 Bad Request", "This port speaks HTTPS; use a URL that begins with https://.")

    def simple_response(self, status: str, msg: str = "", more: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer what never reached an application: broken or oversized heads, clients that stall."""
        sentence = msg or f"{status[4:]}."
        body = replies.Reply("", replies.FAILED, error=sentence).encode()
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
                   ("X-Content-Type-Options", "nosniff"), *more, ("Connection", "close"))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.close_connection = True
        self.conn.unread = not status.startswith("408")
        with contextlib.suppress(OSError):  # a client that has gone needs no answer
            self.conn.wfile.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)
