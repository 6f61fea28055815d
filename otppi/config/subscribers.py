"""The six subscribers: how the gateway reaches each broker, and what the broker's nature means for messages."""

from collections.abc import Iterator
from typing import ClassVar

from otppi.config.fields import HOST, choice, flag, group, integer, items, number, secret, settings, text
from otppi.domain.errors import Mistake
from otppi.domain.requests import COMMANDS
from otppi.domain.secret import Secret

SUBSCRIBERS = ("amqp", "mqtt", "redis", "stomp", "activemq", "websocket")


def _command(name: str) -> None:
    if name not in COMMANDS:
        raise Mistake(f"must be one of {', '.join(COMMANDS)}.")


def _absolute(path: str) -> None:
    if not path.startswith("/"):
        raise Mistake("must be an absolute path.")


@settings
class Tls:
    """Whether and how the connection is encrypted."""

    enabled: bool = flag("TLS", default=False)
    ca_file: str = text("CA file", default="", rule=_absolute, max_length=1000, help="PEM; empty: the system's authorities")
    verify: bool = flag("Verify the certificate", default=True)


@settings
class Subscriber:
    """What all six have in common. ``port`` 0 is the protocol's usual one."""

    enabled: bool = flag("Enabled", default=False)
    tls: Tls = group("Encryption", default=Tls())
    host: str = text("Address", default="localhost", pattern=HOST, shape="a host name or address", needed=True)
    port: int = integer("Port", default=0, low=0, high=65_535, help="0: the usual one")
    username: str = text("User name", default="")
    password: Secret = secret("Password", default="")
    topic: str = text("Topic", default="sms", needed=True, pattern=r"[!-~]+", shape="letters, digits and punctuation of ASCII without spaces")
    timeout_ms: int = integer("Time-out", default=10_000, low=100, high=600_000, unit="ms")
    reconnect_delay_ms: int = integer("Reconnect after", default=5000, low=10, high=3_600_000, unit="ms",
                                      help="Longer after each failure, up to a minute")
    refresh_s: float = number("Reconnect every", default=0, low=0, high=604_800, unit="s", help="0: never")
    commands: tuple[str, ...] = items("Allowed commands", default=(), most=50, rule=_command, help="None: all")

    PORTS: ClassVar[tuple[int, int]]
    """The usual ports, without and with TLS."""

    def where(self) -> tuple[str, int]:
        """Give host and port to connect to."""
        return self.host, self.port or self.PORTS[self.tls.enabled]

    def risk(self) -> str:
        """Say in one sentence how messages can get lost or doubled by the broker's nature; empty when they cannot."""
        return ""

    def acknowledges(self) -> bool:
        """Tell whether the broker keeps a message until it is acknowledged."""
        return True


@settings
class AmqpSubscriber(Subscriber):
    """AMQP 0-9-1 (RabbitMQ), or AMQP 1.0 with the extra ``amqp1``. The topic names a queue."""

    version: str = choice("Version", default="0-9-1", choices=("0-9-1", "1.0"), help='1.0 needs the extra "amqp1"')
    vhost: str = text("Virtual host", default="/", needed=True)
    durable: bool = flag("Durable queue", default=True, help="When the queue does not exist yet")

    PORTS: ClassVar[tuple[int, int]] = (5672, 5671)

    def risk(self) -> str:
        """AMQP 1.0 does not tell a redelivery."""
        return "AMQP 1.0 does not tell a redelivery: a message without data.id can be sent twice after a crash." if self.version == "1.0" else ""


@settings
class MqttSubscriber(Subscriber):
    """MQTT 3.1.1 or 5."""

    client_id: str = text("Client id", default="", max_length=64, help="Empty: another one each time, and no session")
    qos: int = choice("Quality of service", default=1, choices=(0, 1, 2))
    protocol: str = choice("Protocol", default="3.1.1", choices=("3.1.1", "5"))

    PORTS: ClassVar[tuple[int, int]] = (1883, 8883)

    def risk(self) -> str:
        """QoS 0 and clients without a name have no session."""
        if self.acknowledges():
            return ""
        return "Messages that come while the gateway is away are lost: MQTT keeps them only from QoS 1 on and for a client id."

    def acknowledges(self) -> bool:
        """Tell whether there is a session that outlives the connection."""
        return self.qos > 0 and bool(self.client_id)


@settings
class RedisSubscriber(Subscriber):
    """Redis pub/sub, or a stream read by a consumer group."""

    mode: str = choice("Mode", default="pubsub", choices=("pubsub", "stream"))
    group: str = text("Consumer group", default="otppi", needed=True, pattern=r"[!-~]+", shape="ASCII without spaces", help="Of a stream")

    PORTS: ClassVar[tuple[int, int]] = (6379, 6379)

    def risk(self) -> str:
        """Pub/sub keeps nothing."""
        return "" if self.mode == "stream" else "Messages that come while the gateway is away are lost: Redis pub/sub keeps none; a stream does."

    def acknowledges(self) -> bool:
        """Tell whether it is a stream."""
        return self.mode == "stream"


@settings
class StompSubscriber(Subscriber):
    """STOMP 1.2, as RabbitMQ and others speak it. A topic without a leading ``/`` is of the kind that ``destination`` says."""

    destination: str = choice("Destination", default="topic", choices=("topic", "queue"))

    PORTS: ClassVar[tuple[int, int]] = (61613, 61614)

    def where_to(self, name: str) -> str:
        """Give the destination of a name."""
        return name if name.startswith("/") else f"/{self.destination}/{name}"

    def risk(self) -> str:
        """A topic keeps nothing for those who are away."""
        return "" if self.acknowledges() else "Messages that come while the gateway is away are lost: a STOMP topic keeps none; a queue does."

    def acknowledges(self) -> bool:
        """Tell whether the broker keeps messages while nobody listens."""
        return not self.where_to(self.topic).startswith("/topic/")


@settings
class ActivemqSubscriber(StompSubscriber):
    """ActiveMQ over its STOMP port; with a client id the subscription of a topic is durable."""

    client_id: str = text("Client id", default="", max_length=64, help="Makes the subscription of a topic durable")
    time_to_live_ms: int = integer("Replies live for", default=60_000, low=0, high=86_400_000, unit="ms", help="0: for ever")

    def risk(self) -> str:
        """A topic keeps nothing but for a durable subscription."""
        return "" if self.acknowledges() else "Messages that come while the gateway is away are lost: a topic keeps them only for a client id; a queue does."

    def acknowledges(self) -> bool:
        """Tell whether the broker keeps messages while nobody listens."""
        return bool(self.client_id) or not self.where_to(self.topic).startswith("/topic/")


@settings
class WebsocketSubscriber(Subscriber):
    """A WebSocket message broker, such as ``otppi ws-broker``: ``ws[s]://host:port/path?topic=T``."""

    path: str = text("Path", default="/", pattern=r"/?[!-~]*", shape="a path without spaces")

    PORTS: ClassVar[tuple[int, int]] = (80, 443)

    def risk(self) -> str:
        """There is no acknowledgement."""
        return "Messages that come while the gateway is away are lost: a WebSocket broker keeps none."

    def acknowledges(self) -> bool:
        """There is no acknowledgement."""
        return False


@settings
class Subscribers:
    """All six."""

    amqp: AmqpSubscriber = group("AMQP", default=AmqpSubscriber())
    mqtt: MqttSubscriber = group("MQTT", default=MqttSubscriber())
    redis: RedisSubscriber = group("Redis", default=RedisSubscriber())
    stomp: StompSubscriber = group("STOMP", default=StompSubscriber())
    activemq: ActivemqSubscriber = group("ActiveMQ", default=ActivemqSubscriber())
    websocket: WebsocketSubscriber = group("WebSocket", default=WebsocketSubscriber())

    def each(self) -> Iterator[tuple[str, Subscriber]]:
        """Give every one with its name."""
        for name in SUBSCRIBERS:
            yield name, getattr(self, name)
