"""How many tries a SIM leaves before it wants its PUK, and before it is lost; each family tells it in its own way."""

import re
from dataclasses import dataclass

from otppi.at.dialogue import Answer, Command, Script
from otppi.at.results import DEAD

SIM_LIMIT_S = 20.0
PIN_TRIES, PUK_TRIES = 3, 10
"""Of a fresh SIM (TS 31.101 section 9.5)."""


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries left for PIN and PUK, None for what the modem does not tell."""

    pin: int | None = None
    puk: int | None = None


_WAYS = (
    ("AT+CPINR", "+CPINR:", r"SIM PIN\"?,\s*(?P<pin>\d+)", r"SIM PUK\"?,\s*(?P<puk>\d+)"),  # TS 27.007 section 8.65
    ("AT^CPIN?", "^CPIN:", r"[A-Z0-9 -]+,\d*,(?P<puk>\d+),(?P<pin>\d+)", ""),  # Huawei: code, times, then PUK before PIN
    ("AT+SPIC", "+SPIC:", r"(?P<pin>\d+)(?:,\d+,(?P<puk>\d+))?", ""),  # SIMCom: PIN, PIN2, PUK, PUK2
    ("AT+QPINC?", "+QPINC:", r'"SC",\s*(?P<pin>\d+),\s*(?P<puk>\d+)', ""),  # Quectel
    ("AT+CPINC?", "+CPINC:", r"(?P<pin>\d+),\d+,(?P<puk>\d+)", ""),  # Sierra: PIN, PIN2, PUK, PUK2
    ("AT#PCT", "#PCT:", r"(?P<pin>\d+)", ""),  # Telit
)
"""Command, prefix of its answer, and one or two expressions that find the figures in it."""


def tries() -> Script:
    """Ask in each known way until one tells the PIN's. Returns Tries."""
    for text, prefix, *patterns in _WAYS:
        answer = yield Command(text, SIM_LIMIT_S, expects=prefix)
        found = _read(answer, patterns)
        if found.pin is not None or answer.final.kind in DEAD:
            return found
    return Tries()


def _read(answer: Answer, patterns: list[str]) -> Tries:
    said, figures = "\n".join(answer.lines), dict[str, int]()
    for pattern in patterns:
        if pattern and (found := re.search(pattern, said)):
            figures |= {name: int(figure) for name, figure in found.groupdict().items() if figure}
    return Tries(figures.get("pin"), figures.get("puk"))
