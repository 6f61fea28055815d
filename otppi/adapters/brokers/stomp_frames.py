"""STOMP's frames in what comes by a wire, so that the library sees whole ones only, and none that is larger than we take."""

import re

from otppi.adapters.brokers.wire import MOST_BYTES, TooMuch

MOST_HEAD_BYTES = 65_536
MOST_PASSING_BYTES = 1 << 30
"""Of a message that is let go by: twice what RabbitMQ takes at most. It is not held, yet it keeps the next ones waiting."""
_END_OF_HEAD = re.compile(rb"\n\n|\r\n\r\n")  # as the library sees it, like the next
_LENGTH = re.compile(rb"^content-length:\s*(\d{1,18})", re.MULTILINE)
_MESSAGE = re.compile(rb"MESSAGE\r?\n(.+\n)*message-id:")


class Frames:
    """Takes bytes as they come. A MESSAGE that is too large is given with its head and without its body, which is held no longer."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._begin(b"")

    def _begin(self, head: bytes) -> None:
        self._body = bytearray()
        self._passed = 0  # bytes of the body, kept or not
        self._in_body = bool(head)
        length = _LENGTH.search(head)
        self._left = int(length[1]) if length else None

    def take(self, data: bytes) -> bytes:
        """Give the frames that are whole now, one after the other. Raises TooMuch."""
        whole = bytearray()
        while data:
            data = self._take_body(data, whole) if self._in_body else self._take_head(data)
        return bytes(whole)

    def _take_head(self, data: bytes) -> bytes:
        """Give what comes after the head; line ends between frames are heart-beats."""
        searched = max(0, len(self._head) - 3)
        self._head += data if self._head else data.lstrip(b"\r\n")
        end = _END_OF_HEAD.search(self._head, searched)
        if end is None:
            if len(self._head) > MOST_HEAD_BYTES:
                raise TooMuch
            return b""
        rest = bytes(self._head[end.end():])
        del self._head[end.end():]
        self._begin(bytes(self._head))
        return rest

    def _take_body(self, data: bytes, whole: bytearray) -> bytes:
        """Give what comes after the frame, when it is whole."""
        if self._left is None:
            end = data.find(b"\0")
        else:
            end = self._left - self._passed if self._passed + len(data) > self._left else -1
        part = data if end < 0 else data[:end]
        self._passed += len(part)
        if self._passed <= MOST_BYTES:
            self._body += part
        else:
            self._let_go()
        if end < 0:
            return b""
        whole += self._head + self._body + b"\0"
        self._head.clear()
        self._begin(b"")
        return data[end + 1:]

    def _let_go(self) -> None:
        if self._passed > MOST_PASSING_BYTES or not _MESSAGE.match(self._head):
            raise TooMuch
        self._body.clear()
        self._head[:] = _LENGTH.sub(b"content-length:0", self._head)
