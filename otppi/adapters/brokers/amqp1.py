"""AMQP 1.0 by qpid-proton, of which only the protocol is used: bytes in, bytes out. Its own loop cannot be ended while it waits.

RabbitMQ has addresses of its own: ``/amq/queue/name`` takes a queue as it is, ``/queue/name`` declares one; other brokers hear the
plain name. An error ends the session there, so that the subscription and every reply have one of their own.
"""

import time
from typing import Any
from urllib.parse import quote

from otppi.adapters.brokers.amqp_base import NO_QUEUE, NO_RIGHT, NOT_TAKEN, REFUSED_USER, SILENT, AmqpBase
from otppi.adapters.brokers.base import Broken
from otppi.adapters.brokers.common import trouble
from otppi.adapters.brokers.wire import MOST_BYTES, Wire

MISSING = "AMQP 1.0 needs the extra: pip install otppi[amqp1]"
NOT_FOUND, UNAUTHORIZED, NOT_ALLOWED, PRECONDITION_FAILED = (
    "amqp:not-found", "amqp:unauthorized-access", "amqp:not-allowed", "amqp:precondition-failed")
MOST_FRAME_BYTES = 1024 * 1024
_CONFIGURATION = 1
"""A terminus that outlives us, which RabbitMQ takes for a durable queue."""


class Amqp1Link(AmqpBase):
    """Implements domain.links.Link."""

    _wire: Wire
    _receiver: Any = None
    _leaving = _ended = _rabbit = _too_large = False
    _count = 0

    def talk(self) -> None:
        """See BrokerLink."""
        try:
            import proton  # noqa: PLC0415  # an extra
        except ImportError:
            raise Broken(MISSING, refused=True) from None
        self._proton: Any = proton
        self._begin_protocol()
        self._wire, _ = self.dial()
        while not self._ended:
            self._turn()

    def can_send(self) -> bool:
        """See AmqpBase."""
        return self.is_up

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """See BrokerLink; before version 4 RabbitMQ confirms what no queue takes, too."""
        session = self._connection.session()
        session.open()
        self._count += 1
        sender = session.sender(f"reply-{self._count}")
        sender.target.address = self._address(topic)
        sender.open()
        message = self._proton.Message(body=payload, inferred=True, durable=True, content_type="application/json")
        sender.send(message, tag=str(self._count))
        self.sent[session] = ticket

    def do_acknowledge(self, name: Any) -> None:
        """See BrokerLink."""
        name.update(self._proton.Delivery.ACCEPTED)
        name.settle()
        self._replenish()

    def _replenish(self) -> None:
        """Make room for the places that are free, once all that there was room for has come.

        RabbitMQ 3 counts room from what it has sent when it hears of it, so that with something on its way it would send too much.
        """
        free = self.window - self.held()
        if not self.paused and self._receiver.credit <= 0 < free:
            self._receiver.flow(free)

    def do_pause(self) -> None:
        """Only the link ends; its session still takes acknowledgements. RabbitMQ 3 fails when the credit is taken back."""
        if self.is_up:
            self._receiver.close()

    def _leave(self) -> None:
        """The session first: RabbitMQ does not finish it when the whole connection is closed."""
        if self.closing_late() or not self.is_up:
            self._ended = True
        elif not self._leaving:
            self._leaving = True
            self._receiver.session.close()

    def _fail(self, why: str, refused: bool = False) -> None:  # noqa: FBT001, FBT002
        self.fail(why, refused)
        self._ended = True

    def _begin_protocol(self) -> None:
        at, proton = self.settings, self._proton
        self._transport, self._connection, self._collector = proton.Transport(), proton.Connection(), proton.Collector()
        sasl = self._transport.sasl()
        sasl.allowed_mechs("PLAIN")
        sasl.allow_insecure_mechs = True  # whether it is encrypted is a setting
        self._sasl = sasl
        self._transport.idle_timeout = self.heartbeat_s
        self._transport.max_frame_size = MOST_FRAME_BYTES
        self._connection.container = "otppi"
        self._connection.hostname = at.where()[0] if at.vhost == "/" else f"vhost:{at.vhost}"
        self._connection.user, self._connection.password = at.username, at.password.reveal()
        self._connection.collect(self._collector)
        self._transport.bind(self._connection)
        self._connection.open()

    def _attach(self, *, create: bool) -> None:
        session = self._connection.session()
        session.open()
        receiver = self._receiver = session.receiver("create" if create else "take")
        receiver.source.address = self._address(self.settings.topic, create=create)
        if create and self.settings.durable:
            receiver.source.durability = _CONFIGURATION
        receiver.open()
        receiver.flow(self.window)

    def _turn(self) -> None:
        """Move bytes both ways, and do what they, other threads and the time ask for."""
        self._read()
        self._handle()
        self.run_errands()
        if self.finished():
            self._leave()
        tick = self._transport.tick(time.monotonic())
        self._handle()
        waiting = self._write()
        if not self._ended:
            self._wire.wait(self.due(*([tick] if tick else [])), read=self._transport.capacity() > 0, write=waiting)

    def _read(self) -> None:
        while (room := self._transport.capacity()) > 0:
            data = self._wire.read(room)
            if data is None:
                break
            if not data:
                self._fail(*trouble(ConnectionError(), self.at))
                break
            self._transport.push(data)
            self._handle()  # what the other side said before it went is the better reason
            if self._sasl.outcome not in {None, self._proton.SASL.OK}:
                self._fail(REFUSED_USER, refused=True)

    def _write(self) -> bool:
        while (pending := self._transport.pending()) > 0:
            taken = self._wire.write(self._transport.peek(pending))
            if not taken:
                return True
            self._transport.pop(taken)
        return False

    def _handle(self) -> None:
        kinds = self._proton.Event
        while (event := self._collector.peek()) is not None:
            if event.type == kinds.LINK_REMOTE_OPEN and event.link == self._receiver and event.link.remote_source.address:
                self._attached()
            elif event.type == kinds.CONNECTION_REMOTE_OPEN:
                self._rabbit = (event.connection.remote_properties or {}).get("product") == "RabbitMQ"
                self._attach(create=False)
            elif event.type == kinds.DELIVERY:
                self._delivery(event)
            elif event.type in {kinds.LINK_REMOTE_CLOSE, kinds.LINK_REMOTE_DETACH}:
                if not event.link.state & self._proton.Endpoint.LOCAL_CLOSED:
                    self._session_over(event.link.session, event.link.remote_condition)
            elif event.type == kinds.SESSION_REMOTE_CLOSE:
                self._session_over(event.session, event.session.remote_condition)
            elif event.type == kinds.CONNECTION_REMOTE_CLOSE:
                self._fail(*self._refusal(event.connection.remote_condition))
            elif event.type == kinds.TRANSPORT_ERROR:
                self._fail(*self._broken(event.transport.condition))
            self._collector.pop()

    def _attached(self) -> None:
        self.rise()
        if self.paused:
            self.do_pause()

    def _delivery(self, event: Any) -> None:
        delivery = event.delivery
        if event.link.is_sender:
            if delivery.remote_state or delivery.settled:
                delivery.settle()
                taken = delivery.remote_state == self._proton.Delivery.ACCEPTED
                self._replied(event.link.session, "" if taken else NOT_TAKEN)
        elif delivery.readable:
            if delivery.pending > MOST_BYTES:
                event.link.recv(delivery.pending)
                self._too_large = True
            if not delivery.partial:
                payload = b"" if self._too_large else self._payload(event.link.recv(delivery.pending) or b"")
                self._too_large = False
                event.link.advance()
                self.deliver(payload, delivery)
                self._replenish()

    def _payload(self, data: bytes) -> bytes:
        message = self._proton.Message()
        try:
            message.decode(data)
        except self._proton.ProtonException:
            return b""
        body = message.body
        return body.encode() if isinstance(body, str) else bytes(body) if isinstance(body, bytes | memoryview) else b""

    def _replied(self, session: Any, error: str) -> None:
        if session in self.sent:
            session.close()
            self.answered(session, error)

    def _session_over(self, session: Any, condition: Any) -> None:
        name = condition.name if condition else ""
        if session in self.sent:
            self._replied(session, {NOT_FOUND: NO_QUEUE, UNAUTHORIZED: NO_RIGHT}.get(name, NOT_TAKEN))
        elif self._receiver is None or session != self._receiver.session:
            return
        elif self._leaving:
            self._connection.close()
        elif name == NOT_FOUND and not self.is_up and self._receiver.name == "take" and self._rabbit:
            session.close()
            self._attach(create=True)
        elif name == PRECONDITION_FAILED and not self.is_up:  # somebody else was faster
            session.close()
            self._attach(create=False)
        else:
            topic = self.settings.topic
            self._fail(*{
                UNAUTHORIZED: (f"The broker does not let this user read the queue {topic}.", True),
                NOT_FOUND: (f"The broker has no queue {topic}.", True),
                "amqp:resource-locked": (f"The queue {topic} belongs to another connection alone.", True),
                "amqp:internal-error": (f"The broker ended the subscription by an error of its own, as RabbitMQ does when it stops or when the queue {topic} is deleted.", False),
            }.get(name, (f"The broker ended the subscription: {name.removeprefix('amqp:') or 'no reason is given'}.", False)))

    def _refusal(self, condition: Any) -> tuple[str, bool]:
        name = condition.name if condition else ""
        if name in {UNAUTHORIZED, NOT_ALLOWED, NOT_FOUND}:
            return f"The broker has no virtual host {self.settings.vhost}, or does not let this user into it.", True
        return f"The broker closed the connection: {name.removeprefix('amqp:') or 'no reason is given'}.", False

    def _broken(self, condition: Any) -> tuple[str, bool]:
        if condition and condition.name == UNAUTHORIZED:
            return REFUSED_USER, True
        if condition and "idle-timeout" in (condition.description or ""):
            return SILENT, False
        return f"What listens at {self.place} does not speak AMQP 1.0 as it should.", False

    def _address(self, topic: str, *, create: bool = False) -> str:
        return f"{'/queue/' if create else '/amq/queue/'}{quote(topic, safe='')}" if self._rabbit else topic
