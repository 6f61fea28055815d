"""The modem engine for half an hour (Q4): mixed load, random faults on eight modems, levels of memory, threads and files.

Judged at the end: every accepted message has one fate, and the network's log agrees with it; every received SMS is in the inbox
once; the modems' stores are empty; every modem is ready again.
"""

import random
import secrets
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from bench.process import rss_mb
from doubles.network import VirtualNetwork
from doubles.service import Service, until

MODEMS = 8
SENDERS = 6
LATENCY_MS = 150
SAMPLE_S = 5.0
QUIET_LIMIT_S = 1000.0  # the longest rest of a modem that was silent is 600 s, a message waits 300 s
MOST_MB_AN_HOUR = 40.0  # the inbox's index, remembered requests and awaited reports grow with the load, to their bounds
RARE = 0.02
SETTLED = {"ready", "barred"}  # a SIM that the network refused again and again is left alone for up to an hour
API = {"host": "127.0.0.1", "http_port": 0, "reply_timeout_s": 5}
SHORT_FAULTS: tuple[dict[str, Any], ...] = (
    *({"kind": "cms", "code": code} for code in (1, 8, 21, 38, 42, 301, 322, 331, 500, 512)), {"kind": "cms", "code": 38, "at": "prompt"}, {"kind": "error"},
    {"kind": "no_prompt"}, {"kind": "slow_prompt", "seconds": 2}, {"kind": "late", "seconds": 8}, {"kind": "lost_ok"}, {"kind": "double_cmgs"}, {"kind": "urc_storm"},
    {"kind": "junk"}, {"kind": "sim_busy", "count": 2}, {"kind": "unplug", "when": "prompt"}, {"kind": "unplug", "when": "body_bytes", "bytes": 20},
    {"kind": "unplug", "when": "after_body"}, {"kind": "unplug", "when": "after_body", "received": False},
)
LONG_FAULTS = ("hang", "one_byte", "not_registered", "store_full")


class World:
    """Network, faults and what comes in; one thread uses it."""

    def __init__(self, network: VirtualNetwork, chance: random.Random) -> None:
        self.network, self.chance = network, chance
        self.inbound: list[str] = []
        self.faults: Counter[str] = Counter()
        self._ends: list[tuple[float, int, str]] = []

    def turn(self) -> None:
        """Let something happen, or end."""
        now = time.monotonic()
        for end in [end for end in self._ends if end[0] <= now]:
            self._ends.remove(end)
            self._end(end[1], end[2])
        if self.chance.random() < 0.25:
            self._something()
        if self.chance.random() < 0.5:
            self._receive()
        if self.chance.random() < RARE:
            self.network.urc("RDY", modem=self.chance.randrange(MODEMS))
            self.faults["restarted"] += 1

    def _something(self) -> None:
        modem = self.chance.randrange(MODEMS)
        if any(end[1] == modem for end in self._ends):
            return
        if self.chance.random() < 0.15:
            kind = self.chance.choice((*LONG_FAULTS, "unplugged"))
            lasts_s = self.chance.choice((3, 10, 60) if kind == "hang" else (3, 10))
            if kind == "unplugged":
                self.network.unplug(modem)
            else:
                self.network.fault(kind, modem=modem, count=None)
            self._ends.append((time.monotonic() + lasts_s, modem, kind))
            self.faults[kind] += 1
        else:
            fault = self.chance.choice(SHORT_FAULTS)
            self.network.fault(**{"modem": modem, **fault})
            self.faults[f"{fault['kind']} {fault.get('code', fault.get('when', ''))}".strip()] += 1
            if fault["kind"] == "unplug":
                self._ends.append((time.monotonic() + 10, modem, "unplugged"))

    def _end(self, modem: int, kind: str) -> None:
        if kind == "unplugged":
            self.network.clear_faults(modem, "unplug")
            if not self.network.state(modem)["plugged"]:
                self.network.replug(modem)
        else:
            self.network.clear_faults(modem, kind)

    def _receive(self) -> None:
        text = f"in {len(self.inbound)} {secrets.token_hex(4)} " + "y" * self.chance.choice((0, 0, 200, 400))
        parts = 1 if len(text) <= 160 else -(-len(text) // 153)
        order = self.chance.sample(range(1, parts + 1), parts)
        self.network.inbound("628111222333", text, modem=self.chance.randrange(MODEMS), order=order, reference=len(self.inbound) % 256)
        self.inbound.append(text)

    def calm(self) -> None:
        """End every fault and plug everything in."""
        self.network.clear_faults()
        for modem in range(MODEMS):
            if not self.network.state(modem)["plugged"]:
                self.network.replug(modem)


class Client(threading.Thread):
    """An application that sends; keeps what it was answered by text."""

    def __init__(self, service: Service, number: int, ended: threading.Event) -> None:
        super().__init__(name=f"client {number}")
        self.answers: dict[str, dict[str, Any]] = {}
        self.refused: Counter[str] = Counter()
        self._service, self._ended, self._chance = service, ended, random.Random(number)

    def run(self) -> None:
        while not self._ended.wait(self._chance.random()):
            text = f"out {secrets.token_hex(6)} " + "x" * self._chance.choice((0, 0, 0, 300))
            receiver = f"6281{self._chance.randrange(10**7, 10**8)}"
            try:
                reply = self._service.post("send-sms", id=text.split()[1], receiver=receiver, message=text)
            except requests.RequestException as error:
                self.refused[type(error).__name__] += 1
                continue
            if reply["data"].get("id"):
                self.answers[text] = reply
            else:
                self.refused[f"{reply['response_code']} {reply.get('error', '')}"] += 1


def main(minutes: str = "30", seed: str = "") -> None:
    """Run, judge, print."""
    chosen = int(seed) if seed else secrets.randbelow(10**6)
    print(f"{minutes} minutes, seed {chosen}", flush=True)
    with tempfile.TemporaryDirectory() as root, VirtualNetwork(Path(root), count=MODEMS, latency_ms=LATENCY_MS, extra=("--quiet",), reports=True) as network, \
            Service(Path(root), network, settings={"api": API}) as service:
        world, ended = World(network, random.Random(chosen)), threading.Event()
        clients = [Client(service, number, ended) for number in range(SENDERS)]
        for client in clients:
            client.start()
        levels = _levels(service, world, float(minutes) * 60)
        ended.set()
        for client in clients:
            client.join()
        world.calm()
        began = time.monotonic()
        for number in range(MODEMS):
            until(lambda number=number: _rested(service.modem(f"modem{number}")["state"] in SETTLED), QUIET_LIMIT_S)  # type: ignore[misc]
        print(f"every modem ready again, or barred, {time.monotonic() - began:.0f} s after the last fault", flush=True)
        _judge(service, network, world, {text: answer for client in clients for text, answer in client.answers.items()})
        print(f"refused: {dict(sum((client.refused for client in clients), Counter()))}; faults: {dict(world.faults.most_common())}")
        _show(levels)


def _rested(fact: bool) -> bool:  # noqa: FBT001  # a fact
    threading.Event().wait(0.2)
    return fact


def _levels(service: Service, world: World, seconds: float) -> list[tuple[float, float, int, int]]:
    """Let the world turn for so long; gives seconds, MB, threads and files of the gateway."""
    levels, began, pause = [], time.monotonic(), threading.Event()
    proc = Path(f"/proc/{service.process.pid}")
    while (now := time.monotonic() - began) < seconds:
        world.turn()
        if not levels or now - levels[-1][0] >= SAMPLE_S:
            levels.append((now, rss_mb(service.process.pid), len(list((proc / "task").iterdir())), len(list((proc / "fd").iterdir()))))
        pause.wait(0.2)
    return levels


def _judge(service: Service, network: VirtualNetwork, world: World, answers: dict[str, dict[str, Any]]) -> None:
    ids = {text: answer["data"]["id"] for text, answer in answers.items()}
    pause = threading.Event()

    def told(message_id: str) -> str:
        return str(service.post("get-message-status", id=message_id)["data"]["status"])

    fates = {}
    end = time.monotonic() + QUIET_LIMIT_S
    for text, message_id in ids.items():
        while (status := told(message_id)) in {"queued", "sending"}:
            assert time.monotonic() < end, f"still {status}: {message_id}"
            pause.wait(0.5)
        fates[text] = status
    begun = Counter(event["text"].split()[1] for event in network.logged("submit") if event["part"] == 1 and event["text"].startswith("out "))
    whole = Counter(event["text"] for event in network.logged("message"))
    wrong = [(ids[text], fate, begun[text.split()[1]], whole[text]) for text, fate in fates.items()
             if (fate in {"sent", "delivered"} and whole[text] != 1) or begun[text.split()[1]] > 1 or (fate == "failed" and whole[text])]
    until(lambda: _rested(service.do("status")["traffic"]["router"]["in_hand"] == 0))
    seen: Counter[str] = Counter()
    page = 1
    wanted = set(world.inbound)

    def all_fetched() -> bool:
        return _rested(not any(modem["kept_by_network"] or any(modem["stores"].values()) for modem in network.ask("state")["modems"]))

    until(all_fetched, QUIET_LIMIT_S)
    while found := service.do("inbox.list", page=page, limit=500)["messages"]:
        seen.update(service.do("inbox.show", id=message["id"])["text"] for message in found)
        page += 1
    missing, doubled = wanted - seen.keys(), [text for text, count in seen.items() if count > 1]
    print(f"messages: {dict(Counter(fates.values()))}; received: {len(world.inbound)}, missing {len(missing)}, doubled {len(doubled)}")
    parts = {name: facts for name, facts in service.do("status")["part"].items() if facts["restarts"]}
    assert not parts, parts
    assert not wrong, wrong[:10]
    assert not missing, sorted(missing)[:5]
    assert not doubled, doubled[:5]


def _show(levels: list[tuple[float, float, int, int]]) -> None:
    quarter = max(1, len(levels) // 4)
    first, last = levels[quarter:2 * quarter] or levels, levels[-quarter:]
    span_h = (last[0][0] - first[0][0]) / 3600 or 1
    for column, name in ((1, "MB"), (2, "threads"), (3, "files")):
        before, after = (sum(level[column] for level in some) / len(some) for some in (first, last))
        print(f"{name:8} second quarter {before:8.1f}   last quarter {after:8.1f}   {(after - before) / span_h:+8.1f} an hour")
        if column == 1:
            assert (after - before) / span_h < MOST_MB_AN_HOUR or span_h < 0.1, "memory grows"
        else:
            assert after <= before + MODEMS, f"{name} grow"
