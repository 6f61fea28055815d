"""Opens connections to brokers, each by the library that its subscriber needs and that is imported no sooner."""

import importlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from otppi.config.subscribers import AmqpSubscriber, Subscriber
from otppi.domain.links import Ears, Link

_LINKS = {
    "AmqpSubscriber": ("amqp", "AmqpLink"),
    "MqttSubscriber": ("mqtt", "MqttLink"),
    "RedisSubscriber": ("redis", "RedisLink"),
    "StompSubscriber": ("stomp", "StompLink"),
    "ActivemqSubscriber": ("stomp", "StompLink"),
    "WebsocketSubscriber": ("websocket", "WebsocketLink"),
}
_log = logging.getLogger(__name__)


class BrokerLinks:
    """Implements domain.links.Brokers, and waits for the threads of all links at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the list: subscriptions open and lose their links in threads of their own
        self._open: dict[int, Any] = {}
        self._number = 0

    def open(self, subscriber: Subscriber, window: int, ears: Ears) -> Link:
        """Start connecting; returns at once."""
        with self._lock:
            self._number += 1
            number = self._number

        def lost(why: str, refused: bool) -> None:  # noqa: FBT001  # Ears' signature
            with self._lock:
                over.append(number)
                self._open.pop(number, None)
            ears.lost(why, refused)

        over: list[int] = []
        try:
            link: Link = _link(subscriber)(subscriber, window, Ears(ears.up, ears.delivered, lost))
        except Exception:  # noqa: BLE001  # whatever a library does when it is imported or made, the others must not suffer from it
            _log.exception("a link could not be made")
            ears.lost("The library for this broker does not work; the log says more.", True)
            return Nowhere()
        with self._lock:
            if not over:
                self._open[number] = link
        return link

    def stop(self, limit_s: float) -> None:
        """Close every link that is still open, and wait for the end of their threads."""
        end = time.monotonic() + limit_s
        with self._lock:
            links = list(self._open.values())
        for link in links:
            link.close()
        for link in links:
            link.join(max(0.0, end - time.monotonic()))


class Nowhere:
    """A link that never was."""

    def acknowledge(self, handle: Any) -> None:
        """Do nothing."""

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """Say that it did not get there."""
        del topic, payload
        done("There is no connection to the broker.")

    def pause(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def _link(subscriber: Subscriber) -> Callable[[Subscriber, int, Ears], Any]:
    module, name = _LINKS[type(subscriber).__name__]
    if isinstance(subscriber, AmqpSubscriber) and subscriber.version == "1.0":
        module, name = "amqp1", "Amqp1Link"
    found: Callable[[Subscriber, int, Ears], Any] = getattr(importlib.import_module(f"otppi.adapters.brokers.{module}"), name)
    return found
