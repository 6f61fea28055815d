"""The applications' side of RabbitMQ in the tests, by AMQP 0-9-1."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pika
from doubles.rabbitmq_server import RabbitServer
from doubles.service import until


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
