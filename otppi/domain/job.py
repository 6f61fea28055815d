"""A message on its way out, and the intake that makes one of a request."""

import base64
import secrets
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from otppi.domain.errors import Mistake


class Priority(IntEnum):
    """Lower goes first."""

    OTP = 0
    SINGLE = 1
    BULK = 2


@dataclass(frozen=True, slots=True)
class Job:
    """One message for one receiver. Times are monotonic seconds.

    ``deadline`` ends the wait for a modem, ``expires`` tells that the deadline is the message's own expiry;
    ``reply_due`` is when the sender is told "in hand" if there is no outcome yet, None to wait for the outcome.
    ``patient`` senders wait until the deadline even when no modem is usable. ``source`` is the door it came through.
    """

    id: str
    to: str = field(repr=False)
    text: str = field(repr=False)
    parts: int
    priority: Priority
    deadline: float
    expires: bool
    reply_due: float | None
    patient: bool = False
    flash: bool = False
    validity_s: int | None = None
    source: str = ""
    user: str = ""
    client_id: Any = None
    hurried: bool = False
    """Answered "in hand" as soon as it is queued."""
    print: str = ""
    """Fingerprint of the request, in hex digits; empty when the request may be repeated."""
    otp: str = ""
    """Key of the OTP record that the message carries the code of, in hex digits."""


def new_id() -> str:
    """Make an id of 26 characters: sortable by time, with 80 random bits so that nobody can guess another's."""
    moment = int(time.time() * 1000) & (2**48 - 1)
    return base64.b32hexencode((moment << 80 | secrets.randbits(80)).to_bytes(16, "big")).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """What the settings say about taking messages in."""

    drop_expired: bool = True
    expiration_ms: int = 300_000
    max_parts: int = 10
    max_wait_rest_s: float = 300
    max_wait_broker_s: float = 1200
    reply_timeout_s: float = 25


LONGEST_S = 366 * 86_400.0  # nobody waits longer for a modem; clocks cannot wait for ever (threading.TIMEOUT_MAX)


class Expired(Mistake):
    """The message's time was over when it arrived."""

    def __init__(self) -> None:
        super().__init__("The message expired before it was sent.")


def expiry(expiration: float | None, date_time: float | None, rules: IntakeRules) -> float | None:
    """Give the unix second after which a message is worthless, None for never."""
    if expiration is not None:
        return expiration
    return date_time + rules.expiration_ms / 1000 if date_time is not None else None


def deadline(expires_at: float | None, *, patient: bool, wall: float, monotonic: float, clock_ok: bool, rules: IntakeRules) -> tuple[float, bool]:
    """Give the monotonic deadline of a message and whether it is the message's own expiry.

    Raises :class:`Expired`. While the clock is known to be wrong nothing expires.
    """
    wait = rules.max_wait_broker_s if patient else rules.max_wait_rest_s
    if expires_at is None or not rules.drop_expired or not clock_ok:
        return monotonic + wait, False
    left = expires_at - wall
    if left <= 0:
        raise Expired
    if left > LONGEST_S:
        return monotonic + (wait if patient else LONGEST_S), False
    if patient and wait < left:
        return monotonic + wait, False
    return monotonic + left, True


def check_text(text: str, parts: int, max_parts: int) -> None:
    """Refuse a text that is empty or takes too many SMS. Raises :class:`Mistake`."""
    if not text:
        raise Mistake("data.message is empty.")
    if parts > max_parts:
        raise Mistake(f"data.message would take {parts} SMS; at most {max_parts} are allowed.")
