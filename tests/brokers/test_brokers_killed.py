"""The gateway dies with messages of every broker that keeps them in hand: none is lost, none is sent twice (B6, B7, Q1)."""

import secrets
from collections import Counter

import pytest
from brokers.conftest import all_doors
from doubles.network import VirtualNetwork
from doubles.service import Service, until

MODEMS, LATENCY_MS, EACH, STEADY = 8, 20, 200, 60
TO = "08126666666"
LIMIT_S = 45.0
SETS = {
    "one": ("amqp", "mqtt", "redis stream", "stomp queue", "activemq topic"),
    "other": ("amqp 1.0", "mqtt 5", "activemq queue"),
}


class Storm:
    """A gateway behind keeping doors, and everything that was published to it."""

    def __init__(self, folder, servers, names):
        self.network = VirtualNetwork(folder, count=MODEMS, latency_ms=LATENCY_MS)
        self.doors = [door for name, door in all_doors(servers, f"storm-{secrets.token_hex(4)}").items() if name in names]
        self.folder, self.texts = folder, {}

    def publish(self, each):
        for door in self.doors:
            bodies = [{"id": f"{door.name} {number}", "receiver": TO, "message": f"{door.name} {number}"} for number in range(len(self.texts), len(self.texts) + each)]
            door.tell(*({"command": "send-sms", "data": body} for body in bodies))
            self.texts |= {body["message"]: body for body in bodies}

    def sent(self):
        return Counter(message["text"] for message in self.network.received())

    def missing(self):
        return sorted(set(self.texts) - set(self.sent()))

    def idle(self, service):
        """Nothing is in hand, neither now nor when it is looked at again and again."""
        def nothing():
            status = service.do("status")
            facts = [status.get("subscriber", {}).get(door.kind, {}) for door in self.doors]
            return status["traffic"]["router"]["in_hand"] == 0 and all(one.get("connected") and one["in_hand"] == 0 for one in facts)

        before = len(self.sent())
        return all(nothing() for _ in range(STEADY)) and len(self.sent()) == before


@pytest.fixture(params=SETS)
def storm(request, servers, tmp_path):
    storm = Storm(tmp_path, servers, SETS[request.param])
    with storm.network:
        yield storm


def opened(storm):
    return Service(storm.folder / "service", storm.network, settings={"subscribers": {door.kind: door.settings for door in storm.doors}})


def test_killed_twice_with_two_hundred_messages_of_each_broker_every_id_is_sent_once_or_known_to_be_unknown(storm):
    with opened(storm) as service:
        for door in storm.doors:
            door.up(service)
        storm.publish(EACH)
        for part in (0.2, 0.6):
            storm.network.received(int(part * len(storm.texts)), timeout_s=LIMIT_S)
            service.kill()
            service.start()
        until(lambda: len(storm.missing()) <= 2 * MODEMS and storm.idle(service), LIMIT_S)  # a broker may be slow to deliver what it has back
        sent, missing = storm.sent(), storm.missing()
        assert [text for text, times in sent.items() if times > 1] == []
        for text in missing:
            reply = service.post("send-sms", **storm.texts[text])
            assert (reply["response_code"], reply["data"]["status"]) == ("1111", "unknown"), text
        assert storm.sent() == sent


def test_asked_to_end_it_leaves_what_is_not_begun_with_the_brokers_and_the_next_life_sends_it_once(storm):
    with opened(storm) as service:
        for door in storm.doors:
            door.up(service)
        storm.publish(EACH // 4)
        storm.network.received(len(storm.texts) // 4, timeout_s=LIMIT_S)
        assert service.terminate() == 0
        assert len(storm.sent()) < len(storm.texts)
        service.start()
        until(lambda: storm.sent().keys() == storm.texts.keys(), LIMIT_S)
        until(lambda: storm.idle(service), LIMIT_S)
        assert set(storm.sent().values()) == {1}
