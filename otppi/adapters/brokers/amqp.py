"""AMQP 0-9-1 by pika: two channels on one connection, so that a reply that may not be sent does not end the subscription.

Everything of pika runs in the link's thread, on pika's own loop, which hears the bell too. Only the asynchronous connection
can be ended at once when the broker is frozen, and does not hold the thread while a reply is confirmed.
"""

import logging
import time
import uuid
from typing import Any

from otppi.adapters.brokers.amqp_base import NO_QUEUE, NO_RIGHT, NOT_TAKEN, REFUSED_USER, SILENT, AmqpBase
from otppi.adapters.brokers.base import CLOSE_LIMIT_S, CLOSED
from otppi.adapters.brokers.common import trouble
from otppi.adapters.brokers.wire import MOST_BYTES

BLOCKED_LIMIT_S = 60
"""A broker short of memory or disk takes neither replies nor acknowledgements: better to come again."""
MOST_PREFETCH = 65_535
ACCESS_REFUSED, NOT_FOUND, RESOURCE_LOCKED, PRECONDITION_FAILED = 403, 404, 405, 406
_PERSISTENT = 2


class AmqpLink(AmqpBase):
    """Implements domain.links.Link for RabbitMQ and others of that protocol."""

    _channel: Any = None
    _answers: Any = None
    """The channel of the replies, once it confirms."""
    _consumer = ""
    _declared = _leaving = False
    _count = 0

    def talk(self) -> None:
        """See BrokerLink."""
        import pika  # noqa: PLC0415  # a broker that is not used takes no memory
        from pika.adapters.select_connection import IOLoop, SelectConnection  # noqa: PLC0415

        class Connection(SelectConnection):
            """One that can be ended without asking the broker, which may be frozen, and that lets what is too large go by."""

            def abort(self) -> None:
                """End at once."""
                if self._opened:
                    self._terminate_stream(pika.exceptions.StreamLostError(CLOSED))
                elif not (self.is_closing or self.is_closed):
                    self.close()

            def _deliver_frame_to_channel(self, value: Any) -> None:
                if isinstance(value, pika.frame.Header) and value.body_size > MOST_BYTES:
                    going_by[value.channel_number] = value.body_size
                    value.body_size = 0  # it is delivered empty
                elif isinstance(value, pika.frame.Body) and going_by.get(value.channel_number, 0) > 0:
                    going_by[value.channel_number] -= len(value.fragment)
                    return
                super()._deliver_frame_to_channel(value)

        going_by: dict[int, int] = {}  # bytes to come, by channel
        logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells each failure five times; the link tells it once
        self._properties: Any = pika.BasicProperties
        self._unroutable: set[str] = set()
        self._names: dict[int, str] = {}
        at = self.settings
        host, port = at.where()
        parameters = pika.ConnectionParameters(
            host, port, at.vhost, pika.PlainCredentials(at.username, at.password.reveal()),
            heartbeat=int(self.heartbeat_s), socket_timeout=self.limit_s, stack_timeout=self.limit_s,
            blocked_connection_timeout=BLOCKED_LIMIT_S, client_properties={"connection_name": "otppi", "product": "otppi"},
            ssl_options=pika.SSLOptions(self.encryption(), host) if at.tls.enabled else None)
        self._loop: Any = IOLoop()
        try:
            self._connection = Connection(parameters, self._connected, self._gone, self._gone, self._loop)
            self._loop.call_later(self.limit_s, self._too_late)
            self._loop.add_handler(self.bell.fileno(), self._rung, self._loop.READ)
            self._loop.start()
        finally:
            self._loop.close()

    def can_send(self) -> bool:
        """See AmqpBase."""
        return self._answers is not None

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """To the default exchange: a message that no queue takes comes back before it is confirmed."""
        self._count += 1
        name = uuid.uuid4().hex
        self._names[self._count] = name
        self.sent[self._count] = ticket
        properties = self._properties(content_type="application/json", delivery_mode=_PERSISTENT, message_id=name)
        self._answers.basic_publish("", topic, payload, properties, mandatory=True)

    def do_acknowledge(self, name: Any) -> None:
        """See BrokerLink."""
        if self._channel.is_open:
            self._channel.basic_ack(name)

    def do_pause(self) -> None:
        """End the subscription, now or once there is one."""
        if self._consumer and self._channel.is_open:
            self._channel.basic_cancel(self._consumer)

    def _rung(self, *_: Any) -> None:
        self.bell.hush()
        self._serve()

    def _serve(self) -> None:
        """Do what others asked for, and end when it was the end."""
        self.run_errands()
        if not self.asked_to_close or self._connection.is_closed:
            return
        if not self._leaving:
            self._leaving = True
            self._loop.call_later(CLOSE_LIMIT_S, self._abort)
        if self.verdict is None and self.finished():
            self.fail(CLOSED)
            if self._connection.is_open:
                self._connection.close()
            else:
                self._abort()

    def _abort(self) -> None:
        if not self._connection.is_closed:
            self._connection.abort()

    def _fail(self, why: str, refused: bool = False) -> None:  # noqa: FBT001, FBT002
        self.fail(why, refused)
        self._abort()

    def _too_late(self) -> None:
        if not self.is_up:
            self._fail(*trouble(TimeoutError(), self.at))

    def _connected(self, connection: Any) -> None:
        self._watch(connection.bytes_received, time.monotonic())
        connection.channel(on_open_callback=self._look)

    def _gone(self, _connection: Any, error: BaseException) -> None:
        self.fail(*self._in_words(error))
        self._answers = None
        self._loop.stop()

    def _watch(self, heard: int, since: float) -> None:
        """End a connection that is silent for one heartbeat and a half; pika's own watch takes five to thirty seconds longer."""
        now, received = time.monotonic(), self._connection.bytes_received
        if received == heard and now - since > self.heartbeat_s * 1.5:
            self._fail(SILENT)
        elif not self._connection.is_closed:
            self._loop.call_later(self.heartbeat_s / 4, lambda: self._watch(received, since if received == heard else now))

    def _look(self, channel: Any) -> None:
        """Ask for the queue as it is: whoever declared it may have chosen another shape."""
        channel.add_on_close_callback(self._looked)
        channel.queue_declare(self.settings.topic, passive=True, callback=lambda _: self._subscribe(channel))

    def _looked(self, channel: Any, error: Any) -> None:
        code = getattr(error, "reply_code", 0)
        if not self._connection.is_open:
            return
        if code == NOT_FOUND and not self._declared and channel is not self._channel:
            self._declared = True
            self._connection.channel(on_open_callback=self._declare)
        elif code == PRECONDITION_FAILED and channel is not self._channel:  # somebody else was faster
            self._connection.channel(on_open_callback=self._look)
        else:
            self._fail(*self._channel_in_words(code))

    def _declare(self, channel: Any) -> None:
        channel.add_on_close_callback(self._looked)
        channel.queue_declare(self.settings.topic, durable=self.settings.durable, callback=lambda _: self._subscribe(channel))

    def _subscribe(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_cancel_callback(lambda _: self._fail("The broker ended the subscription: the queue was deleted."))
        channel.basic_qos(prefetch_count=min(self.window, MOST_PREFETCH), callback=lambda _: channel.basic_consume(
            self.settings.topic, self._delivered, callback=self._subscribed))

    def _subscribed(self, frame: Any) -> None:
        self._consumer = frame.method.consumer_tag
        if self.paused:
            self.do_pause()
        self._open_answers()
        self.rise()

    def _delivered(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        self.deliver(body, method.delivery_tag, redelivered=method.redelivered)

    def _open_answers(self) -> None:
        self._connection.channel(on_open_callback=self._confirm)

    def _confirm(self, channel: Any) -> None:
        def confirming(_: Any) -> None:
            self._answers = channel
            self._serve()

        self._count = 0
        channel.add_on_return_callback(lambda _channel, _method, properties, _body: self._unroutable.add(properties.message_id))
        channel.add_on_close_callback(self._answers_closed)
        channel.confirm_delivery(self._settled, callback=confirming)

    def _settled(self, frame: Any) -> None:
        tag, good = frame.method.delivery_tag, frame.method.NAME == "Basic.Ack"
        for key in sorted(key for key in self.sent if key == tag or (frame.method.multiple and key < tag)):
            name = self._names.pop(key)
            error = "" if good else NOT_TAKEN
            if name in self._unroutable:
                self._unroutable.remove(name)
                error = NO_QUEUE
            self.answered(key, error)
        self._serve()

    def _answers_closed(self, _channel: Any, error: Any) -> None:
        """A reply that may not be sent closes its channel: tell so, and open another for the next."""
        self._answers = None
        if not self._connection.is_open:
            return
        refused = getattr(error, "reply_code", 0) == ACCESS_REFUSED
        for key in list(self.sent):
            self.answered(key, NO_RIGHT if refused else "The broker closed the channel of the replies.")
        self._names.clear()
        self._unroutable.clear()
        self._open_answers()
        self._serve()

    def _channel_in_words(self, code: int) -> tuple[str, bool]:
        topic = self.settings.topic
        sentences = {
            ACCESS_REFUSED: f"The broker does not let this user read the queue {topic}, or another client reads it alone.",
            NOT_FOUND: f"The queue {topic} is gone.",
            RESOURCE_LOCKED: f"The queue {topic} belongs to another connection alone.",
        }
        return sentences.get(code, f"The broker closed the channel (code {code})."), code in {ACCESS_REFUSED, RESOURCE_LOCKED}

    def _in_words(self, error: BaseException) -> tuple[str, bool]:  # noqa: C901, PLR0911  # a table
        from pika import exceptions  # noqa: PLC0415
        from pika.adapters.utils import connection_workflow as workflow  # noqa: PLC0415

        match error:
            case workflow.AMQPConnectionWorkflowFailed() if error.exceptions:
                return self._in_words(error.exceptions[-1])
            case workflow.AMQPConnectorPhaseErrorBase():
                return self._in_words(error.exception)
            case exceptions.AMQPConnectionError() if error.args and isinstance(error.args[0], Exception):
                return self._in_words(error.args[0])
            case workflow.AMQPConnectorStackTimeout():
                return trouble(TimeoutError(), self.at)
            case exceptions.ProbableAuthenticationError() | exceptions.AuthenticationError():
                return REFUSED_USER, True
            case exceptions.ProbableAccessDeniedError():
                return f"The broker has no virtual host {self.settings.vhost}, or does not let this user into it.", True
            case exceptions.IncompatibleProtocolError():
                return f"What listens at {self.place} does not speak AMQP 0-9-1.", False
            case exceptions.AMQPHeartbeatTimeout():
                return SILENT, False
            case exceptions.ConnectionBlockedTimeout():
                return f"The broker took nothing for {BLOCKED_LIMIT_S} s: it is short of memory or disk.", False
            case exceptions.ConnectionClosed():
                return f"The broker closed the connection (code {error.reply_code}).", False
        return trouble(error, self.at)
