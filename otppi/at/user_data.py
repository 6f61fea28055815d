"""TP-UD with its header, and the alphabet that TP-DCS names (3GPP TS 23.040 section 9.2.3.24, TS 23.038 section 4)."""

from otppi.at import gsm7
from otppi.at.segments import Alphabet, Concat
from otppi.at.tpdu_fields import PduError, Reader

__all__ = ["decode_dcs", "decode_user_data", "encode_dcs", "encode_user_data"]

_MAX_OCTETS = 140

_IEI_CONCAT = 0x00
_IEI_CONCAT_WIDE = 0x08

_DCS = {Alphabet.GSM7: 0x00, Alphabet.DATA: 0x04, Alphabet.UCS2: 0x08}
# Class 0, shown at once. The group 1111 is the older one and known to all phones; it has no UCS-2.
_DCS_FLASH = {Alphabet.GSM7: 0xF0, Alphabet.DATA: 0xF4, Alphabet.UCS2: 0x18}
_ALPHABET_BITS = {0x04: Alphabet.DATA, 0x08: Alphabet.UCS2}

_GROUP_CLASS = 0xF0
_GROUP_WAITING_UCS2 = 0xE0
_COMPRESSED = 0x20
_HAS_CLASS = 0x10


def encode_dcs(alphabet: Alphabet, *, flash: bool) -> int:
    return (_DCS_FLASH if flash else _DCS)[alphabet]


def decode_dcs(dcs: int) -> tuple[Alphabet, bool]:
    """The alphabet, and whether the message is class 0. Reserved codings mean the GSM alphabet (TS 23.038)."""
    group = dcs & 0xF0
    if group == _GROUP_CLASS:
        return (Alphabet.DATA if dcs & 0x04 else Alphabet.GSM7), not dcs & 0x03
    if group == _GROUP_WAITING_UCS2:
        return Alphabet.UCS2, False
    if group & 0x80:
        return Alphabet.GSM7, False
    flash = bool(dcs & _HAS_CLASS) and not dcs & 0x03
    if dcs & _COMPRESSED:
        return Alphabet.DATA, flash
    return _ALPHABET_BITS.get(dcs & 0x0C, Alphabet.GSM7), flash


def encode_user_data(text: str, alphabet: Alphabet, concat: Concat | None) -> bytes:
    """TP-UDL and TP-UD. Raises TextError if the text is not of the alphabet or does not fit one SMS."""
    header = _encode_header(concat) if concat else b""
    if alphabet is Alphabet.GSM7:
        fill_bits = -8 * len(header) % 7
        septets = gsm7.encode(text)
        length = (8 * len(header) + fill_bits) // 7 + len(septets)
        body = gsm7.pack(septets, fill_bits)
    else:
        body = _encode_octets(text, alphabet)
        length = len(header) + len(body)
    if len(header) + len(body) > _MAX_OCTETS:
        raise gsm7.TextError("The text does not fit one SMS; split it first")
    return bytes((length,)) + header + body


def decode_user_data(reader: Reader, alphabet: Alphabet, *, has_header: bool) -> tuple[str, Concat | None]:
    """The text and which part of what it is.

    The text of a part may begin or end with half of a surrogate pair if its sender cut one; Joiner mends that.
    """
    length = reader.octet("user data length")
    is_gsm7 = alphabet is Alphabet.GSM7
    data = reader.take((7 * length + 7) // 8 if is_gsm7 else length, "user data")
    header = b""
    if has_header:
        header = data[: data[0] + 1] if data else b""
        if not data or len(header) < data[0] + 1:
            raise PduError("The PDU's user data ends within its header")
    concat = _decode_header(header[1:])
    body = data[len(header) :]
    if is_gsm7:
        fill_bits = -8 * len(header) % 7
        count = max(length - (8 * len(header) + fill_bits) // 7, 0)
        return gsm7.decode(gsm7.unpack(body, count, fill_bits)), concat
    if alphabet is Alphabet.UCS2:
        whole = body[: len(body) // 2 * 2].decode("utf-16-be", "surrogatepass")
        return (whole if concat else _without_halves(whole)), concat
    return body.decode("latin-1"), concat


def _encode_octets(text: str, alphabet: Alphabet) -> bytes:
    codec, name = ("utf-16-be", "UCS-2") if alphabet is Alphabet.UCS2 else ("latin-1", "Latin-1")
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        # Not chained: the codec's own error carries the whole text.
        raise gsm7.TextError(f"The text has a character that {name} cannot carry") from None


def _without_halves(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _encode_header(concat: Concat) -> bytes:
    try:
        if concat.wide:
            element = bytes((_IEI_CONCAT_WIDE, 4)) + concat.reference.to_bytes(2, "big")
        else:
            element = bytes((_IEI_CONCAT, 3, concat.reference))
        element += bytes((concat.total, concat.number))
    except (OverflowError, ValueError) as error:
        raise PduError("A part's reference, total or number does not fit its field") from error
    return bytes((len(element),)) + element


def _decode_header(elements: bytes) -> Concat | None:
    """The last concatenation element; None for one that makes no sense or a header whose last element is cut.

    TS 23.040 section 9.2.3.24 says which of these is to be ignored.
    """
    concat = None
    while elements:
        identifier, value = elements[0], elements[2 : 2 + elements[1]] if len(elements) > 1 else b""
        if len(elements) < 2 or len(value) < elements[1]:
            return None
        wide = identifier == _IEI_CONCAT_WIDE
        if (wide and len(value) == 4) or (identifier == _IEI_CONCAT and len(value) == 3):
            *reference, total, number = value
            if 1 <= number <= total:
                concat = Concat(int.from_bytes(reference, "big"), total, number, wide)
        elements = elements[2 + len(value) :]
    return concat
