"""Messages that were accepted for later: one sealed file each, gone with the message's outcome."""

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from otppi.store.files import FILE_MODE, failing_as, make_private_folder, write_all

_ID = re.compile(r"[0-9A-V]{26}")
_log = logging.getLogger(__name__)


class Sealing(Protocol):
    """Seals bytes under a name and opens them again."""

    def seal(self, data: bytes, about: str) -> bytes:
        """Give the sealed bytes."""

    def unseal(self, sealed: bytes, about: str) -> bytes | None:
        """Give the bytes, or None when they cannot be opened."""


class Spool:
    """Keeps sealed bodies by message id. A file survives the death of the process; the key dies with the power."""

    def __init__(self, folder: Path, sealing: Callable[[], Sealing]) -> None:
        make_private_folder(folder)
        self._folder = folder
        self._make = sealing
        self._sealing: Sealing | None = None

    def keep(self, message_id: str, body: bytes) -> None:
        """Seal and write a body; on return it survives the death of the process. Raises StoreError."""
        if not _ID.fullmatch(message_id):
            raise ValueError("A message id has 26 characters of base32hex; under another name the body would be lost.")
        sealed = self._seal().seal(body, message_id)
        path, new = self._folder / message_id, self._folder / f"{message_id}.new"
        with failing_as("The message could not be kept"):
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
            try:
                try:
                    write_all(file, sealed)
                finally:
                    os.close(file)
                new.rename(path)
            except BaseException:
                with contextlib.suppress(OSError):  # the first error is the one to tell
                    new.unlink()
                raise

    def drop(self, message_id: str) -> None:
        """Forget a body; it may be absent. Raises StoreError."""
        with failing_as("A kept message could not be removed"):
            (self._folder / message_id).unlink(missing_ok=True)

    def kept(self) -> Iterator[tuple[str, bytes | None]]:
        """Give every id with its body, None where it cannot be opened; half-written ones are removed. Raises StoreError."""
        with failing_as("The kept messages cannot be listed"):
            paths = sorted(path for path in self._folder.iterdir() if path.is_file())
        for path in paths:
            if _ID.fullmatch(path.name):
                yield path.name, self._open(path)
            elif path.suffix == ".new" and _ID.fullmatch(path.stem):
                path.unlink(missing_ok=True)

    def _open(self, path: Path) -> bytes | None:
        try:
            sealed = path.read_bytes()
        except OSError as error:
            _log.warning("the kept message %s cannot be read: %s", path.name, error.strerror)
            return None
        return self._seal().unseal(sealed, path.name)

    def _seal(self) -> Sealing:
        if self._sealing is None:
            self._sealing = self._make()
        return self._sealing
