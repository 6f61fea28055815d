"""AMQP 0-9-1 by pika: two channels on one connection, so that a reply that may not be sent does not end the subscription.

Everything of pika runs in the link's thread, on pika's own loop; other threads only nudge it. Only the asynchronous connection
can be ended at once when the broker is frozen, and does not hold the thread while a reply is confirmed.
"""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from otppi.adapters.brokers.common import context, trouble
from otppi.adapters.brokers.loop_link import CLOSED, NO_QUEUE, NO_RIGHT, REFUSED_USER, SILENT, LoopLink

BLOCKED_LIMIT_S = 60
"""A broker short of memory or disk takes neither replies nor acknowledgements: better to come again."""
MOST_PREFETCH = 65_535
ACCESS_REFUSED, NOT_FOUND, RESOURCE_LOCKED, PRECONDITION_FAILED = 403, 404, 405, 406
_PERSISTENT = 2


class AmqpLink(LoopLink):
    """Implements domain.links.Link for RabbitMQ and others of that protocol."""

    _channel: Any = None
    _answers: Any = None
    """The channel of the replies, once it confirms."""
    _consumer = ""
    _declared = False
    _sent = 0

    def live(self) -> None:
        """See LoopLink."""
        import pika  # noqa: PLC0415  # a broker that is not used takes no memory
        from pika.adapters.select_connection import IOLoop, SelectConnection  # noqa: PLC0415

        class Connection(SelectConnection):
            """One that can be ended without asking the broker, which may be frozen."""

            def abort(self) -> None:
                if self._opened:
                    self._terminate_stream(pika.exceptions.StreamLostError(CLOSED))
                elif not (self.is_closing or self.is_closed):
                    self.close()

        logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells each failure five times; the link tells it once
        self._properties: Any = pika.BasicProperties
        self._unroutable: set[str] = set()
        self._names: dict[int, str] = {}
        self._outstanding: set[int] = set()
        at = self.subscriber
        host, port = at.where()
        parameters = pika.ConnectionParameters(
            host, port, at.vhost, pika.PlainCredentials(at.username, at.password.reveal()),
            heartbeat=int(self.heartbeat_s), socket_timeout=self.timeout_s, stack_timeout=self.timeout_s,
            blocked_connection_timeout=BLOCKED_LIMIT_S, client_properties={"connection_name": "otppi", "product": "otppi"},
            ssl_options=pika.SSLOptions(context(at.tls), host) if at.tls.enabled else None)
        self._loop: Any = IOLoop()
        try:
            self._connection = Connection(parameters, self._connected, self._gone, self._gone, self._loop)
            self.later(self.timeout_s, self._too_late)
            self.ready(lambda: self._loop.add_callback_threadsafe(self.serve))
            self._loop.start()
        finally:
            self.deaf()
            self._loop.close()

    def later(self, delay_s: float, what: Callable[[], object]) -> None:
        """See LoopLink."""
        self._loop.call_later(delay_s, what)

    def can_send(self) -> bool:
        """See LoopLink."""
        return self._answers is not None

    def send(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """To the default exchange: a message that no queue takes comes back before it is confirmed."""
        self._sent += 1
        name = uuid.uuid4().hex
        self._names[self._sent] = name
        self.replies[self._sent] = done
        properties = self._properties(content_type="application/json", delivery_mode=_PERSISTENT, message_id=name)
        self._answers.basic_publish("", topic, payload, properties, mandatory=True)

    def accept(self, handle: Any) -> None:
        """See LoopLink; a tag that the broker does not know would end the channel."""
        if handle in self._outstanding and self._channel.is_open:
            self._outstanding.remove(handle)
            self._channel.basic_ack(handle)

    def cancel(self) -> None:
        """See LoopLink."""
        if self._consumer and self._channel.is_open:
            self._channel.basic_cancel(self._consumer)

    def end(self) -> None:
        """See LoopLink."""
        self.conclude("")
        if self._connection.is_open:
            self._connection.close()
        else:
            self.abort()

    def abort(self) -> None:
        """See LoopLink."""
        self.conclude("")
        if not self._connection.is_closed:
            self._connection.abort()

    def _fail(self, why: str, refused: bool = False) -> None:  # noqa: FBT001, FBT002
        self.conclude(why, refused)
        self.abort()

    def _too_late(self) -> None:
        if not self._consumer:
            self._fail(*trouble(TimeoutError(), self.subscriber.where()))

    def _connected(self, connection: Any) -> None:
        self._watch(connection.bytes_received, time.monotonic())
        connection.channel(on_open_callback=self._look)

    def _gone(self, _connection: Any, error: BaseException) -> None:
        self.conclude(*self._in_words(error))
        self._answers = None
        self._loop.stop()

    def _watch(self, heard: int, since: float) -> None:
        """End a connection that is silent for one heartbeat and a half; pika's own watch takes five to thirty seconds longer."""
        now, received = time.monotonic(), self._connection.bytes_received
        if received == heard and now - since > self.heartbeat_s * 1.5:
            self._fail(SILENT)
        elif not self._connection.is_closed:
            self.later(self.heartbeat_s / 4, lambda: self._watch(received, since if received == heard else now))

    def _look(self, channel: Any) -> None:
        """Ask for the queue as it is: whoever declared it may have chosen another shape."""
        channel.add_on_close_callback(self._looked)
        channel.queue_declare(self.subscriber.topic, passive=True, callback=lambda _: self._subscribe(channel))

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
        channel.queue_declare(self.subscriber.topic, durable=self.subscriber.durable, callback=lambda _: self._subscribe(channel))

    def _subscribe(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_cancel_callback(lambda _: self._fail("The broker ended the subscription: the queue was deleted."))
        channel.basic_qos(prefetch_count=min(self.window, MOST_PREFETCH), callback=lambda _: channel.basic_consume(
            self.subscriber.topic, self._delivered, callback=self._subscribed))

    def _subscribed(self, frame: Any) -> None:
        self._consumer = frame.method.consumer_tag
        if self.paused:
            self.cancel()
        self._open_answers()
        self.ears.up()

    def _delivered(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        if not self.paused:
            self._outstanding.add(method.delivery_tag)
            self.hear(body, method.delivery_tag, redelivered=method.redelivered)

    def _open_answers(self) -> None:
        self._connection.channel(on_open_callback=self._confirm)

    def _confirm(self, channel: Any) -> None:
        def confirming(_: Any) -> None:
            self._answers = channel
            self.serve()

        self._sent = 0
        channel.add_on_return_callback(lambda _channel, _method, properties, _body: self._unroutable.add(properties.message_id))
        channel.add_on_close_callback(self._answers_closed)
        channel.confirm_delivery(self._settled, callback=confirming)

    def _settled(self, frame: Any) -> None:
        tag, good = frame.method.delivery_tag, frame.method.NAME == "Basic.Ack"
        for key in sorted(key for key in self.replies if key == tag or (frame.method.multiple and key < tag)):
            name = self._names.pop(key)
            error = "" if good else "The broker did not take it."
            if name in self._unroutable:
                self._unroutable.remove(name)
                error = NO_QUEUE
            self.confirmed(key, error)
        self.serve()

    def _answers_closed(self, _channel: Any, error: Any) -> None:
        """A reply that may not be sent closes its channel: tell so, and open another for the next."""
        self._answers = None
        if not self._connection.is_open:
            return
        refused = getattr(error, "reply_code", 0) == ACCESS_REFUSED
        for key in list(self.replies):
            self.confirmed(key, NO_RIGHT if refused else "The broker closed the channel of the replies.")
        self._names.clear()
        self._unroutable.clear()
        self._open_answers()
        self.serve()

    def _channel_in_words(self, code: int) -> tuple[str, bool]:
        topic = self.subscriber.topic
        sentences = {
            ACCESS_REFUSED: f"The broker does not let this user read the queue {topic}, or another client reads it alone.",
            NOT_FOUND: f"The queue {topic} is gone.",
            RESOURCE_LOCKED: f"The queue {topic} belongs to another connection alone.",
        }
        return sentences.get(code, f"The broker closed the channel (code {code})."), code in {ACCESS_REFUSED, RESOURCE_LOCKED}

    def _in_words(self, error: BaseException) -> tuple[str, bool]:  # noqa: C901, PLR0911  # a table
        from pika import exceptions  # noqa: PLC0415
        from pika.adapters.utils import connection_workflow as workflow  # noqa: PLC0415

        where = self.subscriber.where()
        match error:
            case workflow.AMQPConnectionWorkflowFailed() if error.exceptions:
                return self._in_words(error.exceptions[-1])
            case workflow.AMQPConnectorPhaseErrorBase():
                return self._in_words(error.exception)
            case exceptions.AMQPConnectionError() if error.args and isinstance(error.args[0], Exception):
                return self._in_words(error.args[0])
            case workflow.AMQPConnectorStackTimeout():
                return trouble(TimeoutError(), where)
            case exceptions.ProbableAuthenticationError() | exceptions.AuthenticationError():
                return REFUSED_USER, True
            case exceptions.ProbableAccessDeniedError():
                return f"The broker has no virtual host {self.subscriber.vhost}, or does not let this user into it.", True
            case exceptions.IncompatibleProtocolError():
                return f"What listens at {where[0]}:{where[1]} does not speak AMQP 0-9-1.", False
            case exceptions.AMQPHeartbeatTimeout():
                return SILENT, False
            case exceptions.ConnectionBlockedTimeout():
                return f"The broker took nothing for {BLOCKED_LIMIT_S} s: it is short of memory or disk.", False
            case exceptions.ConnectionClosed():
                return f"The broker closed the connection (code {error.reply_code}).", False
        return trouble(error, where)
