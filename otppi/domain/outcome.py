"""What became of a message: the table of outcomes, codes and consequences."""

from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """The outcome of a message as its sender is told. Value: the response code."""

    SENT = "0000"
    NO_MODEM = "1101"
    FAILED = "1102"
    REFUSED = "1102 refused"
    EXPIRED = "1203"
    UNKNOWN = "1111 unknown"
    IN_HAND = "1111 in hand"

    @property
    def code(self) -> str:
        """The response code of the original's clients."""
        return self.value[:4]

    @property
    def keeps_otp(self) -> bool:
        """Whether an OTP sent in this message may still arrive, so that its record must stay."""
        return self in {Fate.SENT, Fate.UNKNOWN, Fate.IN_HAND}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of one message and what can be said about it.

    ``status`` is ``queued`` or ``sending`` while the message is in hand, else the state it ended in.
    ``parts`` is sent and total; ``references`` the TP-MR of each part that the network took (TS 23.040, 9.2.3.6).
    """

    fate: Fate
    status: str
    error: str = ""
    sender: str = ""
    parts: tuple[int, int] = (0, 0)
    references: tuple[int, ...] = ()
    result: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing more will be said of the message."""
        return self.fate is not Fate.IN_HAND

    @property
    def sms(self) -> int:
        """How many SMS count against the sender's limits: those that left, and one that may have."""
        return _sms(self.parts, in_doubt=self.fate is Fate.UNKNOWN)


class Verdict(Enum):
    """What one try on one sender came to."""

    SENT = "sent"
    FAILED = "failed"  # for good: no other sender would fare better
    ELSEWHERE = "elsewhere"  # nothing left this sender; another one may do it
    LATER = "later"  # nothing left this sender; another one may do it at once, the same one after a while
    AGAIN = "again"  # nothing left this sender, which has to start anew; the same one may try again then
    UNKNOWN = "unknown"  # the body left and nobody said what became of it; never sent again by us


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sender's report on one try. ``error`` is one sentence without numbers or text of the message."""

    verdict: Verdict
    error: str = ""
    parts: tuple[int, int] = (0, 1)
    references: tuple[int, ...] = ()
    result: str = ""

    @property
    def sms(self) -> int:
        """How many SMS count against the sender's limits: those that left, and one that may have."""
        return _sms(self.parts, in_doubt=self.verdict is Verdict.UNKNOWN)


def _sms(parts: tuple[int, int], *, in_doubt: bool) -> int:
    """Parts leave one after the other, so that at most one of them is in doubt."""
    sent, total = parts
    return sent + (in_doubt and sent < total)
