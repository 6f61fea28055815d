"""What a modem says, fit to be shown to others: identities and phone numbers are cut, in plain digits and in UCS-2."""

import re

from otppi.domain.msisdn import mask

IDENTITY_DIGITS = 14
"""Digits from which on a figure can be an IMEI, IMSI or ICCID."""
NUMBER_DIGITS = 7
KEPT = 6
"""Of an identity: maker, or country and network, or issuer; no person."""
_WIDE_DIGITS = re.compile(r"(?:00[23][0-9Bb])*(?:003[0-9]){4,}")
_SWAPPED_OR_LONG = re.compile(rf"\d{{{IDENTITY_DIGITS},}}[Ff]?")
_NUMBER = re.compile(rf"\d{{{NUMBER_DIGITS},}}")


def identity(digits: str) -> str:
    """Hide all of an IMEI, IMSI or ICCID but what names maker, network or issuer."""
    return digits[:KEPT] + "X" * (len(digits) - KEPT) if len(digits) > KEPT else "X" * len(digits)


def line(text: str, *, numbers: bool) -> str:
    """Hide identities in a line; with ``numbers`` phone numbers too, where an answer can hold them."""
    text = _WIDE_DIGITS.sub("X", text)
    text = _SWAPPED_OR_LONG.sub(lambda found: identity(found[0]), text)
    return _NUMBER.sub(lambda found: mask(found[0]), text) if numbers else text
