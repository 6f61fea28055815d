"""From the gateway to the network and back: router, blocklist, senders."""

from collections.abc import Callable
from dataclasses import dataclass, field

from otppi.domain.dispatch import Standing
from otppi.domain.job import Job
from otppi.domain.outcome import Attempt, Outcome
from otppi.domain.ports import Origin, Tell
from otppi.domain.replies import Reply
from otppi.domain.requests import SendSms

ReplyTo = Callable[[Reply], None]
"""Takes the one reply of a request; never blocks, never raises."""


@dataclass(frozen=True, slots=True)
class AskSend:
    """Gateway → router: send this text. The router calls ``reply`` exactly once."""

    request: SendSms
    origin: Origin
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submit:
    """OTP desk → router: send this job.

    The router calls ``answer`` once, with the outcome or with "in hand" when the reply is due first, and ``settle``
    once, with the outcome.
    """

    job: Job
    answer: Callable[[Outcome], None] = field(repr=False)
    settle: Callable[[Outcome], None] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ScreenNumber:
    """Router → blocklist: may this canonical number be texted? It answers with :class:`Screened`."""

    job_id: str
    turn: int
    number: str = field(repr=False)
    answer_to: Tell = field(repr=False)


@dataclass(frozen=True, slots=True)
class Screened:
    """Blocklist → router: the answer to :class:`ScreenNumber`."""

    job_id: str
    turn: int
    blocked: bool


@dataclass(frozen=True, slots=True)
class BlocklistNow:
    """Blocklist → router: the list as it is from now on, immutable. The second question about a number is answered by it
    while the blocklist answers others, so that no modem waits for two more mailboxes.
    """

    blocks: Callable[[str], bool] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Assign:
    """Router → sender: send this. The sender answers with :class:`Finished`; it is never given a second one before."""

    job: Job


@dataclass(frozen=True, slots=True)
class Finished:
    """Sender → router: what became of the job; also says that the sender is ready for the next."""

    sender: str
    job_id: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class SenderStanding:
    """Sender → router: how it stands, and where to tell it its jobs."""

    sender: str
    standing: Standing
    port: Tell = field(repr=False)
    imsi: str = field(default="", repr=False)
    """Of the SIM that it sends with, empty while that is not known."""


@dataclass(frozen=True, slots=True)
class SentAfterAll:
    """Sender → router: the network took the last part of a message after its fate was said to be unknown; ``reference`` is its TP-MR."""

    sender: str
    job_id: str
    reference: int


@dataclass(frozen=True, slots=True)
class SenderGone:
    """Supervisor → router: a sender died, or with ``removed`` exists no more. Comes before its successor starts."""

    sender: str
    removed: bool = False
