"""P4: memory, idle CPU, start-up with everything that a gateway can have open, and what a hundred thousand live codes cost."""

import time
from pathlib import Path

from bench.brokers import SIX, Brokers
from bench.process import cpu_s, rss_mb
from bench.table import Row
from doubles.authority import pair
from doubles.network import VirtualNetwork
from doubles.service import Service

from otppi.domain.otp import Claim, OtpBook, to_line
from otppi.store.journal import FileJournal

CODES = 100_000
SETTLE_S = 5  # what a start leaves to be done
IDLE_S = 20
STARTS = 3


def measure(folder: Path, modems: int = 4) -> list[Row]:
    """Start some times, leave alone, restart with many codes; six subscribers are connected, HTTP and HTTPS are open."""
    certificate, key = pair("bench")
    with Brokers(folder / "servers") as brokers, VirtualNetwork(folder, count=modems, extra=("--quiet",)) as network:
        doors = brokers.doors(SIX, "idle")
        settings = {"api": {"https_enabled": True, "https_port": 0}, "certificates": [{"id": "bench", "certificate": certificate, "key": key}],
                    "subscribers": {door.kind: door.settings for door in doors}}
        with Service(folder, network, settings=settings) as service:
            starts, ups = [], []
            for _ in range(STARTS):
                service.terminate()
                began = time.monotonic()
                service.start()
                starts.append(time.monotonic() - began)
                for door in doors:
                    door.up(service)
                ups.append(time.monotonic() - began)
            urls = service.do("status")["door"]["api"]["urls"]
            assert [url.partition(":")[0] for url in urls] == ["http", "https"], urls
            idle, rss = _alone(service)
            service.terminate()
            _fill(service)
            service.start()
            for door in doors:
                door.up(service)
            time.sleep(SETTLE_S)
            more = rss_mb(service.process.pid) - rss
    what, start = f"{modems} modems, {len(doors)} subscribers, HTTP and HTTPS", sorted(starts)[STARTS // 2]
    return [
        Row("P4", f"memory, {what}", "<= 65 MB", f"{rss:.1f} MB", rss <= 65),
        Row("P4", "idle CPU", "<= 0.5 %", f"{idle:.2%}", idle <= 0.005, f"over {IDLE_S} s"),
        Row("P4", "start to ready", "<= 1.2 s + modems", f"{start:.2f} s", start <= 1.2,
            f"modems' own time included; all subscribers connected after {sorted(ups)[STARTS // 2]:.2f} s; medians of {STARTS}"),
        Row("P4", f"{CODES:,} live codes", "<= 25 MB", f"{more:.1f} MB", more <= 25),
    ]


def _alone(service: Service) -> tuple[float, float]:
    """Give the CPU of one core and the memory while nothing is asked of it."""
    pid = service.process.pid
    time.sleep(SETTLE_S)
    before, began = cpu_s(pid), time.monotonic()
    time.sleep(IDLE_S)
    return (cpu_s(pid) - before) / (time.monotonic() - began), rss_mb(pid)


def _fill(service: Service) -> None:
    """Write many records under the service's own key."""
    key = next(Path(service.run).glob("otp.key")).read_bytes()
    book = OtpBook(key, max_attempts=5)
    for number in range(CODES):
        book.reserve(Claim(f"reference-{number}", "628123456789", ("", "", "", "")), "123456", time.time() + 86_000, time.time())
    journal = FileJournal(service.data / "otp.journal")
    journal.rewrite(to_line(put) for put in book.everything())
    journal.close()
