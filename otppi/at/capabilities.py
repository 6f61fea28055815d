"""What a modem turned out to be able to do: explored once for each IMEI and firmware, then only set (TS 27.005 section 3)."""

import re
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from otppi.at.dialogue import Await, Command, Script
from otppi.at.insistence import insistently
from otppi.at.profiles import Profile
from otppi.at.results import DEAD
from otppi.at.results import Final as End

STORE_LIMIT_S: Final = 20.0  # commands that ask the SIM
LIST_LIMIT_S: Final = 60.0  # a full SIM is read over a slow line in half of it
LIST: Final = "AT+CMGL=4"
MOST_STORES: Final = 8
MOST_TEXT: Final = 40
_STORE = re.compile(r"[A-Z]{2}")
_NOTIFY = re.compile(r"\d(,\d){4}")
_COMMAND = re.compile(r"AT[ -~]*")
_REPORTS = {"0": "", "1": "direct", "2": "stored"}
CODINGS: Final = ("ucs2", "packed", "plain")
"""How a USSD code may be written, in the order to try."""


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
    """Where the counting of a store starts: 0 or 1."""
    receive_store: str = "SM"
    """Where what arrives is put (mem3)."""
    acknowledge: bool = False
    """Whether what is shown directly must be acknowledged with +CNMA (service 1 of +CSMS)."""
    ussd: str = ""
    """How a USSD code is written (see ``CODINGS``), empty before one was answered."""
    iccid: str = ""
    """The command that tells the ICCID."""
    list_command: str = LIST
    """The command that lists a store in PDU mode; empty when it is refused, and each place must be read by itself."""
    family: str = ""
    """Name of the profile by which it was explored; findings by another one are not gone by."""

    def to_json(self) -> dict[str, Any]:
        """Give the findings as JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**found, "stores": list(self.stores)}

    @classmethod
    def from_json(cls, value: Any) -> Self | None:
        """Read findings; None when they are none or not whole, so that the modem is explored anew."""
        if not isinstance(value, dict) or set(value) != {field.name for field in fields(cls)} or not isinstance(value["stores"], list):
            return None
        found = cls(**{**value, "stores": tuple(value["stores"])})
        return found if _sound(found) else None


def _sound(found: Capabilities) -> bool:
    texts = (found.cnmi, found.reports, found.report_store, found.receive_store, found.ussd, found.iccid, found.list_command, found.family, *found.stores)
    if len(found.stores) > MOST_STORES or not all(isinstance(text, str) and len(text) <= MOST_TEXT for text in texts):
        return False
    stores = (*found.stores, found.receive_store, *filter(None, (found.report_store,)))
    return (
        all(_STORE.fullmatch(name) for name in stores) and (not found.cnmi or _NOTIFY.fullmatch(found.cnmi) is not None) and found.reports in _REPORTS.values()
        and type(found.first_index) is int and found.first_index in {0, 1} and isinstance(found.acknowledge, bool) and found.ussd in {"", *CODINGS}
        and all(not text or _COMMAND.fullmatch(text) for text in (found.iccid, found.list_command))
    )


def explore(profile: Profile) -> Script:
    """Find out what a modem can do, and set it so. Returns Capabilities, or the Final of silence."""
    ended = yield from _wait_for_store(profile)
    if ended is not None:
        return ended
    answer = yield Command("AT+CPMS=?", STORE_LIMIT_S, expects="+CPMS:")
    named = re.findall(r'"([A-Z]{2})"', re.split(r"\)\s*,", answer.first("+CPMS:"))[0])
    for text in profile.once:
        yield from insistently(Command(text, STORE_LIMIT_S, expects="+CPMS:"))
    chosen = yield from _receive_in(profile.receive_stores)
    if isinstance(chosen, End):
        return chosen
    yield Command("AT+CSMS=0", expects="+CSMS:")
    answer = yield Command("AT+CSMS?", expects="+CSMS:")
    acknowledge = answer.final.ok and answer.first("+CSMS:").startswith("1")
    notify = yield from _notify(profile.notify)
    if isinstance(notify, End):
        return notify
    answer = yield Command(LIST, LIST_LIMIT_S, expects="+CMGL:")
    if answer.final.kind in DEAD:
        return answer.final
    lists = LIST if answer.final.ok else ""
    first_index = yield from _first_index(profile.first_index)
    stores = tuple(name for name in profile.stores if not named or name in named) or profile.stores[:1]
    if chosen not in {*stores, "MT"}:
        stores = (*stores, chosen)
    return Capabilities(
        cnmi=notify, reports=_REPORTS.get(notify.split(",")[3], "") if notify else "",
        stores=stores,
        report_store="SR" if not named or "SR" in named or profile.hides_report_store else "", first_index=first_index, receive_store=chosen,
        acknowledge=acknowledge, ussd="packed" if profile.ussd_packed else "", list_command=lists, family=profile.name)


def listen(found: Capabilities) -> Script:
    """Set a modem as it was found to work. Returns the last Final; one that refuses its own values is to be explored anew."""
    answer = yield from _choose(*(found.receive_store,) * 3)
    if not answer.final.ok and answer.final.kind not in DEAD:
        answer = yield from _choose(found.receive_store)  # old modems take one value only
    if not answer.final.ok:
        return answer.final
    yield Command(f"AT+CSMS={int(found.acknowledge)}", expects="+CSMS:")
    if found.cnmi:
        answer = yield Command(f"AT+CNMI={found.cnmi}", STORE_LIMIT_S)
    return answer.final


def _wait_for_store(profile: Profile) -> Script:
    """Wait until the modem has its stores, if it says when. Returns None, or the Final of silence."""
    answer = yield from insistently(Command("AT+CPMS?", STORE_LIMIT_S, expects="+CPMS:"))
    if answer.final.kind in DEAD:
        return answer.final
    if not answer.final.ok and profile.ready:
        answer = yield Await(profile.ready, profile.ready_s)
    return None


def _receive_in(stores: tuple[str, ...]) -> Script:
    """Choose where what arrives is put. Returns its name, or the Final of silence; the first one when the modem has its own way."""
    for names in (*((store,) * 3 for store in stores), stores[:1]):
        answer = yield from _choose(*names)
        if answer.final.kind in DEAD:
            return answer.final
        if answer.final.ok:
            return names[0]
    return stores[0]


def _choose(*names: str) -> Script:
    """Make these the stores that are read, written and received in. Returns the Answer."""
    values = ",".join(f'"{name}"' for name in names)
    return (yield from insistently(Command(f"AT+CPMS={values}", STORE_LIMIT_S, expects="+CPMS:")))


def _notify(candidates: tuple[str, ...]) -> Script:
    """Find values of +CNMI that the modem takes, and keeps: some say OK to what they do not do. Returns them, empty for none, or the Final of silence."""
    taken = ""
    for notify in candidates:
        answer = yield from insistently(Command(f"AT+CNMI={notify}", STORE_LIMIT_S))
        if answer.final.kind in DEAD:
            return answer.final
        if not answer.final.ok:
            continue
        answer = yield Command("AT+CNMI?", expects="+CNMI:")
        if answer.final.kind in DEAD:
            return answer.final
        kept = answer.first("+CNMI:").replace(" ", "").split(",")
        if len(kept) < 4 or kept[1::2][:2] == notify.split(",")[1::2]:  # ds is the fourth value; who does not tell it is believed
            return notify
        taken = ",".join(kept) if _NOTIFY.fullmatch(",".join(kept)) else taken
    return taken


def _first_index(expected: int) -> Script:
    """Find where a store's counting starts: +CMGD=? gives a range of places, or those in use. Returns 0 or 1."""
    answer = yield Command("AT+CMGD=?", STORE_LIMIT_S, expects="+CMGD:")
    places = re.match(r"\(([\d,\- ]*)\)", answer.first("+CMGD:"))
    if places is None:
        return expected
    if (whole := re.match(r"\s*([01])\s*-", places[1])) is not None:
        return int(whole[1])
    return 0 if re.match(r"\s*0\b", places[1]) else expected
