"""P1: how near to the modems' own speed, from the gaps between the submits of each modem."""

import itertools
import os
import time
from collections import Counter, defaultdict
from pathlib import Path
from statistics import mean

from bench.load import Wrk, sending
from bench.process import cpu_s
from bench.table import Row
from doubles.network import VirtualNetwork
from doubles.service import Service

LATENCY_MS = 200


def efficiency(network: VirtualNetwork, latency_ms: float, since: int = 0) -> float:
    """Give latency ÷ mean gap over all modems, of the submits from ``since`` on, without each one's first submit; asserts that nobody was texted twice."""
    submits = network.logged("submit")[since:]
    twice = [to for to, count in Counter(submit["to"] for submit in submits).items() if count > 1]
    assert not twice, f"{len(twice)} receivers were texted twice"
    times = defaultdict(list)
    for submit in submits:
        times[submit["modem"]].append(submit["at"])
    gaps = [later - earlier for moments in times.values() for earlier, later in itertools.pairwise(moments)]
    return latency_ms / 1000 / mean(gaps)


def measure(folder: Path, modems: int, *, sync_delay_ms: int = 0, seconds: float = 8) -> Row:
    """Run ``modems`` at 200 ms latency with two waiting clients each."""
    os.environ["OTPPI_BENCH_SYNC_DELAY_MS"] = str(sync_delay_ms)
    with VirtualNetwork(folder, count=modems, latency_ms=LATENCY_MS, extra=("--quiet",)) as network, Service(folder, network) as service:
        pid = service.process.pid
        before, began = cpu_s(pid), time.monotonic()
        figures = Wrk(folder, service.api, sending(), clients=max(4, 2 * modems), seconds=seconds).figures()
        used, took = cpu_s(pid) - before, time.monotonic() - began
        reached = efficiency(network, LATENCY_MS)
        sent = len(network.logged("submit"))
    del os.environ["OTPPI_BENCH_SYNC_DELAY_MS"]
    what = f"{modems} modems" + (f", {sync_delay_ms} ms a sync" if sync_delay_ms else "")
    return Row("P1", what, ">= 97 %", f"{reached:.1%}", reached >= 0.97, f"{sent / took:.1f} SMS/s, {used / sent * 1000:.1f} s CPU/1000, {figures.bad} bad")
