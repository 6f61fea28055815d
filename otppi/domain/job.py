"""A message on its way out, and its id."""

import base64
import secrets
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

ID_LENGTH = 26  # 128 bits in base32hex
FARTHEST = 2.5e11  # unix seconds; what a later one names, in the year 9892, has no date that could be written


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
    delivery: str = ""
    """Hash of the payload that asked for it, where only the broker's word tells that a request came again."""
    otp: str = ""
    """Key of the OTP record that the message carries the code of, in hex digits."""


def new_id(wall: float) -> str:
    """Make an id of :data:`ID_LENGTH` characters: sortable by its unix second, with 80 random bits so that nobody can guess another's."""
    moment = int(wall * 1000) & (2**48 - 1)
    return base64.b32hexencode((moment << 80 | secrets.randbits(80)).to_bytes(16, "big")).decode().rstrip("=")


def born(job_id: str) -> float:
    """Give the unix second that an id holds, 0 when it is no id of ours."""
    if len(job_id) != ID_LENGTH:
        return 0.0
    try:
        moment = (int.from_bytes(base64.b32hexdecode(job_id + "======"), "big") >> 80) / 1000
    except ValueError:
        return 0.0
    return moment if moment < FARTHEST else 0.0
