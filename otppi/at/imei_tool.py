"""The IMEI: read and looked at, and written where a family of modems has a command for it that is known (TS 23.003 section 6.2.1)."""

import re
from dataclasses import dataclass

from otppi.at.dialogue import Command, Script
from otppi.at.results import DEAD
from otppi.domain.errors import Mistake

WRITE_LIMIT_S = 20.0
TAC_DIGITS = 8
LAW = ("In many countries the law forbids to change an IMEI, and networks bar doubles; write only the one that the modem's label shows. "
       "The modem may have to be restarted before the new one counts.")
_WRITERS = (
    (r"quectel|mediatek|mtk", 'AT+EGMR=1,7,"{}"'),  # Quectel and MediaTek: record 7 is the IMEI
    (r"simcom", "AT+SIMEI={}"),
    (r"fibocom", 'AT+GTSN=1,7,"{}"'),
)
"""What the maker's name holds, and the command that writes."""


@dataclass(frozen=True, slots=True)
class Imei:
    """What a modem tells: its IMEI (15 digits, or what it says instead) and its maker and model."""

    imei: str
    manufacturer: str = ""
    model: str = ""

    @property
    def valid(self) -> bool:
        """Whether it is 15 digits with the right check digit."""
        return re.fullmatch("[0-9]{15}", self.imei) is not None and check_digit(self.imei[:14]) == self.imei[14]

    @property
    def tac(self) -> str:
        """The type allocation code, which names maker and model."""
        return self.imei[:TAC_DIGITS]

    @property
    def writable(self) -> bool:
        """Whether a command is known that writes it."""
        return bool(_writer(self.manufacturer))

    def in_words(self) -> str:
        """Say in a sentence what is wrong with it, or that nothing is."""
        if not self.imei:
            return "The modem tells no IMEI."
        return "The check digit is right." if self.valid else "It is no valid IMEI: its check digit (Luhn) or its length is wrong."


@dataclass(frozen=True, slots=True)
class Written:
    """What became of writing, in a sentence. ``done`` None: the modem fell silent before it said so."""

    done: bool | None
    said: str


def check_digit(digits: str) -> str:
    """Give the Luhn digit that follows these (ISO/IEC 7812, TS 23.003 annex B)."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def checked(text: str, again: str, *, allowed: bool) -> str:
    """Give an IMEI that may be written. Raises Mistake: it is off, differs from what was typed again, or is none."""
    if not allowed:
        raise Mistake("Writing an IMEI is off. The owner of the machine turns it on in the site file: [gates] imei_write = true.")
    if not Imei(text).valid:
        raise Mistake("That is no IMEI: it has 15 digits, of which the last is the check digit (Luhn).")
    if text != again:
        raise Mistake("The IMEI that was typed again is another one; nothing was written.")
    return text


def read() -> Script:
    """Ask for the IMEI. Returns Imei; empty when the modem does not tell or is silent."""
    said = []
    for text, pattern in (("AT+CGMI", r"\S.*"), ("AT+CGMM", r"\S.*"), ("AT+CGSN", r"\d[\d -]{12,18}\d")):
        answer = yield Command(text, expects=f"{text[2:]}:")
        lines = [line.removeprefix(f"{text[2:]}:").strip().strip('"') for line in answer.lines]
        found = next((found[0] for line in lines if (found := re.search(pattern, line))), "")
        said.append(found if answer.final.ok else "")
    manufacturer, model, imei = said
    return Imei(re.sub(r"[ -]", "", imei), manufacturer, model)


def write(new: str) -> Script:
    """Write an IMEI that :func:`checked` gave, and read it back. Returns Written."""
    before: Imei = yield from read()
    writer = _writer(before.manufacturer)
    if before.imei == new:
        return Written(done=True, said="That is the modem's IMEI already; nothing was written.")
    if not writer:
        return Written(done=False, said="This modem's IMEI cannot be written by known commands.")
    answer = yield Command(writer.format(new), WRITE_LIMIT_S)
    if answer.final.kind in DEAD:
        return Written(done=None, said=f"The modem did not say whether it took the IMEI ({answer.final}); read it once the modem is back.")
    if not answer.final.ok:
        return Written(done=False, said=f"The modem refused the IMEI ({answer.final}).")
    after: Imei = yield from read()
    if after.imei == new:
        return Written(done=True, said="The modem has the new IMEI. Settings that find it as imei:… need the new one too.")
    return Written(done=True, said="The modem took the IMEI and still tells the old one: restart it, then read it again.")


def _writer(manufacturer: str) -> str:
    return next((text for maker, text in _WRITERS if re.search(maker, manufacturer, re.IGNORECASE)), "")
