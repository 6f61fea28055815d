"""Final result codes of refusal: `+CME ERROR` (TS 27.007 section 9.2) and `+CMS ERROR` (TS 27.005 section 3.2.5)."""

from collections.abc import Mapping
from typing import Final

CME_WORDS: Final[Mapping[int, str]] = {
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    20: "memory full",
    21: "invalid index",
    22: "not found",
    23: "memory failure",
    24: "text string too long",
    25: "invalid characters in text string",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    50: "incorrect parameters",
    100: "unknown",
    515: "please wait, init or command processing in progress",
}
"""What CMEE=2 says in place of the number."""


class RefusedError(Exception):
    """A command ends with a refusal; the modem turns it into the final result code that CMEE asks for."""

    def __init__(self, family: str, code: int) -> None:
        super().__init__(family, code)
        self.family = family
        self.code = code


def cme(code: int) -> RefusedError:
    """A refusal of the mobile equipment."""
    return RefusedError("CME", code)


def cms(code: int) -> RefusedError:
    """A refusal of the message service."""
    return RefusedError("CMS", code)


def plain() -> RefusedError:
    """Bare ERROR, whatever CMEE says: bad syntax or an unknown command."""
    return RefusedError("", 0)


def final_line(refusal: RefusedError, cmee: int) -> str:
    """The words of the final result code.

    The 27.005 codes do not depend on CMEE: most modems give the number always.
    """
    if refusal.family == "CMS":
        return f"+CMS ERROR: {refusal.code}"
    if refusal.family == "CME" and cmee == 1:
        return f"+CME ERROR: {refusal.code}"
    if refusal.family == "CME" and cmee == 2:
        return f"+CME ERROR: {CME_WORDS.get(refusal.code, 'unknown')}"
    return "ERROR"
