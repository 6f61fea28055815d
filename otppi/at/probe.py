"""What a port answers: a fixed list of questions that change nothing, and the answers as they come."""

from dataclasses import dataclass, field
from typing import Any

from otppi.at import masking
from otppi.at.dialogue import Command, Escape, Pause, Script
from otppi.at.results import DEAD, Kind

BAUD_RATES = (115200, 9600, 57600, 38400, 19200, 460800)
"""In the order to try; the first is most modules' own, the second RS-232 terminals'."""
GREET_LIMIT_S = 1.0
GREET_TRIES = 2
QUIET_S = 0.5
SIM_LIMIT_S = 20.0
LIST_LIMIT_S = 30.0
NETWORK_LIMIT_S = 45.0
SILENT_MOST = 2
"""Questions in a row without an answer after which the port counts as silent."""


@dataclass(frozen=True, slots=True)
class Question:
    """A command, how long its answer may take, and whether phone numbers can be in it. ``expects`` begins its lines."""

    text: str
    expects: str = ""
    limit_s: float = SIM_LIMIT_S
    numbers: bool = False


def _named(text: str, *, limit_s: float = SIM_LIMIT_S, numbers: bool = False) -> Question:
    name = text[2:].rstrip("?=")
    return Question(text, f"{name}:", limit_s, numbers)


QUESTIONS = (
    Question("ATI"), *(_named(text) for text in ("AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN", "AT+CFUN?", "AT+CPIN?", "AT+CSQ", "AT+CREG?", "AT+CGREG?", "AT+CEREG?")),
    _named("AT+COPS?", limit_s=NETWORK_LIMIT_S), _named("AT+CSCA?", numbers=True),
    *(_named(text) for text in ("AT+CPMS=?", "AT+CPMS?", "AT+CNMI=?", "AT+CNMI?", "AT+CSMS=?", "AT+CSMS?", "AT+CMGF=?", "AT+CSCS=?", "AT+CSCS?", "AT+CUSD=?")),
    Question("AT+CLAC", limit_s=LIST_LIMIT_S),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """One question and what came: ``lines`` as they are, ``end`` the final result."""

    question: Question
    lines: tuple[str, ...] = field(repr=False)
    end: str

    @property
    def known(self) -> bool:
        """Whether the modem answered it."""
        return self.end == Kind.OK.value

    def shown(self, *, numbers: bool = False) -> dict[str, Any]:
        """Give it as JSON; without ``numbers`` masked."""
        lines = self.lines if numbers else tuple(masking.line(line, numbers=self.question.numbers) for line in self.lines)
        return {"command": self.question.text, "lines": list(lines), "end": self.end}


def greet() -> Script:
    """Find out whether anybody speaks AT at the rate that is set. Returns a bool."""
    yield Escape()
    for number in range(GREET_TRIES):
        answer = yield Command("AT", GREET_LIMIT_S)
        if answer.final.kind is Kind.OK:
            if number:
                yield Pause(QUIET_S)  # a late answer to the first try must not be taken for the next question's
            return True
        if answer.final.kind is Kind.LOST:
            break
    return False


def probe() -> Script:
    """Ask every question of a port that speaks AT. Returns a tuple of Answered; cut short when the modem falls silent."""
    yield Command("ATE0")
    yield Command("AT+CMEE=1")
    found: list[Answered] = []
    silent = 0
    for question in QUESTIONS:
        settles = question.expects if question.text == "AT+CPIN?" else ""  # Wavecom's has no OK
        answer = yield Command(question.text, question.limit_s, expects=question.expects, settles=settles)
        found.append(Answered(question, answer.lines, str(answer.final)))
        silent = silent + 1 if answer.final.kind in DEAD else 0
        if silent == SILENT_MOST or answer.final.kind is Kind.LOST:
            break
    return tuple(found)
