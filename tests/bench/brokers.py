"""The brokers of the measurements: private servers, started when they are first asked for, all ended with the block."""

import contextlib
from pathlib import Path
from typing import Any, Self

from doubles import doors
from doubles.activemq_server import ActivemqServer
from doubles.broker import Broker
from doubles.doors import Door
from doubles.mosquitto_server import MosquittoServer
from doubles.rabbitmq_server import RabbitServer
from doubles.redis_server import RedisServer
from doubles.ws_broker_server import WsBroker

KINDS: dict[str, type[Broker]] = {"rabbit": RabbitServer, "mosquitto": MosquittoServer, "redis": RedisServer, "activemq": ActivemqServer, "ws": WsBroker}
DOORS: dict[str, tuple[str, Any]] = {  # server, and what makes the door of it and a topic
    "amqp 0-9-1": ("rabbit", doors.amqp),
    "amqp 1.0": ("rabbit", doors.amqp1),
    "stomp queue": ("rabbit", lambda server, topic: doors.stomp(server, topic, "queue")),
    "mqtt": ("mosquitto", doors.mqtt),
    "redis stream": ("redis", doors.redis_stream),
    "redis pub/sub": ("redis", doors.redis_pubsub),
    "activemq queue": ("activemq", lambda server, topic: doors.activemq(server, topic, "queue")),
    "websocket": ("ws", doors.websocket),
}
"""In an order in which a server's doors follow one another."""
SIX = ("amqp 0-9-1", "mqtt", "redis stream", "stomp queue", "activemq queue", "websocket")
"""One door for each kind of subscriber."""


class Brokers:
    """``with Brokers(folder) as brokers: brokers.door("mqtt", "sms")``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self.running: dict[str, Broker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def start(self, *names: str) -> None:
        """Start these servers side by side, as far as they do not run yet."""
        new = [name for name in names if name not in self.running]
        for name in new:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
            self.running[name] = server = KINDS[name](self._folder / name)
            self._stack.push(server.__exit__)
            server.begin()
        for name in new:
            self.running[name].until_up()

    def door(self, name: str, topic: str) -> Door:
        """Give the door of :data:`DOORS`, its server running."""
        server, make = DOORS[name]
        self.start(server)
        door: Door = make(self.running[server], topic)
        return door

    def doors(self, names: tuple[str, ...], topic: str) -> list[Door]:
        """Give several, each with a topic of its own."""
        self.start(*dict.fromkeys(DOORS[name][0] for name in names))
        return [self.door(name, f"{topic}-{number}") for number, name in enumerate(names)]
