"""The inbox's files: a journal for each UTC day of arrival, so that old ones go whole, and a message can be looked up where it lies."""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from otppi.domain.errors import StoreError
from otppi.store.files import failing_as, make_private_folder, sync_folder
from otppi.store.journal import FileJournal, unframe

_NAME = re.compile(r"\d{4}-\d{2}-\d{2}\.journal")
_WITH_COPIES = re.compile(_NAME.pattern + r"(\.damaged-\d+|\.new)?")
_log = logging.getLogger(__name__)


class InboxFiles:
    """Implements domain.inbox.Pages in one folder (0700, files 0600). One thread uses it.

    Nothing is created before the first :meth:`append`. Every method raises StoreError.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = ""
        self._journal: FileJournal | None = None
        self._doubtful = False

    def read(self) -> Iterator[tuple[str, int, bytes]]:
        """Give day, place and payload of every whole record, oldest first; a torn end of the newest file is cut off.

        After a failed :meth:`sync` the newest file is written anew first: nobody knows what of it is on the disk.
        """
        days = self._days()
        if days:
            journal = self._opened(days[-1])
            if self._doubtful:
                journal.rewrite(list(journal.replay()))
                self._doubtful = False
        for day in days:
            yield from ((day, place, payload) for place, payload in self.scan(day))

    def scan(self, day: str) -> Iterator[tuple[int, bytes]]:
        """Give place and payload of every whole record of a day; nothing when there is no such file."""
        with failing_as("The inbox cannot be read"):
            try:
                reader = self._path(day).open("rb")
            except FileNotFoundError:
                return
            with reader:
                place = 0
                for line in reader:
                    if (payload := unframe(line)) is not None:
                        yield place, payload
                    place += len(line)

    def get(self, day: str, place: int) -> bytes:
        """Give the record at a place."""
        with failing_as("The inbox cannot be read"), self._path(day).open("rb") as reader:
            reader.seek(place)
            payload = unframe(reader.readline())
        if payload is None:
            raise StoreError("A message of the inbox is damaged on the disk.")
        return payload

    def append(self, payload: bytes, at: float) -> tuple[str, int]:
        """Add a record to the file of the day of ``at`` (unix seconds), or to the newest when that is later; give day and place."""
        day = max([_day(at), *self._days()[-1:]]) if self._journal is None or _day(at) > self._day else self._day
        journal = self._opened(day)
        place = journal.end
        journal.append(payload)
        return day, place

    def sync(self) -> None:
        """Make what was appended survive a power cut. When that fails nothing of it counts as safe until it was read anew."""
        if self._journal is None:
            return
        try:
            with failing_as("The inbox could not be synced"):
                handle = self._journal.handle()
                try:
                    os.fdatasync(handle)
                finally:
                    os.close(handle)
        except StoreError:
            self._doubtful = True
            raise

    def rewrite(self, day: str, payloads: Iterable[bytes]) -> None:
        """Replace the records of a day, atomically and synced."""
        if self._journal is not None and day == self._day:
            self._journal.rewrite(payloads)
            return
        journal = FileJournal(self._path(day))
        try:
            journal.rewrite(payloads)
        finally:
            journal.close()

    def drop_before(self, unix: float) -> frozenset[str]:
        """Remove the files of the days before that of ``unix`` with their damaged copies; give their days."""
        oldest, days = _day(unix), self._days()
        gone = frozenset(day for day in days if day < oldest)
        if self._day in gone:
            self.close()
        with failing_as("Old messages could not be removed"):
            paths = [path for path in self._folder.iterdir() if _WITH_COPIES.fullmatch(path.name)] if days else []
            for path in paths:
                if path.name[:10] < oldest:
                    path.unlink(missing_ok=True)
            if gone:
                sync_folder(self._folder)
        return gone

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _opened(self, day: str) -> FileJournal:
        if self._journal is None or day != self._day:
            if self._journal is not None:
                self.sync()  # the day may be over for records that nobody has synced yet
            self.close()
            with failing_as("The inbox cannot be opened"):
                new = not self._folder.exists()
                make_private_folder(self._folder)
                if new:
                    sync_folder(self._folder.parent)
            self._journal, self._day = FileJournal(self._path(day)), day
        return self._journal

    def _days(self) -> list[str]:
        with failing_as("The inbox cannot be read"):
            if not self._folder.is_dir():
                return []
            return sorted(path.stem for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def _path(self, day: str) -> Path:
        return self._folder / f"{day}.journal"


def _day(unix: float) -> str:
    return datetime.fromtimestamp(max(0.0, unix), UTC).date().isoformat()
