"""MQTT 3.1.1 and 5 by paho-mqtt, which is imported when a link begins."""

import collections
import logging
import secrets
from typing import TYPE_CHECKING, Any

from otppi.adapters.brokers.base import MOST_PATIENCE_S, Broken, BrokerLink
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import MqttSubscriber
from otppi.domain.links import Ears

if TYPE_CHECKING:
    from otppi.adapters.brokers.mqtt_client import PatientClient

FOR_EVER = 0xFFFFFFFF  # a session's expiry
MOST_WINDOW = 0xFFFF
REPLIES_AT_ONCE = 10  # below every broker's own limit
REFUSALS = {0x84: "does not speak this version of MQTT", 0x85: "does not accept the client id", 0x86: "does not accept user name or password",
            0x87: "does not let this user in", 0x8A: "has banned this client", 0x8C: "wants another way of authentication"}
LEAST_KEEP_ALIVE_S = 2.0
MOST_WAITING, MOST_WAITING_BYTES = 10_000, MOST_BYTES
"""mosquitto 2.0 answers each PUBACK with as many messages as it may have in flight at all, until it has sent all that it has."""
_SILENT, _TAKEN_OVER = 0x8D, 0x8E
_log = logging.getLogger(__name__)


class MqttLink(BrokerLink):
    """Keeps a session when there is a client id and QoS 1 or 2; what is not acknowledged comes again in the next link."""

    def __init__(self, subscriber: MqttSubscriber, window: int, ears: Ears) -> None:
        super().__init__("mqtt", subscriber, ears)
        self._settings = subscriber
        self._window = max(1, min(window, MOST_WINDOW))
        self._keep_alive_s = int(max(LEAST_KEEP_ALIVE_S, min(MOST_PATIENCE_S, self.limit_s)))
        self._client: PatientClient | None = None
        self._connected = False
        self._tickets_of: dict[int, int] = {}
        self._waiting: collections.deque[tuple[bytes, tuple[int, int], bool]] = collections.deque()
        """What came while the window was full."""
        self._waiting_bytes = 0
        self._left_out = False
        """Whether more came than may wait. It comes again in the next link, which begins once all else is acknowledged."""
        self.begin()

    # life

    def talk(self) -> None:
        """Connect; everything else follows from what the broker sends."""
        client = self._client = self._made()
        _, client.line = self.dial()
        self._connect(client)
        asked = False
        while client.socket() is not None and self.verdict is None:
            self.run_errands()
            if self.finished() or self._sated():
                if not self._connected or self.closing_late():
                    return
                if not asked:
                    client.ask()  # what was acknowledged has no other confirmation
                    asked = True
                elif client.answered():
                    client.disconnect()
                    if not self.asked_to_close:
                        raise Broken(f"{self.place} sent more than it may before it was acknowledged; the rest comes by a new connection.")
                    return
            self._turn(client)
        raise self._closed()

    def end(self) -> None:
        """Close the socket, however far it got."""
        if self._client is not None and (found := self._client.socket()) is not None:
            found.close()

    def possible(self, kind: str) -> bool:  # noqa: ARG002  # whatever it is
        """Nothing is before the broker has let us in."""
        return self._connected

    def do_acknowledge(self, name: Any) -> None:
        """PUBACK, or PUBREC."""
        if self._client is not None:
            self._client.acknowledge(*name)
        while self._waiting and self.held() < self._window:
            payload, name, again = self._waiting.popleft()
            self._waiting_bytes -= len(payload)
            self.deliver(payload, name, redelivered=again)

    def do_pause(self) -> None:
        """What waits comes again."""
        self._waiting.clear()

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """QoS 1; the broker's PUBACK confirms it."""
        if self._client is None:
            return
        try:
            info = self._client.publish(topic, payload, 1)
        except ValueError:
            self.confirm(ticket, "The reply's topic or size is not one of MQTT's.")
        else:
            self._tickets_of[info.mid] = ticket

    # paho

    def _made(self) -> "PatientClient":
        from paho.mqtt.enums import MQTTProtocolVersion  # noqa: PLC0415  # an unused broker costs nothing

        from otppi.adapters.brokers.mqtt_client import PatientClient  # noqa: PLC0415

        settings = self._settings
        newest = settings.protocol == "5"
        client = PatientClient(MQTTProtocolVersion.MQTTv5 if newest else MQTTProtocolVersion.MQTTv311,
                               settings.client_id or f"otppi-{secrets.token_hex(8)}", clean=None if newest else not settings.acknowledges())
        if settings.username:
            client.username_pw_set(settings.username, settings.password.reveal() or None)
        client.max_inflight_messages = REPLIES_AT_ONCE
        client.max_queued_messages = 0
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    def _connect(self, client: "PatientClient") -> None:
        if self._settings.protocol != "5":
            client.connect(*self.at, keepalive=self._keep_alive_s)
            return
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415
        from paho.mqtt.properties import Properties  # noqa: PLC0415

        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = self._window
        properties.MaximumPacketSize = MOST_BYTES  # the broker leaves out what is larger
        if self._settings.acknowledges():
            properties.SessionExpiryInterval = FOR_EVER
        client.connect(*self.at, keepalive=self._keep_alive_s, clean_start=not self._settings.acknowledges(), properties=properties)

    def _turn(self, client: "PatientClient") -> None:
        found: Any = client.socket()
        self.wait([found], [found] if client.want_write() else [], limit_s=self._keep_alive_s / 4)
        code = client.loop_read() or client.loop_write() or client.loop_misc()
        if code:
            self.verdict = self.verdict or self._closed()

    def _sated(self) -> bool:
        return self._left_out and not (self.held() or self._waiting or self._tickets_of)

    def _closed(self) -> Broken:
        name = self._settings.client_id
        hint = f', as when another client with the client id "{name}" connects' if self.is_up and name else ""
        return Broken(f"{self.place} closed the connection{hint}.")

    # what paho calls, on the link's thread

    def _on_connect(self, client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self.fail(f"{self.place} {REFUSALS.get(code.value, f'refuses the connection: {code.getName().lower()}')}.",
                      refused=code.value in REFUSALS)
            return
        self._connected = True
        try:
            client.subscribe(self._settings.topic, self._settings.qos)
        except ValueError:
            self.fail("The topic is not one of MQTT's.", refused=True)

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        if codes[0].is_failure:
            self.fail(f"{self.place} does not let this user subscribe to the topic.", refused=True)
        elif not self.is_up:
            self.rise()

    def _on_message(self, client: Any, _data: Any, message: Any) -> None:
        if message.retain or not self._is_ours(message):
            if message.retain:
                _log.warning("mqtt: a retained message was left out: it would be carried out at every connection")
            else:
                _log.warning("mqtt: a message of an earlier subscription of this client id was left out")
                client.unsubscribe(message.topic)
            client.acknowledge(message.mid, message.qos)
        elif not message.qos:
            self.deliver(bytes(message.payload))
        elif not self.paused:
            self._take_in(bytes(message.payload), (message.mid, message.qos), again=bool(message.dup))

    def _take_in(self, payload: bytes, name: tuple[int, int], *, again: bool) -> None:
        if self._left_out:
            return
        if self.held() < self._window:
            self.deliver(payload, name, redelivered=again)
        elif len(self._waiting) < MOST_WAITING and self._waiting_bytes + len(payload) <= MOST_WAITING_BYTES:
            self._waiting.append((payload, name, again))
            self._waiting_bytes += len(payload)
        else:
            self._left_out = True

    def _is_ours(self, message: Any) -> bool:
        from paho.mqtt.client import topic_matches_sub  # noqa: PLC0415

        topic = self._settings.topic
        return topic_matches_sub(topic.split("/", 2)[-1] if topic.startswith("$share/") else topic, message.topic)

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: Any, _properties: Any) -> None:
        if (ticket := self._tickets_of.pop(mid, None)) is not None:
            self.confirm(ticket, f"The broker refuses the reply: {code.getName().lower()}." if code.is_failure else "")

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, code: Any, _properties: Any) -> None:
        if code.value == _TAKEN_OVER:
            self.fail(f'Another client with the client id "{self._settings.client_id}" took the session over.')
        elif flags.is_disconnect_packet_from_server:
            self.fail(f"{self.place} ended the connection: {code.getName().lower()}.", refused=code.value in REFUSALS)
        elif code.value == _SILENT:
            self.fail(f"{self.place} did not answer in time.")
