"""P5: how near to the modems' own speed messages come in by each broker, their publisher told of each outcome."""

import json
import time
from collections import Counter
from pathlib import Path

from bench.brokers import DOORS, Brokers
from bench.modem_bound import LATENCY_MS, efficiency
from bench.process import cpu_s, rss_mb
from bench.table import Row
from doubles.doors import Door
from doubles.network import VirtualNetwork
from doubles.service import Service

MESSAGES = 400  # ten seconds of eight modems
REPLY_LIMIT_S = 30.0
CALLBACK = "bench-answers"


def measure(folder: Path, modems: int = 8) -> list[Row]:
    """Measure one door after the other, each with a gateway of its own that knows no other."""
    with Brokers(folder / "servers") as brokers:
        return [_door(folder / name.replace("/", "-"), name, brokers.door(name, f"bench-{number}"), modems) for number, name in enumerate(DOORS)]


def _door(folder: Path, name: str, door: Door, modems: int) -> Row:
    """Have all messages wait at the broker, or in the gateway where a broker keeps none, and read every reply."""
    folder.mkdir()
    settings = {"subscribers": {door.kind: door.settings}}
    with VirtualNetwork(folder, count=modems, latency_ms=LATENCY_MS, extra=("--quiet",)) as network, Service(folder, network, settings=settings) as service:
        door.up(service)
        pid = service.process.pid
        with door.client(CALLBACK) as listener:
            before, began = cpu_s(pid), time.monotonic()
            door.tell(*(_body(number) for number in range(MESSAGES)))
            told: Counter[str] = Counter()
            held: list[int] = []
            for number in range(MESSAGES):
                reply = listener.receive(REPLY_LIMIT_S)
                assert reply is not None, f"{door.name}: {number} replies of {MESSAGES}; {door.facts(service)}"
                told[json.loads(reply)["response_code"]] += 1
                if number in {MESSAGES // 4, MESSAGES // 2}:  # of the middle alone: looking costs
                    held.append(door.facts(service)["in_hand"])
            used, took = cpu_s(pid) - before, time.monotonic() - began
        facts = door.settled(service)
        assert told == {"0000": MESSAGES}, told
        assert len(network.logged("submit")) == MESSAGES
        reached, rss = efficiency(network, LATENCY_MS), rss_mb(pid)
    over = " (its broker did not keep to it)" if max(held) > facts["window"] else ""
    window = f"window {facts['window']}, {max(held)} unacknowledged{over}" if door.keeps else "no acknowledgement, no window"
    return Row("P5", f"{name}, {modems} modems", ">= 90 %", f"{reached:.1%}", reached >= 0.9,
               f"{window}; {MESSAGES / took:.1f} SMS/s, {used / MESSAGES * 1000:.1f} s CPU/1000, {rss:.0f} MB")


def _body(number: int) -> dict[str, object]:
    data = {"id": f"bench-{number}", "receiver": f"62{number:011d}", "message": "Your code is 123456"}
    return {"command": "send-sms", "data": data, "callback_topic": CALLBACK}
