"""The script that sends one message, part by part, and knows at every moment what could have left the modem."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from otppi.at.dialogue import Body, Command, Escape, Mark, Pause, Script
from otppi.at.pdu import SubmitPdu
from otppi.at.results import DEAD, Final, Kind, Meaning, meaning
from otppi.domain.outcome import Attempt, Verdict

PROMPT_LIMIT_S = 5.0
RESULT_LIMIT_S = 180.0  # the network may take minutes; a shorter limit is where doubles come from
BUSY_PAUSE_S = 2.0
BUSY_TRIES = 5
NETWORK_PAUSE_S = 10.0  # the first back-off for a network that is congested or out of order
NETWORK_TRIES = 3
_BARRED = {8, 10, 29, 330}  # of +CMS ERROR: by the operator, for calls, its facility, and an SMS centre that is not known
_OUT_OF_STEP = {Kind.TIMEOUT, Kind.OK}  # no prompt, or an OK that belongs to something earlier: ESC and once more


@dataclass(frozen=True, slots=True)
class Started:
    """Mark: the body of this part is about to leave."""

    part: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Mark: the fate of every body that left is clear. ``taken`` lists the TP-MR of the parts that the network took."""

    taken: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the script returns. ``healthy`` false: the modem should be started anew before it is used again.

    ``trouble`` is the class of the error that ended it, None when the message was sent.
    """

    attempt: Attempt
    healthy: bool = True
    trouble: Meaning | None = None
    barred: bool = False
    """Whether the network refuses the SIM, which still receives and may dial USSD codes."""


def submit(pdus: Sequence[SubmitPdu], patience_s: float = float("inf")) -> Script:
    """Send every part, in order, with +CMGS in PDU mode (TS 27.005, 4.3). Returns Submitted.

    A modem that is busy is given the part again, and so is a network that refuses it for now once a part has left, as
    the rest can go nowhere else; both for ``patience_s`` in all, which is what is left of the message's time.
    """
    references: list[int] = []
    for number, pdu in enumerate(pdus, start=1):
        tries = {Meaning.BUSY: BUSY_TRIES, Meaning.NETWORK: NETWORK_TRIES if references else 1}
        while True:
            end, reference = yield from _part(pdu, number)
            if reference is not None:
                references.append(reference)
            if end.body_left and not end.unclear:
                yield Mark(Answered(tuple(references)))
            if reference is not None:
                break
            said = meaning(end.final)
            tries[said] = tries.get(said, 1) - 1
            pause_s = BUSY_PAUSE_S if said is Meaning.BUSY else NETWORK_PAUSE_S
            if end.unclear or not tries[said] or patience_s < pause_s:
                return _not_sent(end, references, len(pdus))
            patience_s -= pause_s
            yield Pause(pause_s)
    return Submitted(Attempt(Verdict.SENT, parts=(len(pdus), len(pdus)), references=tuple(references), result="OK"))


@dataclass(frozen=True, slots=True)
class _End:
    """How a part ended; ``unclear`` tells that its fate is open: the body left and no clear answer came."""

    final: Final
    body_left: bool = False
    unclear: bool = False


def _part(pdu: SubmitPdu, number: int) -> Script:
    """Send one part. Returns (_End, TP-MR or None)."""
    command = Command(f"AT+CMGS={pdu.length}", PROMPT_LIMIT_S, prompt=True)
    answer = yield command
    if answer.final.kind in _OUT_OF_STEP:
        yield Escape()
        answer = yield command
    if answer.final.kind is not Kind.PROMPT:
        if answer.final.kind is not Kind.LOST:
            yield Escape()
        return _End(Final(Kind.TIMEOUT) if answer.final.ok else answer.final), None
    yield Mark(Started(number))
    answer = yield Body(pdu.hex, RESULT_LIMIT_S, expects="+CMGS:", settles="+CMGS:")
    found = re.match(r"\d+", answer.first("+CMGS:"))
    if found:
        return _End(answer.final, body_left=True), int(found[0])  # the network took it, whatever came after
    if answer.final.ok:
        return _End(answer.final, body_left=True), 0  # some firmware answers OK without +CMGS
    return _End(answer.final, body_left=True, unclear=meaning(answer.final) is Meaning.UNKNOWN), None


def _not_sent(end: _End, references: list[int], total: int) -> Submitted:
    """Say what became of the message when a part did not go."""
    dead, said, result = end.final.kind in DEAD, meaning(end.final), str(end.final)
    reason = "The modem did not take the message" if said is Meaning.UNKNOWN else said.value[0].upper() + said.value[1:]
    refused_for_good = (said is Meaning.MESSAGE and end.body_left) or end.final.code in {304, 305}
    if end.unclear:
        verdict, error = Verdict.UNKNOWN, f"The modem did not say what became of the message ({result})."
    elif references:
        verdict, error = Verdict.FAILED, f"Part {len(references) + 1} of {total} did not leave ({result}); the parts before it had."
    elif dead:
        verdict, error = Verdict.AGAIN, f"{reason} ({result})."
    elif said is Meaning.NETWORK:
        verdict, error = Verdict.LATER, f"{reason} ({result})."
    else:
        verdict, error = Verdict.FAILED if refused_for_good else Verdict.ELSEWHERE, f"{reason} ({result})."
    barred = end.final.kind is Kind.CMS and end.final.code in _BARRED
    return Submitted(Attempt(verdict, error, (len(references), total), tuple(references), result), healthy=not dead, trouble=said, barred=barred)
