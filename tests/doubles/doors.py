"""The doors of a gateway at real brokers: how the gateway is set to each, and a client that comes in by it."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from doubles.service import Service, until

from otppi.adapters import clients
from otppi.config import door as address
from otppi.config.door import Callback

REPLY_LIMIT_S = 20.0


@dataclass
class Door:
    """One way in. ``kind`` is the subscriber's name, ``url`` what a client connects to, ``settings`` what the gateway does."""

    name: str
    kind: str
    url: str
    topic: str
    settings: dict[str, Any]
    keeps: bool
    """Whether its broker keeps a message until it is acknowledged."""
    server: Any = field(repr=False, default=None)
    published: int = field(repr=False, default=0)
    """By :meth:`tell` and :meth:`ask`."""

    @contextlib.contextmanager
    def client(self, callback: str = "") -> Iterator[clients.Client]:
        """An open client, listening to ``callback`` if there is one."""
        door = address.read(self.url, topic=self.topic, callback=Callback(callback, fresh=True) if callback else None, timeout_s=REPLY_LIMIT_S)
        with contextlib.closing(clients.connect(door)) as client:
            if door.callback is not None:
                client.listen(door.callback)
            yield client

    def tell(self, *bodies: Any) -> None:
        """Publish; bytes as they are, anything else as JSON."""
        with self.client() as client:
            for body in bodies:
                self.published += 1
                client.publish(body if isinstance(body, bytes) else json.dumps(body).encode())

    def ask(self, command: str, data: dict[str, Any], callback: str = "", **more: Any) -> dict[str, Any]:
        """Run a command and wait for its reply."""
        callback = callback or f"answers-{secrets.token_hex(6)}"
        with self.client(callback) as client:
            self.published += 1
            client.publish(json.dumps({"command": command, "data": data, "callback_topic": callback, **more}).encode())
            reply = client.receive(REPLY_LIMIT_S)
        assert reply is not None, f"no reply by {self.name}"
        return json.loads(reply)

    def up(self, service: Service) -> None:
        """Wait until the gateway is connected by this door."""
        try:
            until(lambda: self.facts(service).get("connected"), REPLY_LIMIT_S)
        except AssertionError:
            raise AssertionError(f"{self.name} did not connect: {self.facts(service)}") from None

    def settled(self, service: Service) -> dict[str, Any]:
        """What the gateway shows of it once it has received what was published, no more and no less, and is done with it."""
        try:
            return until(lambda: (facts := self.facts(service))["received"] == self.published and facts["in_hand"] == 0 and facts)
        except AssertionError:
            raise AssertionError(f"{self.name}: {self.published} published, but {self.facts(service)}") from None

    def facts(self, service: Service) -> dict[str, Any]:
        """What the gateway shows of it."""
        return service.do("status").get("subscriber", {}).get(self.kind, {})


def _at(server: Any, port: int | None = None, **more: Any) -> dict[str, Any]:
    return {"enabled": True, "host": server.host, "port": port or server.port, "username": server.user, "password": server.password, "reconnect_delay_ms": 100, **more}


def amqp(server: Any, topic: str, **more: Any) -> Door:
    """AMQP 0-9-1."""
    return Door("amqp", "amqp", f"amqp://{server.user}:{server.password}@{server.host}:{server.port}/%2F", topic, _at(server, topic=topic, **more), True, server)


def amqp1(server: Any, topic: str) -> Door:
    """AMQP 1.0; the client speaks 0-9-1 to the same queue."""
    door = amqp(server, topic, version="1.0")
    door.name = "amqp 1.0"
    return door


def mqtt(server: Any, topic: str, *, name: str = "mqtt", **more: Any) -> Door:
    """MQTT with a session."""
    return Door(name, "mqtt", f"mqtt://{server.user}:{server.password}@{server.host}:{server.port}", topic,
                _at(server, topic=topic, **{"client_id": f"gateway-{topic}", **more}), True, server)


def redis_pubsub(server: Any, topic: str) -> Door:
    """Redis pub/sub."""
    return Door("redis pub/sub", "redis", f"redis://{server.user}:{server.password}@{server.host}:{server.port}", topic, _at(server, topic=topic), False, server)


def redis_stream(server: Any, topic: str) -> Door:
    """A Redis stream."""
    return Door("redis stream", "redis", f"redis://{server.user}:{server.password}@{server.host}:{server.port}?mode=stream", topic,
                _at(server, topic=topic, mode="stream"), True, server)


def stomp(server: Any, topic: str, destination: str) -> Door:
    """STOMP to RabbitMQ."""
    return Door(f"stomp {destination}", "stomp", f"stomp://{server.user}:{server.password}@{server.host}:{server.stomp_port}", f"/{destination}/{topic}",
                _at(server, server.stomp_port, topic=topic, destination=destination), destination == "queue", server)


def activemq(server: Any, topic: str, destination: str) -> Door:
    """ActiveMQ; a topic with a durable subscription."""
    return Door(f"activemq {destination}", "activemq", f"stomp://{server.user}:{server.password.replace(':', '%3A')}@{server.host}:{server.port}", f"/{destination}/{topic}",
                _at(server, topic=topic, destination=destination, client_id=f"gateway-{topic}"), True, server)


def websocket(server: Any, topic: str) -> Door:
    """Our WebSocket broker."""
    return Door("websocket", "websocket", f"ws://{server.user}:{server.password}@{server.host}:{server.port}/ws", topic,
                _at(server, topic=topic, path="/ws"), False, server)
