"""The script that sends one message, part by part, and knows at every moment what could have left the modem."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from otppi.at.dialogue import Body, Command, Escape, Mark, Pause, Script
from otppi.at.pdu import SubmitPdu
from otppi.at.results import Final, Kind, Meaning, meaning
from otppi.domain.outcome import Attempt, Verdict

PROMPT_LIMIT_S = 5.0
RESULT_LIMIT_S = 180.0  # the network may take minutes; a shorter limit is where doubles come from
BUSY_PAUSE_S = 2.0
BUSY_TRIES = 5


@dataclass(frozen=True, slots=True)
class Started:
    """Mark: the body of this part is about to leave."""

    part: int


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the script returns. ``healthy`` false: the modem should be started anew before it is used again."""

    attempt: Attempt
    healthy: bool = True


def submit(pdus: Sequence[SubmitPdu]) -> Script:
    """Send every part, in order, with +CMGS in PDU mode (TS 27.005, 4.3). Returns Submitted."""
    references: list[int] = []
    for number, pdu in enumerate(pdus, start=1):
        for turn in range(BUSY_TRIES):
            final, reference = yield from _part(pdu, number)
            if reference is not None or final.unclear or meaning(final.final) is not Meaning.BUSY or turn == BUSY_TRIES - 1:
                break
            yield Pause(BUSY_PAUSE_S)
        if reference is None:
            return _not_sent(final, references, len(pdus))
        references.append(reference)
    result = "OK"
    return Submitted(Attempt(Verdict.SENT, parts=(len(pdus), len(pdus)), references=tuple(references), result=result))


@dataclass(frozen=True, slots=True)
class _End:
    """How a part ended; ``unclear`` tells that its fate is open: the body left and no clear answer came."""

    final: Final
    body_left: bool
    unclear: bool = False


def _part(pdu: SubmitPdu, number: int) -> Script:
    """Send one part. Returns (_End, TP-MR or None)."""
    answer = yield Command(f"AT+CMGS={pdu.length}", PROMPT_LIMIT_S, prompt=True)
    if answer.final.kind is Kind.TIMEOUT:
        yield Escape()
        answer = yield Command(f"AT+CMGS={pdu.length}", PROMPT_LIMIT_S, prompt=True)
    if answer.final.kind is not Kind.PROMPT:
        if answer.final.kind is not Kind.LOST:
            yield Escape()
        return _End(answer.final, body_left=False), None
    yield Mark(Started(number))
    answer = yield Body(pdu.hex, RESULT_LIMIT_S, expects="+CMGS:", settles="+CMGS:")
    found = re.match(r"(\d+)", answer.first("+CMGS:"))
    if found and answer.final.kind in {Kind.OK, Kind.TIMEOUT, Kind.LOST}:
        return _End(answer.final, body_left=True), int(found[1])  # the network took it, whatever happened to the OK
    if answer.final.ok:
        return _End(answer.final, body_left=True), 0  # some firmware answers OK without +CMGS
    unclear = meaning(answer.final) is Meaning.UNKNOWN
    return _End(answer.final, body_left=True, unclear=unclear), None


def _not_sent(end: _End, references: list[int], total: int) -> Submitted:
    """Say what became of the message when a part did not go."""
    sent = len(references)
    parts, taken = (sent, total), tuple(references)
    said = meaning(end.final)
    dead = end.final.kind in {Kind.TIMEOUT, Kind.LOST}
    result = str(end.final)
    if end.unclear:
        error = f"The modem did not say what became of the message ({result})."
        return Submitted(Attempt(Verdict.UNKNOWN, error, parts, taken, result), healthy=not dead)
    if sent:
        error = f"Part {sent + 1} of {total} was refused ({result}); the parts before it had left."
        return Submitted(Attempt(Verdict.FAILED, error, parts, taken, result), healthy=not dead)
    if dead:
        return Submitted(Attempt(Verdict.AGAIN, f"The modem did not take the message ({result}).", parts, result=result), healthy=False)
    reason = "The modem did not take the message" if said is Meaning.UNKNOWN else said.value[0].upper() + said.value[1:]
    error = f"{reason} ({result})."
    clear = (said is Meaning.MESSAGE and end.body_left) or end.final.code in {304, 305}
    return Submitted(Attempt(Verdict.FAILED if clear else Verdict.ELSEWHERE, error, parts, result=result))
