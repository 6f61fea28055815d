"""WebSocket frames as a server reads and writes them (RFC 6455, section 5): no input makes it wait, grow or raise anything but Violation."""

from dataclasses import dataclass, field
from enum import IntEnum

MOST_BYTES = 65_536
"""Of one message, of all its frames together."""

MOST_CONTROL_BYTES = 125
_FIN, _RESERVED, _KIND, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_TWO_BYTES, _EIGHT_BYTES = 126, 127


class Kind(IntEnum):
    """What a frame is."""

    MORE = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Violation(Exception):
    """The peer broke the rules; ``code`` is the one to close with (section 7.4.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1002, 1007, 1009


@dataclass(slots=True)
class Reader:
    """Takes bytes as they come and gives whole messages, with control frames in between."""

    _rest: bytearray = field(default_factory=bytearray)
    _kind: Kind | None = None  # of the message that has begun
    _parts: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """Give what is complete now. Raises Violation; what came before it is lost then."""
        self._rest += data
        found = []
        while (frame := self._frame()) is not None:
            message = self._joined(*frame)
            if message is not None:
                found.append(message)
        return found

    def _frame(self) -> tuple[bool, Kind, bytes] | None:
        """Take one frame off the bytes, once it is all there."""
        rest = self._rest
        if len(rest) < 2:
            return None
        last, short = bool(rest[0] & _FIN), rest[1] & _LENGTH
        try:
            kind = Kind(rest[0] & _KIND)
        except ValueError:
            raise Violation(PROTOCOL_ERROR) from None
        control = kind >= Kind.CLOSE
        if rest[0] & _RESERVED or not rest[1] & _MASKED or (control and (not last or short > MOST_CONTROL_BYTES)):
            raise Violation(PROTOCOL_ERROR)
        wide = {_TWO_BYTES: 2, _EIGHT_BYTES: 8}.get(short, 0)
        body = 2 + wide + 4
        if len(rest) < body:
            return None
        length = int.from_bytes(rest[2:2 + wide]) if wide else short
        if not control and len(self._parts) + length > MOST_BYTES:
            raise Violation(TOO_BIG)
        if len(rest) < body + length:
            return None
        payload = _masked(bytes(rest[body:body + length]), bytes(rest[body - 4:body]))
        del rest[:body + length]
        return last, kind, payload

    def _joined(self, last: bool, kind: Kind, payload: bytes) -> tuple[Kind, bytes] | None:  # noqa: FBT001
        if kind >= Kind.CLOSE:
            return kind, payload
        if (kind is Kind.MORE) == (self._kind is None):
            raise Violation(PROTOCOL_ERROR)  # a message within a message, or the rest of none
        self._kind = self._kind or kind
        self._parts += payload
        if not last:
            return None
        message = self._kind, bytes(self._parts)
        self._kind = None
        self._parts.clear()
        if message[0] is Kind.TEXT:
            try:
                message[1].decode()
            except UnicodeDecodeError:
                raise Violation(BAD_TEXT) from None
        return message


def frame(kind: Kind, payload: bytes = b"") -> bytes:
    """Give a whole frame as a server sends it: unmasked."""
    length = len(payload)
    if length < _TWO_BYTES:
        size = bytes([length])
    elif length < 1 << 16:
        size = bytes([_TWO_BYTES]) + length.to_bytes(2)
    else:
        size = bytes([_EIGHT_BYTES]) + length.to_bytes(8)
    return bytes([_FIN | kind]) + size + payload


def closing(code: int) -> bytes:
    """Give a close frame."""
    return frame(Kind.CLOSE, code.to_bytes(2))


def _masked(payload: bytes, mask: bytes) -> bytes:
    """XOR with the mask over and over, as one large number: a loop over bytes would be a hundred times slower."""
    length = len(payload)
    pattern = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(pattern)).to_bytes(length)
