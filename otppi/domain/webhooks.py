"""Webhooks: what is posted to those who want to hear of events, how they know that it comes from us, and when it is tried again.

The body is ``{"id", "event", "at", "data"}``; three headers go with it. The signature is the HMAC-SHA256 of the timestamp, a
dot and the body, so that an old event cannot be played to a receiver again under a new time.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from otppi.domain.secret import Secret

EVENTS = ("message.sent", "message.delivered", "message.failed", "message.unknown", "message.expired", "sms.received", "modem.state")
TEST = "test"
"""The event of ``webhook.test``; nobody asks for it."""
PLAN_S = (10.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Rests after the first, second … failure in a row; the last one stays."""
JITTER = 0.2
"""By which a rest is longer or shorter, so that gateways do not come back in step."""
GIVE_UP_S = 2 * 86_400.0
"""After which an event is given up (row S15)."""
MOST_EVENTS = 10_000
"""That wait for one webhook; beyond it the oldest are given up."""
MOST_BYTES = 16 * 1024 * 1024
"""Of bodies that wait for one webhook, as long ones would fill the memory before there are too many."""


class Hook(Protocol):
    """One of otppi.config.webhooks, as it is needed here."""

    @property
    def id(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def place(self) -> str:
        """Host and port, all that is shown of the URL."""
    @property
    def events(self) -> tuple[str, ...]: ...
    @property
    def secret(self) -> Secret: ...
    @property
    def active(self) -> bool: ...
    @property
    def ca_file(self) -> str: ...
    @property
    def verify(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Event:
    """What waits to be posted. ``born`` is when it was accepted, in unix seconds; ``key`` as in Happened."""

    id: str
    body: bytes = field(repr=False)
    born: float
    key: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One request to one receiver. ``url`` may hold credentials."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    ca_file: str = ""
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """How a post went: the status, 0 when no whole answer came; ``error`` is a sentence that names no more than host and port."""

    status: int
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing any more: 410 (RFC 9110, 15.5.11)."""
        return self.status == 410


class Poster(Protocol):
    """Posts over HTTP and HTTPS."""

    def post(self, request: Post, done: Callable[[Answer], object]) -> None:
        """Post, and call ``done`` once, from any thread; it must only tell. Never blocks and never raises."""


def body(event_id: str, event: str, at: float, data: Mapping[str, Any]) -> bytes:
    """Give the body; ``at`` in unix seconds."""
    return json.dumps({"id": event_id, "event": event, "at": round(at, 3), "data": dict(data)}, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def signature(secret: Secret, timestamp: int, content: bytes) -> str:
    """Give what stands in X-Otppi-Signature."""
    return "sha256=" + hmac.new(secret.reveal().encode(), str(timestamp).encode() + b"." + content, hashlib.sha256).hexdigest()


def post(hook: Hook, event: Event, wall: float) -> Post:
    """Give the request for an event, signed at ``wall`` (unix seconds); its id is the same each time, its signature is not."""
    timestamp = int(wall)
    headers = {
        "Content-Type": "application/json",
        "X-Otppi-Id": event.id,
        "X-Otppi-Timestamp": str(timestamp),
        "X-Otppi-Signature": signature(hook.secret, timestamp, event.body),
    }
    return Post(hook.url, headers, event.body, hook.ca_file, hook.verify)


def named(key: str) -> str:
    """Give the id of an event that has a key: the same one however often it is raised; 26 characters of base32hex."""
    return base64.b32hexencode(hashlib.sha256(b"event\0" + key.encode()).digest()[:16]).decode().rstrip("=")


def rest_s(failures: int, luck: float) -> float:
    """Give how long to rest after so many failures in a row; ``luck`` from 0 to 1 spreads it by :data:`JITTER`."""
    return PLAN_S[min(failures, len(PLAN_S)) - 1] * (1 + JITTER * (2 * luck - 1))
