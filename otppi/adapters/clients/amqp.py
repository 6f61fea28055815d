"""AMQP 0-9-1 by pika. The topic is the routing key of the default exchange, and so the name of a queue."""

import contextlib
import logging
import time
from collections import deque
from typing import Any

import pika
import pika.exceptions as gone
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout

from otppi.adapters.clients.trouble import encryption, look, refused, silent, translated
from otppi.config.door import Callback, Door
from otppi.domain.errors import NotDone

_PROPERTIES: Any = pika.BasicProperties  # has no types
HEARTBEAT_S = 4  # what ends the wait for a confirmation, after 18 s of silence: pika has no other limit
NO_QUEUE = 404  # reply code of a passive declaration
logging.getLogger("pika").addHandler(logging.NullHandler())  # it would tell on stderr what we say in one sentence


class AmqpClient:
    """Implements Client for ``amqp(s)://``."""

    answers = False

    def __init__(self, door: Door) -> None:
        self._door = door
        self._replies: deque[bytes] = deque()
        self._old = 0
        with translated(door, gone.AMQPError):
            look(door)  # pika tells nobody why it could not
            try:
                self._connection = pika.BlockingConnection(_parameters(door))
            except (gone.ProbableAuthenticationError, gone.AuthenticationError):
                raise refused(door) from None
            except AMQPConnectorStackTimeout:
                raise TimeoutError from None
            except (gone.ProbableAccessDeniedError, gone.ConnectionClosedByBroker):
                raise NotDone(f'{door.place} does not let this user into the virtual host "{_vhost(door)}".') from None
            self._channel: Any = self._connection.channel()
            self._confirming: Any = None

    def listen(self, callback: Callback) -> None:
        """Consume the callback queue. A named one is declared as the clients of the original do, and stays."""
        with translated(self._door, gone.AMQPError):
            try:
                if callback.fresh:
                    self._channel.queue_declare(callback.topic, exclusive=True, auto_delete=True)
                else:
                    self._old = self._find(callback.topic)
                self._channel.basic_consume(callback.topic, self._heard)
            except gone.ChannelClosedByBroker:
                raise NotDone(f"{self._door.place} does not let this user consume a queue {callback.topic}.") from None

    def _find(self, name: str) -> int:
        """Find or declare a queue; gives how many messages wait in it."""
        try:
            found = self._channel.queue_declare(name, passive=True)
        except gone.ChannelClosedByBroker as error:
            if error.reply_code != NO_QUEUE:
                raise
            self._channel = self._connection.channel()
            found = self._channel.queue_declare(name, durable=True, exclusive=False, auto_delete=False)
        return int(found.method.message_count)

    def _heard(self, channel: Any, method: Any, _: Any, body: bytes) -> None:
        if self._old:  # it answers an earlier request, and goes back into the queue when we hang up
            self._old -= 1
            return
        channel.basic_ack(method.delivery_tag)
        self._replies.append(body)

    def publish(self, payload: bytes) -> str:
        """Publish with confirmation; a queue that is not there is an error."""
        properties = _PROPERTIES(content_type="application/json", delivery_mode=pika.DeliveryMode.Persistent)
        with translated(self._door, gone.AMQPError):
            try:
                if self._confirming is not self._channel:
                    self._channel.confirm_delivery()
                    self._confirming = self._channel
                self._channel.basic_publish("", self._door.topic, payload, properties, mandatory=True)
            except gone.UnroutableError:
                raise NotDone(f"There is no queue {self._door.topic} at the broker; does a gateway subscribe to it?") from None
            except gone.ChannelClosedByBroker:
                raise NotDone(f"{self._door.place} does not let this user publish to the queue {self._door.topic}.") from None
            except gone.NackError:
                raise NotDone(f"The broker did not take the message for the queue {self._door.topic}.") from None
            except (gone.ConnectionBlockedTimeout, gone.AMQPHeartbeatTimeout):
                raise silent(self._door) from None
        return f"The broker has put the request into the queue {self._door.topic}."

    def receive(self, limit_s: float) -> bytes | None:
        """Give the next reply."""
        end = time.monotonic() + limit_s
        with translated(self._door, gone.AMQPError):
            while not self._replies and (left := end - time.monotonic()) > 0:
                self._connection.process_data_events(time_limit=left)
        return self._replies.popleft() if self._replies else None

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(gone.AMQPError, OSError):
            self._connection.close()


def _vhost(door: Door) -> str:
    return door.named() or "/"


def _parameters(door: Door) -> pika.ConnectionParameters:
    tls = encryption(door)
    more: dict[str, Any] = {"credentials": pika.PlainCredentials(door.username, door.password.reveal(), erase_on_connect=True)} if door.username else {}
    return pika.ConnectionParameters(
        host=door.host, port=door.port, virtual_host=_vhost(door), connection_attempts=1, socket_timeout=door.connect_s,
        stack_timeout=door.connect_s, blocked_connection_timeout=door.connect_s, ssl_options=None if tls is None else pika.SSLOptions(tls, door.host),
        heartbeat=HEARTBEAT_S,
        **more)
