"""One JSON file per section: written whole or not at all, the last good version kept beside it."""

import json
import logging
import re
from pathlib import Path
from typing import Any

from otppi.domain.errors import StoreError
from otppi.store.files import failing_as, make_private_folder, replace_file, set_aside

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class FileSections:
    """A folder of sections (see domain.ports.Sections): ``<name>.json``, mode 0600, in a folder of mode 0700.

    A section is a JSON object or list, so that a file cut short can be told from a whole one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_private_folder(folder)

    def load(self, name: str) -> Any:
        """Give the section's value, or None when there is none.

        A damaged file is set aside and the last good version is used, with a warning in the log.
        Raises StoreError when a file cannot be read at all.
        """
        value = _read(self._path(name))
        if value is None:
            value = _read(self._last(name))
            if value is not None:
                log.warning("The section %s is taken from its last good version, %s", name, self._last(name))
        return value

    def save(self, name: str, value: Any) -> None:
        """Replace the section; on return it survives a power cut, and what it was is in ``<name>.json.last``.

        Raises StoreError and keeps what was there, ValueError for what is neither an object nor a list.
        """
        if not isinstance(value, dict | list):
            raise ValueError("A section is an object or a list.")  # noqa: TRY004  # part of the promise above
        text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        path = self._path(name)
        with failing_as(f"{path} could not be read"):
            old = path.read_bytes() if path.exists() else b""
        if _parsed(old) is not None:
            replace_file(self._last(name), [old])
        replace_file(path, [text.encode()])

    def names(self, prefix: str) -> list[str]:
        """Give the names of the sections that begin so. Raises StoreError."""
        with failing_as(f"{self._folder} could not be read"):
            return sorted(path.stem for path in self._folder.glob(f"{prefix}*.json") if _NAME.fullmatch(path.stem))

    def drop(self, name: str) -> None:
        """Remove a section with its last good version; it may be absent. Raises StoreError."""
        for path in (self._last(name), self._path(name)):  # in this order: what is left of a section must not come back
            with failing_as(f"{path} could not be removed"):
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("The name of a section is made of small letters, digits and underscores.")
        return self._folder / f"{name}.json"

    def _last(self, name: str) -> Path:
        return self._folder / f"{name}.json.last"


def _read(path: Path) -> Any:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} could not be read: {error.strerror}.") from error
    value = _parsed(data)
    if value is None:
        set_aside(path, "it is no whole JSON object or list")
    return value


def _parsed(data: bytes) -> Any:
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None
