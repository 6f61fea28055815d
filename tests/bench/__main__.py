"""``python -m bench [virtual p1 p2 p3 p4 p5]`` from tests/: measures and prints the table."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import broker_bound, gateway_bound, http_bound, idle, modem_bound, virtual_modem
from bench.table import Row, show


def _p1(folder: Callable[[], Path]) -> list[Row]:
    return [modem_bound.measure(folder(), modems, sync_delay_ms=delay) for modems in (1, 8, 32) for delay in (0, 20)]


SUITES: dict[str, Callable[[Callable[[], Path]], list[Row]]] = {
    "virtual": lambda folder: virtual_modem.measure(folder()),
    "p1": _p1,
    "p2": lambda folder: gateway_bound.measure(folder()),
    "p3": lambda folder: http_bound.measure(folder()),
    "p4": lambda folder: idle.measure(folder()),
    "p5": lambda folder: broker_bound.measure(folder()),
}


def main() -> None:
    """Run what is named, or everything."""
    wanted = sys.argv[1:] or list(SUITES)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="otppi-bench-") as root:
        for name in wanted:
            rows += SUITES[name](lambda: Path(tempfile.mkdtemp(dir=root)))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n{os.cpu_count()} cores, load {load}\n")
    show(rows)


main()
