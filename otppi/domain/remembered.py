"""Requests that must not be carried out twice: keyed fingerprints of the last hours, each with its message."""

import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass
from typing import Any

from otppi.domain.outcome import Outcome

PRINT_BYTES = 16  # of HMAC-SHA256
MOST = 100_000  # requests; about 0.5 kB of RAM each, so that they leave room on a machine of 1 GB
ROOM = 1000  # requests that are forgotten together when there are too many


def fingerprint(key: bytes, command: str, data: dict[str, Any]) -> bytes:
    """Give the keyed hash of a request's command and data, whatever the order of its keys."""
    canonical = json.dumps([command, data], sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, b"request\0" + canonical.encode(), hashlib.sha256)[:PRINT_BYTES]


@dataclass(frozen=True, slots=True)
class Known:
    """The message of a remembered request; ``outcome`` is None while it is in hand."""

    message_id: str
    outcome: Outcome | None


class Remembered:
    """A map from fingerprint to message. Only what was sent, is unknown or in hand stays; the rest may come again.

    When more come within the hours than there is room for, the oldest with an outcome are forgotten before their time,
    and ``forgotten`` says so: the arrival of the youngest of them in unix seconds, 0 when there was none.
    """

    def __init__(self, hours: float, most: int = MOST) -> None:
        self.hours = hours
        self.forgotten = 0.0
        self._most = most
        self._known: dict[bytes, tuple[float, Known]] = {}  # oldest first, each with its arrival

    def __len__(self) -> int:
        return len(self._known)

    def find(self, print_: bytes, now: float) -> Known | None:
        """Give the message of an equal request, None when there was none in time. ``now`` is in unix seconds."""
        while self._known and (oldest := next(iter(self._known))) and self._known[oldest][0] + self.hours * 3600 <= now:
            del self._known[oldest]
        entry = self._known.get(print_)
        return entry[1] if entry is not None and entry[0] + self.hours * 3600 > now else None

    def begin(self, print_: bytes, message_id: str, now: float) -> None:
        """Note a request whose message is in hand from now on."""
        self._known.pop(print_, None)  # its place is that of the newest
        if self.hours > 0:
            self._known[print_] = (now, Known(message_id, None))
            if len(self._known) > self._most:
                self._make_room()

    def short(self, now: float) -> float:
        """Give since when requests are remembered in full, in unix seconds; 0 when it is for all of the hours."""
        return self.forgotten if self.forgotten > now - self.hours * 3600 else 0.0

    def _make_room(self) -> None:
        """Forget the oldest that came to an outcome; what is in hand is bounded by the queue and never forgotten."""
        over = [print_ for print_, (_, known) in itertools.islice(self._known.items(), 2 * ROOM) if known.outcome is not None]
        over = over or [print_ for print_, (_, known) in self._known.items() if known.outcome is not None]
        for print_ in over[:ROOM]:
            self.forgotten = max(self.forgotten, self._known.pop(print_)[0])

    def end(self, print_: bytes, message_id: str, outcome: Outcome) -> None:
        """Note the outcome of its message; a request whose message was not sent is forgotten."""
        at, known = self._known.get(print_, (0.0, None))
        if known is None or known.message_id != message_id:  # too old, and perhaps come again since
            return
        if outcome.fate.keeps_otp:
            self._known[print_] = (at, Known(message_id, outcome))
        else:
            del self._known[print_]
