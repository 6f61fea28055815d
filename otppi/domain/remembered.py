"""Requests that must not be carried out twice: keyed fingerprints of the last hours, each with its message."""

import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from otppi.domain.outcome import Outcome

PRINT_BYTES = 16  # of HMAC-SHA256


def fingerprint(key: bytes, command: str, data: dict[str, Any]) -> bytes:
    """Give the keyed hash of a request's command and data, whatever the order of its keys."""
    canonical = json.dumps([command, data], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.digest(key, b"request\0" + canonical.encode(), hashlib.sha256)[:PRINT_BYTES]


@dataclass(frozen=True, slots=True)
class Known:
    """The message of a remembered request; ``outcome`` is None while it is in hand."""

    message_id: str
    outcome: Outcome | None


class Remembered:
    """A map from fingerprint to message. Only what was sent, is unknown or in hand stays; the rest may come again."""

    def __init__(self, hours: float) -> None:
        self.hours = hours
        self._known: dict[bytes, Known] = {}
        self._ages: deque[tuple[float, bytes]] = deque()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, print_: bytes, now: float) -> Known | None:
        """Give the message of an equal request, None when there was none in time. ``now`` is in unix seconds."""
        while self._ages and self._ages[0][0] + self.hours * 3600 <= now:
            _, old = self._ages.popleft()
            self._known.pop(old, None)
        return self._known.get(print_)

    def begin(self, print_: bytes, message_id: str, now: float) -> None:
        """Note a request whose message is in hand from now on."""
        if self.hours > 0:
            self._known[print_] = Known(message_id, None)
            self._ages.append((now, print_))

    def end(self, print_: bytes, outcome: Outcome) -> None:
        """Note the outcome of its message; a request whose message was not sent is forgotten."""
        known = self._known.get(print_)
        if known is None:
            return
        if outcome.fate.keeps_otp:
            self._known[print_] = Known(known.message_id, outcome)
        else:
            del self._known[print_]
