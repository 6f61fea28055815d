"""Scripts for what lies in a modem's stores: read everything there, remove what is safe, acknowledge what was shown directly.

Stores are listed in PDU mode (TS 27.005 sections 3.2 and 3.4). A message is known by store, index and PDU: before it is
removed it is read once more, and what is not the same stays (row S12).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from otppi.at.dialogue import Answer, Command, Pause, Script
from otppi.at.insistence import insistently
from otppi.at.results import DEAD, Final, Kind

STORE_LIMIT_S = 20.0  # commands that ask the SIM
LIST_LIMIT_S = 60.0  # a full SIM is read over a slow line in half of it
SHOW_TRIES = 3
SHOW_PAUSE_S = 1.0  # Huawei lists nothing at first although it counts messages
CNMA_LIMIT_S = 150.0  # u-blox: the answer may take so long (SARA-R4 AT manual)
MOST_READ = 60
"""Messages of one sweep; what is left comes with the next one, when these have been removed."""
_ANY_STATE = "4"
_OK = Final(Kind.OK)
_HEAD = re.compile(r"\+CMG[LR]:\s*(.*)")
_PDU = re.compile(r"([0-9A-Fa-f]{2}){10,}")


@dataclass(frozen=True, slots=True)
class Lying:
    """A message in a store. ``pdu`` in upper case, SMSC part included."""

    store: str
    index: int
    pdu: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fill:
    """How full a store is."""

    store: str
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What the sweep found. ``more`` tells that there is more than one sweep reads; ``final`` is not OK when the modem fell silent."""

    found: tuple[Lying, ...]
    fills: tuple[Fill, ...]
    more: bool = False
    final: Final = _OK


def sweep(stores: Iterable[str], receive_store: str, first_index: int = 0) -> Script:
    """Read every received message of the stores, and leave them as they are. Returns Swept.

    ``receive_store`` (mem3) is where what arrives is put; it stays so.
    """
    found: list[Lying] = []
    fills: list[Fill] = []
    for store in stores:
        answer = yield from _choose(store, receive_store)
        if answer.final.kind in DEAD:
            return Swept(tuple(found), tuple(fills), final=answer.final)
        if not answer.final.ok:
            continue  # this modem has no such store
        fill = _fill(store, answer)
        if fill is not None:
            fills.append(fill)
        if fill is None or fill.used:
            here, final = yield from _list(store, fill, first_index)
            found += here
            if final.kind in DEAD:
                return Swept(tuple(found), tuple(fills), final=final)
    return Swept(tuple(found[:MOST_READ]), tuple(fills), more=len(found) > MOST_READ)


def remove(messages: Sequence[Lying], receive_store: str) -> Script:
    """Remove messages, each only if it still is what was read. Returns those removed, and the last Final."""
    removed: list[Lying] = []
    final = _OK
    for store in dict.fromkeys(message.store for message in messages):
        answer = yield from _choose(store, receive_store)
        final = answer.final
        if final.kind in DEAD:
            break
        for message in (message for message in messages if message.store == store):
            answer = yield from insistently(Command(f"AT+CMGR={message.index}", STORE_LIMIT_S, expects="+CMGR:"))
            final = answer.final
            if final.kind in DEAD:
                return tuple(removed), final
            if not answer.final.ok or [one.pdu for one in _listed(store, answer, message.index)] != [message.pdu]:
                continue  # it is gone already, or another message has its place
            final = (yield from insistently(Command(f"AT+CMGD={message.index}", STORE_LIMIT_S))).final
            if final.kind in DEAD:
                return tuple(removed), final
            if final.ok:
                removed.append(message)
    return tuple(removed), final


def acknowledge() -> Script:
    """Acknowledge a message that was shown directly (TS 27.005 section 3.4.4). Returns the Final."""
    return (yield Command("AT+CNMA", CNMA_LIMIT_S)).final


def _choose(store: str, receive_store: str) -> Script:
    """Make a store the one that is read. Some modems take one value, some want all three. Returns the Answer."""
    answer = yield from insistently(Command(f'AT+CPMS="{store}"', STORE_LIMIT_S, expects="+CPMS:"))
    if not answer.final.ok and answer.final.kind not in DEAD:
        answer = yield Command(f'AT+CPMS="{store}","{receive_store}","{receive_store}"', STORE_LIMIT_S, expects="+CPMS:")
    return answer


def _fill(store: str, answer: Answer) -> Fill | None:
    """Read used and total of mem1; None for modems that answer OK only, or with the stores' names in between."""
    found = re.match(r'(?:"\w+",)?\s*(\d+)\s*,\s*(\d+)', answer.first("+CPMS:"))
    return Fill(store, int(found[1]), int(found[2])) if found else None


def _list(store: str, fill: Fill | None, first_index: int) -> Script:
    """List a store, again when it is empty against its own count; one by one where listing is refused. Returns messages and the last Final."""
    for _ in range(SHOW_TRIES):
        answer = yield from insistently(Command(f"AT+CMGL={_ANY_STATE}", LIST_LIMIT_S, expects="+CMGL:"))
        if not answer.final.ok:
            break
        found = _listed(store, answer)
        if answer.lines or fill is None:
            return found, answer.final
        yield Pause(SHOW_PAUSE_S)
    if answer.final.ok or answer.final.kind in DEAD or fill is None:
        return [], answer.final
    return (yield from _one_by_one(store, fill, first_index))


def _one_by_one(store: str, fill: Fill, first_index: int) -> Script:
    """Read a store's slots until as many were found as it counts. Returns messages and the last Final."""
    found: list[Lying] = []
    seen = 0
    for index in range(first_index, first_index + fill.total + 1):  # one more: some count from 1 and do not say so
        answer = yield Command(f"AT+CMGR={index}", STORE_LIMIT_S, expects="+CMGR:")
        if answer.final.kind in DEAD:
            return found, answer.final
        if answer.final.ok and answer.lines:
            seen += 1
            found += _listed(store, answer, index)
        if seen >= fill.used:
            break
    return found, _OK


def _listed(store: str, answer: Answer, index: int | None = None) -> list[Lying]:
    """Read the lines of +CMGL or +CMGR: a head, then a PDU. What one of them lacks is left out; so is what was never received."""
    found = []
    head = None
    for line in answer.lines:
        if (match := _HEAD.match(line)) is not None:
            head = match[1].split(",")
        elif head is not None and _PDU.fullmatch(line):
            place, state = (index, head[0]) if index is not None else (_number(head[0]), head[1] if len(head) > 1 else "")
            if place is not None and state.strip() in {"0", "1"}:  # received, unread or read; not those stored by somebody to be sent
                found.append(Lying(store, place, line.upper()))
            head = None
    return found


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() else None
