"""What the two AMQP links share: one thread with an event loop, and a queue of what other threads ask of it."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from otppi.adapters.brokers.common import CLOSE_LIMIT_S, BadAuthorities, Once, trouble
from otppi.config.subscribers import AmqpSubscriber
from otppi.domain.links import Delivery, Ears

HEARTBEAT_S = 10.0
"""How often a broker gives a sign of life, for those who wait long enough for an answer."""
LEAST_HEARTBEAT_S = 2.0
CLOSED = "The connection to the broker is closed."
REFUSED_USER = "The broker refuses the user name or the password."
SILENT = "The broker gives no sign of life."
NO_QUEUE = "nobody has a queue of that name"
NO_RIGHT = "The broker does not let this user send there."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tell the broker of an outcome; after the replies that were asked for before are confirmed."""

    handle: Any


@dataclass(frozen=True, slots=True)
class Publish:
    """Send a reply."""

    topic: str
    payload: bytes = field(repr=False)
    done: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Pause:
    """Take nothing any more."""


@dataclass(frozen=True, slots=True)
class Close:
    """End, after all that was asked for before."""


Order = Acknowledge | Publish | Pause | Close


class LoopLink:
    """Implements domain.links.Link. A subclass gives the connection: the methods at the end, all of them for the link's own thread."""

    def __init__(self, subscriber: AmqpSubscriber, window: int, ears: Ears) -> None:
        self.subscriber = subscriber
        self.window = window
        self.ears = Once(ears)
        self.timeout_s = subscriber.timeout_ms / 1000
        self.heartbeat_s = max(LEAST_HEARTBEAT_S, min(HEARTBEAT_S, self.timeout_s))
        self.paused = False
        self.replies: dict[Any, Callable[[str], object]] = {}
        """Sent and not confirmed yet."""
        self._orders: deque[Order] = deque()
        self._lock = threading.Lock()  # guards orders, nudge, over and closing: actors ask, the thread carries out
        self._nudge: Callable[[], object] | None = None
        self._over = self._closing = self._limited = False
        self._verdict: tuple[str, bool] | None = None
        self._thread = threading.Thread(target=self._run, name="amqp link")
        self._thread.start()

    def acknowledge(self, handle: Any) -> None:
        """See domain.links.Link."""
        self._ask(Acknowledge(handle))

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """See domain.links.Link."""
        order = Publish(topic, payload, done)
        if not self._ask(order):
            done(CLOSED)

    def pause(self) -> None:
        """See domain.links.Link."""
        self.paused = True
        self._ask(Pause())

    def close(self) -> None:
        """See domain.links.Link."""
        self.paused = self._closing = True
        self._ask(Close())

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout)

    def hear(self, payload: bytes, handle: Any, *, redelivered: bool) -> None:
        """Pass a delivery on. Raises nothing: a bad listener must not end the connection."""
        self.ears.delivered(Delivery(payload, handle, redelivered))

    def confirmed(self, key: Any, error: str) -> None:
        """Tell who sent a reply what became of it."""
        done = self.replies.pop(key, None)
        if done is not None:
            done(error)

    def conclude(self, why: str, refused: bool = False) -> None:  # noqa: FBT001, FBT002
        """Note why it ends; the first reason stands, and being asked for is the first."""
        if self._verdict is None:
            self._verdict = ("", False) if self._closing else (why, refused)

    def over(self) -> bool:
        """Whether the end has come."""
        return self._verdict is not None

    def ready(self, nudge: Callable[[], object]) -> None:
        """Say how other threads make the loop call :meth:`serve`, then look what they asked for until now."""
        with self._lock:
            self._nudge = nudge
        nudge()

    def deaf(self) -> None:
        """Let nobody nudge any more; before the loop is closed."""
        with self._lock:
            self._nudge = None

    def serve(self) -> None:
        """Do what was asked for, in its order, as far as it can be done now."""
        if self._closing and not self._limited:
            self._limited = True
            self.later(CLOSE_LIMIT_S, self.abort)
        while self._orders and self._verdict is None:
            order = self._orders[0]
            if not self._possible(order):
                return
            self._orders.popleft()
            match order:
                case Acknowledge(handle):
                    self.accept(handle)
                case Publish(topic, payload, done):
                    self.send(topic, payload, done)
                case Pause():
                    self.cancel()
                case Close():
                    self.end()

    def _possible(self, order: Order) -> bool:
        match order:
            case Publish():
                return self.can_send()
            case Acknowledge() | Close():
                return not self.replies
            case Pause():
                return True

    def _ask(self, order: Order) -> bool:
        with self._lock:
            if self._over:
                return False
            self._orders.append(order)
            if self._nudge is not None:
                self._nudge()
            return True

    def _run(self) -> None:
        try:
            self.live()
        except (OSError, BadAuthorities) as error:
            self.conclude(*trouble(error, self.subscriber.where()))
        except Exception as error:  # noqa: BLE001  # the end must be told, whatever a library raises
            _log.exception("the link to %s ended by an error", self.subscriber.where()[0])
            self.conclude(f"The link to the broker failed: {type(error).__name__}.")
        self.conclude(CLOSED)
        with self._lock:
            self._over = True
        why, refused = self._verdict or ("", False)
        waiting = [order.done for order in self._orders if isinstance(order, Publish)]
        for done in [*self.replies.values(), *waiting]:
            with contextlib.suppress(Exception):  # whoever raises here must not silence the rest
                done(why or CLOSED)
        self.ears.lost(why, refused=refused)

    def live(self) -> None:
        """Connect, subscribe and serve until the end: :meth:`conclude`, then return."""
        raise NotImplementedError

    def later(self, delay_s: float, what: Callable[[], object]) -> None:
        """Call after a while."""
        raise NotImplementedError

    def can_send(self) -> bool:
        """Whether replies can be sent yet."""
        raise NotImplementedError

    def send(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """Send a reply and keep it in :attr:`replies` until its :meth:`confirmed`."""
        raise NotImplementedError

    def accept(self, handle: Any) -> None:
        """Acknowledge; nothing for a handle that is none of ours."""
        raise NotImplementedError

    def cancel(self) -> None:
        """End the subscription, now or once there is one."""
        raise NotImplementedError

    def end(self) -> None:
        """End the connection with the broker's consent, where there is one."""
        raise NotImplementedError

    def abort(self) -> None:
        """End the connection at once."""
        raise NotImplementedError
