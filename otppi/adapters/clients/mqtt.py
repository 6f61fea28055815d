"""MQTT 3.1.1 by paho, driven by hand: no thread."""

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from otppi.adapters.clients.trouble import encryption, look, refused, silent, translated
from otppi.config.door import Callback, Door
from otppi.domain.errors import NotDone

KEEP_ALIVE_S = 60
_CREDENTIALS = {"Bad user name or password", "Not authorized"}


class MqttClient:
    """Implements Client for ``mqtt(s)://``."""

    answers = False

    def __init__(self, door: Door) -> None:
        self._door = door
        self._replies: deque[bytes] = deque()
        self._connected = self._subscribed = ""
        self._confirmed: set[int] = set()
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"otppi-publish-{secrets.token_hex(4)}", reconnect_on_failure=False)
        client.connect_timeout = door.connect_s
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        if door.username:
            client.username_pw_set(door.username, door.password.reveal())
        self._client = client
        with translated(door, ValueError):
            if (tls := encryption(door)) is not None:
                look(door)  # paho leaves a socket behind when the handshake fails
                client.tls_set_context(tls)
            client.connect(door.host, door.port, KEEP_ALIVE_S)
            self._until(lambda: self._connected, door.connect_s)
        if self._connected != "Success":
            self.close()
            raise refused(door) if self._connected in _CREDENTIALS else NotDone(
                f"{door.place} refused the connection: {self._connected.lower()}." if self._connected else f"{door.place} did not answer in time.")

    def listen(self, callback: Callback) -> None:
        """Subscribe with QoS 1."""
        with translated(self._door):
            self._client.subscribe(callback.topic, qos=1)
            if not self._until(lambda: self._subscribed, self._door.connect_s):
                raise NotDone(f"{self._door.place} did not answer in time.")
        if self._subscribed == "Unspecified error":
            raise NotDone("The broker does not let this user subscribe to the callback topic.")

    def publish(self, payload: bytes) -> str:
        """Publish with QoS 1 and wait for the PUBACK."""
        with translated(self._door):
            number = self._client.publish(self._door.topic, payload, qos=1).mid
            if not self._until(lambda: number in self._confirmed, self._door.connect_s):
                raise silent(self._door)
        return f"The broker has the request for the topic {self._door.topic}; MQTT does not tell whether somebody subscribes to it."

    def receive(self, limit_s: float) -> bytes | None:
        """Give the next reply."""
        with translated(self._door):
            self._until(lambda: self._replies, limit_s)
        return self._replies.popleft() if self._replies else None

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._client.disconnect()

    def _until(self, fact: Callable[[], object], limit_s: float) -> bool:
        end = time.monotonic() + limit_s
        while not fact() and (left := end - time.monotonic()) > 0:
            if self._client.loop(left) is not MQTTErrorCode.MQTT_ERR_SUCCESS and not fact():
                raise NotDone(f"{self._door.place} closed the connection.")
        return bool(fact())

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected = str(reason)

    def _on_subscribe(self, _client: Any, _data: Any, _number: int, reasons: Any, _properties: Any) -> None:
        self._subscribed = str(reasons[0])

    def _on_publish(self, _client: Any, _data: Any, number: int, _reason: Any, _properties: Any) -> None:
        self._confirmed.add(number)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if not message.retain:  # a retained one answered somebody else
            self._replies.append(bytes(message.payload))
