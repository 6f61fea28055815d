"""Brokers that are killed and that freeze, under a gateway with messages in hand: noticed, shown, and gone on with (B5, B6, B7)."""

import functools
import json
import secrets
import time
from collections import Counter

import pytest
import redis
from brokers.conftest import all_doors
from doubles.network import VirtualNetwork
from doubles.rabbitmq_client import applications
from doubles.service import Arrivals, Service, until

SETS = {
    "one": ("amqp", "mqtt", "redis stream", "stomp queue", "activemq topic", "websocket"),
    "other": ("amqp 1.0", "mqtt 5", "redis pub/sub", "stomp topic", "activemq queue"),
}
ANSWERED = ("amqp", "amqp 1.0", "redis stream", "stomp queue")  # where a reply outlives its broker
MODEMS, EACH, SLOW_MS = 4, 20, 250
TO = "08126666666"
LIMIT_S = 40.0
RABBITS_REST_MS = 12_000  # as a rule it serves again at the first attempt, also when that comes a fifth sooner; the second is twice as far
UP_LIMIT_S = 45.0  # for the second, on a machine that is busy
NEVER_MS = 60_000  # until it is set otherwise
PATIENCE_MS, NOTICED_S = 2000, 8.0  # half of a heart-beat's time more, and what a machine that is busy takes


class Front:
    """A gateway behind doors of several brokers, and what was published to it."""

    def __init__(self, folder, servers, name):
        made = all_doors(servers, f"fault-{secrets.token_hex(4)}")
        self.doors = {name: made[name] for name in SETS[name]}
        self.network = VirtualNetwork(folder, count=MODEMS, name=name)
        self.service = Service(folder / name, self.network, settings={"subscribers": self.settings()})

    def settings(self, **more):
        slow = {"reconnect_delay_ms": RABBITS_REST_MS}
        return {door.kind: {**door.settings, **(slow if door.kind in {"amqp", "stomp"} else {}), **more} for door in self.doors.values()}

    def set(self, **more):
        self.service.do("settings.set", section="subscribers", value=self.settings(**more))
        self.up()

    def up(self):
        until(lambda: all(door.facts(self.service).get("connected") for door in self.doors.values()), UP_LIMIT_S)

    def away(self):
        """Every door, once it is noticed that its broker is gone."""
        found = {name: door.facts(self.service) for name, door in self.doors.items()}
        return found if not any(facts["connected"] for facts in found.values()) else None

    def find_nothing(self, names):
        """These doors, once they have found that their brokers are not there."""
        found = {name: self.doors[name].facts(self.service) for name in names}
        return found if all(facts["last_error"] == f"Nothing listens at {facts['address']}." and not facts["connected"] for facts in found.values()) else None

    def lost(self, server):
        """Whether no door of this broker is connected."""
        return not any(door.facts(self.service)["connected"] for door in self.doors.values() if door.server is server)

    def publish(self, each, names=None):
        """Publish by the doors that keep; gives the texts by door."""
        published = {}
        for name in names or [name for name, door in self.doors.items() if door.keeps]:
            door = self.doors[name]
            bodies = [{"id": text, "receiver": TO, "message": text} for text in (f"{name} {secrets.token_hex(4)}" for _ in range(each))]
            door.tell(*({"command": "send-sms", "data": body, "callback_topic": answers(door)} for body in bodies))
            published[name] = [body["message"] for body in bodies]
        return published

    def idle(self):
        status = self.service.do("status")
        facts = [status["subscriber"][door.kind] for door in self.doors.values()]
        return status["traffic"]["router"]["in_hand"] == 0 and all(one["connected"] and one["in_hand"] == 0 for one in facts)


def sent_once(front, network, texts):
    """Nothing but these was sent since ``network`` began to look, each once, and nothing is in hand."""
    front.up()
    every = {text for some in texts.values() for text in some}
    network.messages(len(every), LIMIT_S)
    until(front.idle, LIMIT_S)
    assert Counter(message["text"] for message in network.messages()) == dict.fromkeys(every, 1)


def answers(door):
    return f"{door.settings['topic']}-answers"


@pytest.fixture(scope="module")
def fronts(servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fronts")
    one, other = (Front(folder, servers, name) for name in SETS)
    with one.network, other.network, one.service, other.service:
        one.up()
        other.up()
        yield one, other


@pytest.fixture
def mortals(servers):
    """All brokers, which serve again after the test, whatever it did."""
    try:
        yield servers
    finally:
        for server in servers.values():
            server.thaw() if server._process else server.begin()
        for server in servers.values():
            server.until_up()


def heard(servers, front):
    """The ids of the messages that were answered, by door, as far as their broker keeps replies."""
    found = {name: set() for name in ANSWERED if name in front.doors}
    with applications(servers["rabbit"]) as channel:
        for name, ids in found.items():
            topic, server = answers(front.doors[name]), front.doors[name].server
            if front.doors[name].kind == "redis":
                client = redis.Redis(server.host, server.port, username=server.user, password=server.password)
                bodies = [fields[b"payload"] for _, fields in client.xrange(topic)]
                client.close()
            else:
                bodies = iter(lambda topic=topic: channel.basic_get(topic, auto_ack=True)[2], None)
            ids |= {json.loads(body)["data"]["client_id"] for body in bodies}
    return found


@pytest.mark.timeout(120)  # with the start of the brokers in it
def test_killed_and_started_again_every_broker_gets_its_gateway_back_and_each_message_is_sent_once_and_answered(fronts, mortals):
    with applications(mortals["rabbit"]) as channel:
        for front in fronts:
            for name in ("amqp", "amqp 1.0"):
                if name in front.doors:
                    channel.queue_declare(answers(front.doors[name]), durable=True)
    for front in fronts:
        front.network.latency(SLOW_MS)
    arrivals = [Arrivals(front.network) for front in fronts]
    published = [front.publish(EACH) for front in fronts]
    mortals["mosquitto"].save(*(texts[-1] for sets in published for name, texts in sets.items() if name.startswith("mqtt")))
    killed = time.time()
    for server in mortals.values():
        server.kill()
    mortals["rabbit"].begin()  # which takes longer than what follows
    before = {front: until(front.away) for front in fronts}
    for front in fronts:
        for facts in before[front].values():
            assert facts["state"] in {"lost", "connecting"}
            assert facts["since"] >= killed - 1
            assert facts["last_error"]
        front.network.latency(0)
    for front in fronts:
        quick = [name for name, door in front.doors.items() if door.server is not mortals["rabbit"]]
        shown = until(functools.partial(front.find_nothing, quick))
        assert {name: facts["since"] for name, facts in shown.items()} == {name: before[front][name]["since"] for name in quick}
        words = front.service.cli("status").stdout
        assert [name for name in quick if f"Nothing listens at {shown[name]['address']}" not in words] == []
    for server in mortals.values():
        if server is not mortals["rabbit"]:
            server.begin()
    for server in mortals.values():
        server.until_up()
    for front, network, texts in zip(fronts, arrivals, published, strict=True):
        sent_once(front, network, texts)
        assert all(front.doors[name].facts(front.service)["again"] for name in texts)
        assert heard(mortals, front) == {name: set(texts[name]) for name in ANSWERED if name in front.doors}


def test_a_frozen_broker_is_noticed_within_the_time_out_and_gone_on_with_when_it_moves_again(fronts, mortals):
    for front in fronts:
        front.set(timeout_ms=PATIENCE_MS, reconnect_delay_ms=100)
        front.network.latency(SLOW_MS)
    arrivals = [Arrivals(front.network) for front in fronts]
    published = [front.publish(5) for front in fronts]
    frozen = time.monotonic()
    for server in mortals.values():
        server.freeze()
    for front in fronts:
        shown = until(front.away, NOTICED_S)
        assert [facts["last_error"] for facts in shown.values() if "in time" not in facts["last_error"] and "no sign of life" not in facts["last_error"]] == []
    assert time.monotonic() - frozen < NOTICED_S
    for front in fronts:
        front.network.latency(0)
        assert front.service.post("send-sms", receiver=TO, message="by another door")["response_code"] == "0000"
    for server in mortals.values():
        server.thaw()
    for front, network, texts in zip(fronts, arrivals, published, strict=True):
        front.up()
        sent_once(front, network, {**texts, "rest": ["by another door"], **{("later", name): some for name, some in front.publish(1, front.doors).items()}})


def test_a_rabbitmq_that_is_asked_to_end_loses_nothing_and_its_failure_on_the_way_is_told_in_words(fronts, mortals):
    rabbit = mortals["rabbit"]
    for front in fronts:
        front.set(reconnect_delay_ms=NEVER_MS)
        front.network.latency(SLOW_MS)
    arrivals = [Arrivals(front.network) for front in fronts]
    published = [front.publish(10, [name for name, door in front.doors.items() if door.server is rabbit and door.keeps]) for front in fronts]
    rabbit._process.terminate()
    for front in fronts:
        until(functools.partial(front.lost, rabbit))
        front.network.latency(0)
    rabbit._process.wait(LIMIT_S)
    rabbit.start()
    for front, network, texts in zip(fronts, arrivals, published, strict=True):
        front.set(reconnect_delay_ms=100)
        sent_once(front, network, texts)
    log = fronts[1].service.log.read_text()
    assert "error of its own, as RabbitMQ does when it stops" in log  # its plug-in for AMQP 1.0 does not stand the end of a queue
    assert "internal-error" not in log
