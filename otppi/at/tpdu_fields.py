"""The small fields of a TPDU: addresses, time stamps, validity periods (3GPP TS 23.040 sections 9.1.2 and 9.2.3)."""

import re
from datetime import UTC, datetime, timedelta, timezone

from otppi.at import gsm7

__all__ = [
    "MAX_DIGITS",
    "NO_TIME",
    "PduError",
    "Reader",
    "decode_address",
    "decode_timestamp",
    "decode_validity",
    "encode_address",
    "encode_timestamp",
    "encode_validity",
    "smsc_part",
]

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time stamp that is no date: some SMSC send zeros, and a message is worth more than its date."""

_TYPE_UNKNOWN = 0x81  # type of number 0, numbering plan E.164; the highest bit is always set
_TYPE_INTERNATIONAL = 0x91
_TYPE_ALPHANUMERIC = 0xD0
_TYPE_OF_NUMBER = 0x70

MAX_DIGITS = 20  # TS 23.040 section 9.1.2.5: an address value takes at most ten octets
_SHORT_CODE_DIGITS = 6
_DIALLABLE = re.compile(r"[0-9*#]{1,20}")

# TS 24.008 table 10.5.118; the last one fills up an odd count.
_SEMI_OCTETS = "0123456789*#abc"
_FILLER = "f"
_TO_NIBBLES = str.maketrans({character: format(value, "x") for value, character in enumerate(_SEMI_OCTETS)})
_FROM_NIBBLES = str.maketrans({format(value, "x"): character for value, character in enumerate(_SEMI_OCTETS)})

_MINUTE, _HOUR, _DAY, _WEEK = 60, 3600, 86400, 604800  # seconds
_QUARTER = timedelta(minutes=15)
_MAX_QUARTERS = 79  # two digits, the first of them in three bits
_WEST = 0x08


class PduError(ValueError):
    """A PDU that breaks TS 23.040, or what no PDU can carry; the message quotes neither text nor number."""


class Reader:
    """Takes octets off the front of a PDU; running short is a PduError that names the field."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int, what: str) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise PduError(f"The PDU ends within its {what}")
        self._at += count
        return taken

    def octet(self, what: str) -> int:
        return self.take(1, what)[0]


def encode_address(address: str) -> bytes:
    """TP-DA, TP-OA or TP-RA: the length in semi-octets, the type, the value.

    Digits go as an international number, without their +; up to six of them, a leading zero (which no E.164 number
    has) or a star or hash as a number of unknown type; anything else as a name in the GSM alphabet, at most 11
    septets. Raises PduError if it is none of these.
    """
    if _DIALLABLE.fullmatch(address):
        international = address.isdigit() and len(address) > _SHORT_CODE_DIGITS and not address.startswith("0")
        kind = _TYPE_INTERNATIONAL if international else _TYPE_UNKNOWN
        return bytes((len(address), kind)) + _semi_octets(address)
    septet_count = gsm7.septet_count(address)
    semi_octets = -(-(septet_count or 0) * 7 // 4)
    if not 0 < semi_octets <= MAX_DIGITS:
        raise PduError("An address is 1 to 20 digits, or a name of 1 to 11 characters of the GSM alphabet")
    return bytes((semi_octets, _TYPE_ALPHANUMERIC)) + gsm7.pack(gsm7.encode(address))


def decode_address(reader: Reader, what: str) -> str:
    """The digits without a +, whatever the type of number, or the name."""
    length = reader.octet(what)
    if length > MAX_DIGITS:
        raise PduError(f"The PDU's {what} is longer than {MAX_DIGITS} digits")
    kind = reader.octet(what)
    value = reader.take((length + 1) // 2, what)
    if kind & _TYPE_OF_NUMBER == _TYPE_ALPHANUMERIC & _TYPE_OF_NUMBER:
        return gsm7.decode(gsm7.unpack(value, length * 4 // 7))
    return _nibbles(value)[:length].rstrip(_FILLER).translate(_FROM_NIBBLES)


def smsc_part(smsc: str) -> bytes:
    """The SMSC part before a TPDU: one zero octet for "as the SIM has it", else the number, with or without its +.

    Its length counts octets, unlike an address's (TS 27.005 section 3.1, TS 24.011 section 8.2.5.1).
    """
    if not smsc:
        return b"\0"
    digits = smsc.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise PduError("The SMSC's number is 1 to 20 digits, with or without a + before them")
    value = _semi_octets(digits)
    return bytes((1 + len(value), _TYPE_INTERNATIONAL)) + value


def encode_timestamp(when: datetime) -> bytes:
    """TP-SCTS and its like: local time in swapped digits, and the zone in quarters of an hour (9.2.3.11).

    Whole seconds; a zone that is not of quarters, or beyond 19:45, is written as UTC. NO_TIME becomes zeros.
    """
    if when == NO_TIME:
        return bytes(7)
    offset = when.utcoffset()
    if offset is None:
        raise PduError("A time stamp needs a time zone")
    quarters, odd = divmod(abs(offset), _QUARTER)
    if odd or quarters > _MAX_QUARTERS:
        when, quarters = when.astimezone(UTC), 0
    if not 2000 <= when.year <= 2099:
        raise PduError("A time stamp lies in the years 2000 to 2099")
    stamp = bytearray(_semi_octets(f"{when:%y%m%d%H%M%S}{quarters:02d}"))
    if offset < timedelta(0) and quarters:
        stamp[-1] |= _WEST
    return bytes(stamp)


def decode_timestamp(stamp: bytes) -> datetime:
    """Seven octets as a time with its zone; NO_TIME if they are no date, UTC if the zone is no number."""
    digits = _nibbles(stamp[:6])
    try:
        year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return NO_TIME
    zone = _nibbles(bytes((stamp[6] & ~_WEST,)))
    offset = _QUARTER * int(zone) if zone.isdigit() else timedelta(0)
    return local.replace(tzinfo=timezone(-offset if stamp[6] & _WEST else offset))


def encode_validity(seconds: int) -> int:
    """TP-VP in its relative form, rounded up to the next step and at most 63 weeks (9.2.3.12.1)."""
    if seconds <= 0:
        raise PduError("A validity period is longer than nothing")
    if seconds <= 12 * _HOUR:
        return -(-seconds // (5 * _MINUTE)) - 1
    if seconds <= _DAY:
        return 143 + -(-(seconds - 12 * _HOUR) // (30 * _MINUTE))
    if seconds <= 30 * _DAY:
        return 166 + -(-seconds // _DAY)
    return min(192 + -(-seconds // _WEEK), 255)


def decode_validity(octet: int) -> int:
    """The seconds of a relative TP-VP."""
    if octet <= 143:
        return (octet + 1) * 5 * _MINUTE
    if octet <= 167:
        return 12 * _HOUR + (octet - 143) * 30 * _MINUTE
    if octet <= 196:
        return (octet - 166) * _DAY
    return (octet - 192) * _WEEK


def _semi_octets(digits: str) -> bytes:
    nibbles = digits.translate(_TO_NIBBLES)
    if len(nibbles) % 2:
        nibbles += _FILLER
    return bytes.fromhex("".join(nibbles[at + 1] + nibbles[at] for at in range(0, len(nibbles), 2)))


def _nibbles(octets: bytes) -> str:
    swapped = octets.hex()
    return "".join(swapped[at + 1] + swapped[at] for at in range(0, len(swapped), 2))
