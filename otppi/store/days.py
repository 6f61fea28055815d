"""Journals by day: one file for each UTC date, so that old ones are dropped whole and nothing is ever rewritten."""

import datetime as dt
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from otppi.domain.errors import StoreError
from otppi.store.files import failing_as, make_private_folder, sync_folder
from otppi.store.journal import FileJournal, unframe

DAY_S = 86_400.0
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.journal")
_WITH_COPIES = re.compile(_NAME.pattern + r"(\.damaged-\d+|\.new)?")
_log = logging.getLogger(__name__)


class DayJournals:
    """Appends to today's file; a record lies in the file of the day on which it was written.

    One thread writes. :meth:`syncing` gives a function that another thread may call.
    """

    def __init__(self, folder: Path, wall: Callable[[], float], keep_days: int) -> None:
        make_private_folder(folder)
        self._folder = folder
        self._wall = wall
        self._keep_days = keep_days
        self._day = ""
        self._journal: FileJournal | None = None
        self._unsynced: list[int] = []  # files of days that are over, with records that no sync has covered yet
        self._appended = False

    def append(self, payload: bytes) -> None:
        """Add one record with one write. Raises StoreError."""
        self._today().append(payload)
        self._appended = True

    def syncing(self) -> Callable[[], None]:
        """Give a function that makes everything appended so far survive a power cut. Both raise StoreError.

        It owns handles of its own and must be called exactly once. Records on both sides of midnight lie in two files.
        """
        if self._journal is not None:
            with failing_as("The journal could not be synced"):
                self._unsynced.append(self._journal.handle())
        handles, self._unsynced = self._unsynced, []
        self._appended = False

        def sync() -> None:
            try:
                with failing_as("The journal could not be synced"):
                    for handle in handles:
                        os.fdatasync(handle)
            finally:
                for handle in handles:
                    os.close(handle)

        return sync

    def replay(self, since: float) -> Iterator[bytes]:
        """Give every whole record of the days from ``since`` (unix seconds) on, oldest first.

        The two newest files always belong to them, whatever happened to the clock.
        """
        files = self._files()
        first = min([_day(since), *(path.stem for path in files[-2:])])
        for path in files:
            if path.stem >= first:
                yield from _records(path)

    def search(self, moment: float, needle: bytes, days: int) -> Iterator[bytes]:
        """Give the records that hold ``needle``, of the day of ``moment`` and the ``days`` after it.

        Without any, later files are searched: after a clock was set back records go on in the newest file.
        """
        first, last = _day(moment), _day(moment + days * DAY_S)
        found = False
        for path in self._files():
            if first <= path.stem and (path.stem <= last or not found):
                for record in _records(path):
                    if needle in record:
                        found = True
                        yield record

    def close(self) -> None:
        """Close the file; may be called twice. A function that :meth:`syncing` gave still works."""
        self._end_day()
        while self._unsynced:
            os.close(self._unsynced.pop())

    def _today(self) -> FileJournal:
        day = _day(self._wall())
        if self._journal is None or day > self._day:  # a clock set back goes on in the newest file
            self._end_day()
            self._day = max([day, *(path.stem for path in self._files()[-1:])])
            self._journal = FileJournal(self._folder / f"{self._day}.journal")
            self._drop_old()
        return self._journal

    def _end_day(self) -> None:
        if self._journal is not None:
            if self._appended:
                with failing_as("The journal could not be kept open"):
                    self._unsynced.append(self._journal.handle())
                self._appended = False
            self._journal.close()
            self._journal = None

    def _drop_old(self) -> None:
        oldest = _day(self._wall() - self._keep_days * DAY_S)
        gone = [path for path in self._folder.iterdir() if _WITH_COPIES.fullmatch(path.name) and path.name[:10] < min(oldest, self._day)]
        try:
            for path in gone:
                path.unlink()
            if gone:
                sync_folder(self._folder)
        except OSError as error:
            _log.warning("an old journal could not be removed: %s", error.strerror)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))


def _records(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as reader:
            for line in reader:
                if (payload := unframe(line)) is not None:
                    yield payload
    except FileNotFoundError:
        return  # too old: removed by the writer while another thread was reading
    except OSError as error:
        raise StoreError(f"{path.name} cannot be read: {error.strerror}.") from error


def _day(unix: float) -> str:
    return dt.datetime.fromtimestamp(max(0.0, unix), dt.UTC).date().isoformat()
