"""Plain WSGI answers: what every door of this package says in the same way."""

import logging
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Headers = Iterable[tuple[str, str]]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_log = logging.getLogger(__name__)


def send(environ: Environ, start: StartResponse, status: int, body: bytes, content_type: str = JSON, more: Headers = ()) -> list[bytes]:
    """Answer; the body is kept back when only its head was asked for."""
    start(_STATUS[status], [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        *more,
    ])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def log_failure(doing: str, failure: BaseException) -> None:
    """Log an unexpected exception with its class and trace; its text may hold what a client sent and is left out."""
    trace = "".join(traceback.format_tb(failure.__traceback__))
    _log.error("%s failed: %s\n%s", doing, type(failure).__name__, trace)
