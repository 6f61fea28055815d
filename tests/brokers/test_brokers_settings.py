"""Subscribers that are started, moved and stopped while the gateway runs, and clients that listen in their own ways (A12, B3, B5)."""

import contextlib
import json
import queue
import secrets
import time

import pika
import pytest
from brokers.conftest import all_doors
from doubles.network import VirtualNetwork
from doubles.service import Service, until
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

KINDS = ("amqp", "mqtt", "redis stream", "stomp queue", "activemq queue", "websocket")
TO = "08126666666"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network")) as network:
        yield network


@pytest.fixture(scope="module")
def service(tmp_path_factory, network):
    with Service(tmp_path_factory.mktemp("service"), network) as service:
        yield service


@pytest.fixture(params=KINDS)
def door(request, servers):
    return all_doors(servers, f"settings-{secrets.token_hex(4)}")[request.param]


@contextlib.contextmanager
def subscribed(service, door, **more):
    service.do("settings.set", section="subscribers", value={door.kind: {**door.settings, **more}})
    try:
        door.up(service)
        yield
    finally:
        service.do("settings.set", section="subscribers", value={})


def test_a_subscriber_is_started_moved_to_another_topic_and_stopped_while_the_gateway_runs(service, door):
    assert door.facts(service) == {}
    with subscribed(service, door):
        assert door.ask("echo", {"n": 1})["data"] == {"n": 1}
        moved = f"{door.settings['topic']}-moved"
        door.topic = door.topic.replace(door.settings["topic"], moved)
        service.do("settings.set", section="subscribers", value={door.kind: {**door.settings, "topic": moved}})
        until(lambda: (facts := door.facts(service)).get("topic") == moved and facts["connected"])
        assert door.ask("echo", {"n": 2})["data"] == {"n": 2}
    until(lambda: door.facts(service) == {})


def test_only_the_allowed_commands_are_carried_out(service, door):
    with subscribed(service, door, commands=["echo"]):
        assert door.ask("echo", {})["response_code"] == "0000"
        assert door.ask("send-sms", {"receiver": TO, "message": "x"})["response_code"] == "1102"


def test_a_refreshed_connection_goes_on(service, door):
    with subscribed(service, door, refresh_s=1):
        since = door.facts(service)["since"]
        until(lambda: (facts := door.facts(service))["connected"] and facts["since"] > since)
        assert door.ask("echo", {"n": 3})["data"] == {"n": 3}


def test_a_wrong_password_is_shown_as_such(service, door):
    service.do("settings.set", section="subscribers", value={door.kind: {**door.settings, "password": "wrong-battery-staple"}})
    try:
        until(lambda: door.facts(service).get("state") == "refused")
        assert any(words in door.facts(service)["last_error"] for words in ("password", "let this user in", "refuses the log-in"))
    finally:
        service.do("settings.set", section="subscribers", value={})


def test_a_reply_comes_into_the_durable_queue_that_the_client_has_declared(service, servers):
    door = all_doors(servers, f"own-{secrets.token_hex(4)}")["amqp"]
    answers, server = f"answers-{secrets.token_hex(4)}", door.server
    with subscribed(service, door), pika.BlockingConnection(pika.ConnectionParameters(
            server.host, server.port, "/", pika.PlainCredentials(server.user, server.password))) as connection:
        channel = connection.channel()
        channel.queue_declare(answers, durable=True)
        door.tell({"command": "echo", "data": {"n": 4}, "callback_topic": answers})
        body = until(lambda: channel.basic_get(answers, auto_ack=True)[2])
        assert json.loads(body)["data"] == {"n": 4}
        channel.queue_delete(answers)


def test_a_listener_with_qos_0_hears_the_reply(service, servers):
    door, topic, heard = all_doors(servers, f"light-{secrets.token_hex(4)}")["mqtt"], f"light-answers-{secrets.token_hex(4)}", queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2, clean_session=True)
    client.username_pw_set(door.server.user, door.server.password)
    client.on_message = lambda *heard_: heard.put(heard_[2].payload)
    client.on_subscribe = lambda *_: heard.put(b"subscribed")
    with subscribed(service, door):
        client.connect(door.server.host, door.server.port)
        client.loop_start()
        try:
            client.subscribe(topic, qos=0)
            assert heard.get(timeout=20) == b"subscribed"
            door.tell({"command": "echo", "data": {"n": 6}, "callback_topic": topic})
            assert json.loads(heard.get(timeout=20))["data"] == {"n": 6}
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.mark.parametrize("kind", ["amqp", "mqtt", "redis pub/sub", "stomp topic", "activemq topic", "websocket"])
def test_a_client_that_subscribes_after_it_has_asked_and_within_the_delay_hears_the_reply(service, servers, kind):
    door, topic = all_doors(servers, f"late-{secrets.token_hex(4)}")[kind], f"late-answers-{secrets.token_hex(4)}"
    with subscribed(service, door):
        begun = time.monotonic()
        door.tell({"command": "echo", "data": {"n": 5}, "callback_topic": topic, "callback_delay": 3000})
        with door.client(topic) as client:
            reply = client.receive(20.0)
        assert json.loads(reply)["data"] == {"n": 5}
        assert time.monotonic() - begun >= 3.0
