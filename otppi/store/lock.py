"""The data folder and its lock: one gateway owns it, and others read there how to reach that one."""

import contextlib
import fcntl
import json
import os
from pathlib import Path

from otppi.domain.errors import DataLocked, StoreError
from otppi.store.files import FILE_MODE, failing_as, make_private_folder, write_all

_MOST = 64 * 1024  # bytes of a lock file that are looked at


class DataFolder:
    """The folder with everything a gateway must keep. Looking at it creates nothing; locking it does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def lock(self, run_dir: Path) -> None:
        """Create the folder (mode 0700), own it until :meth:`unlock` or death, and note where the run directory is.

        Raises DataLocked when another process owns it, StoreError when that cannot be found out.
        """
        if self._file is not None:
            raise DataLocked(f"This process owns {self.path} already.")
        make_private_folder(self.path)
        with failing_as(f"{self._lock} could not be locked"):
            file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
            try:
                self._take(file)
                line = json.dumps({"pid": os.getpid(), "run": str(run_dir.absolute())}) + "\n"
                write_all(file, line.encode())  # over the old line: a reader at this moment still finds a whole one
                os.ftruncate(file, len(line.encode()))
            except BaseException:
                os.close(file)
                raise
        self._file = file

    def run_dir(self) -> Path | None:
        """Give the run directory of the gateway that owns the folder or owned it last, without locking; None if unknown."""
        run = self._note().get("run")
        return Path(run) if isinstance(run, str) and run.startswith("/") else None

    def unlock(self) -> None:
        """Let go, and forget the run directory; may be called twice."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):  # a note that stays only costs the next caller one vain look
            os.ftruncate(self._file, 0)
        os.close(self._file)
        self._file = None

    @property
    def _lock(self) -> Path:
        return self.path / "lock"

    def _take(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = self._note().get("pid", "unknown")
            raise DataLocked(f"Another process (pid {pid}) owns {self.path}.") from None

    def _note(self) -> dict[str, object]:
        try:
            with self._lock.open("rb") as file:
                note = json.loads(file.read(_MOST).split(b"\n", 1)[0])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(f"{self._lock} could not be read: {error.strerror}.") from error
        except (ValueError, RecursionError):
            return {}
        return note if isinstance(note, dict) else {}
