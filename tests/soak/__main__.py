"""``python -m soak [NAME[=SIZE[=SEED]] …]`` from tests/: the long runs, each of which fails loudly.

``kills``: SIZE deaths under load. ``brokers``: SIZE messages by every keeping door. ``late``: an answer after SIZE seconds.
``modems``: SIZE minutes of mixed load and random faults.
"""

import sys
import time
from collections.abc import Callable

from soak import brokers, kills, late, modems

RUNS: dict[str, Callable[..., None]] = {"kills": kills.main, "brokers": brokers.main, "late": late.main, "modems": modems.main}


def main() -> None:
    """Run what is named, or everything."""
    wanted = [word.split("=") for word in sys.argv[1:] or RUNS]
    if unknown := [name for name, *_ in wanted if name not in RUNS]:
        sys.exit(f"no such run: {' '.join(unknown)}; there are {' '.join(RUNS)}")
    for name, *sizes in wanted:
        print(f"soak {name}", flush=True)
        began = time.monotonic()
        RUNS[name](*sizes)
        print(f"soak {name}: passed in {time.monotonic() - began:.0f} s\n", flush=True)


main()
