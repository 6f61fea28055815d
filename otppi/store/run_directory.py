"""Where the control socket and the keys that must not reach a disk lie."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from otppi.domain.errors import StoreError
from otppi.store.files import FOLDER_MODE, LOOSE, failing_as

_SYSTEM = Path("/run")


def run_directory(data: Path, configured: Path | None, environ: Mapping[str, str], system: Path = _SYSTEM) -> Path:
    """Choose the run directory of the gateway with this data folder, create it with mode 0700 and give its path.

    ``[paths] run``, else ``$RUNTIME_DIRECTORY``, else ``/run/otppi-<hash of the data folder>``, else the same name
    under ``$XDG_RUNTIME_DIR``, else under the folder for temporary files.
    Raises StoreError for one that belongs to another user, is no real folder or cannot be made private.
    """
    path = _chosen(data, configured, environ, system)
    with failing_as(f"The run directory {path} cannot be used"):
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise StoreError(f"The run directory {path} is no folder but a link.")
        if status.st_uid != os.geteuid():
            raise StoreError(f"The run directory {path} belongs to another user.")
        if status.st_mode & LOOSE:
            path.chmod(FOLDER_MODE)
            if path.lstat().st_mode & LOOSE:  # a FAT file system takes the call and keeps its rights
                raise StoreError(f"The run directory {path} is open to other users and cannot be closed to them.")
    return path


def _chosen(data: Path, configured: Path | None, environ: Mapping[str, str], system: Path) -> Path:
    if configured is not None:
        return configured.absolute()
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]  # systemd lists several with colons
    if given.startswith("/"):
        return Path(given)
    name = "otppi-" + hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
    for parent in (system, Path(environ.get("XDG_RUNTIME_DIR", "") or "/nonexistent")):
        if parent.is_absolute() and parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            return parent / name
    return Path(tempfile.gettempdir()) / f"{name}-{os.geteuid()}"
