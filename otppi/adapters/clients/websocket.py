"""A WebSocket message broker: ``ws[s]://host:port/path?topic=T`` and one text frame a message."""

import base64
import contextlib
import logging
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import websocket

from otppi.adapters.clients.trouble import encryption, refused, translated
from otppi.config.door import Callback, Door
from otppi.domain.errors import NotDone

CLOSE_LIMIT_S = 1
UNAUTHORIZED = (401, 403)
logging.getLogger("websocket").addHandler(logging.NullHandler())


class WebsocketClient:
    """Implements Client for ``ws(s)://``. The reply comes by a connection of its own, as the gateway sends it."""

    answers = False

    def __init__(self, door: Door) -> None:
        self._door = door
        self._out: Any = self._open(door.topic)
        self._in: Any = None

    def listen(self, callback: Callback) -> None:
        """Open the second connection."""
        self._in = self._open(callback.topic)

    def publish(self, payload: bytes) -> str:
        """Write one text frame; there is no more to be had."""
        with self._translated():
            self._out.send(payload.decode())
        return f"The request is written to the topic {self._door.topic}; a WebSocket broker confirms nothing."

    def receive(self, limit_s: float) -> bytes | None:
        """Give the next reply."""
        with self._translated():
            self._in.settimeout(max(0.001, limit_s))
            try:
                text = self._in.recv()
            except websocket.WebSocketTimeoutException:
                return None
        if not text:
            raise NotDone(f"{self._door.place} closed the connection.")
        return text.encode() if isinstance(text, str) else bytes(text)

    def close(self) -> None:
        """Hang up."""
        for connection in (self._in, self._out):
            if connection is not None:
                with contextlib.suppress(websocket.WebSocketException, OSError):
                    connection.close(timeout=CLOSE_LIMIT_S)

    def _open(self, topic: str) -> Any:
        door = self._door
        query = [*((name, value) for name, value in parse_qsl(door.query, keep_blank_values=True) if name != "topic"), ("topic", topic)]
        host = f"[{door.host}]" if ":" in door.host else door.host
        path = quote(door.path or "/", safe="/%:@!$&()*+,;=~")
        url = f"{'wss' if door.tls.enabled else 'ws'}://{host}:{door.port}{path}?{urlencode(query, safe='/')}"
        header = []
        if door.username:  # the library does not read them from the URL
            header.append("Authorization: Basic " + base64.b64encode(f"{door.username}:{door.password.reveal()}".encode()).decode())
        with self._translated():
            return websocket.create_connection(url, timeout=door.connect_s, header=header, suppress_origin=True, sslopt={"context": encryption(door)})

    @contextlib.contextmanager
    def _translated(self) -> Any:
        with translated(self._door, websocket.WebSocketException):
            try:
                yield
            except websocket.WebSocketBadStatusException as error:
                if error.status_code in UNAUTHORIZED:
                    raise refused(self._door) from None
                raise NotDone(f"{self._door.place} is no WebSocket broker, or its path is another: status {error.status_code}.") from None
