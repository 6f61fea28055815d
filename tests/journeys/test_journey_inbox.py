"""Received SMS on a virtual modem: from the SIM to the disk, the command line and a broker's topic, over kills (S1, S9, S12; section 13)."""

import json

import pytest
from doubles import doors
from doubles.network import VirtualNetwork
from doubles.redis_server import RedisServer
from doubles.service import Arrivals, Service, until

SENDER = "628123456789"
LONG = "Long texts come in parts, 长短信 😀. " * 8
LIMIT_S = 20


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("redis")) as broker:
        yield broker


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture(scope="module")
def door(broker):
    return doors.redis_pubsub(broker, "sms")


@pytest.fixture(scope="module")
def service(tmp_path_factory, network, door):
    forward = {"inbox_forward": {"subscriber": "redis", "topic": "received"}}
    with Service(tmp_path_factory.mktemp("service"), network, settings={"subscribers": {"redis": door.settings}, "sms": forward}) as service:
        service.until_modem("modem0", "ready")
        door.up(service)
        yield service


def texts(service):
    return [one["text"] for one in service.do("inbox.list")["messages"]]


def until_texts(service, *wanted):
    until(lambda: sorted(texts(service)) == sorted(wanted), LIMIT_S)


def heard(client):
    message = client.receive(LIMIT_S)
    assert message is not None, "nothing was published"
    return json.loads(message)


def test_what_comes_is_stored_removed_from_the_sim_published_and_answered(service, network, door):
    arrivals = Arrivals(network)
    with door.client("received") as client:
        network.inbound(SENDER, "Hello 😀")
        network.inbound("INFO", LONG, order=[3, 1, 5, 2, 4], wide=True)
        events = [heard(client), heard(client)]
    until_texts(service, "Hello 😀", LONG)
    assert [(event["event"], event["data"]["sender"], event["data"]["text"]) for event in events] == [("sms.received", SENDER, "Hello 😀"), ("sms.received", "INFO", LONG)]
    until(lambda: not network.state()["stores"]["SM"])
    table = service.cli("inbox", "list", "--search", "hello").stdout.splitlines()
    assert table[1].split()[0] == events[0]["id"]
    assert service.cli("inbox", "show", events[0]["id"]).stdout.endswith("\nHello 😀\n")
    assert service.cli("inbox", "reply", events[0]["id"], "Hello yourself").stdout == "The reply is sent.\n"
    assert [(one["to"], one["text"]) for one in arrivals.messages(1)] == [(SENDER, "Hello yourself")]
    assert service.do("inbox.delete", ids=[event["id"] for event in events]) == {"deleted": 2}
    assert not any(word in service.log.read_text() for word in (SENDER, "Hello", "Long texts"))


def test_killed_between_the_parts_and_with_the_broker_away_each_message_is_there_once_and_published_later(service, network, door, broker):
    parts = network.inbound(SENDER, LONG, reference=9, order=[1, 2])
    assert parts == 2
    until(lambda: not network.state()["stores"]["SM"], LIMIT_S)  # safe on disk, so removed
    assert texts(service) == []
    service.kill()
    network.inbound(SENDER, LONG, reference=9, order=[5, 3, 4])
    broker.kill()
    service.start()
    until_texts(service, LONG)
    service.kill()
    broker.start()
    with door.client("received") as client:
        service.start()
        assert heard(client)["data"]["text"] == LONG
    until_texts(service, LONG)
    service.until_modem("modem0", "ready")
