"""What the tests of the brokers' adapters share: a RabbitMQ takes four seconds to start."""

from collections.abc import Iterator

import pytest
from doubles.rabbitmq_server import RabbitServer


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """One node for all; who kills or freezes it puts it back up."""
    with RabbitServer(tmp_path_factory.mktemp("rabbit")) as server:
        yield server
