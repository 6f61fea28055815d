"""The SIM's lock for people: how it stands, switch it on and off, change the PIN, enter it, unblock it with the PUK.

+CLCK, +CPWD and +CPIN of TS 27.007 sections 7.4, 7.5 and 8.3. Each script asks first how the SIM stands, has the try
judged and noted by a book of the caller's, makes it once, and asks again.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from otppi.at.dialogue import Command, Pause, Script
from otppi.at.insistence import insistently
from otppi.at.profiles import GENERIC, Profile
from otppi.at.results import DEAD, Final, Kind
from otppi.at.sim_tries import SIM_LIMIT_S, Tries, tries
from otppi.domain.errors import StoreError
from otppi.domain.secret import Secret

READY, WANTS_PIN, WANTS_PUK = "READY", "SIM PIN", "SIM PUK"
_WRONG = {12, 16}  # of +CME ERROR: the PUK is wanted now, incorrect password
_NOT_PASSED_ON = {3, 4, 10, 13, 14, 515}  # not allowed, not supported, no SIM, SIM failure, busy: no try was used up
_ABSENT, _FAILED = {10}, {13, 15}


class Book(Protocol):
    """Who judges and notes tries (domain.sim_card.CardBook); a note is on disk when the call returns."""

    def why_not(self, card: str, secret: Secret, left: int | None) -> str: ...
    def trying(self, card: str, secret: Secret) -> None: ...
    def untried(self, card: str) -> None: ...
    def refused(self, card: str, secret: Secret) -> None: ...
    def accepted(self, card: str, secret: Secret, new: Secret | None = None) -> None: ...
    def settings_differ(self, secret: Secret) -> bool: ...


@dataclass(frozen=True, slots=True)
class SimState:
    """How a SIM stands. ``sim`` as in bringup.Hardware; ``locked`` tells whether it asks for its PIN after power on, None when unknown."""

    sim: str
    locked: bool | None = None
    tries: Tries = Tries()  # noqa: RUF009  # immutable
    card: str = field(default="", repr=False)
    """ICCID or IMSI, or the modem's IMEI when it tells neither."""

    def in_words(self) -> str:
        """Say it in a sentence."""
        said = {
            READY: "The SIM is open" + {None: "", True: "; it asks for its PIN after power on", False: "; it never asks for a PIN"}[self.locked],
            WANTS_PIN: "The SIM asks for its PIN",
            WANTS_PUK: "The SIM is blocked and asks for its PUK",
        }.get(self.sim, absent(self.sim) or f"The SIM is not ready: {self.sim.removeprefix('error: ')}")
        left = [f"{figure} {'try' if figure == 1 else 'tries'} for the {name}"
                for name, figure in (("PIN", self.tries.pin), ("PUK", self.tries.puk)) if figure is not None]
        return f"{said}; left: {', '.join(left)}." if left else f"{said}."


class Result(Enum):
    """How an attempt ended."""

    DONE = "done"
    NOT_DONE = "not done"
    UNKNOWN = "unknown"
    """It was made, and the modem fell silent before it said what became of it."""


@dataclass(frozen=True, slots=True)
class SimSaid:
    """What became of an attempt, in a sentence, and how the SIM stands after it."""

    result: Result
    said: str
    state: SimState | None = None


class What(Enum):
    """What can be done with a PIN or PUK."""

    ENABLE = "enable"
    DISABLE = "disable"
    CHANGE = "change"
    ENTER = "enter"
    UNBLOCK = "unblock"


def absent(sim: str) -> str:
    """Say that there is no SIM, or that it has failed; empty when it is there."""
    code = re.search(r"\+CME ERROR (\d+)$", sim)
    number = int(code[1]) if code else -1
    return "No SIM is in the modem" if number in _ABSENT else "The SIM has failed" if number in _FAILED else ""


def state(profile: Profile = GENERIC) -> Script:
    """Ask how the SIM stands. Returns SimState, or SimSaid when the modem is silent."""
    sim = yield from _sim()
    if isinstance(sim, Final):
        return SimSaid(Result.NOT_DONE, f"The modem does not answer ({sim}).")
    if absent(sim):
        return SimState(sim)
    answer = yield Command('AT+CLCK="SC",2', SIM_LIMIT_S, expects="+CLCK:")
    asked = re.match(r"([01])", answer.first("+CLCK:"))
    left = yield from tries()
    return SimState(sim, asked[1] == "1" if asked else None, left, (yield from _card(profile)))


def attempt(what: What, book: Book, secret: Secret, new: Secret | None = None, profile: Profile = GENERIC) -> Script:
    """Do something with a PIN, or with ``UNBLOCK`` a PUK, once. ``new`` is the PIN from then on. Returns SimSaid."""
    before = yield from state(profile)
    if isinstance(before, SimSaid):
        return before
    if said := _already(what, before):
        return SimSaid(Result.DONE, said, before)
    if why_not := _why_not(what, before):
        return SimSaid(Result.NOT_DONE, why_not, before)
    answer = yield from _try(what, book, before, secret, new)
    if isinstance(answer, SimSaid):
        return answer
    if answer.final.ok and what in {What.ENTER, What.UNBLOCK}:
        yield Pause(profile.after_pin_s)
    after = yield from state(profile)
    now = after if isinstance(after, SimState) else None
    return SimSaid(*_settled(what, book, before, secret, new, answer.final, now), now)


def _try(what: What, book: Book, before: SimState, secret: Secret, new: Secret | None) -> Script:
    """Have the try judged and noted, and make it. Returns the Answer, or SimSaid when none came."""
    name, left = ("PUK", before.tries.puk) if what is What.UNBLOCK else ("PIN", before.tries.pin)
    try:
        if why_not := book.why_not(before.card, secret, left):
            return SimSaid(Result.NOT_DONE, f"The {name} is not given to the SIM. {why_not}", before)
        book.trying(before.card, secret)
    except StoreError as error:
        return SimSaid(Result.NOT_DONE, f"The {name} is not given to the SIM, as the try could not be noted first: {error}", before)
    answer = yield Command(_command(what, secret, new), SIM_LIMIT_S)
    if answer.final.kind in DEAD:
        return SimSaid(Result.UNKNOWN, f"The {name} was given to the SIM, and the modem did not say what became of it ({answer.final}).")
    return answer


def _settled(what: What, book: Book, before: SimState, secret: Secret, new: Secret | None, final: Final, now: SimState | None) -> tuple[Result, str]:
    """Note what the SIM said. A StoreError is told: the try itself is on disk."""
    result, said = (Result.DONE, _DONE[what]) if final.ok else (Result.NOT_DONE, f"The SIM refused the {'PUK' if what is What.UNBLOCK else 'PIN'} ({final}).")
    used = None if now is None else _used(what, before, now)
    try:
        if final.ok:
            book.accepted(before.card, secret, new)
            if what is not What.DISABLE and book.settings_differ(new or secret):
                said += " The modem's settings hold another PIN or none: put this one there (sim_pin), or the gateway cannot open the SIM by itself."
        elif final.code not in _WRONG and (used == 0 or (used is None and final.kind is Kind.CME and final.code in _NOT_PASSED_ON)):
            book.untried(before.card)
            said = f"The modem did not do it ({final}); no try was used up."
        else:
            book.refused(before.card, secret)
    except StoreError as error:
        said = f"{said} It could not be noted: {error}"
    return result, said


def _used(what: What, before: SimState, now: SimState) -> int | None:
    """Give how many tries the modem says were used up, None when it does not tell."""
    was, is_ = (before.tries.puk, now.tries.puk) if what is What.UNBLOCK else (before.tries.pin, now.tries.pin)
    return None if was is None or is_ is None else was - is_


_DONE = {
    What.ENABLE: "The SIM asks for its PIN from now on, after power on.",
    What.DISABLE: "The SIM does not ask for a PIN any more.",
    What.CHANGE: "The SIM has the new PIN.",
    What.ENTER: "The SIM took the PIN.",
    What.UNBLOCK: "The SIM is unblocked and has the new PIN.",
}


def _command(what: What, secret: Secret, new: Secret | None) -> str:
    given, fresh = secret.reveal(), new.reveal() if new else ""
    return {
        What.ENABLE: f'AT+CLCK="SC",1,"{given}"',
        What.DISABLE: f'AT+CLCK="SC",0,"{given}"',
        What.CHANGE: f'AT+CPWD="SC","{given}","{fresh}"',
        What.ENTER: f'AT+CPIN="{given}"',
        What.UNBLOCK: f'AT+CPIN="{given}","{fresh}"',
    }[what]


def _already(what: What, now: SimState) -> str:
    if what is What.ENTER and now.sim == READY:
        return "The SIM is open already; nothing was tried."
    if now.sim == READY and now.locked is (what is What.ENABLE) and what in {What.ENABLE, What.DISABLE}:
        return "The SIM asks for its PIN already; nothing was tried." if now.locked else "The SIM asks for no PIN already; nothing was tried."
    return ""


def _why_not(what: What, now: SimState) -> str:
    """Say why this cannot be done with the SIM as it stands; the first row that applies."""
    unready = f"The SIM is not ready: {now.sim.removeprefix('error: ')}."
    rows = (
        (bool(absent(now.sim)), f"{absent(now.sim)}."),
        (what is What.UNBLOCK, "" if now.sim == WANTS_PUK else "The SIM does not ask for its PUK; nothing was tried."),
        (now.sim == WANTS_PUK, "The SIM is blocked: unblock it with its PUK, which the operator tells."),
        (what is What.ENTER, "" if now.sim == WANTS_PIN else unready),
        (now.sim == WANTS_PIN, "The SIM asks for its PIN: enter it first."),
        (now.sim != READY, unready),
        (what is What.CHANGE and now.locked is False, "A SIM changes its PIN only while it asks for it: enable the lock first."),
    )
    return next((said for applies, said in rows if applies), "")


def _sim() -> Script:
    answer = yield from insistently(Command("AT+CPIN?", SIM_LIMIT_S, expects="+CPIN:", settles="+CPIN:"))
    if answer.final.kind in DEAD:
        return answer.final
    return answer.first("+CPIN:") or f"error: {answer.final}"


def _card(profile: Profile) -> Script:
    """Give the ICCID, which a locked SIM tells too; else the IMSI, else the modem's IMEI."""
    for text, prefix in profile.iccid:
        answer = yield Command(text, SIM_LIMIT_S, expects=prefix)
        found = re.search(r"\d{18,20}", " ".join(answer.lines))
        if answer.final.ok and found:
            return found[0]
    for text in ("AT+CIMI", "AT+CGSN"):
        answer = yield Command(text, SIM_LIMIT_S)
        found = re.search(r"\d{14,16}", " ".join(answer.lines))
        if answer.final.ok and found:
            return found[0]
    return ""
