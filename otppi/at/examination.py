"""The doctor's questions: everything that sending and receiving SMS needs, asked of a modem without changing anything."""

import re
from dataclasses import dataclass, field
from typing import Any

from otppi.at import sim_tool
from otppi.at.bringup import Hardware, Silent, hello
from otppi.at.dialogue import Command, Pause, Script
from otppi.at.registration import Signal, signal_quality
from otppi.at.results import DEAD
from otppi.at.sim_tool import SimState

SIM_LIMIT_S = 20.0
NETWORK_LIMIT_S = 45.0
LISTEN_S = 1.5
"""For what a modem says of itself, such as that its supply is too low."""
DOMAINS = ("+CREG", "+CGREG", "+CEREG")
_STORE = re.compile(r'"(\w+)",(\d+),(\d+)')


@dataclass(frozen=True, slots=True)
class Store:
    """How full a message store is."""

    name: str
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class Exam:
    """What was found. A field that was not asked any more, or not answered, is empty or None."""

    hardware: Hardware
    functionality: str = ""
    """<fun> of +CFUN."""
    sim: SimState | None = None
    stats: tuple[tuple[str, str], ...] = ()
    """<stat> of +CREG, +CGREG and +CEREG, those that the modem knows."""
    operator: str = ""
    signal: Signal = field(default_factory=Signal)
    sms_center: str = field(default="", repr=False)
    stores: tuple[Store, ...] = ()
    notifies: tuple[frozenset[int], ...] = ()
    """The values that +CNMI takes: mode, mt, bm, ds, bfr."""
    pdu_mode: bool = True
    charsets: str = ""
    ussd: bool | None = None
    fell_silent: bool = False


class _Silence(Exception):
    """The modem answers no more."""


def examine() -> Script:
    """Ask everything. Returns Exam, or Silent when nothing speaks AT."""
    hardware = yield from hello()
    if isinstance(hardware, Silent):
        return hardware
    found: dict[str, Any] = {}
    try:
        yield from _ask_all(hardware, found)
    except _Silence:
        found["fell_silent"] = True
    return Exam(hardware, **found)


def _ask_all(hardware: Hardware, found: dict[str, Any]) -> Script:
    found["functionality"] = (yield from _asked("AT+CFUN?", "+CFUN:"))[:1]
    sim = yield from sim_tool.state(hardware.profile)
    if not isinstance(sim, SimState):
        raise _Silence
    found["sim"] = sim
    if sim.sim == sim_tool.READY:
        for name in DOMAINS:
            said = re.search(r"^\d+\s*,\s*(\d+)", (yield from _asked(f"AT{name}?", f"{name}:")))
            found["stats"] = (*found.get("stats", ()), *([(name, said[1])] if said else ()))
        found["operator"] = _quoted((yield from _asked("AT+COPS?", "+COPS:", NETWORK_LIMIT_S)))
        found["sms_center"] = _quoted((yield from _asked("AT+CSCA?", "+CSCA:")))
        found["stores"] = tuple(Store(name, int(used), int(total)) for name, used, total in _STORE.findall((yield from _asked("AT+CPMS?", "+CPMS:"))))
    found["signal"], final = yield from signal_quality()
    if final.kind in DEAD:
        raise _Silence
    found["notifies"] = _sets((yield from _asked("AT+CNMI=?", "+CNMI:")))
    formats = _sets((yield from _asked("AT+CMGF=?", "+CMGF:")))
    found["pdu_mode"] = not formats or 0 in formats[0]
    found["charsets"] = yield from _asked("AT+CSCS=?", "+CSCS:")
    found["ussd"] = (yield Command("AT+CUSD=?", expects="+CUSD:")).final.ok
    yield Pause(LISTEN_S)


def own_number() -> Script:
    """Ask the SIM for its own number. Returns digits, empty when it holds none."""
    answer = yield Command("AT+CNUM", SIM_LIMIT_S, expects="+CNUM:")
    quoted = re.findall(r'"\+?(\d+)"', answer.first("+CNUM:"))
    return quoted[0] if quoted else ""


def _asked(text: str, prefix: str, limit_s: float = SIM_LIMIT_S) -> Script:
    """Give what follows the prefix, empty when the modem does not know the question."""
    answer = yield Command(text, limit_s, expects=prefix)
    if answer.final.kind in DEAD:
        raise _Silence
    return answer.first(prefix) if answer.final.ok else ""


def _quoted(text: str) -> str:
    found = re.search(r'"([^"]*)"', text)
    return found[1] if found else ""


def _sets(text: str) -> tuple[frozenset[int], ...]:
    """Read ``(0,1),(0-3)``: the values of each place."""
    places = []
    for inside in re.findall(r"\(([0-9,\- ]*)\)", text):
        values: set[int] = set()
        for piece in filter(None, inside.replace(" ", "").split(",")):
            low, _, high = piece.partition("-")
            if low.isdecimal() and (not high or high.isdecimal()):
                values |= set(range(int(low), min(int(high or low), 255) + 1))
        places.append(frozenset(values))
    return tuple(places)
