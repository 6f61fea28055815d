"""How far a sender is with the one job that it holds: a single small record, written over at each step."""

import json
import logging
import mmap
import os
from pathlib import Path
from typing import Any

from otppi.domain.errors import StoreError
from otppi.store.files import FILE_MODE, failing_as, make_private_folder
from otppi.store.journal import frame, unframe

_log = logging.getLogger(__name__)

SIZE = 2048  # bytes of a mark file: 255 references of three digits fit


class MarkFile:
    """One sender's mark, in memory that the kernel writes to the file: it survives the death of the process, not of the power.

    Its room on the disk is taken when it is opened. A death in the middle of :meth:`write` leaves a mark that is known to be damaged.
    """

    def __init__(self, path: Path) -> None:
        make_private_folder(path.parent)
        with failing_as(f"The mark {path.name} cannot be opened"):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
            try:
                os.posix_fallocate(file, 0, SIZE)
                self._memory = mmap.mmap(file, SIZE)
            finally:
                os.close(file)

    def write(self, value: Any) -> None:
        """Replace the mark. Raises StoreError."""
        data = frame(json.dumps(value).encode().ljust(SIZE - 10))
        if len(data) > SIZE:
            raise StoreError(f"A mark cannot be written: it takes {len(data)} bytes.")
        try:
            self._memory[:] = data
        except ValueError:
            raise StoreError("A mark cannot be written: it is closed.") from None

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._memory.close()


def read_marks(folder: Path) -> list[Any]:
    """Give every mark of a folder, None for one that is damaged: nobody knows what it said. Raises StoreError."""
    return [value for _, value in named_marks(folder)]


def named_marks(folder: Path) -> list[tuple[str, Any]]:
    """Give every mark as :func:`read_marks` does, each after the name of its file."""
    if not folder.is_dir():
        return []
    with failing_as("The marks cannot be read"):
        found = [(path.name, path.read_bytes()[:SIZE]) for path in sorted(folder.iterdir()) if path.is_file()]
    return [(name, _read(name, data)) for name, data in found if data.strip(b"\0")]  # an empty one was never written to


def _read(name: str, data: bytes) -> Any:
    payload = unframe(data)
    if payload is None:
        _log.warning("the mark %s is damaged; what its modem held counts as unknown", name)
        return None
    return json.loads(payload)
