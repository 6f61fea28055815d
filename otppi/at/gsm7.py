"""The GSM 7-bit default alphabet with its extension table (3GPP TS 23.038, sections 6.1.2.1, 6.2.1 and 6.2.1.1).

A septet travels in the low seven bits of a byte here; `pack` sets septets close together as the air does.
"""

import itertools
import re

__all__ = ["TextError", "decode", "encode", "pack", "septet_count", "unpack"]

_ESC = 0x1B
_MAIN = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

# ESC itself is no character: a text that holds one goes as UCS-2.
_MAIN_CODES = {character: chr(code) for code, character in enumerate(_MAIN) if code != _ESC}
_EXTENSION_CODES = {character: chr(_ESC) + chr(code) for code, character in _EXTENSION.items()}
_ALPHABET = frozenset(_MAIN_CODES) | frozenset(_EXTENSION_CODES)
_TO_SEPTETS = str.maketrans(_MAIN_CODES | _EXTENSION_CODES)

_FROM_MAIN = dict(enumerate(_MAIN))
# The eighth bit of a byte means nothing here, so that no byte can make decode raise.
_LOW_BITS = bytes(byte & 0x7F for byte in range(256))
# A code that the extension table lacks shows the main table's character; ESC ESC, promised to a further table,
# shows a space until there is one (TS 23.038 section 6.2.1.1); so does an ESC with nothing after it.
_FROM_EXTENSION = {"": " "} | {
    chr(code): character for code, character in (_FROM_MAIN | _EXTENSION | {_ESC: " "}).items()
}
_ESCAPED = re.compile(r"\x1b(.?)", re.DOTALL)

_BITS = tuple(format(byte & 0x7F, "07b") for byte in range(256))


class TextError(ValueError):
    """A text that cannot travel as asked; the message never quotes it."""


def septet_count(text: str) -> int | None:
    """How many septets the text takes, an extension character two; None if a character is outside the alphabet."""
    if not _ALPHABET.issuperset(text):
        return None
    return len(text) + sum(map(text.count, _EXTENSION_CODES))


def encode(text: str) -> bytes:
    """One septet a byte; an extension character becomes ESC and its code.

    Raises TextError if a character is outside the alphabet.
    """
    if not _ALPHABET.issuperset(text):
        raise TextError("The text has a character outside the GSM 7-bit alphabet")
    return text.translate(_TO_SEPTETS).encode("latin-1")


def decode(septets: bytes) -> str:
    """The text of septets, one a byte. Never raises: TS 23.038 names a character for every code."""
    codes = septets.translate(_LOW_BITS).decode("ascii")
    if chr(_ESC) not in codes:
        return codes.translate(_FROM_MAIN)
    pieces = _ESCAPED.split(codes)  # plain, escaped, plain, escaped, … plain
    plain = [piece.translate(_FROM_MAIN) for piece in pieces[0::2]]
    escaped = [_FROM_EXTENSION[piece] for piece in pieces[1::2]]
    return "".join(itertools.chain.from_iterable(itertools.zip_longest(plain, escaped, fillvalue="")))


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Septets, one a byte, as octets (TS 23.038 section 6.1.2.1.1), after `fill_bits` (0 to 6) zero bits.

    The fill bits set the text on a septet's border behind a user data header.
    """
    if not septets:
        return b"\0" if fill_bits else b""
    # Text of base two and one int() is several times quicker than shifting septet by septet.
    number = int("".join(map(_BITS.__getitem__, reversed(septets))), 2)
    return (number << fill_bits).to_bytes((7 * len(septets) + fill_bits + 7) // 8, "little")


def unpack(data: bytes, count: int, fill_bits: int = 0) -> bytes:
    """`count` septets, one a byte, out of packed octets whose first `fill_bits` bits are skipped.

    Bits that the data does not have read as zero; who knows the length checks it.
    """
    number = int.from_bytes(data, "little") >> fill_bits
    return bytes((number >> shift) & 0x7F for shift in range(0, 7 * count, 7))
