"""P4: memory, idle CPU, start-up, and what a hundred thousand live codes cost."""

import time
from pathlib import Path

from bench.process import cpu_s, rss_mb
from bench.table import Row
from doubles.network import VirtualNetwork
from doubles.service import Service

from otppi.domain.otp import Claim, OtpBook, to_line
from otppi.store.journal import FileJournal

CODES = 100_000
IDLE_S = 15


def measure(folder: Path, modems: int = 4) -> list[Row]:
    """Start, leave alone, restart, restart with many codes."""
    with VirtualNetwork(folder, count=modems, extra=("--quiet",)) as network, Service(folder, network) as service:
        service.terminate()
        began = time.monotonic()
        service.start()
        start = time.monotonic() - began
        pid = service.process.pid
        time.sleep(2)
        before = cpu_s(pid)
        time.sleep(IDLE_S)
        idle, rss = (cpu_s(pid) - before) / IDLE_S, rss_mb(pid)
        service.terminate()
        _fill(service)
        service.start()
        time.sleep(2)
        more = rss_mb(service.process.pid) - rss
    return [
        Row("P4", f"memory, {modems} modems", "<= 65 MB", f"{rss:.1f} MB", rss <= 65),
        Row("P4", "idle CPU", "<= 0.5 %", f"{idle:.2%}", idle <= 0.005),
        Row("P4", "start to ready", "<= 1.2 s + modems", f"{start:.2f} s", start <= 1.2, "modems' own time included"),
        Row("P4", f"{CODES:,} live codes", "<= 25 MB", f"{more:.1f} MB", more <= 25),
    ]


def _fill(service: Service) -> None:
    """Write many records under the service's own key."""
    key = next(Path(service.run).glob("otp.key")).read_bytes()
    book = OtpBook(key, max_attempts=5)
    for number in range(CODES):
        book.reserve(Claim(f"reference-{number}", "628123456789", ("", "", "", "")), "123456", time.time() + 86_000, time.time())
    journal = FileJournal(service.data / "otp.journal")
    journal.rewrite(to_line(put) for put in book.everything())
    journal.close()
