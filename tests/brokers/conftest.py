"""Private brokers for the whole run, and two gateways that listen to all of them: by the usual kinds of doors, and by the others."""

from collections.abc import Iterator

import pytest
from doubles import doors
from doubles.activemq_server import ActivemqServer
from doubles.doors import Door
from doubles.mosquitto_server import MosquittoServer
from doubles.network import VirtualNetwork
from doubles.rabbitmq_server import RabbitServer
from doubles.redis_server import RedisServer
from doubles.service import Arrivals, Service
from doubles.ws_broker_server import WsBroker

USUAL = ("amqp", "mqtt", "redis pub/sub", "stomp topic", "activemq topic", "websocket")
OTHERS = ("amqp 1.0", "mqtt 5", "redis stream", "stomp queue", "activemq queue")


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    folder = tmp_path_factory.mktemp("brokers")
    kinds = {"rabbit": RabbitServer, "mosquitto": MosquittoServer, "redis": RedisServer, "activemq": ActivemqServer, "ws": WsBroker}
    made = {name: kind(folder / name) for name, kind in kinds.items()}
    try:
        for server in made.values():
            server.begin()
        for server in made.values():
            server.until_up()
        yield made
    finally:
        for server in made.values():
            server.__exit__(None, None, None)


def all_doors(servers: dict[str, object], topic: str) -> dict[str, Door]:
    made = [
        doors.amqp(servers["rabbit"], topic), doors.mqtt(servers["mosquitto"], topic), doors.redis_pubsub(servers["redis"], topic),
        doors.stomp(servers["rabbit"], topic, "topic"), doors.activemq(servers["activemq"], topic, "topic"), doors.websocket(servers["ws"], topic),
        doors.amqp1(servers["rabbit"], f"{topic}-1"), doors.mqtt(servers["mosquitto"], f"{topic}-5", name="mqtt 5", protocol="5", qos=2),
        doors.redis_stream(servers["redis"], f"{topic}-stream"), doors.stomp(servers["rabbit"], f"{topic}-queue", "queue"),
        doors.activemq(servers["activemq"], f"{topic}-queue", "queue"),
    ]
    return {door.name: door for door in made}


class House:
    """A gateway behind some doors, and its network."""

    def __init__(self, service: Service, network: VirtualNetwork, doors: dict[str, Door]) -> None:
        self.service, self.network, self.doors = service, network, doors


@pytest.fixture(scope="module")
def houses(servers: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, House]]:
    """By the name of a door: the gateway that listens there. Both are one to one test after another."""
    folder = tmp_path_factory.mktemp("houses")
    made = all_doors(servers, "sms")
    with VirtualNetwork(folder, count=2, name="usual") as one, VirtualNetwork(folder, count=2, name="others") as two:
        first, second = ({name: made[name] for name in names} for names in (USUAL, OTHERS))
        with (
            Service(folder / "one", one, settings={"subscribers": {door.kind: door.settings for door in first.values()}}) as usual,
            Service(folder / "two", two, settings={"subscribers": {door.kind: door.settings for door in second.values()}}) as others,
        ):
            for service, doors_ in ((usual, first), (others, second)):
                for door in doors_.values():
                    door.up(service)
            yield {**dict.fromkeys(USUAL, House(usual, one, first)), **dict.fromkeys(OTHERS, House(others, two, second))}


@pytest.fixture(params=(*USUAL, *OTHERS))
def door(request: pytest.FixtureRequest, houses: dict[str, House]) -> Door:
    return houses[request.param].doors[request.param]


@pytest.fixture
def house(door: Door, houses: dict[str, House]) -> House:
    return houses[door.name]


@pytest.fixture
def arrivals(house: House) -> Arrivals:
    return Arrivals(house.network)
