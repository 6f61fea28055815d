"""Redis pub/sub and streams by redis-py, which is imported when a link begins."""

import functools
from typing import TYPE_CHECKING, Any

from otppi.adapters.brokers.base import MOST_PATIENCE_S, BrokerLink
from otppi.adapters.brokers.redis_bulk import BulkLine
from otppi.config.subscribers import RedisSubscriber
from otppi.domain.links import Ears

if TYPE_CHECKING:
    from otppi.adapters.brokers.redis_wire import RedisWire

CONSUMER = "otppi"  # always the same, so that what it has not acknowledged is found again
FIELD = b"payload"
BLOCK_S = 1.0
LEAST_PATIENCE_S = 2.0  # more than a reader waits in vain


class RedisLink(BrokerLink):
    """Two connections: one waits for messages, the other acknowledges and replies, so that neither waits for the other."""

    def __init__(self, subscriber: RedisSubscriber, window: int, ears: Ears) -> None:
        super().__init__("redis", subscriber, ears)
        self._settings = subscriber
        self._window = max(1, window)
        self._lines: list[RedisWire] = []
        self._patience_s = max(LEAST_PATIENCE_S, min(MOST_PATIENCE_S, self.limit_s))
        self._reading = False
        self._pending: bytes | None = b"0"  # the last of our own unacknowledged ones that came again; None once all have
        self._acknowledging = 0
        self.begin()

    # life

    def talk(self) -> None:
        """Connect twice, subscribe, then wait for messages and for what others ask."""
        reader, _ = self._open(), self._open()
        if self._settings.acknowledges():
            reader.ask("XGROUP", "CREATE", self._settings.topic, self._settings.group, "0", "MKSTREAM", then=self._grouped)
        else:
            reader.ask("SUBSCRIBE", self._settings.topic, then=self._subscribed)
        more = False
        while True:
            self.run_errands()
            if self.finished():
                return
            self._read_on(reader)
            if not more:
                self.wait([line for wire in self._lines for line in wire.sockets()], limit_s=self._patience_s / 4)
            more = False
            for wire in self._lines:
                more |= wire.read(self._pushed)
                wire.look_alive()

    def end(self) -> None:
        """Close both."""
        for wire in self._lines:
            wire.disconnect()  # type: ignore[no-untyped-call]

    def busy(self) -> bool:
        """Whether acknowledgements are on their way."""
        return self._acknowledging > 0

    def do_acknowledge(self, name: Any) -> None:
        """Take it from the list of the unacknowledged and from the stream."""
        topic = self._settings.topic
        self._acknowledging += 2
        self._lines[1].ask("XACK", topic, self._settings.group, name, then=self._acknowledged)
        self._lines[1].ask("XDEL", topic, name, then=self._acknowledged)

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """The way the messages come."""
        words = ("XADD", topic, "*", FIELD, payload) if self._settings.acknowledges() else ("PUBLISH", topic, payload)
        self._lines[1].ask(*words, then=functools.partial(self._published, ticket))

    def do_pause(self) -> None:
        """Nothing is kept for a subscriber of pub/sub; a stream is just not read on."""
        if not self._settings.acknowledges():
            self._lines[0].ask("UNSUBSCRIBE", self._settings.topic, then=lambda _: None)

    # inside

    def _open(self) -> "RedisWire":
        from otppi.adapters.brokers.redis_wire import MOST_ANSWER_BYTES, RedisWire  # noqa: PLC0415  # an unused broker costs nothing

        wire = RedisWire(BulkLine(*self.dial(), self.due, MOST_ANSWER_BYTES), self.at, self._patience_s)
        self._lines.append(wire)
        settings = self._settings
        if settings.password:
            words = (settings.username,) if settings.username else ()
            wire.ask("AUTH", *words, settings.password.reveal(), then=self._must)
        wire.ask("CLIENT", "SETNAME", settings.username or CONSUMER, then=lambda _: None)  # one that is refused does no harm
        return wire

    def _must(self, answer: Any) -> None:
        if isinstance(answer, Exception):
            raise self._lines[0].broken(answer)

    def _subscribed(self, answer: Any) -> None:
        self._must(answer)
        self.rise()

    def _grouped(self, answer: Any) -> None:
        if not str(answer).startswith("BUSYGROUP"):
            self._must(answer)
        self.rise()

    def _pushed(self, answer: Any) -> bool:
        if self._settings.acknowledges() or not isinstance(answer, list) or answer[0] != b"message":
            return False
        self.deliver(answer[2])
        return True

    def _read_on(self, reader: "RedisWire") -> None:
        free = self._window - self.held()
        if not self._settings.acknowledges() or not self.is_up or self._reading or self.paused or free < 1:
            return
        self._reading = True
        wait = ("BLOCK", int(BLOCK_S * 1000)) if self._pending is None else ()
        reader.ask("XREADGROUP", "GROUP", self._settings.group, CONSUMER, "COUNT", free, *wait, "STREAMS", self._settings.topic,
                   self._pending or ">", then=self._came, extra_s=BLOCK_S)

    def _came(self, answer: Any) -> None:
        self._must(answer)
        self._reading = False
        again = self._pending is not None
        entries = answer[0][1] if answer else []
        if again:
            self._pending = entries[-1][0] if entries else None
        for name, fields in entries:
            if fields is None:  # it was removed from the stream meanwhile
                self.do_acknowledge(name)
            else:
                self.deliver(dict(zip(fields[::2], fields[1::2], strict=False)).get(FIELD, b""), name, redelivered=again)

    def _acknowledged(self, answer: Any) -> None:
        self._acknowledging -= 1
        self._must(answer)

    def _published(self, ticket: int, answer: Any) -> None:
        self.confirm(ticket, f"The reply was not taken. {self._lines[1].broken(answer)}" if isinstance(answer, Exception) else "")
