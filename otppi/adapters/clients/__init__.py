"""Short synchronous clients for the doors of a gateway, one library a file; a library is imported when its door is opened.

:func:`connect` opens a door that :func:`otppi.config.door.read` has read.
"""

import importlib
from typing import Protocol, cast

from otppi.config.door import Callback, Door

_CLIENTS = {
    "http": ("http_door", "HttpClient"),
    "amqp": ("amqp", "AmqpClient"),
    "mqtt": ("mqtt", "MqttClient"),
    "redis": ("redis", "RedisClient"),
    "stomp": ("stomp", "StompClient"),
    "ws": ("websocket", "WebsocketClient"),
}


class Client(Protocol):
    """An open door. Every method raises NotDone with a sentence that holds no credentials."""

    answers: bool
    """Whether every request is answered, also without a callback."""

    def listen(self, callback: Callback) -> None:
        """Subscribe to the topic of the reply; the request goes out after that."""

    def publish(self, payload: bytes) -> str:
        """Hand a request over and wait for the confirmation; gives a sentence that says what has been confirmed."""

    def receive(self, limit_s: float) -> bytes | None:
        """Give what comes next to the callback topic; None when nothing came in time."""

    def close(self) -> None:
        """Hang up."""


def connect(door: Door) -> Client:
    """Open a door. Raises NotDone."""
    module, name = _CLIENTS[door.kind]
    return cast("Client", getattr(importlib.import_module(f"{__name__}.{module}"), name)(door))
