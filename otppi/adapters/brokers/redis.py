"""Redis pub/sub and streams by redis-py, which is imported when a link begins."""

import functools
from typing import TYPE_CHECKING, Any

from otppi.adapters.brokers.polled import PolledLink
from otppi.config.subscribers import RedisSubscriber
from otppi.domain.links import Ears

if TYPE_CHECKING:
    from otppi.adapters.brokers.redis_wire import Wire

CONSUMER = "otppi"  # always the same, so that what it has not acknowledged is found again
FIELD = b"payload"
BLOCK_S = 1.0


class RedisLink(PolledLink):
    """Two connections: one waits for messages, the other acknowledges and replies, so that neither waits for the other."""

    def __init__(self, subscriber: RedisSubscriber, window: int, ears: Ears) -> None:
        super().__init__("redis", subscriber, ears)
        self._settings = subscriber
        self._window = max(1, window)
        self._wires: list[Wire] = []
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
        while True:
            self.run_errands()
            if self.finished():
                return
            self._read_on(reader)
            self.wait([line for wire in self._wires for line in wire.sockets()], limit_s=self.patience_s / 4)
            for wire in self._wires:
                wire.read(self._pushed)
                wire.look_alive()

    def end(self) -> None:
        """Close both."""
        for wire in self._wires:
            wire.disconnect()  # type: ignore[no-untyped-call]

    def busy(self) -> bool:
        """Whether acknowledgements are on their way."""
        return self._acknowledging > 0

    def do_acknowledge(self, name: Any) -> None:
        """Take it from the list of the unacknowledged and from the stream."""
        topic = self._settings.topic
        self._acknowledging += 2
        self._wires[1].ask("XACK", topic, self._settings.group, name, then=self._acknowledged)
        self._wires[1].ask("XDEL", topic, name, then=self._acknowledged)

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """The way the messages come."""
        words = ("XADD", topic, "*", FIELD, payload) if self._settings.acknowledges() else ("PUBLISH", topic, payload)
        self._wires[1].ask(*words, then=functools.partial(self._published, ticket))

    def do_pause(self) -> None:
        """Nothing is kept for a subscriber of pub/sub; a stream is just not read on."""
        if not self._settings.acknowledges():
            self._wires[0].ask("UNSUBSCRIBE", self._settings.topic, then=lambda _: None)

    # inside

    def _open(self) -> "Wire":
        from otppi.adapters.brokers.redis_wire import Wire  # noqa: PLC0415  # an unused broker costs nothing

        line = self.dial()
        try:
            wire = Wire(line, self.at, self.patience_s)
        except BaseException:
            line.close()
            raise
        self._wires.append(wire)
        settings = self._settings
        if settings.password:
            words = (settings.username,) if settings.username else ()
            wire.ask("AUTH", *words, settings.password.reveal(), then=self._must)
        wire.ask("CLIENT", "SETNAME", settings.username or CONSUMER, then=lambda _: None)  # one that is refused does no harm
        return wire

    def _must(self, answer: Any) -> None:
        if isinstance(answer, Exception):
            raise self._wires[0].broken(answer)

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
        if not self.paused:
            self.deliver(answer[2])
        return True

    def _read_on(self, reader: "Wire") -> None:
        free = self._window - len(self.held)
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
            elif not self.paused:
                self.deliver(dict(zip(fields[::2], fields[1::2], strict=False)).get(FIELD, b""), name, redelivered=again)

    def _acknowledged(self, answer: Any) -> None:
        self._acknowledging -= 1
        self._must(answer)

    def _published(self, ticket: int, answer: Any) -> None:
        self.confirm(ticket, f"The reply was not taken. {self._wires[1].broken(answer)}" if isinstance(answer, Exception) else "")
