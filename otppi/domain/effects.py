"""What the dispatch wants done: data for the router to carry out, in the order given."""

from dataclasses import dataclass

from otppi.domain.job import Job
from otppi.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Screen:
    """Ask the blocklist about a job; ``turn`` tells the first question from the second."""

    job: Job
    turn: int


@dataclass(frozen=True, slots=True)
class Arm:
    """Write down, so that it survives a power cut, that a sender may get this job; then say that it is armed."""

    job: Job


@dataclass(frozen=True, slots=True)
class Assign:
    """Hand a job to a sender."""

    sender: str
    job: Job


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply to whoever asked for the job."""

    job: Job
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Leave:
    """Forget a job that was answered "in hand": it lies on disk and the next life of the gateway goes on with it."""

    job: Job


@dataclass(frozen=True, slots=True)
class Settle:
    """Note the end of a job."""

    job: Job
    outcome: Outcome


Effect = Screen | Arm | Assign | Answer | Leave | Settle
