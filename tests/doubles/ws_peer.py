"""The other side of a WebSocket connection, byte by byte: a server that does what the test says and nothing else."""

import base64
import contextlib
import hashlib
import re
import socket
import ssl
from collections.abc import Iterator

from otppi.adapters.ws_frames import Kind, Reader

LIMIT_S = 10.0
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Visitor:
    """A client that has come."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self._reader, self._heard = Reader(), []
        self.head = ""

    def ask(self) -> str:
        """Read the handshake, as text."""
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            raw += self.stream.recv(1)
        self.head = raw.decode()
        return self.head

    def welcome(self, more: bytes = b"") -> "Visitor":
        """Let it in; ``more`` is glued to the answer."""
        key = re.search(r"Sec-WebSocket-Key: (\S+)", self.ask())
        assert key
        accept = base64.b64encode(hashlib.sha1((key[1] + GUID).encode()).digest()).decode()
        self.stream.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n" + more)
        return self

    def hear(self) -> tuple[Kind, bytes]:
        """Give the next frame."""
        while not self._heard:
            data = self.stream.recv(65536)
            assert data, "the client hung up"
            self._heard += self._reader.feed(data)
        return self._heard.pop(0)


class Place:
    """Where clients come to."""

    def __init__(self, server: socket.socket, tls: ssl.SSLContext | None, stack: contextlib.ExitStack) -> None:
        self._server, self._tls, self._stack = server, tls, stack
        self.port = server.getsockname()[1]

    def visitor(self) -> Visitor:
        """Wait for the next one. One that trusts us not raises OSError."""
        stream, _ = self._server.accept()
        stream.settimeout(LIMIT_S)
        self._stack.callback(stream.close)
        if self._tls is not None:
            stream = self._stack.enter_context(self._tls.wrap_socket(stream, server_side=True))
        return Visitor(stream)


@contextlib.contextmanager
def place(tls: ssl.SSLContext | None = None) -> Iterator[Place]:
    """Listen at a free port of the loopback."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(LIMIT_S)
        yield Place(server, tls, stack)
