"""Opens connections to brokers, each by the library that its subscriber needs and that is imported no sooner."""

import importlib
import threading
import time
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


class BrokerLinks:
    """Implements domain.links.Brokers, and waits for the threads of all links at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # subscriptions open their links in threads of their own
        self._open: list[Any] = []

    def open(self, subscriber: Subscriber, window: int, ears: Ears) -> Link:
        """Start connecting; returns at once."""
        module, name = _LINKS[type(subscriber).__name__]
        if isinstance(subscriber, AmqpSubscriber) and subscriber.version == "1.0":
            module, name = "amqp1", "Amqp1Link"
        link: Link = getattr(importlib.import_module(f"otppi.adapters.brokers.{module}"), name)(subscriber, window, ears)
        with self._lock:
            self._open = [*(one for one in self._open if one.lives()), link]
        return link

    def stop(self, limit_s: float) -> None:
        """Close every link that is still open, and wait for the end of their threads."""
        end = time.monotonic() + limit_s
        with self._lock:
            links, self._open = self._open, []
        for link in links:
            link.close()
        for link in links:
            link.join(max(0.0, end - time.monotonic()))
