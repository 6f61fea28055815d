"""Text between program and modem in the character set of `+CSCS` (TS 27.007 section 5.5)."""

from typing import Final

from otppi.at import gsm7
from otppi.virtual.refusals import cms

UCS2_WIDTH: Final = 4
"""Hex digits of a character."""


def from_program(raw: bytes, charset: str) -> str:
    """What the program means; +CMS ERROR: 305 for what is not of that set."""
    if charset == "UCS2":
        try:
            return bytes.fromhex(raw.decode("ascii")).decode("utf-16-be", "surrogatepass")
        except ValueError:
            raise cms(305) from None
    if charset == "HEX":
        try:
            return gsm7.decode(bytes.fromhex(raw.decode("ascii")))
        except ValueError:
            raise cms(305) from None
    if charset == "GSM":
        return gsm7.decode(raw)
    return raw.decode("latin-1")


def to_program(text: str, charset: str) -> str:
    """The characters to write, one a byte; a question mark where the set has none."""
    if charset == "UCS2":
        return text.encode("utf-16-be", "surrogatepass").hex().upper()
    known = "".join(char if gsm7.septet_count(char) is not None else "?" for char in text)
    if charset == "HEX":
        return gsm7.encode(known).hex().upper()
    if charset == "GSM":
        return gsm7.encode(known).decode("latin-1")
    return text.encode("latin-1", "replace").decode("latin-1")


def address_from_program(value: str, charset: str) -> str:
    """A phone number in a command: digits, without the plus; hex of UCS-2 is understood where CSCS says so."""
    if charset == "UCS2" and len(value) >= UCS2_WIDTH and len(value) % UCS2_WIDTH == 0 and value.startswith("00"):
        value = from_program(value.encode("latin-1", "replace"), charset)
    return value.removeprefix("+")


def address_to_program(address: str, charset: str) -> str:
    """A sender in an answer: with a plus when it is an international number."""
    shown = f"+{address}" if address.isdigit() and len(address) > 6 else address
    return to_program(shown, "UCS2") if charset == "UCS2" else shown
