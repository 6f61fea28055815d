"""Where a sender stands, where a job is, and what the dispatch keeps of a job."""

from dataclasses import dataclass, field
from enum import Enum

from otppi.domain.job import Job, Priority
from otppi.domain.outcome import Attempt

NEVER = float("inf")
OTP_THRIFT_S = 5.0  # that a one-time password waits for the cheapest sender: about one SMS of a modem


class Standing(Enum):
    """How a sender stands."""

    USABLE = "usable"
    COMING = "coming back"  # starting, or lost a moment ago
    RESTING = "resting"  # its limit of messages is reached; it goes on by itself
    AWAY = "away"


class Stage(Enum):
    """Where a job is."""

    ARRIVED = "arrived"  # the blocklist has been asked
    QUEUED = "queued"
    ARMING = "arming"  # the journal has been asked; only armed jobs are offered
    OFFERED = "offered"  # a sender is reserved, the blocklist has been asked again
    SENDING = "sending"


@dataclass(slots=True)
class Entry:
    """A job in hand."""

    job: Job
    seq: int
    stage: Stage = Stage.ARRIVED
    sender: str = ""
    """Who was offered it or sends it."""
    lane: tuple[str, ...] = ()
    """Who could send it when it was last routed."""
    armed: bool = False
    turn: int = 0
    screen_due: float = NEVER
    """Until when the blocklist may answer; counts while it is asked."""
    answered: bool = False
    promised: bool = False
    """Kept on disk, since somebody else who asked for the same message was told that it is in hand."""
    rounds: int = 0
    """How often it came back unsent."""
    tried: set[str] = field(default_factory=set)
    """Who gave it up for good."""
    shunned: set[str] = field(default_factory=set)
    """Who may try again at ``retry_at``, as the network could not take it there."""
    retry_at: float = NEVER
    thrifty: bool = False
    """Whether it waits for the cheapest of its senders alone, which it does until ``lavish_at``."""
    lavish_at: float = NEVER
    last: Attempt | None = None

    @property
    def asked(self) -> bool:
        """Whether the blocklist owes an answer."""
        return self.stage in {Stage.ARRIVED, Stage.OFFERED}

    @property
    def ends_at(self) -> float:
        """When it is over unless something happens before: the deadline, or the blocklist's."""
        if self.stage is Stage.SENDING:
            return NEVER
        return min(self.job.deadline, self.screen_due) if self.asked else self.job.deadline

    @property
    def moment(self) -> float:
        """The next moment at which something must happen to it."""
        if self.answered or self.job.reply_due is None:
            return min(self.ends_at, self._retry_due, self._lavish_due)
        return min(self.ends_at, self._retry_due, self._lavish_due, self.job.reply_due)

    def widen(self, now: float) -> bool:
        """Let those have it again whose network could not take it, and dearer ones, each in its time; True when that may change its senders."""
        retry, lavish = self._retry_due <= now, self._lavish_due <= now
        if retry:
            self.shunned.clear()
            self.retry_at = NEVER
        if lavish:
            self.thrifty = False
        return retry or lavish

    @property
    def _retry_due(self) -> float:
        return self.retry_at if self.stage is not Stage.SENDING else NEVER

    @property
    def _lavish_due(self) -> float:
        return self.lavish_at if self.thrifty and self.stage in {Stage.QUEUED, Stage.ARMING} else NEVER


def thrift_s(job: Job, now: float) -> float:
    """Give the seconds for which a job waits for the cheapest of its senders alone: half of its time, if it is no one-time password."""
    half = (job.deadline - now) / 2
    return min(half, OTP_THRIFT_S) if job.priority is Priority.OTP else half
