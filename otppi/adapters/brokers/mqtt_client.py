"""paho's client as a link needs it: on a socket of ours, without reconnecting, and with QoS 2 that loses nothing."""

import socket
import struct
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from otppi.adapters.brokers.wire import MOST_BYTES, READ_BYTES

MOST_HEAD_BYTES = 131_072
"""Topic, number and, of MQTT 5, properties."""


class PatientClient(Client):
    """Takes a QoS 2 message over when it is acknowledged, not when it arrives.

    paho answers PUBREC at once, and with it a message is ours: when we die before its outcome, the broker repeats no
    more than its number. So PUBREC waits for :meth:`acknowledge`; until then the broker sends the message again.

    What is too large is given without its payload, so that it is acknowledged and does not come for ever; only its head is held.
    """

    def __init__(self, protocol: MQTTProtocolVersion, client_id: str, *, clean: bool | None) -> None:
        self.line: socket.socket | None = None
        super().__init__(CallbackAPIVersion.VERSION2, client_id, clean, protocol=protocol, reconnect_on_failure=False, manual_ack=True)

    def acknowledge(self, mid: int, qos: int) -> None:
        """Take a message over for good."""
        if qos == 2:
            super()._send_pubrec(mid)
        else:
            self.ack(mid, qos)

    def ask(self) -> None:
        """Ask the broker for a sign of life; it has read everything before once it :meth:`answered`."""
        self._send_pingreq()

    def answered(self) -> bool:
        """Whether no sign of life is awaited."""
        return self._ping_t == 0

    def _create_socket(self) -> Any:
        found, self.line = self.line, None
        if found is None:
            raise ConnectionError
        return found

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._too_large():
            del self._in_packet["packet"][MOST_HEAD_BYTES:]  # paho counts apart what is still to come
        return super()._sock_recv(min(bufsize, READ_BYTES))

    def _too_large(self) -> bool:
        return self._in_packet["remaining_length"] > MOST_BYTES

    def _handle_on_message(self, message: MQTTMessage) -> None:
        if self._too_large():
            message.payload = b""
        super()._handle_on_message(message)

    def _send_pubrec(self, mid: int) -> MQTTErrorCode:  # noqa: ARG002  # paho's signature
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _handle_publish(self) -> MQTTErrorCode:
        code = super()._handle_publish()
        with self._in_message_mutex:
            arrived: list[MQTTMessage] = list(self._in_messages.values())
            self._in_messages.clear()
        for message in arrived:
            self._handle_on_message(message)
        return code

    def _handle_pubrel(self) -> MQTTErrorCode:
        return self._send_pubcomp(struct.unpack("!H", self._in_packet["packet"][:2])[0])
