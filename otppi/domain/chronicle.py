"""What is written down of every message, and what can be said of each one after a crash.

Records hold ids, times, states, masked numbers and keyed hashes; never a text, never a whole number.
``armed`` is on disk (synced) before a sender may get the message; ``kept`` before its client is told that it is in hand;
``end`` before its client is told the outcome; ``report`` before a status report is removed from the modem. How far a sender is with the one job it holds stands in its own mark.
``armed`` and ``kept`` name the life of the machine (another one after a power cut) in which they were written: a gateway
may run for months, so that no single record at its start could tell it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from otppi.domain.outcome import Fate, Outcome

ARMED, KEPT, END, ACKNOWLEDGED, REPORT, STRAY, LATE = "armed", "kept", "end", "ack", "report", "stray", "late"
UNDELIVERED = "The network could not deliver the message."
_FATES = {"sent": Fate.SENT, "delivered": Fate.SENT, "failed": Fate.FAILED, "blocked": Fate.FAILED, "expired": Fate.EXPIRED, "unknown": Fate.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message without its text. ``at`` is the arrival in unix seconds.

    ``who`` is the keyed hash of the number, ``print`` the fingerprint of a request that may come again, ``otp`` the key of
    an OTP record, ``delivery`` the keyed hash of a broker's payload; all in hex digits, empty when there is none.
    """

    id: str
    at: float
    to: str
    who: str
    owner: str
    parts: int
    print: str = ""
    otp: str = ""
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a sender is.

    ``taken`` lists the TP-MR of the parts that the network took, ``left`` tells that the next part's body was about to go.
    ``sender`` is whose mark it was, empty when that is not known any more; the mark itself does not say it.
    """

    id: str
    parts: int
    left: bool
    taken: tuple[int, ...] = ()
    sender: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give what the mark file holds."""
        return {"id": self.id, "parts": self.parts, "left": self.left, "taken": list(self.taken)}

    @classmethod
    def from_json(cls, value: Any, sender: str = "") -> "Mark | None":
        """Read a mark; None when it is none."""
        try:
            mark = cls(str(value["id"]), int(value["parts"]), bool(value["left"]), tuple(int(number) for number in value["taken"]), sender)
        except (KeyError, TypeError, ValueError):
            return None
        return mark if mark.parts > 0 else None


def armed(facts: Facts, life: str) -> bytes:
    """Write down that a message may be handed to a sender from now on. ``life`` is that of the machine."""
    return _line({"r": ARMED, **_facts(facts), "life": life})


def kept(facts: Facts, life: str) -> bytes:
    """Write down that a message was answered "in hand" and lies sealed on disk."""
    return _line({"r": KEPT, **_facts(facts), "life": life})


def end(facts: Facts, outcome: Outcome, *, at: float, began: float | None) -> bytes:
    """Write down an outcome; ``began`` is when a sender got the message, None when none did."""
    return _line({"r": END, **_facts(facts), "status": outcome.status, "ended": round(at, 3), "began": began and round(began, 3), "modem": outcome.sender,
                  "sent": outcome.parts[0], "refs": list(outcome.references), "error": outcome.error, "result": outcome.result})


def acknowledged(message_id: str) -> bytes:
    """Write down that the broker was told that the delivery is done with, so that it does not come again."""
    return _line({"r": ACKNOWLEDGED, "id": message_id})


@dataclass(frozen=True, slots=True)
class Report:
    """What the network reported of one part of a message, for good. ``at`` is the report's arrival in unix seconds, ``code`` its TP-ST."""

    id: str
    part: int
    delivered: bool
    code: int
    at: float


def reported(report: Report) -> bytes:
    """Write down what the network reported."""
    return _line({"r": REPORT, "id": report.id, "part": report.part, "delivered": report.delivered, "code": report.code, "at": round(report.at, 3)})


@dataclass(frozen=True, slots=True)
class Late:
    """The modem's answer for the last part of a message, after its fate was said to be unknown. ``at`` in unix seconds."""

    id: str
    sender: str
    reference: int
    at: float


def late(word: Late) -> bytes:
    """Write down a late answer."""
    return _line({"r": LATE, "id": word.id, "modem": word.sender, "ref": word.reference, "at": round(word.at, 3)})


def stray(sender: str, to: str, *, delivered: bool, code: int, at: float) -> bytes:
    """Write down a report that belongs to no message that waits for one; ``to`` is masked."""
    return _line({"r": STRAY, "modem": sender, "to": to, "delivered": delivered, "code": code, "at": round(at, 3)})


@dataclass(slots=True)
class Story:
    """Everything written down of one message. ``life`` is that of the machine when it was last armed or kept."""

    facts: Facts
    life: str = ""
    armed: bool = False
    kept: bool = False
    end: Mapping[str, Any] | None = None
    reports: dict[int, Report] = field(default_factory=dict)
    """By the number of the part; the last word on each counts."""
    late: Late | None = None

    def outcome(self) -> Outcome | None:
        """Give the outcome it came to, None when none is written down."""
        if self.end is None:
            return None
        status = str(self.end["status"])
        fate = _FATES.get(status, Fate.UNKNOWN)  # a word of a later version: it may have been sent
        return Outcome(fate, status, str(self.end["error"]), str(self.end["modem"]), (int(self.end["sent"]), self.facts.parts),
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
        status, error, sent = outcome.status, outcome.error, outcome.parts[0]
        if self.late is not None and outcome.fate is Fate.UNKNOWN:
            status, error, sent = "sent", "", outcome.parts[1]
            history.append({"status": status, "at": self.late.at})
        if (last := self._delivery()) is not None:
            status, error = ("delivered", "") if last.delivered else ("failed", UNDELIVERED)
            history.append({"status": status, "at": last.at})
        told = {"id": self.facts.id, "status": status, "modemID": outcome.sender,
                "parts": {"sent": sent, "total": outcome.parts[1]}, "history": history}
        return {**told, "error": error} if error else told

    def _delivery(self) -> Report | None:
        """Give the report that decided: the first part that was not delivered, or the last one of all; None while some are missing."""
        failed = [report for report in self.reports.values() if not report.delivered]
        if failed:
            return min(failed, key=lambda report: report.at)
        return max(self.reports.values(), key=lambda report: report.at) if len(self.reports) >= self.facts.parts else None


_OF_AN_END = ("status", "ended", "began", "modem", "sent", "refs", "error", "result")


def read(
    lines: Iterable[bytes], over: Callable[[Story], None] | None = None, gone: Callable[[str], None] = lambda message_id: None,
    later: Callable[[Report | Late], None] = lambda word: None,
) -> dict[str, Story]:
    """Read records, oldest first, and give the stories by id; what cannot be understood says nothing.

    With ``over`` a story with an end goes there at once and is not given: two busy days would not fit into a small RAM.
    ``gone`` is told the messages whose deliveries were acknowledged, ``later`` what was said of messages after their end.
    """
    stories: dict[str, Story] = {}
    for line in lines:
        try:
            record = json.loads(line)
            kind = record["r"]
            if kind == ACKNOWLEDGED:
                gone(record["id"])
                continue
            if kind in {REPORT, LATE}:
                _word(record, stories, later)
                continue
            facts = Facts(record["id"], record["at"], record["to"], record["who"], record["owner"], record["parts"], record.get("print", ""), record.get("otp", ""),
                          record.get("delivery", ""))
            ended = {name: record[name] for name in _OF_AN_END} if kind == END else None
        except (ValueError, KeyError, TypeError):
            continue
        story = stories.setdefault(facts.id, Story(facts))
        if ended is not None:
            story.end = ended
            if over is not None:
                over(stories.pop(facts.id))
        elif kind in {ARMED, KEPT}:
            story.life = record.get("life", "")
            story.armed |= kind == ARMED
            story.kept |= kind == KEPT
    return stories


def _word(record: Mapping[str, Any], stories: Mapping[str, Story], later: Callable[[Report | Late], None]) -> None:
    """Take what was said of a message after its end."""
    story = stories.get(record["id"])
    if record["r"] == LATE:
        word = Late(record["id"], record["modem"], int(record["ref"]), float(record["at"]))
        later(word)
        if story is not None:
            story.late = word
        return
    report = Report(record["id"], int(record["part"]), bool(record["delivered"]), int(record["code"]), float(record["at"]))
    later(report)
    if story is not None:
        story.reports[report.part] = report


class Next(Enum):
    """What is to be done with a message that a crash left without an outcome."""

    RESUME = "resume"  # it was answered "in hand", nothing left, and its body can be read
    CLOSE = "close"


def after_crash(story: Story, marks: Iterable[Mark], *, same_life: bool, body_kept: bool, marks_whole: bool = True) -> tuple[Next, Outcome]:  # noqa: PLR0911  # one case a line
    """Say what became of a message without an outcome.

    A mark tells what a sender did; without one and in the same life of the machine nothing had left. After a power cut
    marks may be missing or older than what was done, so that a message that a sender may have had is unknown unless a
    mark says more. ``marks_whole`` tells that no mark was damaged: one that is may have been this message's.
    """
    total = story.facts.parts
    mine = [mark for mark in marks if mark.id == story.facts.id]
    taken = max((mark.taken for mark in mine), key=len, default=())
    parts, sender = (len(taken), total), next((mark.sender for mark in mine), "")
    if any(len(mark.taken) >= mark.parts for mark in mine):
        return Next.CLOSE, Outcome(Fate.SENT, "sent", "", sender, parts, taken, "OK")
    if any(mark.left for mark in mine):
        return Next.CLOSE, Outcome(Fate.UNKNOWN, "unknown", "The gateway died while the message was being sent.", sender, parts, taken)
    if not same_life:
        if story.armed or mine:
            return Next.CLOSE, Outcome(Fate.UNKNOWN, "unknown", "Power was lost while the message was on its way.", sender, parts, taken)
        return Next.CLOSE, Outcome(Fate.FAILED, "failed", "Power was lost before the message was sent.", parts=parts)
    if story.armed and not marks_whole:
        return Next.CLOSE, Outcome(Fate.UNKNOWN, "unknown", "What the modem did is not readable any more.", parts=parts, references=taken)
    if taken:
        return Next.CLOSE, Outcome(Fate.FAILED, "failed", f"The gateway died after part {len(taken)} of {total} had left.", sender, parts, taken)
    if story.kept and body_kept:
        return Next.RESUME, Outcome(Fate.IN_HAND, "queued", parts=parts)
    return Next.CLOSE, Outcome(Fate.FAILED, "failed", "The gateway died before the message was sent.", parts=parts)


def _facts(facts: Facts) -> dict[str, Any]:
    record: dict[str, Any] = {"id": facts.id, "at": round(facts.at, 3), "to": facts.to, "who": facts.who, "owner": facts.owner, "parts": facts.parts}
    if facts.print:
        record["print"] = facts.print
    if facts.otp:
        record["otp"] = facts.otp
    if facts.delivery:
        record["delivery"] = facts.delivery
    return record


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()
