"""An append-only file of records that survives a crash at any byte.

One line a record: the CRC-32 of the payload as eight hexadecimal digits, a space, the payload, a newline.
"""

import contextlib
import logging
import os
import re
import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from otppi.domain.errors import StoreError
from otppi.store.files import FILE_MODE, failing_as, free_name, replace_file, sync_folder

log = logging.getLogger(__name__)

_CRC = re.compile(rb"[0-9a-f]{8} ")
_PIECE = 256 * 1024  # bytes gathered for one write of a rewrite: few system calls, little memory


def frame(payload: bytes) -> bytes:
    """Give a record as it lies in the file. Raises ValueError for a payload with a newline."""
    if b"\n" in payload:
        raise ValueError("A record of a journal holds no newline.")
    return b"%08x %b\n" % (zlib.crc32(payload), payload)


def unframe(line: bytes) -> bytes | None:
    """Give the payload of one line with its newline, or None when the line is damaged or torn."""
    if not line.endswith(b"\n") or not _CRC.match(line):
        return None
    payload = line[9:-1]
    return payload if int(line[:8], 16) == zlib.crc32(payload) else None


class FileJournal:
    """The journal in one file (see domain.ports.Journal). Opening mends it; one process and one thread write it.

    A torn tail is cut off. Damage in the middle is copied aside with the whole file, the good records stay.
    Raises StoreError when the file cannot be opened, never for what it holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._torn = False
        with failing_as(f"The journal {path} cannot be opened"):
            created = not path.exists()
            self._file = self._open()
            try:
                if created:
                    sync_folder(path.parent)
                self._end = self._mend()
            except BaseException:
                os.close(self._file)
                raise

    def replay(self) -> Iterator[bytes]:
        """Give every whole record, oldest first; nothing is added or rewritten meanwhile. Raises StoreError."""
        return self._records(self._end)

    def append(self, payload: bytes) -> None:
        """Add one record with one write; on return it survives the death of the process.

        Raises StoreError when the disk is full or gone: the record is then not in the file. Raises ValueError for a
        payload with a newline.
        """
        data = frame(payload)
        with failing_as(f"The journal {self._path} cannot be written"):
            if self._torn:  # a piece of an earlier record that could not be taken back at once
                self._take_back()
            self._torn = True
            try:
                written = os.write(self._file, data)
            except OSError:
                with contextlib.suppress(OSError):  # tried again before the next record
                    self._take_back()
                raise
            if written < len(data):
                with contextlib.suppress(OSError):
                    self._take_back()
                raise StoreError(f"The journal {self._path} cannot be written: the disk is full.")
        self._torn = False
        self._end += len(data)

    @property
    def end(self) -> int:
        """Where the next record will begin, in bytes."""
        return self._end

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace the whole file by these records, atomically and synced; later records go on after them.

        ``payloads`` may come from :meth:`replay`. Raises StoreError; the journal then goes on with whichever of the
        two files is whole, the old one as a rule.
        """
        try:
            replace_file(self._path, _gathered(payloads))
        finally:
            self._reopen()

    def handle(self) -> int:
        """Give a descriptor of its own for the file, for a thread that syncs it; the caller closes it."""
        return os.dup(self._file)

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)

    def _reopen(self) -> None:
        with failing_as(f"The journal {self._path} cannot be opened"):
            file = self._open()
            same = os.path.sameopenfile(file, self._file)
            os.close(self._file)
            self._file = file
            if not same:
                self._end = os.fstat(file).st_size
                self._torn = False

    def _take_back(self) -> None:
        os.ftruncate(self._file, self._end)
        self._torn = False

    def _records(self, end: int) -> Iterator[bytes]:
        with failing_as(f"The journal {self._path} cannot be read"), self._path.open("rb") as reader:
            while reader.tell() < end:
                payload = unframe(reader.readline())
                if payload is not None:
                    yield payload

    def _mend(self) -> int:
        """Cut the torn tail, set damage aside, and give the file's length."""
        end = damaged = 0
        with self._path.open("rb") as reader:
            for line in reader:
                if line.endswith(b"\n"):
                    end += len(line)
                    damaged += unframe(line) is None
            torn = reader.tell() - end
        if torn:
            log.warning("%s ended in the middle of a record; %d bytes were cut off", self._path, torn)
            if not damaged:
                os.ftruncate(self._file, end)
        return self._without_damage(damaged, end) if damaged else end

    def _without_damage(self, damaged: int, end: int) -> int:
        aside = free_name(self._path)
        log.warning("%s holds %d damaged records; the good ones are kept, the file is copied to %s",
                    self._path, damaged, aside.name)
        try:
            shutil.copyfile(self._path, aside)
            aside.chmod(FILE_MODE)
            replace_file(self._path, _gathered(self._records(end)))
        except OSError as error:  # a full disk must not keep us from starting; damaged lines are passed over
            log.warning("%s could not be mended: %s", self._path, error)
            os.ftruncate(self._file, end)
            return end
        os.close(self._file)
        self._file = self._open()
        return os.fstat(self._file).st_size


def _gathered(payloads: Iterable[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for payload in payloads:
        piece += frame(payload)
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
