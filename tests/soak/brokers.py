"""Messages by every broker that keeps them, while the gateway and the brokers are killed; then every one of them is accounted for.

``main(MESSAGES, SEED)``. AMQP 0-9-1 and 1.0 listen to the same queue in turns, one in each life of the gateway.
"""

import itertools
import json
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.brokers import Brokers
from doubles.doors import Door
from doubles.mortal import Mortal
from doubles.mosquitto_server import MosquittoServer
from doubles.network import VirtualNetwork
from doubles.service import until

MODEMS = 8
LATENCY_MS = 25
BATCH = 500  # messages published between two rounds of deaths
LEAST = 100
LATE_DEATH = 10  # passes of a step, or submits, before a death
KEEPING = ("amqp 0-9-1", "mqtt", "redis stream", "stomp queue", "activemq queue")
STEPS = ("asked", "arming", "armed", "synced", "handing over", "handed over", "marking", "marked", "body gone", "finished", "ending", "ended")
UP_LIMIT_S = 90.0  # a broker that refused us while it started is asked again after a minute
QUIET_S = 7.0  # longer than a message that could not be taken in rests
END_LIMIT_S = 300.0
LOOK_S = 0.5
ASKED_AT_ONCE = 100


class BrokerStorm:
    """``run`` publishes and kills, ``check`` judges by the network's log and by what the publishers are told when they ask again."""

    def __init__(self, folder: Path, messages: int, seed: int) -> None:
        self._folder, self.messages = folder, messages - messages % LEAST  # a smaller batch would be over before a death
        self._chance = random.Random(seed)
        self._bodies: dict[str, dict[str, Any]] = {}  # by data.id
        self._by_door: dict[str, list[str]] = {}
        self._told: dict[str, str] = {}
        self._submits: Counter[str] = Counter()
        self._after = 0
        self.deaths: Counter[str] = Counter()
        self.took_s = 0.0

    def run(self) -> None:
        """Publish in batches; in each the gateway dies, and then one broker; let all come to its end and ask what became of it."""
        with Brokers(self._folder / "servers") as self._brokers, ThreadPoolExecutor(len(KEEPING)) as pool, \
                VirtualNetwork(self._folder, count=MODEMS, latency_ms=LATENCY_MS, extra=("--quiet",)) as self._network:
            self._doors = self._brokers.doors(KEEPING, "soak")
            self._by_door = {door.name: [] for door in self._doors}
            with Mortal(self._folder, self._network, settings={"subscribers": self._subscribers()}) as self._service:
                self._all_up()
                self._keep_sessions()
                began = time.monotonic()
                servers = itertools.cycle(self._brokers.running)
                for first in range(0, self.messages, BATCH):
                    batch = self._batch(first, min(BATCH, self.messages - first))
                    published = [pool.submit(door.tell, *bodies) for door, bodies in batch]
                    self._kill_gateway()
                    for one in published:
                        one.result()
                    self._keep_sessions()
                    self._kill_broker(next(servers))
                    self._until_submitted(len(self._bodies) - BATCH)  # so that deaths meet messages to the end
                    print(f"{len(self._bodies):6} published, {len(self._network.logged('submit'))} submitted, {time.monotonic() - began:.0f} s", flush=True)
                self._until_quiet()
                self.took_s = time.monotonic() - began
                self._submits = Counter(submit["to"] for submit in self._network.logged("submit"))
                for door in self._doors:
                    self._ask(door)
                self._after = len(self._network.logged("submit"))

    def _subscribers(self) -> dict[str, Any]:
        """Give the settings; AMQP in its other version each time."""
        version = "1.0" if self.deaths["gateway"] % 2 else "0-9-1"
        return {door.kind: {**door.settings, **({"version": version} if door.kind == "amqp" else {})} for door in self._doors}

    def _batch(self, first: int, count: int) -> list[tuple[Door, list[dict[str, Any]]]]:
        """Make messages, dealt out to the doors in turn."""
        dealt: dict[str, list[dict[str, Any]]] = {door.name: [] for door in self._doors}
        for number, door in zip(range(first, first + count), itertools.cycle(self._doors)):
            data = {"id": f"soak-{number}", "receiver": f"62{number:011d}", "message": f"soak {number}"}
            self._bodies[data["id"]] = body = {"command": "send-sms", "data": data}
            self._by_door[door.name].append(data["id"])
            dealt[door.name].append(body)
        return [(door, dealt[door.name]) for door in self._doors]

    def _all_up(self) -> None:
        for door in self._doors:
            until(lambda door=door: door.facts(self._service).get("connected"), UP_LIMIT_S)

    def _keep_sessions(self) -> None:
        """Have mosquitto write down what it confirmed, which it does every second alone."""
        server = self._brokers.running["mosquitto"]
        assert isinstance(server, MosquittoServer)
        saved = server.folder / "mosquitto.db"
        before = saved.stat().st_ino if saved.exists() else 0
        server.save()
        until(lambda: saved.exists() and saved.stat().st_ino != before)

    def _kill_gateway(self) -> None:
        """At a step of a message's way, or after so many submits; the next life speaks the other AMQP."""
        times = self._chance.randint(1, LATE_DEATH)
        if self._chance.random() < 0.5:
            self._until_submitted(len(self._network.logged("submit")) + times)
            self._service.kill()
        else:
            self._service.die_at(self._chance.choice(STEPS), times)
            self._service.until_dead()
        self.deaths["gateway"] += 1
        done = self._service.cli("settings", "set", "subscribers", "-", stdin=json.dumps(self._subscribers()))
        assert done.returncode == 0, done.stderr
        self._service.start()

    def _kill_broker(self, name: str) -> None:
        """While its messages are under way, as far as there are any left."""
        self.deaths[name] += 1
        self._brokers.running[name].kill()
        self._brokers.running[name].start()
        self._all_up()

    def _until_submitted(self, count: int) -> None:
        self._network.submits(max(0, count), UP_LIMIT_S, since=max(0, count))

    def _until_quiet(self) -> None:
        """Wait until nobody holds anything and nothing was submitted for a while."""
        since, seen, pause = time.monotonic(), -1, threading.Event()

        def quiet() -> bool:
            nonlocal since, seen
            pause.wait(LOOK_S)
            facts = [door.facts(self._service) for door in self._doors]
            now = len(self._network.logged("submit"))
            if now != seen or not all(fact.get("connected") and fact["in_hand"] == 0 for fact in facts):
                since, seen = time.monotonic(), now
            return time.monotonic() - since > QUIET_S

        until(quiet, END_LIMIT_S)

    def _ask(self, door: Door) -> None:
        """Publish every message of a door a second time, which nobody sends again, and read what became of it."""
        names = self._by_door[door.name]
        for first in range(0, len(names), ASKED_AT_ONCE):
            asked = names[first:first + ASKED_AT_ONCE]
            topic = f"soak-answers-{secrets.token_hex(6)}"
            with door.client(topic) as listener:
                door.tell(*({**self._bodies[name], "callback_topic": topic} for name in asked))
                for _ in asked:
                    reply = listener.receive(UP_LIMIT_S)
                    assert reply is not None, f"{door.name} did not answer"
                    said = json.loads(reply)["data"]
                    self._told[said["client_id"]] = said["status"]

    def check(self) -> None:
        """Every message is sent and was submitted once, or is unknown and was submitted at most once; prints how many of each."""
        wrong, fates = [], Counter[str]()
        for name, body in self._bodies.items():
            told, count = self._told.get(name, "never answered"), self._submits[body["data"]["receiver"]]
            fates[f"{told}, submitted {count} times"] += 1
            if not (told == "sent" and count == 1) and not (told == "unknown" and count <= 1):
                wrong.append((name, told, count))
        for fate, count in sorted(fates.items()):
            print(f"{count:6} {fate}")
        assert not wrong, wrong[:20]
        assert self._after == self._submits.total(), "a message was sent only when it was asked for again: its broker or we had lost it"
        assert set(self._submits) <= {body["data"]["receiver"] for body in self._bodies.values()}, "somebody was texted whom nobody named"
        unknown = sum(told == "unknown" for told in self._told.values())
        assert unknown <= MODEMS * self.deaths["gateway"], "only what a modem held when the gateway died is unknown"


def main(messages: str = "10000", seed: str = "") -> None:
    """Run and judge."""
    chosen = int(seed) if seed else secrets.randbelow(10**6)
    assert int(messages) >= LEAST, f"give {LEAST} messages or more"
    print(f"{messages} messages, seed {chosen}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = BrokerStorm(Path(folder), int(messages), chosen)
        try:
            storm.run()
        except BaseException:
            log = Path(folder) / "gateway.log"
            sys.stderr.write(log.read_text()[-4000:] if log.exists() else "")
            raise
        storm.check()
        print(f"{dict(storm.deaths)} deaths, {storm.messages / storm.took_s:.0f} messages a second with them")


if __name__ == "__main__":
    main(*sys.argv[1:])
