"""Opens the written side of all messages: journals, marks, spool, and what they say of an earlier life."""

import contextlib
import errno
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otppi.adapters.seal import Seal
from otppi.domain.chronicle import Mark
from otppi.domain.errors import StoreError
from otppi.domain.ledger import Ledger, Recovery
from otppi.domain.ports import Clock
from otppi.store.days import DayJournals
from otppi.store.keys import key
from otppi.store.marks import MarkFile, named_marks
from otppi.store.spool import Spool

KEEP_DAYS = 30  # for which the state of a message can be asked
LIFE_KEY = "life.key"
LOST = {errno.EIO, errno.EROFS, errno.ENODEV, errno.ENXIO}  # of a medium that failed: what was written and not synced may be gone
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # random(4): another one after each start of the machine
SYNC_DELAY = "OTPPI_BENCH_SYNC_DELAY_MS"  # what benchmarks add to each sync, as a slow card would
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """What the router and the modems need of it."""

    journal: DayJournals
    ledger: Ledger
    recovery: Recovery
    marks: Path
    events: Spool
    """What waits for webhooks; its key is that of the messages."""

    def mark(self, modem: str) -> MarkFile:
        """Open the mark of a modem."""
        return MarkFile(self.marks / safe_name(modem))


def open_written(data: Path, run: Path, clock: Clock, remember_h: float, modems: Iterable[str] = ()) -> Written:
    """Open everything and recover; ``modems`` are the ids whose marks can be told apart. Raises StoreError."""
    started, owners = time.monotonic(), {safe_name(modem): modem for modem in modems}
    journal = _slowed(_Doubting(data / "messages", clock.wall, KEEP_DAYS, run / LIFE_KEY))
    spool = Spool(data / "spool", lambda: Seal(key(run / "spool.key")))
    ledger = Ledger(journal, spool, key(data / "numbers.key"), remember_h)
    marks = [Mark.from_json(value, owners.get(name, "")) for name, value in named_marks(data / "marks")]
    recovery = ledger.recover(marks, _life(run), now=clock.wall(), monotonic=clock.monotonic())
    _log.debug("what was written was read in %.2f s", time.monotonic() - started)
    return Written(journal, ledger, recovery, data / "marks", Spool(data / "webhooks", lambda: Seal(key(run / "spool.key"))))


def safe_name(text: str) -> str:
    """Give a name for a file that belongs to a modem, whatever its id holds."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _life(run: Path) -> str:
    """Give a token that another start of the machine changes, even if the run directory survives it."""
    boot = BOOT_ID.read_bytes() if BOOT_ID.exists() else b""
    return hashlib.sha256(boot + key(run / LIFE_KEY)).hexdigest()[:16]


class _Doubting(DayJournals):
    """Journals that begin another life of the machine when their medium fails: marks and records may then be older than what was done."""

    def __init__(self, folder: Path, wall: Callable[[], float], keep_days: int, life_key: Path) -> None:
        super().__init__(folder, wall, keep_days)
        self._life_key = life_key

    def append(self, payload: bytes) -> None:
        """Add one record. Raises StoreError."""
        with self._watching():
            super().append(payload)

    def syncing(self) -> Callable[[], None]:
        """Give the function that syncs. Raises StoreError, and so does the function."""
        with self._watching():
            sync = super().syncing()

        def watched() -> None:
            with self._watching():
                sync()

        return watched

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if getattr(error.__cause__, "errno", None) in LOST:
                with contextlib.suppress(OSError):
                    self._life_key.unlink(missing_ok=True)
            raise


def _slowed(journal: DayJournals) -> DayJournals:
    delay_s = float(os.environ.get(SYNC_DELAY, "0")) / 1000
    if not delay_s:
        return journal
    syncing = journal.syncing

    def slow() -> Callable[[], None]:
        sync = syncing()

        def wait_and_sync() -> Any:
            time.sleep(delay_s)
            return sync()

        return wait_and_sync

    journal.syncing = slow  # type: ignore[method-assign]
    return journal
