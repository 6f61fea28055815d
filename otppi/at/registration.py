"""Scripts that ask whether the network lets a modem send, and how well the modem hears it."""

import re
from dataclasses import dataclass

from otppi.at.dialogue import Command, Pause, Script
from otppi.at.results import DEAD, Final

REGISTRATION_LIMIT_S = 60.0  # a cold modem needs up to a minute to find its network
POLL_S = 1.0
REGISTERED = {"1", "5", "6", "7", "9", "10"}
"""Home, roaming, both for "SMS only", and both without preference for circuit switching; 8 and 11 are for emergencies (TS 27.007, 7.2)."""
DOMAINS = ("+CREG", "+CEREG")
SEARCHING = "2"
DENIED = "3"


@dataclass(frozen=True, slots=True)
class Signal:
    """The answer to +CSQ (TS 27.007, 8.5): ``value`` 0 to 31 or 99 for unknown, ``ber`` 0 to 7 or 99."""

    value: int = 99
    ber: int = 99


def wait_registered(domains: tuple[str, ...] = DOMAINS) -> Script:
    """Wait for the network. Returns the last <stat>, or the Final when the modem fell silent."""
    for _ in range(int(REGISTRATION_LIMIT_S / POLL_S)):
        states = yield from stats(domains)
        if isinstance(states, Final):
            return states
        state = what_counts(states)
        if state in REGISTERED or state == DENIED:
            return state  # denied: waiting does not help
        yield Pause(POLL_S)
    return state


def stats(domains: tuple[str, ...] = DOMAINS) -> Script:
    """Ask for the <stat> of +CREG, and of +CEREG for modems that know LTE only. Returns a list of them, or the Final of silence."""
    states: list[str] = []
    for name in domains:
        answer = yield Command(f"AT{name}?", expects=f"{name}:")
        if answer.final.kind in DEAD:
            return answer.final
        # An unasked line has one figure only, the answer has the mode before it.
        states += re.findall(rf"^\{name}:\s*\d+\s*,\s*(\d+)", "\n".join(answer.lines), re.MULTILINE)
        if states and states[-1] in REGISTERED:
            break
    return states


def what_counts(states: list[str]) -> str:
    """Choose the <stat> that counts: any that lets it send, then searching, then denied, then what was said first."""
    for wanted in (*sorted(REGISTERED), SEARCHING, DENIED):
        if wanted in states:
            return wanted
    return states[0] if states else ""


def signal_quality() -> Script:
    """Ask for the signal. Returns Signal and the Final."""
    answer = yield Command("AT+CSQ", expects="+CSQ:")
    found = re.match(r"(\d{1,3})\s*,\s*(\d{1,3})", answer.first("+CSQ:"))
    return Signal(int(found[1]), int(found[2])) if found else Signal(), answer.final
