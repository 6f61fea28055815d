"""STOMP 1.2 by stomp.py, for RabbitMQ, ActiveMQ and others.

The library makes and reads the frames. Connection, heart-beats and waits are those of one thread of ours: the library's own
threads write to a frozen broker without a limit, and notice its silence late.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from otppi.adapters.brokers.common import CLOSE_LIMIT_S, Once, context, trouble
from otppi.adapters.brokers.wire import Wire
from otppi.config.subscribers import ActivemqSubscriber, StompSubscriber
from otppi.domain.links import Delivery, Ears

MOST_SILENCE_S = 10.0
LEAST_SILENCE_S = 0.5  # brokers' timers are no finer
GRACE_S = 1.0  # ActiveMQ's first heart-beat comes late
WORDS_LIMIT = 200  # of what a broker says of an error
SUBSCRIPTION, BYE = "otppi", "bye"
PASSING = ("already connected", "in use", "timed out", "timeout")
"""Words in a broker's refusal that mean: not now."""
ENDED = "The connection to the broker has ended."
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class _Reply:
    topic: str
    payload: bytes
    done: Callable[[str], object]


class StompLink:
    """Implements domain.links.Link.

    The lock guards the wishes of other threads against the end: each is done, or refused, but never forgotten.
    """

    def __init__(self, subscriber: StompSubscriber, window: int, ears: Ears) -> None:
        self._subscriber, self._window, self._ears = subscriber, window, Once(ears)
        self._where = subscriber.where()
        self._timeout_s = subscriber.timeout_ms / 1000
        self._start_by = time.monotonic() + self._timeout_s
        self._lock = threading.Lock()
        self._wishes: deque[_Reply | str] = deque()  # a text is an acknowledgement
        self._close_by = _NEVER
        self._paused = self._over = False
        self._wire = Wire()
        self._out = bytearray()
        self._end: tuple[str, bool] | None = None
        self._said = ""  # by the broker, before it hangs up
        self._protocol: Any = None
        self._connected = self._subscribed = self._leaving = False
        self._unacknowledged: set[str] = set()
        self._receipts: dict[str, tuple[float, Callable[[str], object]]] = {}
        self._count = 0
        self._send_every = self._hear_within = _NEVER
        self._sent = self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"stomp-{self._where[0]}")
        self._thread.start()

    def acknowledge(self, handle: Any) -> None:
        """See Link."""
        if handle is not None:
            self._wish(str(handle))

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """See Link: confirmed by a receipt."""
        if not self._wish(_Reply(topic, payload, done)):
            done(ENDED)

    def pause(self) -> None:
        """See Link. Without UNSUBSCRIBE, which takes the acknowledgements (RabbitMQ) or the durable subscription (ActiveMQ) along."""
        self._paused = True

    def close(self) -> None:
        """See Link."""
        with self._lock:
            if self._close_by == _NEVER:
                self._close_by = time.monotonic() + CLOSE_LIMIT_S
        self._wire.nudge()

    def join(self, timeout: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout)

    def _wish(self, wish: _Reply | str) -> bool:
        with self._lock:
            if self._over or self._close_by < _NEVER:
                return False
            self._wishes.append(wish)
        self._wire.nudge()
        return True

    def _run(self) -> None:
        try:
            tls = context(self._subscriber.tls) if self._subscriber.tls.enabled else None
            self._wire.connect(self._where, tls, self._connect_by)
            self._converse()
        except Exception as error:  # noqa: BLE001  # the end of the thread, for any reason, is told
            self._finish(*trouble(error, self._where))
        self._wire.close()
        with self._lock:
            self._over = True
            left = [wish for wish in self._wishes if isinstance(wish, _Reply)]
            self._wishes.clear()
        for _, done in self._receipts.values():
            done(ENDED)
        for reply in left:
            reply.done(ENDED)
        why, refused = self._end or trouble(ConnectionError(), self._where)
        if self._close_by < _NEVER:
            why, refused = "", False
        self._ears.lost(why, refused=refused)

    def _connect_by(self) -> float:
        """Give the time to stop connecting: at once when the end is asked for and nothing is left to do."""
        if self._close_by < _NEVER and not self._wishes:
            return 0
        return min(self._start_by, self._close_by)

    def _converse(self) -> None:
        """Log in, then hear frames until the end."""
        os.environ.setdefault("STOMP_SKIP_HOSTNAME_SCAN", "1")  # else the import asks the name server for our own name
        from stomp.protocol import Protocol12  # noqa: PLC0415  # who has no such broker need not carry it
        from stomp.transport import BaseTransport  # noqa: PLC0415

        logging.getLogger("stomp.py").setLevel(logging.CRITICAL)  # at lower levels it logs bodies
        transport = BaseTransport(auto_decode=False)
        transport.vhost = "/"  # RabbitMQ's; ActiveMQ takes any
        transport.current_host_and_port = self._where
        transport.receive, transport.send = self._receive, self._out.extend
        loops: list[Callable[[], None]] = []
        transport.override_threading(loops.append)  # its loop runs in our thread
        self._protocol = Protocol12(transport, (0, 0), auto_content_length=False)  # ActiveMQ takes a body with a length for bytes, not text
        transport.set_listener("link", SimpleNamespace(on_connected=self._on_connected, on_message=self._on_message,
                                                       on_receipt=self._on_receipt, on_error=self._on_error))
        transport.start()
        subscriber = self._subscriber
        pace = round(1000 * self._silence_s())
        login = {"heart-beat": f"{pace},{pace}"}
        if isinstance(subscriber, ActivemqSubscriber) and subscriber.client_id:
            login["client-id"] = subscriber.client_id
        self._protocol.connect(subscriber.username or None, subscriber.password.reveal() or None, headers=login, with_connect_command=True)
        loops[0]()

    def _silence_s(self) -> float:
        return max(LEAST_SILENCE_S, min(MOST_SILENCE_S, self._timeout_s))

    def _receive(self) -> bytes:
        """Do what is due until bytes have come; an empty answer ends the library's loop."""
        try:
            while self._end is None:
                self._do_wishes()
                self._beat()
                self._wire.write(self._out)
                data = self._wire.read()
                if data is not None:
                    self._heard = time.monotonic()
                    if not data:
                        self._finish(self._said or trouble(ConnectionError(), self._where)[0], refused=False)
                    return data
                if self._end is None:
                    self._wire.wait(self._next_due(), write=bool(self._out))
                    self._give_up()
        except OSError as error:
            why, refused = trouble(error, self._where)
            self._finish(self._said or why, refused=refused)
        return b""

    def _do_wishes(self) -> None:
        while self._connected:
            with self._lock:
                if not self._wishes:
                    break
                wish = self._wishes.popleft()
            if isinstance(wish, str):
                if wish in self._unacknowledged:
                    self._unacknowledged.remove(wish)
                    self._protocol.ack(wish)
            else:
                self._send(wish)
        if self._close_by < _NEVER and not self._leaving:
            if self._connected and not self._receipts:
                self._leaving = True
                self._protocol.send_frame("DISCONNECT", {"receipt": BYE})
            elif not self._connected and not self._wishes:
                self._finish("", refused=False)

    def _send(self, reply: _Reply) -> None:
        self._count += 1
        receipt = f"reply-{self._count}"
        headers = {"receipt": receipt}
        if isinstance(self._subscriber, ActivemqSubscriber):
            headers["persistent"] = "false"
            if self._subscriber.time_to_live_ms:
                headers["expires"] = str(round(time.time() * 1000) + self._subscriber.time_to_live_ms)
        self._receipts[receipt] = time.monotonic() + self._timeout_s, reply.done
        self._protocol.send(self._subscriber.where_to(reply.topic), reply.payload, content_type="application/json", headers=headers)

    def _beat(self) -> None:
        now = time.monotonic()
        if now >= self._sent + self._send_every:
            self._sent = now
            self._out += b"\n"

    def _next_due(self) -> float:
        start = _NEVER if self._subscribed else self._start_by
        receipt = next(iter(self._receipts.values()))[0] if self._receipts else _NEVER
        return min(start, receipt, self._close_by, self._sent + self._send_every, self._heard + self._hear_within, time.monotonic() + 60)

    def _give_up(self) -> None:
        now = time.monotonic()
        late = bool(self._receipts) and next(iter(self._receipts.values()))[0] <= now
        if now >= self._close_by or late or now >= self._heard + self._hear_within or (not self._subscribed and now >= self._start_by):
            self._finish(*trouble(TimeoutError(), self._where))

    def _finish(self, why: str, refused: bool) -> None:  # noqa: FBT001
        self._end = self._end or (why, refused)

    def _on_connected(self, frame: Any) -> None:
        from stomp.utils import calculate_heartbeats  # noqa: PLC0415

        if frame.headers.get("version") != "1.2":
            self._finish(f"{_place(self._where)} does not speak STOMP 1.2.", refused=True)
            return
        pace = round(1000 * self._silence_s())
        ours, theirs = calculate_heartbeats(tuple(frame.headers.get("heart-beat", "0,0").replace(" ", "").split(",")), (pace, pace))
        self._send_every = ours / 2000 or _NEVER  # twice as often as promised
        self._hear_within = theirs / 500 + GRACE_S if theirs else _NEVER  # twice what was promised
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
        if self._paused or self._close_by < _NEVER:
            return
        handle = frame.headers.get("ack") if self._subscriber.acknowledges() else None
        if handle is not None:
            self._unacknowledged.add(handle)
        self._ears.delivered(Delivery(frame.body or b"", handle, frame.headers.get("redelivered") == "true"))

    def _on_receipt(self, frame: Any) -> None:
        name = frame.headers.get("receipt-id")
        if name == SUBSCRIPTION:
            self._subscribed = True
            self._ears.up()
        elif name == BYE:
            self._finish("", refused=False)
        elif name in self._receipts:
            self._receipts.pop(name)[1]("")

    def _on_error(self, frame: Any) -> None:
        words = self._harmless(frame.headers.get("message", ""))
        what = "a frame of ours" if self._subscribed else "the subscription" if self._connected else "the log-in"
        name = frame.headers.get("receipt-id")
        if name in self._receipts:
            self._said = f"{_place(self._where)} refuses a reply: {words}."
            self._receipts.pop(name)[1](self._said)
            return
        passing = any(word in words.lower() for word in PASSING)
        self._finish(f"{_place(self._where)} refuses {what}: {words}.", refused=not self._subscribed and not passing)

    def _harmless(self, words: str) -> str:
        """Give the broker's words without credentials, on one line."""
        for secret in (self._subscriber.password.reveal(), self._subscriber.username):
            words = words.replace(secret, "…") if secret else words
        return "".join(char if char.isprintable() else " " for char in words)[:WORDS_LIMIT].strip(" .") or "no reason given"


def _place(where: tuple[str, int]) -> str:
    return f"{where[0]}:{where[1]}"
