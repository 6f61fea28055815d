"""What comes in at one modem: what is shown at once or lies in its stores goes to inbox and router, and is removed once it is safe there."""

import logging
from collections.abc import Callable
from typing import Any

from actors.modem_errands import Errand
from otppi.at import receive
from otppi.at.capabilities import Capabilities, listen
from otppi.at.dialogue import Script
from otppi.at.pdu import PduError, message_type
from otppi.at.receive import Lying, Swept
from otppi.at.results import DEAD, Final
from otppi.domain.messages.receiving import Heard, Reported, Stored, StoreFilling
from otppi.domain.ports import Tell

SWEEP_APART_S = 1.0  # a flood of notifications makes one sweep a second
SWEEP_EVERY_S = 300.0  # for notifications that were lost
TELL_AGAIN_S = 60.0  # what nobody has called safe by then is told once more
_SHOWN = ("+CMT:", "+CDS:")
_STORED = ("+CMTI:", "+CDSI:", "^SMMEMFULL")
_log = logging.getLogger(__name__)


class Mailbag:
    """Belongs to one modem's owner. ``answer_to`` is where inbox and router say what is safe; times are monotonic."""

    def __init__(self, modem: str, inbox: Tell, router: Tell, monotonic: Callable[[], float]) -> None:
        self._modem, self._inbox, self._router, self._monotonic = modem, inbox, router, monotonic
        self._answer_to: Tell = lambda message: None
        self._found = Capabilities()
        self._opening = 0
        self._shown = 0
        self._sweep_at: float | None = None
        self._swept_at = -SWEEP_APART_S
        self._told: dict[str, tuple[Lying, float]] = {}
        self._safe: list[Lying] = []
        self._to_acknowledge = 0
        self._deaf = False
        self._sending = False
        self._reports: list[Stored] = []

    def open(self, found: Capabilities, answer_to: Tell) -> None:
        """Begin anew with a modem that is ready; its places have new names, so that a word about an old one counts for nothing."""
        self._found, self._answer_to = found, answer_to
        self._opening += 1
        self._told.clear()
        self._safe.clear()
        self._to_acknowledge, self._deaf = 0, False
        self._sweep_at = self._monotonic()

    def sending(self, *, now: bool) -> None:
        """Note that a message leaves, or that the router knows what became of it: what is reported of its parts meanwhile is told after that."""
        self._sending = now
        self._tell_reports()

    # what comes in

    def heard(self, line: str, pdu: str) -> bool:
        """Take an unasked line; True when there is something to do."""
        if line.startswith(_SHOWN):
            if pdu:
                self._shown += 1
                self._hand_on([Stored(f"{self._opening}:shown:{self._shown}", pdu.upper())])
            else:
                self.look()
            return not pdu
        if line.startswith(_STORED):
            self.look()
            return True
        return False

    def look(self) -> None:
        """Have the stores swept soon."""
        soon = max(self._monotonic(), self._swept_at + SWEEP_APART_S)
        self._sweep_at = soon if self._sweep_at is None else min(self._sweep_at, soon)

    def safe(self, places: tuple[str, ...]) -> None:
        """Note that these are on disk; those of an earlier opening count for nothing."""
        for place in places:
            if place.startswith(f"{self._opening}:shown:"):
                self._to_acknowledge += self._found.acknowledge
            elif (told := self._told.pop(place, None)) is not None:
                self._safe.append(told[0])

    # what is to be done

    def due(self) -> Errand | None:
        """Give the next errand: acknowledge, remove, sweep."""
        if self._deaf:
            self._deaf = False
            return _Simple("listening anew", lambda: listen(self._found), self._listening)
        if self._to_acknowledge:
            self._to_acknowledge -= 1
            return _Simple("acknowledging", receive.acknowledge, self._acknowledged)
        if self._safe:
            safe, self._safe = self._safe, []
            return _Simple("removing received messages", lambda: receive.remove(safe, self._found.receive_store), self._removed)
        if self._sweep_at is not None and self._sweep_at <= self._monotonic():
            self._sweep_at = None
            stores = dict.fromkeys((*self._found.stores, *filter(None, (self._found.report_store,))))
            return _Simple("reading received messages", lambda: receive.sweep(stores, self._found.receive_store, self._found.first_index), self._swept)
        return None

    def due_in(self) -> float | None:
        """Give in how many seconds the next sweep is due, None when none is asked for."""
        return None if self._sweep_at is None else max(0.0, self._sweep_at - self._monotonic())

    # results

    def _listening(self, result: Any) -> bool:
        return not (isinstance(result, Final) and result.kind in DEAD)

    def _acknowledged(self, final: Final) -> bool:
        if not final.ok:
            self._deaf = True  # too late: such a modem shows nothing more until it is asked to
        return final.kind not in DEAD

    def _removed(self, result: tuple[tuple[Lying, ...], Final]) -> bool:
        removed, final = result
        if removed:
            _log.debug("modem %s: %d messages that are safe were removed", self._modem, len(removed))
        return final.kind not in DEAD

    def _swept(self, swept: Swept) -> bool:
        now = self._swept_at = self._monotonic()
        self._sweep_at = min(self._sweep_at or float("inf"), now + (SWEEP_APART_S if swept.more else SWEEP_EVERY_S))
        new = []
        for lying in swept.found:
            place = f"{self._opening}:{lying.store}:{lying.index}"
            told, at = self._told.get(place, (None, 0.0))
            if told is None or told.pdu != lying.pdu or now - at >= TELL_AGAIN_S:
                self._told[place] = (lying, now)
                new.append(Stored(place, lying.pdu))
        self._hand_on(new)
        for fill in swept.fills:
            self._inbox(StoreFilling(self._modem, fill.store, fill.used, fill.total))
        return swept.final.kind not in DEAD

    def _hand_on(self, messages: list[Stored]) -> None:
        reports = [message for message in messages if _is_report(message.pdu)]
        received = tuple(message for message in messages if message not in reports)
        self._reports += reports
        self._tell_reports()
        if received:
            self._inbox(Heard(self._modem, received, self._answer_to))

    def _tell_reports(self) -> None:
        if self._reports and not self._sending:
            reports, self._reports = tuple(self._reports), []
            self._router(Reported(self._modem, reports, self._answer_to))


class _Simple:
    """An errand made of a script and what takes its result; lost ones are due again by themselves."""

    def __init__(self, name: str, script: Callable[[], Script], done: Callable[[Any], bool]) -> None:
        self.name, self.script, self._done = name, script, done

    def settle(self, result: Any) -> bool | None:
        """Take the result."""
        return None if result is None else self._done(result)


def _is_report(pdu: str) -> bool:
    try:
        return message_type(bytes.fromhex(pdu)) == "status-report"
    except (PduError, ValueError):
        return False
