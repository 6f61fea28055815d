"""What is written down of every message, and what can be said of each one after a crash.

Records hold ids, times, states, masked numbers and keyed hashes; never a text, never a whole number.
``armed`` is on disk (synced) before a sender may get the message; ``kept`` before its client is told that it is in hand;
``end`` before its client is told the outcome. How far a sender is with the one job it holds stands in its own mark.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from otppi.domain.outcome import Fate, Outcome

LIFE, ARMED, KEPT, END = "life", "armed", "kept", "end"
_FATES = {"sent": Fate.SENT, "failed": Fate.FAILED, "blocked": Fate.FAILED, "expired": Fate.EXPIRED, "unknown": Fate.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message without its text. ``at`` is the arrival in unix seconds.

    ``who`` is the keyed hash of the number, ``print`` the fingerprint of a request that may come again, ``otp`` the key of
    an OTP record; all three in hex digits, empty when there is none.
    """

    id: str
    at: float
    to: str
    who: str
    owner: str
    parts: int
    print: str = ""
    otp: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a sender is.

    ``taken`` lists the TP-MR of the parts that the network took, ``left`` tells that the next part's body was about to go.
    """

    id: str
    parts: int
    left: bool
    taken: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give what the mark file holds."""
        return {"id": self.id, "parts": self.parts, "left": self.left, "taken": list(self.taken)}

    @classmethod
    def from_json(cls, value: Any) -> "Mark | None":
        """Read a mark; None when it is none."""
        try:
            return cls(str(value["id"]), int(value["parts"]), bool(value["left"]), tuple(int(number) for number in value["taken"]))
        except (KeyError, TypeError, ValueError):
            return None


def life(token: str) -> bytes:
    """Write down which life of the machine this is: another one after a power cut."""
    return _line({"r": LIFE, "life": token})


def armed(facts: Facts) -> bytes:
    """Write down that a message may be handed to a sender from now on."""
    return _line({"r": ARMED, **_facts(facts)})


def kept(facts: Facts) -> bytes:
    """Write down that a message was answered "in hand" and lies sealed on disk."""
    return _line({"r": KEPT, **_facts(facts)})


def end(facts: Facts, outcome: Outcome, *, at: float, began: float | None) -> bytes:
    """Write down an outcome; ``began`` is when a sender got the message, None when none did."""
    return _line({"r": END, **_facts(facts), "status": outcome.status, "ended": round(at, 3), "began": began and round(began, 3), "modem": outcome.sender,
                  "sent": outcome.parts[0], "refs": list(outcome.references), "error": outcome.error, "result": outcome.result})


@dataclass(slots=True)
class Story:
    """Everything written down of one message."""

    facts: Facts
    armed: bool = False
    kept: bool = False
    end: Mapping[str, Any] | None = None

    def outcome(self) -> Outcome | None:
        """Give the outcome it came to, None when none is written down."""
        if self.end is None:
            return None
        status = str(self.end["status"])
        return Outcome(_FATES.get(status, Fate.FAILED), status, str(self.end["error"]), str(self.end["modem"]), (int(self.end["sent"]), self.facts.parts),
                       tuple(self.end["refs"]), str(self.end["result"]))

    def status(self) -> dict[str, Any]:
        """Tell it as get-message-status does."""
        outcome = self.outcome()
        history = [{"status": "queued", "at": self.facts.at}]
        if self.end is not None and self.end["began"]:
            history.append({"status": "sending", "at": self.end["began"]})
        if outcome is None:
            return {"id": self.facts.id, "status": "queued", "modemID": "", "parts": {"sent": 0, "total": self.facts.parts}, "history": history}
        history.append({"status": outcome.status, "at": self.end["ended"] if self.end else 0})
        told = {"id": self.facts.id, "status": outcome.status, "modemID": outcome.sender,
                "parts": {"sent": outcome.parts[0], "total": outcome.parts[1]}, "history": history}
        return {**told, "error": outcome.error} if outcome.error else told


@dataclass(slots=True)
class Tale:
    """All stories read from the journals, by id, and the last life that was written down."""

    stories: dict[str, Story] = field(default_factory=dict)
    life: str = ""


def read(lines: Iterable[bytes]) -> Tale:
    """Read records, oldest first; what cannot be understood says nothing."""
    tale = Tale()
    for line in lines:
        try:
            record = json.loads(line)
            kind = record["r"]
            if kind == LIFE:
                tale.life = str(record["life"])
                continue
            facts = Facts(record["id"], record["at"], record["to"], record["who"], record["owner"], record["parts"], record.get("print", ""), record.get("otp", ""))
        except (ValueError, KeyError, TypeError):
            continue
        story = tale.stories.setdefault(facts.id, Story(facts))
        story.armed = story.armed or kind == ARMED
        story.kept = story.kept or kind == KEPT
        if kind == END:
            story.end = record
    return tale


class Next(Enum):
    """What is to be done with a message that a crash left without an outcome."""

    RESUME = "resume"  # it was answered "in hand", nothing left, and its body can be read
    CLOSE = "close"


def after_crash(story: Story, marks: Iterable[Mark], *, same_life: bool, body_kept: bool) -> tuple[Next, Outcome]:  # noqa: PLR0911  # one case a line
    """Say what became of a message without an outcome.

    A mark tells what a sender did; without one and in the same life of the machine nothing had left. After a power cut
    a missing mark proves nothing, so that an armed message is unknown.
    """
    total = story.facts.parts
    mine = [mark for mark in marks if mark.id == story.facts.id]
    taken = max((mark.taken for mark in mine), key=len, default=())
    parts = (len(taken), total)
    if any(len(mark.taken) >= total for mark in mine):
        return Next.CLOSE, Outcome(Fate.SENT, "sent", parts=parts, references=taken, result="OK")
    if any(mark.left for mark in mine):
        return Next.CLOSE, Outcome(Fate.UNKNOWN, "unknown", "The gateway died while the message was being sent.", parts=parts, references=taken)
    if taken:
        return Next.CLOSE, Outcome(Fate.FAILED, "failed", f"The gateway died after part {len(taken)} of {total} had left.", parts=parts, references=taken)
    if not same_life:
        if story.armed:
            return Next.CLOSE, Outcome(Fate.UNKNOWN, "unknown", "Power was lost while the message was on its way.", parts=parts)
        return Next.CLOSE, Outcome(Fate.FAILED, "failed", "Power was lost before the message was sent.", parts=parts)
    if story.kept and body_kept:
        return Next.RESUME, Outcome(Fate.IN_HAND, "queued", parts=parts)
    return Next.CLOSE, Outcome(Fate.FAILED, "failed", "The gateway died before the message was sent.", parts=parts)


def _facts(facts: Facts) -> dict[str, Any]:
    record: dict[str, Any] = {"id": facts.id, "at": round(facts.at, 3), "to": facts.to, "who": facts.who, "owner": facts.owner, "parts": facts.parts}
    if facts.print:
        record["print"] = facts.print
    if facts.otp:
        record["otp"] = facts.otp
    return record


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
