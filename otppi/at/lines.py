"""Bytes of a modem cut into lines and prompts; survives junk, partial and glued input."""

MAX_LINE = 4096  # bytes; the longest real one is a PDU of 352 hex digits behind a header
PROMPT = "> "
"""What :meth:`LineReader.feed` gives for the prompt of +CMGS, which ends with no line break (TS 27.005, 3.5.1)."""

_BLANKS = b" \t\0"


class LineReader:
    """Collects bytes and gives whole lines, without line ends, blank ones left out."""

    def __init__(self) -> None:
        self._buffer = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """Take bytes, give the lines they complete; how the bytes were cut into chunks makes no difference.

        A ``>`` at the beginning of a line is a prompt, and what follows it another line. A line longer than
        :data:`MAX_LINE` is thrown away; never raises.
        """
        *whole, rest = (self._buffer + data).replace(b"\r", b"\n").split(b"\n")
        lines: list[str] = []
        for piece in whole:
            text = self._after_prompts(piece, lines).rstrip(_BLANKS)
            if text:
                lines.append(text.decode("latin-1"))
            self._skipping = False
        self._buffer = self._after_prompts(rest, lines)
        return lines

    def _after_prompts(self, piece: bytes, lines: list[str]) -> bytes:
        """Add the prompts that a line begins with, give what is left of it: nothing when it is too long."""
        if self._skipping:
            return b""
        piece = piece.lstrip(_BLANKS)
        while piece.startswith(b">"):
            lines.append(PROMPT)
            piece = piece[1:].lstrip(_BLANKS)
        self._skipping = len(piece) > MAX_LINE
        return b"" if self._skipping else piece
