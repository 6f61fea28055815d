"""REST: the reply is the answer to the request."""

import base64
import http.client
from urllib.parse import quote

from otppi.adapters.clients.trouble import encryption, translated
from otppi.config.door import HTTP_PATH, Callback, Door

_SAFE = "/?%:@!$&'()*+,;=~"  # what stands for itself in a path and a query


class HttpClient:
    """Implements Client for ``http(s)://``."""

    answers = True

    def __init__(self, door: Door) -> None:
        self._door = door
        self._reply = b""
        with translated(door):
            tls = encryption(door)
            self._connection = (http.client.HTTPConnection(door.host, door.port, timeout=door.connect_s) if tls is None else
                                http.client.HTTPSConnection(door.host, door.port, timeout=door.connect_s, context=tls))
        with translated(door):
            self._connection.connect()

    def listen(self, callback: Callback) -> None:
        """Nothing to do: the answer comes by the same way."""

    def publish(self, payload: bytes) -> str:
        """POST."""
        headers = {"Content-Type": "application/json"}
        if self._door.username:
            pair = f"{self._door.username}:{self._door.password.reveal()}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        path = HTTP_PATH if self._door.path in {"", "/"} else quote(self._door.path, safe=_SAFE)
        with translated(self._door, http.client.HTTPException):
            self._connection.sock.settimeout(self._door.timeout_s)
            self._connection.request("POST", f"{path}?{quote(self._door.query, safe=_SAFE)}" if self._door.query else path, payload, headers)
            response = self._connection.getresponse()
            self._reply = response.read()
        return f"{self._door.place} answered with status {response.status}."

    def receive(self, limit_s: float) -> bytes | None:  # noqa: ARG002  # it has come already
        """Give the body of the answer, once."""
        reply, self._reply = self._reply, b""
        return reply or None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
