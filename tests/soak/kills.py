"""A hundred deaths under load, or as many as are named: ``cd tests && python -m soak.kills [DEATHS [SEED]]``. Ends with a count of what became of the messages."""

import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path

from doubles.storm import Storm


def main(deaths="100", seed=""):
    seed = int(seed) if seed else secrets.randbelow(10**6)
    print(f"{deaths} deaths, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(Path(folder), seed)
        storm.run(int(deaths))
        storm.check()
    told = Counter((answer["data"]["status"], storm.fates[to]) for to, answer in storm.answers.items())
    for (first, last), count in sorted(told.items()):
        print(f"{count:6} told {first}, came to {last}")


if __name__ == "__main__":
    main(*sys.argv[1:])
