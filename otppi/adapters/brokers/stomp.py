"""STOMP 1.2 by stomp.py, for RabbitMQ, ActiveMQ and others.

The library makes and reads the frames. Connection, heart-beats and waits are those of one thread of ours: the library's own
threads write to a frozen broker without a limit, and notice its silence late.
"""

import logging
import math
import os
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from otppi.adapters.brokers.base import CLOSED, MOST_PATIENCE_S, Broken, BrokerLink
from otppi.adapters.brokers.stomp_frames import Frames
from otppi.adapters.brokers.wire import Wire
from otppi.config.subscribers import ActivemqSubscriber, StompSubscriber
from otppi.domain.links import Ears

LEAST_SILENCE_S = 0.5  # brokers' timers are no finer
GRACE_S = 1.0  # ActiveMQ's first heart-beat comes late
WORDS_LIMIT = 200  # of what a broker says of an error
SUBSCRIPTION, BYE = "otppi", "bye"
PASSING = ("already connected", "in use", "timed out", "timeout")
"""Words in a broker's refusal that mean: not now."""


class StompLink(BrokerLink):
    """Implements domain.links.Link. A pause needs no word: UNSUBSCRIBE takes the acknowledgements (RabbitMQ) or the durable subscription (ActiveMQ) along."""

    _wire: Wire
    _protocol: Any = None
    _connected = _leaving = False
    _said = ""  # by the broker, before it hangs up
    _count = 0

    def __init__(self, subscriber: StompSubscriber, window: int, ears: Ears) -> None:
        super().__init__("stomp", subscriber, ears)
        self._subscriber, self._window = subscriber, window
        self._silence_s = max(LEAST_SILENCE_S, min(MOST_PATIENCE_S, self.limit_s))
        self._out = bytearray()
        self._frames = Frames()
        self._receipts: dict[str, tuple[float, int]] = {}
        """Until when a reply must be confirmed, and its ticket, by the name of its receipt."""
        self._send_every = self._hear_within = math.inf
        self._sent = self._heard = time.monotonic()
        self.begin()

    def talk(self) -> None:
        """Log in, then hear frames until the end."""
        self._wire, _ = self.dial()
        self._sent = self._heard = time.monotonic()
        self._converse()

    def end(self) -> None:
        """Forget what was not sent: it may be the log-in."""
        self._out.clear()

    def possible(self, kind: str) -> bool:  # noqa: ARG002  # whatever it is
        """Nothing is before the broker has let us in."""
        return self._connected

    def do_acknowledge(self, name: Any) -> None:
        """See BrokerLink."""
        self._protocol.ack(name)

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """Confirmed by a receipt."""
        self._count += 1
        receipt = f"reply-{self._count}"
        headers = {"receipt": receipt}
        if isinstance(self._subscriber, ActivemqSubscriber):
            headers["persistent"] = "false"
            if self._subscriber.time_to_live_ms:
                headers["expires"] = str(round(time.time() * 1000) + self._subscriber.time_to_live_ms)
        self._receipts[receipt] = time.monotonic() + self.limit_s, ticket
        self._protocol.send(self._subscriber.where_to(topic), payload, content_type="application/json", headers=headers)

    def _converse(self) -> None:
        os.environ.setdefault("STOMP_SKIP_HOSTNAME_SCAN", "1")  # else the import asks the name server for our own name
        from stomp.protocol import Protocol12  # noqa: PLC0415  # who has no such broker need not carry it
        from stomp.transport import BaseTransport  # noqa: PLC0415

        logging.getLogger("stomp.py").setLevel(logging.CRITICAL)  # at lower levels it logs bodies
        transport = BaseTransport(auto_decode=False)
        transport.vhost = "/"  # RabbitMQ's; ActiveMQ takes any
        transport.current_host_and_port = self.at
        transport.receive, transport.send = self._receive, self._out.extend
        loops: list[Callable[[], None]] = []
        transport.override_threading(loops.append)  # its loop runs in our thread
        self._protocol = Protocol12(transport, (0, 0), auto_content_length=False)  # ActiveMQ takes a body with a length for bytes, not text
        transport.set_listener("link", SimpleNamespace(on_connected=self._on_connected, on_message=self._on_message,
                                                       on_receipt=self._on_receipt, on_error=self._on_error))
        transport.start()
        subscriber = self._subscriber
        pace = round(1000 * self._silence_s)
        login = {"heart-beat": f"{pace},{pace}"}
        if isinstance(subscriber, ActivemqSubscriber) and subscriber.client_id:
            login["client-id"] = subscriber.client_id
        self._protocol.connect(subscriber.username or None, subscriber.password.reveal() or None, headers=login, with_connect_command=True)
        loops[0]()

    def _receive(self) -> bytes:
        """Do what is due until bytes have come; an empty answer ends the library's loop."""
        try:
            while self.verdict is None:
                self.run_errands()
                if self.finished() and not self._leave():
                    return b""
                self._beat()
                while sent := self._wire.write(self._out):
                    del self._out[:sent]
                if (data := self._wire.read()) is not None:
                    if frames := self._taken(data):
                        return frames
                    continue
                receipt = next(iter(self._receipts.values()))[0] if self._receipts else math.inf
                silence = self._heard + self._hear_within
                self._wire.wait(self.due(receipt, silence, self._sent + self._send_every), write=bool(self._out))
                if time.monotonic() >= min(receipt, silence) and not self.asked_to_close:
                    raise self.late()
        except (OSError, Broken) as error:
            why, refused = self.in_words(error)
            self.fail(self._said or why, refused)
        return b""  # an exception would be lost in the library

    def _taken(self, data: bytes) -> bytes:
        """Give the library the frames that are whole."""
        if not data:
            raise ConnectionError
        self._heard = time.monotonic()
        return self._frames.take(data)

    def _leave(self) -> bool:
        """Take leave of the broker; tell whether its answer is to be waited for."""
        if not self._connected or self.closing_late():
            return False
        if not self._leaving:
            self._leaving = True
            self._protocol.send_frame("DISCONNECT", {"receipt": BYE})
        return True

    def _beat(self) -> None:
        now = time.monotonic()
        if now >= self._sent + self._send_every:
            self._sent = now
            self._out += b"\n"

    def _on_connected(self, frame: Any) -> None:
        from stomp.utils import calculate_heartbeats  # noqa: PLC0415

        if frame.headers.get("version") != "1.2":
            self.fail(f"{self.place} does not speak STOMP 1.2.", refused=True)
            return
        pace = round(1000 * self._silence_s)
        ours, theirs = calculate_heartbeats(tuple(frame.headers.get("heart-beat", "0,0").replace(" ", "").split(",")), (pace, pace))
        self._send_every = ours / 2000 or math.inf  # twice as often as promised
        self._hear_within = theirs / 500 + GRACE_S if theirs else math.inf  # twice what was promised
        self._connected = True
        subscriber = self._subscriber
        headers = {"receipt": SUBSCRIPTION}
        if subscriber.acknowledges():
            headers |= {"prefetch-count": str(self._window), "activemq.prefetchSize": str(self._window)}  # RabbitMQ, ActiveMQ
        destination = subscriber.where_to(subscriber.topic)
        if isinstance(subscriber, ActivemqSubscriber) and subscriber.client_id and destination.startswith("/topic/"):
            headers["activemq.subscriptionName"] = SUBSCRIPTION
        self._protocol.subscribe(destination, SUBSCRIPTION, ack="client-individual" if subscriber.acknowledges() else "auto", headers=headers)

    def _on_message(self, frame: Any) -> None:
        name = frame.headers.get("ack") if self._subscriber.acknowledges() else None
        self.deliver(frame.body or b"", name, redelivered=frame.headers.get("redelivered") == "true")

    def _on_receipt(self, frame: Any) -> None:
        name = frame.headers.get("receipt-id")
        if name == SUBSCRIPTION:
            self.rise()
        elif name == BYE:
            self.fail(CLOSED)
        elif name in self._receipts:
            self.confirm(self._receipts.pop(name)[1])

    def _on_error(self, frame: Any) -> None:
        words = self._harmless(frame.headers.get("message", ""))
        what = "a frame of ours" if self.is_up else "the subscription" if self._connected else "the log-in"
        name = frame.headers.get("receipt-id")
        if name in self._receipts:
            self._said = f"{self.place} refuses a reply: {words}."
            self.confirm(self._receipts.pop(name)[1], self._said)
            return
        passing = any(word in words.lower() for word in PASSING)
        self.fail(f"{self.place} refuses {what}: {words}.", refused=not self.is_up and not passing)

    def _harmless(self, words: str) -> str:
        """Give the broker's words without credentials, on one line."""
        for secret in (self._subscriber.password.reveal(), self._subscriber.username):
            words = words.replace(secret, "…") if secret else words
        return "".join(char if char.isprintable() else " " for char in words)[:WORDS_LIMIT].strip(" .") or "no reason given"
