"""Links to RabbitMQ of the tests: opened, listened to, and ended whatever happens."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pika
from doubles.rabbitmq_server import RabbitServer
from doubles.service import until
from doubles.subscriber_ears import BrokerEars

WINDOW = 10
JOIN_S = 10


class AmqpLinks:
    """Opens links of one kind."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    @contextlib.contextmanager
    def opened(self, settings: Any, window: int = WINDOW, ears: BrokerEars | None = None) -> Iterator[tuple[Any, BrokerEars]]:
        """A link that is up, and closed at the end."""
        with self.begun(settings, window, ears) as (link, heard):
            heard.until(lambda: heard.ups)
            yield link, heard

    @contextlib.contextmanager
    def begun(self, settings: Any, window: int = WINDOW, ears: BrokerEars | None = None) -> Iterator[tuple[Any, BrokerEars]]:
        """A link that may or may not come up; its end is told once, and nothing of it holds the password."""
        heard = ears or BrokerEars()
        link = self._kind(settings, window, heard.ears)
        try:
            yield link, heard
        finally:
            link.close()
            link.join(JOIN_S)
            heard.until(lambda: heard.losses)
            assert len(heard.losses) == 1
            assert "battery-staple" not in repr((heard.losses, heard.published, vars(link)))

    def refusal(self, settings: Any) -> tuple[str, bool]:
        """How a link ends that never comes up."""
        with self.begun(settings) as (_, heard):
            heard.until(lambda: heard.losses)
            assert not heard.ups
            return heard.losses[0]


@contextlib.contextmanager
def applications(rabbit: RabbitServer) -> Iterator[Any]:
    """A channel of the applications' side."""
    parameters = pika.ConnectionParameters(rabbit.host, rabbit.port, "/", pika.PlainCredentials(rabbit.user, rabbit.password))
    with pika.BlockingConnection(parameters) as connection:
        yield connection.channel()


def send(client: Any, topic: str, *payloads: bytes) -> None:
    """Publish, to be kept."""
    for payload in payloads:
        client.basic_publish("", topic, payload, pika.BasicProperties(delivery_mode=2))


def waiting(client: Any, topic: str) -> int:
    """How many messages a queue holds."""
    found: int = client.queue_declare(topic, passive=True).method.message_count
    return found


def got(client: Any, topic: str) -> Any:
    """The next message of a queue, with its properties."""
    return until(lambda: (found := client.basic_get(topic, auto_ack=True))[0] and found)
