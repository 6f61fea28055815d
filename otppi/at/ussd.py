"""USSD over +CUSD (TS 27.007 section 7.15): what is sent, what comes back, and the script between; no I/O.

The network answers with an unasked line after the OK, sometimes before it, and a text in a plain alphabet may hold line
breaks. Codes go out in UCS-2, which every text fits into; a modem that refuses that alphabet gets plain text, and one that is
known for it packed septets. Only what the modem itself called no text it takes is written in another way: nothing left for the
network then, and a code may buy something.
"""

import re
from dataclasses import dataclass, field, replace

from otppi.at import gsm7
from otppi.at.dialogue import Await, Command, Script
from otppi.at.results import DEAD, Final, Kind

SIM_LIMIT_S = 20.0
ANSWER_LIMIT_S = 60.0
"""For the network to answer: what a client waits, less the commands around it."""
MOST_CHARACTERS = 182  # of one message: 160 octets of packed septets (TS 23.038, TS 24.090)
_NO_TEXT = {24, 25, 50}  # of +CME ERROR: too long, invalid characters, incorrect parameters (TS 27.007 section 9.2)
_CR = b"\r"
_LINE = re.compile(r'\s*(\d)\s*(?:,\s*"(?P<text>.*)"\s*(?:,\s*(?P<dcs>\d+))?)?\s*', re.DOTALL)
_ENDED = {2: "The network ended the session.", 3: "Another client of the modem has answered.", 4: "The network does not support this USSD operation.",
          5: "The network did not answer in time."}


@dataclass(frozen=True, slots=True)
class Said:
    """What the network answered: the text, as it came, and whether it waits for further input."""

    text: str = field(repr=False)
    raw: str = field(repr=False)
    open: bool
    coding: str = field(default="", compare=False)
    """How the code was written that was answered: ``ucs2``, ``packed`` or ``plain``."""


@dataclass(frozen=True, slots=True)
class NotSaid:
    """No answer. ``dead`` when the modem itself was silent."""

    why: str
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The session was ended by us."""


def sendable(code: str) -> bool:
    """Tell whether a code or an input can be sent: 1 to 182 characters, none of them a control character."""
    return 0 < len(code) <= MOST_CHARACTERS and code.isprintable()


def dial(code: str, *, packed: bool) -> Script:
    """Send a code, or further input to an open session, and wait for the answer. Returns Said or NotSaid.

    Without ``packed`` it is tried what the modem takes.
    """
    wide = not packed and (yield Command('AT+CSCS="UCS2"')).final.ok
    refused: NotSaid | None = None
    for coding in ("packed",) if packed else ("ucs2", "packed", "plain") if wide else ("plain", "packed"):
        coded = _coded(code, packed=coding == "packed", wide=coding == "ucs2")
        if not coded:
            break
        answer = yield from _ask(coded)
        if coding == "ucs2":
            yield Command('AT+CSCS="GSM"')  # names and numbers are read in it
        if answer.final.ok:
            said = read("\n".join(answer.lines).partition("+CUSD:")[2], packed=coding == "packed", wide=coding == "ucs2")
            return replace(said, coding=coding) if isinstance(said, Said) else said
        refused = _refused(answer.final)
        if answer.final.kind is not Kind.CME or answer.final.code not in _NO_TEXT or answer.lines:
            break
    return refused or NotSaid("The modem takes letters of its plain alphabet only.")


def _ask(coded: str) -> Script:
    """Give a code to the modem. Returns the Answer with the network's, or with why there is none."""
    answer = yield Command(f'AT+CUSD=1,"{coded}",15', SIM_LIMIT_S, expects="+CUSD:")
    if answer.final.ok and not any(line.startswith("+CUSD:") for line in answer.lines):
        answer = yield Await("+CUSD:", ANSWER_LIMIT_S)
        if answer.final.kind is Kind.TIMEOUT:
            yield Command("AT+CUSD=2")  # else the late answer would be taken for the next one's
    return answer


def cancel() -> Script:
    """End an open session. Returns Cancelled or NotSaid."""
    answer = yield Command("AT+CUSD=2", SIM_LIMIT_S)
    return Cancelled() if answer.final.ok else _refused(answer.final)


def read(value: str, *, packed: bool, wide: bool) -> Said | NotSaid:
    """Read what follows ``+CUSD:``: a state, a text in quotes, a data coding scheme (TS 23.038 section 5)."""
    found = _LINE.fullmatch(value)
    if found is None:
        return NotSaid("The modem's answer could not be read.")
    state, raw = int(found[1]), found["text"] or ""
    if not raw and state > 1:
        return NotSaid(_ENDED.get(state, "The network ended the session."))
    if state in {4, 5}:
        return NotSaid(_ENDED[state])
    return Said(decode(raw, int(found["dcs"] or 15), packed=packed, wide=wide), raw, open=state == 1)


def decode(raw: str, dcs: int, *, packed: bool, wide: bool) -> str:
    """Give the text of an answer; what is not the hex that was agreed on is the text itself.

    In UCS-2 a text that the network wrote in GSM 7-bit can hold that alphabet's letters only: other ones say that the modem
    passed packed septets on.
    """
    try:
        octets = bytes.fromhex(raw) if raw.isalnum() else b""
        if octets and (wide or (packed and _ucs2(dcs))) and len(octets) % 2 == 0:
            text = octets.decode("utf-16-be")
            if _ucs2(dcs) or gsm7.septet_count(text) is not None:
                return text
        if octets and (packed or wide):
            text = _unpack(octets)
            return text if packed or (_readable(text) and not raw.isdecimal()) else raw  # digits alone are a figure, such as the credit
    except (ValueError, UnicodeDecodeError):
        return raw
    return raw


def _readable(text: str) -> bool:
    """Whether a text looks like one that was written for people: letters, and nothing that cannot be seen."""
    return any(char.isalpha() for char in text) and all(char.isprintable() or char in "\r\n" for char in text)


def _ucs2(dcs: int) -> bool:
    """Whether the coding is UCS-2: general groups, or language indication first (TS 23.038 section 5)."""
    return dcs == 0x11 or (dcs & 0xC0 == 0x40 and dcs & 0x0C == 0x08)


def _coded(code: str, *, packed: bool, wide: bool) -> str:
    """Give a code as the modem wants it; empty when its alphabet does not hold it."""
    if packed:
        return _pack(code) if gsm7.septet_count(code) is not None else ""
    if wide:
        return code.encode("utf-16-be").hex().upper()
    return code if code.isascii() and '"' not in code else ""


def _pack(code: str) -> str:
    septets = gsm7.encode(code)
    if len(septets) % 8 == 7:
        septets += _CR  # else seven free bits would read as @ (TS 23.038 section 6.1.2.3.1)
    return gsm7.pack(septets).hex().upper()


def _unpack(octets: bytes) -> str:
    septets = gsm7.unpack(octets, len(octets) * 8 // 7)
    if len(octets) % 7 == 0:
        septets = septets.removesuffix(_CR)
    return gsm7.decode(septets)


def _refused(final: Final) -> NotSaid:
    if final.kind is Kind.TIMEOUT:
        return NotSaid("The network did not answer in time.")
    if final.kind in DEAD:
        return NotSaid("The modem was lost before it answered.", dead=True)
    return NotSaid(f"The modem refused it ({final}).")
