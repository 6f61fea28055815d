"""How far a sender is with the one job that it holds: a single small record, written over at each step."""

import json
import logging
import os
from pathlib import Path
from typing import Any

from otppi.domain.errors import StoreError
from otppi.store.files import FILE_MODE, failing_as, make_private_folder
from otppi.store.journal import frame, unframe

_log = logging.getLogger(__name__)

SIZE = 2048  # bytes of a mark file: 255 references of three digits fit


class MarkFile:
    """One sender's mark. :meth:`write` survives the death of the process; a power cut may lose it."""

    def __init__(self, path: Path) -> None:
        make_private_folder(path.parent)
        with failing_as(f"The mark {path.name} cannot be opened"):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)

    def write(self, value: Any) -> None:
        """Replace the mark with one write. Raises StoreError."""
        with failing_as("A mark cannot be written"):
            data = frame(json.dumps(value).encode().ljust(SIZE - 10))
            if len(data) > SIZE:
                raise StoreError(f"A mark cannot be written: it takes {len(data)} bytes.")
            if os.pwrite(self._file, data, 0) < SIZE:
                raise StoreError("A mark cannot be written: the disk is full.")

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def read_marks(folder: Path) -> list[Any]:
    """Give every mark of a folder, None for one that is damaged: nobody knows what it said. Raises StoreError."""
    if not folder.is_dir():
        return []
    with failing_as("The marks cannot be read"):
        found = [(path.name, path.read_bytes()[:SIZE]) for path in sorted(folder.iterdir()) if path.is_file()]
    return [_read(name, data) for name, data in found if data]  # an empty file was never written to


def _read(name: str, data: bytes) -> Any:
    payload = unframe(data)
    if payload is None:
        _log.warning("the mark %s is damaged; what its modem held counts as unknown", name)
        return None
    return json.loads(payload)
