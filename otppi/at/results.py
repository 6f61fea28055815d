"""Final result codes, and what each says about a message (TS 27.005 section 3.2.5, TS 24.011 Annex E-2, TS 27.007 9.2)."""

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a command ended."""

    OK = "OK"
    PROMPT = "prompt"
    ERROR = "ERROR"
    CMS = "+CMS ERROR"
    CME = "+CME ERROR"
    TIMEOUT = "no answer"
    LOST = "port lost"


DEAD = {Kind.TIMEOUT, Kind.LOST}
"""Ends that tell nothing of the command, only that nobody answers."""


@dataclass(frozen=True, slots=True)
class Final:
    """The end of a command. ``code`` is the number of a CMS or CME error, else None."""

    kind: Kind
    code: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.kind is Kind.OK

    def __str__(self) -> str:
        return self.kind.value if self.code is None else f"{self.kind.value} {self.code}"


_ERROR = re.compile(r"\+(CMS|CME) ERROR:\s*(.*)")
_UNKNOWN_ERROR = 500  # of +CMS ERROR; a modem that ignores CMEE=1 says it in words (TS 27.005, 3.2.5)
_PLAIN_ERRORS = {"ERROR", "COMMAND NOT SUPPORT", "NO CARRIER", "TOO MANY PARAMETERS", "NOT SUPPORT"}


def parse_final(line: str) -> Final | None:
    """Read a final result code, None when the line is none.

    Text in place of a number (CMEE=2) has no code, but for "unknown error": it leaves the fate of a message open.
    """
    if line == "OK":
        return Final(Kind.OK)
    if line in _PLAIN_ERRORS:
        return Final(Kind.ERROR)
    match = _ERROR.fullmatch(line)
    if match is None:
        return None
    kind, said = Kind[match[1]], match[2].strip()
    if said.isdecimal():
        return Final(kind, int(said))
    return Final(kind, _UNKNOWN_ERROR if kind is Kind.CMS and said.lower() == "unknown error" else None)


class Meaning(Enum):
    """What an error says: the classes of failure."""

    BUSY = "the modem is busy"
    MESSAGE = "the network refused the message"
    SIM = "the SIM may not send"
    NETWORK = "the network cannot take it now"
    MEMORY = "the modem's store is full or damaged"
    UNKNOWN = "nobody knows what became of it"


_FROM_VENDOR = 512  # codes from here on are the vendor's own (TS 27.005, 3.2.5)
_CMS: tuple[tuple[frozenset[int], Meaning], ...] = (
    (frozenset({301, 314, 512}), Meaning.BUSY),
    (frozenset({1, 28, 30, 50, 69, *range(96, 100), 304, 305}), Meaning.MESSAGE),
    (frozenset({8, 10, 29, *range(310, 314), *range(315, 319), 330}), Meaning.SIM),
    (frozenset({17, 21, 22, 38, 41, 42, 47, 331, 332}), Meaning.NETWORK),
    (frozenset({320, 321, 322}), Meaning.MEMORY),
    (frozenset({350, 500}), Meaning.UNKNOWN),
)
_CME: tuple[tuple[frozenset[int], Meaning], ...] = (
    (frozenset({14, 515}), Meaning.BUSY),
    (frozenset({5, 6, 7, 10, 11, 12, 13, 15, 16, 17, 18}), Meaning.SIM),
    (frozenset({30, 31, 32}), Meaning.NETWORK),
    (frozenset({20, 21, 22, 23}), Meaning.MEMORY),
)


def meaning(final: Final) -> Meaning:
    """Tell what an error means for the message that it answers; the first matching row wins.

    An error without a row is the network's or modem's clear no; only vendor codes, a time-out and a lost port leave
    the fate open.
    """
    if final.kind in DEAD:
        return Meaning.UNKNOWN
    for codes, said in _CMS if final.kind is Kind.CMS else _CME if final.kind is Kind.CME else ():
        if final.code in codes:
            return said
    if final.code is not None and final.code >= _FROM_VENDOR:
        return Meaning.UNKNOWN
    return Meaning.MESSAGE
