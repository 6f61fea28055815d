"""Redis' answers without what is too large in them, so that a stream's entry is told of, and acknowledged, whatever its size."""

import re

from otppi.adapters.brokers.wire import READ_BYTES, Line, TooMuch

MOST_BULK_BYTES = 1024 * 1024
"""Of one string: sixteen times what a request may have, and little enough for an answer that holds a window of them."""
MOST_PASSING_BYTES = 1 << 30  # twice what Redis takes at most
_HEAD = re.compile(rb"\$(\d{1,18})\r\n")


class BulkLine(Line):
    """Gives strings that are too large as empty ones; they are read off and not held."""

    _head = b""
    _left = 0
    """Bytes of a string, with the line end after it, that are still to come."""
    _leave_out = False

    def recv(self, size: int) -> bytes:
        """Read. Raises OSError."""
        while data := self.read(min(size, READ_BYTES)):
            if taken := self._sifted(data):
                self.count(taken)
                return taken
        return b""

    def _sifted(self, data: bytes) -> bytes:
        """Give what is to be seen of it: RESP2 is lines, and after a line of ``$`` a string of so many bytes."""
        given = bytearray()
        while data:
            if self._left:
                part, data = data[:self._left], data[self._left:]
                self._left -= len(part)
                if not self._leave_out:
                    given += part
                continue
            line, end, data = (self._head + data).partition(b"\n")
            self._head = b"" if end else line
            if len(self._head) > READ_BYTES:
                raise TooMuch
            given += self._begun(line + end) if end else b""
        return bytes(given)

    def _begun(self, line: bytes) -> bytes:
        head = _HEAD.fullmatch(line)
        if head is None:
            return line
        length = int(head[1])
        if length > MOST_PASSING_BYTES:
            raise TooMuch
        self._left = length + 2
        self._leave_out = length > MOST_BULK_BYTES
        return b"$0\r\n\r\n" if self._leave_out else line
