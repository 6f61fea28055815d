"""Clients that send without a break, and retry until they are answered, while the gateway is killed again and again."""

import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import requests
from doubles.killed import STEPS
from doubles.mortal import Mortal
from doubles.network import VirtualNetwork

CLIENTS = 12
LATENCY_MS = 25
UP_LIMIT_S = 60
DIE_AFTER = 20  # submits, or passes of a step
API = {"host": "127.0.0.1", "http_port": 0, "reply_timeout_s": 0.1}  # about half of the messages are answered while in hand
LONG = "p" * 300


class Storm:
    """``run`` goes through so many deaths; ``check`` then judges every message by the network's log."""

    def __init__(self, folder, seed):
        self._folder = folder
        self._chance = random.Random(seed)
        self._numbers = map("6281{:09d}".format, itertools.count())
        self._up, self._over = threading.Event(), threading.Event()
        self.answers = {}
        self.submits = []
        self.fates = {}

    def run(self, deaths):
        """Kill, start, kill; then let everything come to its end."""
        with VirtualNetwork(self._folder, count=2, latency_ms=LATENCY_MS) as network, \
                Mortal(self._folder, network, settings={"api": API}) as self._service, ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(self._client) for _ in range(CLIENTS)]
            try:
                for _ in range(deaths):
                    self._up.set()
                    self._kill(network)
                    self._service.start()
            finally:
                self._over.set()
                self._up.set()
            for client in clients:
                client.result(UP_LIMIT_S)
            self._service.until_all_ended()
            self.fates = {to: self._service.post("get-message-status", id=answer["data"]["id"])["data"]["status"] for to, answer in self.answers.items()}
            self.submits = network.logged("submit")

    def _kill(self, network):
        times = self._chance.randint(1, DIE_AFTER)
        if self._chance.random() < 0.5:
            network.submits(len(network.submits()) + times, 30)
            self._up.clear()
            self._service.kill()
        else:
            self._service.die_at(self._chance.choice([step for step in STEPS if "code" not in step]), times)
            self._service.process.wait(UP_LIMIT_S)
            self._up.clear()
            self._service.until_dead()

    def _client(self):
        while not self._over.is_set():
            to = next(self._numbers)
            body = {"receiver": to, "message": LONG if to.endswith("7") else "hello", "id": to}
            while to not in self.answers:
                assert self._up.wait(UP_LIMIT_S)
                try:
                    answer = self._service.post("send-sms", **body)
                except requests.ConnectionError:
                    continue
                if answer["response_code"] in {"0000", "1111"}:
                    self.answers[to] = answer

    def check(self):
        """No receiver twice, no part twice but of a message that had failed half-way; what was told is true."""
        assert self.answers
        for to, answer in self.answers.items():
            parts = [submit["part"] for submit in self.submits if submit["to"] == to]
            total = answer["data"]["parts"]["total"]
            told, fate = answer["data"]["status"], self.fates[to]
            assert fate in {"sent", "unknown", *(["failed"] if total > 1 else [])}, (to, fate)
            if total == 1:
                assert len(parts) <= 1, f"{to} got it twice"
            else:
                assert parts.count(total) <= 1, f"{to} got it whole twice"
            if fate == "sent":
                assert sorted(set(parts)) == list(range(1, total + 1)), (to, parts)
            if fate == "failed":
                assert total not in parts
            assert told in {fate, "queued", "sending"}, (to, told, fate)
        assert {submit["to"] for submit in self.submits} <= set(self.answers)
