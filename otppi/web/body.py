"""The body of a request, sized or chunked, never more of it in memory than its limit."""

import re
from typing import Any

from otppi.domain.errors import NotUnderstood
from otppi.web.answers import Environ

LIMIT = 64 * 1024  # bytes; SPEC A2
_LINE = 1024  # bytes of a chunk's head or of a trailer
_TRAILERS = 32
_SIZE = re.compile(rb"\s*([0-9a-fA-F]{1,8})\s*(;.*)?\r\n")
_CRLF = b"\r\n"


class BadBody(NotUnderstood):
    """The body cannot be taken; ``status`` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


def read(environ: Environ, limit: int = LIMIT) -> bytes:
    """Read the whole body. Raises :class:`BadBody` for one that is too large, torn or too slow (the server's limit)."""
    stream = environ["wsgi.input"]
    try:
        if environ.get("wsgi.input_terminated"):
            return _chunked(stream, limit)
        return _sized(stream, environ.get("CONTENT_LENGTH") or "0", limit)
    except TimeoutError:
        raise BadBody(408, "The body did not come in time.") from None
    except ConnectionError:
        raise BadBody(400, "The client left.") from None


def _sized(stream: Any, length: str, limit: int) -> bytes:
    size = int(length)  # the connection has let only digits through
    if size > limit:
        raise _too_large(limit)
    data: bytes = stream.read(size)
    if len(data) < size:
        raise BadBody(400, "The body ended before its Content-Length.")
    return data


def _chunked(stream: Any, limit: int) -> bytes:
    """Read by RFC 9112, 7.1. cheroot's own reader takes a chunk of any size and leaves the trailer in the line."""
    source = stream.rfile
    data = bytearray()
    while size := _chunk_size(source.readline(_LINE)):
        if len(data) + size > limit:
            raise _too_large(limit)
        chunk = source.read(size)
        if len(chunk) < size or source.read(2) != _CRLF:
            raise _torn()
        data += chunk
    for _ in range(_TRAILERS):
        line = source.readline(_LINE)
        if line == _CRLF:
            stream.closed = True  # tells the listener that nothing of this request is left in the line
            return bytes(data)
        if not line.endswith(_CRLF):
            break
    raise _torn()


def _chunk_size(line: bytes) -> int:
    match = _SIZE.fullmatch(line)
    if match is None:
        raise _torn()
    return int(match[1], 16)


def _torn() -> BadBody:
    return BadBody(400, "The chunked body is broken.")


def _too_large(limit: int) -> BadBody:
    return BadBody(413, f"The body is larger than {limit // 1024} KiB.")
