"""Bytes of a modem cut into lines and prompts; survives junk, partial and glued input."""

MAX_LINE = 4096  # bytes; the longest real one is a PDU of 352 hex digits behind a header
PROMPT = "> "
"""What :meth:`LineReader.feed` gives for the prompt of +CMGS, which ends with no line break (TS 27.005, 3.5.1)."""


class LineReader:
    """Collects bytes and gives whole lines, without line ends, blank ones left out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """Take bytes, give the lines they complete. A line longer than :data:`MAX_LINE` is thrown away; never raises."""
        self._buffer += data
        pieces = self._buffer.replace(b"\r", b"\n").split(b"\n")
        self._buffer = pieces.pop()
        lines = []
        for piece in pieces:
            if self._skipping:
                self._skipping = False
            elif text := piece.strip(b" \t\0"):
                lines.append(text.decode("latin-1"))
        if self._buffer.lstrip(b" \0").rstrip(b" ") == b">" and not self._skipping:
            self._buffer.clear()
            lines.append(PROMPT)
        if len(self._buffer) > MAX_LINE:
            self._buffer.clear()
            self._skipping = True
        return lines
