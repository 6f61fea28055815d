"""P3: verify-otp and echo beside a sending gateway, against an empty CherryPy handler in the same process, in turn."""

import json
import os
from pathlib import Path
from statistics import median

from bench.load import Wrk, replaying, sending
from bench.modem_bound import LATENCY_MS, efficiency
from bench.table import Row
from doubles.network import VirtualNetwork
from doubles.service import Service

CLIENTS = 8
ROUNDS = 3
SECONDS = 4
CODES = 12_000  # for one round of verifications: each right code works once


def measure(folder: Path, modems: int = 8) -> list[Row]:
    """Alternate the three handlers while the modems send; medians of the rounds."""
    os.environ["OTPPI_BENCH_EMPTY"] = str(folder / "empty.url")
    verify: list[tuple[float, float]] = []
    echo: list[tuple[float, float]] = []
    empty: list[float] = []
    with VirtualNetwork(folder, count=modems, extra=("--quiet",)) as network, Service(folder, network, module="bench.host") as service:
        bare = (folder / "empty.url").read_text()
        codes = _codes(folder, service, network)
        network.latency(LATENCY_MS)
        since = len(network.logged("submit"))
        load = Wrk(folder, service.api, sending(start=50_000_000), clients=2 * modems, seconds=ROUNDS * 3 * SECONDS + 6)
        for turn in range(ROUNDS):
            empty.append(_run(folder, bare, ['{"a": 1}'])[0])
            verify.append(_run(folder, service.api, codes[turn]))
            echo.append(_run(folder, service.api, [json.dumps({"command": "echo", "data": {"a": 1}})]))
        load.figures()
        reached = efficiency(network, LATENCY_MS, since=since)
    bar = median(empty)
    return [
        *(_row(name, figures, bar) for name, figures in (("verify-otp", verify), ("echo", echo))),
        Row("P1", f"{modems} modems under P3's load", ">= 96 %", f"{reached:.1%}", reached >= 0.96),
    ]


def _row(name: str, figures: list[tuple[float, float]], bar: float) -> Row:
    rate, p99 = median(rate for rate, _ in figures), median(p99 for _, p99 in figures)
    return Row("P3", name, ">= 100 % of empty, p99 <= 20 ms", f"{rate / bar:.0%}, {p99:.1f} ms", rate >= bar and p99 <= 20, f"{rate:.0f}/s against {bar:.0f}/s")


def _run(folder: Path, url: str, bodies: list[str]) -> tuple[float, float]:
    figures = Wrk(folder, url, replaying(folder, bodies, "/api/otp"), clients=CLIENTS, seconds=SECONDS).figures()
    return figures.per_s, figures.p99_ms


def _codes(folder: Path, service: Service, network: VirtualNetwork) -> list[list[str]]:
    """Have codes made at full speed, read them at the network, and make the bodies that verify them."""
    bodies = [json.dumps({"command": "request-otp", "data": {"receiver": f"62{number:011d}", "message": "%s", "reference": f"r{number}"}})
              for number in range(ROUNDS * CODES)]
    asked = 0
    while asked < len(bodies):
        asked += Wrk(folder, service.api, replaying(folder, bodies[asked:], "/api/otp"), clients=16, seconds=10).figures().requests
    known = {int(message["to"][2:]): message["text"] for message in network.logged("message")}
    ready = [json.dumps({"command": "verify-otp", "data": {"receiver": f"62{number:011d}", "otp": code, "reference": f"r{number}"}})
             for number, code in sorted(known.items())]
    return [ready[turn::ROUNDS] for turn in range(ROUNDS)]


