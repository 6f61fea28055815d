"""Log lines on stderr: one line an event, no values of strangers in them."""

import logging
import sys
import traceback
from types import TracebackType

from otppi.domain.errors import OtppiError

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


def set_up(level: str) -> None:
    """Log to stderr from here on; levels are debug, info, warning and error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for noisy in ("cherrypy", "cheroot", "pykka"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, _LEVELS[level]))
