"""About what is written down: syncs, and the states of messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.messages.sending import ReplyTo
from otppi.domain.outcome import Outcome
from otppi.domain.ports import Origin, Tell
from otppi.domain.requests import GetMessageStatus


@dataclass(frozen=True, slots=True)
class Sync:
    """Router → syncer: make what was appended survive a power cut; the answer is one :class:`Synced`."""

    sync: Callable[[], None] = field(repr=False)
    answer_to: Tell = field(repr=False)


@dataclass(frozen=True, slots=True)
class Synced:
    """Syncer → router: done, or why not."""

    error: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Router → usage keeper: write these counts; nothing waits for it."""

    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Gateway → router, and router → archive for what is not in hand any more: what became of a message? One reply."""

    request: GetMessageStatus
    origin: Origin
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class OtpRecovered:
    """Router → OTP desk, first of all: what became of the codes whose messages an earlier life had in hand.

    By the tag of the record, in hex digits; "in hand" for a message that goes on. A tag that is missing was never sent.
    """

    outcomes: Mapping[str, Outcome] = field(repr=False)
