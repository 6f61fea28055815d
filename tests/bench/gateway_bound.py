"""P2: the gateway's own speed, with modems that take no time."""

import time
from pathlib import Path

from bench.load import Wrk, sending
from bench.process import cpu_s, rss_mb
from bench.table import Row
from doubles.network import VirtualNetwork
from doubles.service import Service


def measure(folder: Path, *, modems: int = 8, seconds: float = 6) -> list[Row]:
    """Flood over REST with twice as many clients as modems."""
    with VirtualNetwork(folder, count=modems, extra=("--quiet",)) as network, Service(folder, network) as service:
        pid = service.process.pid
        before, began = cpu_s(pid), time.monotonic()
        figures = Wrk(folder, service.api, sending(), clients=2 * modems, seconds=seconds).figures()
        used, took = cpu_s(pid) - before, time.monotonic() - began
        sent = len(network.logged("submit"))
        rss = rss_mb(pid)
    rate, cost = sent / took, used / sent * 1000
    return [
        Row("P2", f"{modems} modems, no latency", ">= 500 SMS/s", f"{rate:.0f} SMS/s", rate >= 500, f"p99 {figures.p99_ms:.0f} ms, {figures.bad} bad, {rss:.0f} MB"),
        Row("P2", "CPU of the gateway", "<= 2.0 s/1000", f"{cost:.2f} s/1000", cost <= 2.0),
    ]
