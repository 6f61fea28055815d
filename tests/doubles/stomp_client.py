"""A STOMP client of a few lines, which shows frames as they are."""

import socket
import uuid
from types import TracebackType
from typing import Any, Self

LIMIT_S = 10.0


class StompClient:
    """Logged in; :meth:`send` is confirmed, :meth:`frame` gives the next frame as command, headers and body."""

    def __init__(self, server: Any, port: int) -> None:
        self._rest = b""
        self._socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self._put("CONNECT", {"accept-version": "1.2", "host": "/", "login": server.user, "passcode": server.password})
        assert self.frame()[0] == "CONNECTED"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def subscribe(self, destination: str) -> None:
        """Take everything from there, from here on."""
        self._confirmed("SUBSCRIBE", {"destination": destination, "id": "1", "ack": "auto"})

    def send(self, destination: str, *bodies: bytes, **headers: str) -> None:
        """Send persistent messages one after the other."""
        for body in bodies:
            self._confirmed("SEND", {"destination": destination, "persistent": "true", **headers}, body)

    def _confirmed(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        receipt = uuid.uuid4().hex
        self._put(command, {**headers, "receipt": receipt}, body)
        kind, found, _ = self.frame()
        assert (kind, found.get("receipt-id")) == ("RECEIPT", receipt), (kind, found)

    def _put(self, command: str, headers: dict[str, str], body: bytes = b"") -> None:
        head = "".join(f"{name}:{value}\n" for name, value in headers.items())
        self._socket.sendall(f"{command}\n{head}\n".encode() + body + b"\0")

    def frame(self) -> tuple[str, dict[str, str], bytes]:
        """Wait for the next one."""
        while b"\0" not in self._rest:
            data = self._socket.recv(65536)
            assert data, "the broker hung up"
            self._rest += data
        raw, _, self._rest = self._rest.partition(b"\0")
        head, _, body = raw.lstrip(b"\n").partition(b"\n\n")
        command, *lines = head.decode().split("\n")
        return command, dict(line.split(":", 1) for line in lines), body
