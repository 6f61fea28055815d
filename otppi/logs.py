"""Log lines on stderr, and in a file where the site file wants one: one line an event, no values of strangers in them."""

import logging
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from otppi.domain.errors import OtppiError, StoreError

MOST_BYTES = 5 * 1024 * 1024  # of one log file
OLD_FILES = 4  # beside the present one: 25 MiB in all are little on a card of 8 GB
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Formatter(logging.Formatter):
    """Shows where an error happened and of which kind it is; its text only when it is one of ours.

    The text of a foreign exception can hold what was being handled: a number, a message, a code.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatException(self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]) -> str:  # noqa: N802
        """Give the frames and the kind."""
        kind, error, trace = ei
        if kind is None or error is None:
            return ""
        frames = "".join(traceback.format_list(traceback.extract_tb(trace)))
        return f"{frames}{kind.__name__}{f': {error}' if isinstance(error, OtppiError) else ''}"


def set_up(level: str, folder: Path | None = None) -> None:
    """Log to stderr from here on, and with ``folder`` also to ``otppi.log`` there, a few files of a bounded size.

    Levels are debug, info, warning and error. Raises StoreError when the folder cannot be used.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if folder is not None:
        handlers.append(_file_in(folder))
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(Formatter())
    root.handlers[:] = handlers
    root.setLevel(_LEVELS[level])
    for noisy in ("cherrypy", "cheroot", "pykka"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, _LEVELS[level]))


def _file_in(folder: Path) -> logging.Handler:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return RotatingFileHandler(folder / "otppi.log", maxBytes=MOST_BYTES, backupCount=OLD_FILES, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The folder for log files, {folder}, cannot be used: {error.strerror}.") from error
