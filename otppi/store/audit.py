"""The audit trail: who changed what and when, one JSON line each, never rewritten."""

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from otppi.store.files import FILE_MODE, failing_as, sync_folder, write_all


class FileAudit:
    """The audit trail in one file of mode 0600 (see domain.ports.Audit); each line is synced before the return."""

    def __init__(self, path: Path, wall: Callable[[], float] = time.time) -> None:
        self._path = path
        self._wall = wall

    def record(self, who: str, operation: str, target: str, detail: str = "") -> None:
        """Add ``{at, who, operation, target, detail}``; ``at`` is UTC in ISO 8601. Raises StoreError."""
        at = datetime.fromtimestamp(self._wall(), UTC).isoformat(timespec="milliseconds")
        entry = {"at": at, "who": who, "operation": operation, "target": target, "detail": detail}
        line = json.dumps(entry, ensure_ascii=False).encode(errors="replace") + b"\n"
        with failing_as(f"The audit trail {self._path} could not be written"):
            created = not self._path.exists()
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
            try:
                write_all(file, _fresh_line(file) + line)
                os.fsync(file)
            finally:
                os.close(file)
            if created:
                sync_folder(self._path.parent)


def _fresh_line(file: int) -> bytes:
    """Give a newline if a power cut or a full disk left half a line: what follows it must stay readable."""
    size = os.fstat(file).st_size
    return b"\n" if size and os.pread(file, 1, size - 1) != b"\n" else b""
