"""MSISDN: the number of a subscriber in ITU-T E.164 digits, without a plus sign."""

import re

from otppi.domain.errors import BadNumber

MIN_DIGITS = 8  # country code and subscriber; the shortest national plans stay above this
MAX_DIGITS = 15  # E.164, section 6.2.1
_SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")  # +62 (0)812: the zero is for national calls only
_DIGITS = re.compile(r"[0-9]+")


def canonical(text: str, country_code: str) -> str:
    """Give the E.164 digits of a number written in any usual way.

    ``+62 812-666``, ``0062812666`` and, with country code 62, ``0812666`` are the same number.
    Raises :class:`BadNumber` for anything else; the number itself is not repeated in the error.
    """
    digits = _digits(text, country_code)
    if digits.startswith("0"):
        raise BadNumber("The receiver is no phone number: after the country code prefix it begins with 0.")
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        raise BadNumber(f"The receiver is no phone number: {MIN_DIGITS} to {MAX_DIGITS} digits are expected, not {len(digits)}.")
    return digits


def canonical_prefix(text: str, country_code: str) -> str:
    """Give a prefix of canonical numbers: ``0871`` becomes ``62871`` with country code 62."""
    digits = _digits(text, country_code)
    if digits.startswith("0") or len(digits) > MAX_DIGITS:
        raise BadNumber("That is no prefix of phone numbers.")
    return digits


def mask(number: str) -> str:
    """Hide the last three digits, as logs, pages and events show a number."""
    return number[:-3] + "XXX" if len(number) > 3 else "XXX"


def _digits(text: str, country_code: str) -> str:
    bare = text.strip()
    if bare.lstrip("(").startswith(("+", "00")):
        bare = _TRUNK_ZERO.sub("", bare)
    bare = _SEPARATORS.sub("", bare)
    if bare.startswith("+"):
        bare = bare[1:]
    elif bare.startswith("00"):
        bare = bare[2:]
    elif bare.startswith("0"):
        bare = country_code + bare[1:]
    if not _DIGITS.fullmatch(bare):
        raise BadNumber("The receiver is no phone number: only digits, +, spaces, dots, dashes and brackets are understood."
                        if bare else "The receiver is empty.")
    return bare
