"""How a text becomes the parts of one SMS (3GPP TS 23.040 sections 9.2.3.24.1 and 9.2.3.24.8)."""

import itertools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from otppi.at import gsm7

__all__ = ["MAX_PARTS", "Alphabet", "Concat", "Segment", "count", "split"]

MAX_PARTS = 255  # the part's number and their total are one octet each

# User data is 140 octets; a header of 6 octets (8-bit reference) or 7 (16-bit reference) is taken off each part.
_SINGLE = {"gsm7": 160, "ucs2": 70}
_PART = {"gsm7": 153, "ucs2": 67}
_PART_WIDE = {"gsm7": 152, "ucs2": 66}

_ZWJ = "\u200d"


class Alphabet(StrEnum):
    """How a message's text lies in its user data."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"  # in practice UTF-16: phones show characters beyond the basic plane
    DATA = "data"  # 8-bit data of the sender's own; read as Latin-1, for want of better


@dataclass(frozen=True)
class Concat:
    """Which part of which message: the concatenation element of a user data header."""

    reference: int
    """The same in all parts of a message: 0 to 255, or to 65535 when wide."""
    total: int
    """Parts of the message, 1 to 255."""
    number: int
    """This part, counted from 1."""
    wide: bool = False
    """A 16-bit reference (element 0x08), else an 8-bit one (element 0x00)."""


@dataclass(frozen=True)
class Segment:
    """What one SMS carries of a text."""

    text: str = field(repr=False)
    alphabet: Alphabet
    concat: Concat | None
    """None when the text fits one SMS."""


def count(text: str) -> int:
    """How many SMS the text takes with an 8-bit reference; an empty one takes 1.

    More than MAX_PARTS is told as it is; `split` is what refuses. Raises TextError as `split` does.
    """
    return len(_pieces(text, _alphabet(text), _PART))


def split(text: str, reference: int = 0, *, wide: bool = False) -> tuple[Segment, ...]:
    """The parts of a text, in order: at most 160 septets or 70 UTF-16 units alone, 153 or 67 in a part (152, 66 wide).

    No extension character and no surrogate pair is cut; a letter with its marks and a joined emoji stay whole where
    that costs no further part. The reference may come from a counter that runs on: only its low 8 bits
    (16 when wide) are used. Raises TextError if more than 255 parts are needed or half a surrogate pair stands alone.
    """
    alphabet = _alphabet(text)
    pieces = _pieces(text, alphabet, _PART_WIDE if wide else _PART)
    if len(pieces) == 1:
        return (Segment(text, alphabet, None),)
    if len(pieces) > MAX_PARTS:
        raise gsm7.TextError(f"The text needs {len(pieces)} SMS; one message can have at most {MAX_PARTS}")
    reference &= 0xFFFF if wide else 0xFF
    return tuple(
        Segment(piece, alphabet, Concat(reference, len(pieces), number, wide)) for number, piece in enumerate(pieces, 1)
    )


def _alphabet(text: str) -> Alphabet:
    return Alphabet.UCS2 if gsm7.septet_count(text) is None else Alphabet.GSM7


def _pieces(text: str, alphabet: Alphabet, part: dict[str, int]) -> list[str]:
    if _cost(text, alphabet) <= _SINGLE[alphabet]:
        return [text]
    limit = part[alphabet]
    cut = _fill(text, alphabet, limit)
    if alphabet is Alphabet.GSM7:
        return cut
    clusters = _clusters(text)
    if max(map(_units, clusters)) > limit:
        return cut
    kept_whole = _fill(clusters, alphabet, limit)
    return kept_whole if len(kept_whole) == len(cut) else cut


def _cost(text: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return len(gsm7.encode(text))
    return _units(text)


def _units(text: str) -> int:
    try:
        return len(text.encode("utf-16-be")) // 2
    except UnicodeEncodeError:
        # Not chained: the codec's own error carries the whole text.
        raise gsm7.TextError("The text has half of a surrogate pair: it was cut within a character") from None


def _fill(atoms: Iterable[str], alphabet: Alphabet, limit: int) -> list[str]:
    """Pack atoms into pieces, each as full as it gets: the fewest that keep the order."""
    pieces: list[list[str]] = [[]]
    room = limit
    for atom in atoms:
        cost = _cost(atom, alphabet)
        if cost > room:
            pieces.append([])
            room = limit
        pieces[-1].append(atom)
        room -= cost
    return ["".join(piece) for piece in pieces]


def _clusters(text: str) -> list[str]:
    """What a reader sees as one character, nearly as Unicode UAX 29 has it: good enough to choose where to cut."""
    clusters = [text[0]]
    for before, character in itertools.pairwise(text):
        if _extends(character) or before == _ZWJ or (_is_regional(character) and _is_lone_regional(clusters[-1])):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _extends(character: str) -> bool:
    return (
        character == _ZWJ
        or unicodedata.category(character).startswith("M")  # marks, variation selectors, the keycap
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags of a region's flag
    )


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_lone_regional(cluster: str) -> bool:
    return len(cluster) == 1 and _is_regional(cluster)
