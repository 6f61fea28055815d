"""What a modem turned out to be able to do: explored once for each IMEI and firmware, then only set (TS 27.005 section 3)."""

import re
from dataclasses import dataclass, fields
from typing import Any, Self

from otppi.at.dialogue import Answer, Command, Script
from otppi.at.insistence import insistently
from otppi.at.profiles import Profile
from otppi.at.results import DEAD

STORE_LIMIT_S = 20.0  # commands that ask the SIM
MOST_JSON_VALUES = 20
_STORE = re.compile(r"[A-Z]{2}")
_NOTIFY = re.compile(r"\d(,\d){4}")
_REPORTS = {"0": "", "1": "direct", "2": "stored"}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Findings of one IMEI and firmware."""

    cnmi: str = "2,1,0,1,0"
    """The values of +CNMI that were accepted; empty when none were, so that only sweeps find what comes in."""
    reports: str = "direct"
    """How status reports come: ``direct``, ``stored``, or empty when they do not."""
    stores: tuple[str, ...] = ("SM", "ME")
    """Where received messages may lie."""
    report_store: str = "SR"
    """Where status reports may lie, empty when there is no such store."""
    first_index: int = 0
    receive_store: str = "SM"
    """Where what arrives is put (mem3)."""
    acknowledge: bool = False
    """Whether what is shown directly must be acknowledged with +CNMA (service 1 of +CSMS)."""
    iccid: str = ""
    """The command that tells the ICCID."""

    def to_json(self) -> dict[str, Any]:
        """Give the findings as JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**found, "stores": list(self.stores)}

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """Read findings; None when they are none, so that the modem is explored anew."""
        try:
            found = cls(**{**value, "stores": tuple(value["stores"])})
        except (TypeError, KeyError):
            return None
        stores = (*found.stores, found.receive_store, *filter(None, (found.report_store,)))
        sound = (
            len(stores) <= MOST_JSON_VALUES and all(isinstance(name, str) and _STORE.fullmatch(name) for name in stores)
            and isinstance(found.cnmi, str) and (not found.cnmi or _NOTIFY.fullmatch(found.cnmi)) and found.reports in _REPORTS.values()
            and found.first_index in {0, 1} and isinstance(found.acknowledge, bool) and isinstance(found.iccid, str)
        )
        return found if sound else None


def explore(profile: Profile) -> Script:
    """Find out what a modem can do, and set it so. Returns Capabilities, or the Final of silence."""
    answer = yield Command("AT+CPMS=?", STORE_LIMIT_S, expects="+CPMS:")
    named = re.findall(r'"([A-Z]{2})"', re.split(r"\)\s*,", answer.first("+CPMS:"))[0])
    chosen = yield from _receive_in(profile.receive_stores)
    if isinstance(chosen, Answer):
        return chosen.final
    yield Command("AT+CSMS=0", expects="+CSMS:")
    answer = yield Command("AT+CSMS?", expects="+CSMS:")
    acknowledge = answer.final.ok and answer.first("+CSMS:").startswith("1")
    notify = ""
    for notify in (*profile.notify, ""):
        answer = yield Command(f"AT+CNMI={notify}", STORE_LIMIT_S) if notify else Command("AT")
        if answer.final.kind in DEAD:
            return answer.final
        if answer.final.ok:
            break
    stores = tuple(name for name in named if name in {"SM", "ME"}) or ("SM", "ME")
    return Capabilities(
        cnmi=notify, reports=_REPORTS.get(notify.split(",")[3], "") if notify else "", stores=stores,
        report_store="SR" if not named or "SR" in named else "", receive_store=chosen, acknowledge=acknowledge)


def listen(found: Capabilities) -> Script:
    """Set a modem as it was found to work. Returns the last Final; one that refuses its own values is to be explored anew."""
    store = found.receive_store
    answer = yield from insistently(Command(f'AT+CPMS="{store}","{store}","{store}"', STORE_LIMIT_S, expects="+CPMS:"))
    if answer.final.kind in DEAD:
        return answer.final
    if not found.acknowledge:
        yield Command("AT+CSMS=0", expects="+CSMS:")
    if found.cnmi:
        answer = yield Command(f"AT+CNMI={found.cnmi}", STORE_LIMIT_S)
    return answer.final


def _receive_in(stores: tuple[str, ...]) -> Script:
    """Choose where what arrives is put. Returns its name, or the Answer of silence; the first one when the modem has its own way."""
    for store in stores:
        answer = yield from insistently(Command(f'AT+CPMS="{store}","{store}","{store}"', STORE_LIMIT_S, expects="+CPMS:"))
        if answer.final.kind in DEAD:
            return answer
        if answer.final.ok:
            return store
    return stores[0]
