"""What every file of ours shares: whole or not at all, private, and never thrown away when it is damaged."""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from otppi.domain.errors import StoreError

log = logging.getLogger(__name__)

FILE_MODE = 0o600
FOLDER_MODE = 0o700
LOOSE = 0o077  # any right of group or others


@contextlib.contextmanager
def failing_as(sentence: str) -> Iterator[None]:
    """Turn an OSError inside into :class:`StoreError`: ``<sentence>: <reason of the system>.``"""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{sentence}: {error.strerror or error}.") from error


def make_private_folder(path: Path) -> None:
    """Create a folder with mode 0700, or take the rights of group and others from it. Raises StoreError."""
    with failing_as(f"The folder {path} cannot be made private"):
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        mode = path.stat().st_mode
        if mode & LOOSE:
            path.chmod(mode & ~LOOSE & 0o7777)


def write_all(file: int, data: bytes) -> None:
    """Write everything to a file that nobody else writes; raises OSError when the disk is full."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def replace_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Make ``path`` hold exactly these bytes, mode 0600; a crash at any point leaves the old file or the new one.

    On return it survives a power cut. Raises StoreError, and the old file is then untouched unless the very last step,
    the sync of the folder, failed.
    """
    new = path.with_name(path.name + ".new")
    with failing_as(f"{path} could not be written"):
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
        try:
            os.fchmod(file, FILE_MODE)
            for piece in pieces:
                write_all(file, piece)
            os.fsync(file)
        except BaseException:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                new.unlink()
            raise
        finally:
            os.close(file)
        new.replace(path)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a rename or a new file inside survive a power cut. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def free_name(path: Path) -> Path:
    """Give the first unused ``<name>.damaged-<n>`` beside a damaged file."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def set_aside(path: Path, reason: str) -> None:
    """Rename a damaged file so that a person can look at it; the start goes on even if that fails."""
    aside = free_name(path)
    try:
        path.rename(aside)
        sync_folder(path.parent)
    except OSError as error:
        log.warning("%s is damaged (%s) and could not be set aside: %s", path, reason, error)
    else:
        log.warning("%s is damaged (%s); it was set aside as %s", path, reason, aside.name)
