"""One-time passwords: made here, never kept. What is kept is a keyed hash per reference.

A record binds code, reference, receiver and four params. It is used once, dies after too many wrong guesses, and is
remembered as expired for ten minutes so that a late client is told so.
"""

import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from otppi.domain.errors import BadTemplate

EXPIRED_FOR_S = 600  # how long an expired record still answers "expired" instead of "unknown"
DIGEST_BYTES = 20  # of HMAC-SHA256; short, as a hundred thousand of them live in RAM
KEY_BYTES = 16
MOST_ATTEMPTS = 255  # what the byte that counts them holds
_PLACEHOLDER = re.compile(r"%(.?)", re.DOTALL)


class Phase(Enum):
    """Where a record stands. Values are the byte in its packed form."""

    IN_HAND = 0  # its message has no outcome yet; the code can be verified already
    SENT = 1
    DEAD = 2  # guessed wrong too often; holds its reference until it expires


class Verified(Enum):
    """What a verification came to."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a code is bound to. ``receiver`` is canonical: E.164 digits or :func:`canonical_address`."""

    reference: str
    receiver: str = field(repr=False)
    params: tuple[str, str, str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Put:
    """A record to be written down: ``record`` under ``key``."""

    key: bytes
    record: bytes

    @property
    def tag(self) -> bytes:
        """What tells this code from every other, also from a later one of the same reference."""
        return self.key + self.record[-DIGEST_BYTES:]


@dataclass(frozen=True, slots=True)
class Drop:
    """A record that is gone."""

    key: bytes


Change = Put | Drop


def new_code(length: int) -> str:
    """Draw a code of ``length`` decimal digits from the operating system's generator."""
    return f"{secrets.randbelow(10**length):0{length}d}"


def render(template: str, code: str) -> str:
    """Put the code in the place of the one ``%s``; ``%%`` is a percent sign. Raises :class:`BadTemplate`."""
    found = [match.group(1) for match in _PLACEHOLDER.finditer(template)]
    if found.count("s") != 1 or set(found) - {"s", "%"}:
        raise BadTemplate("data.message must hold %s exactly once, and %% for a percent sign.")
    return _PLACEHOLDER.sub(lambda match: code if match.group(1) == "s" else "%", template)


def canonical_address(address: str) -> str:
    """Give a mail address as it is bound to a code: trimmed, the domain in lower case."""
    local, at, domain = address.strip().rpartition("@")
    return local + at + domain.lower()


class OtpBook:
    """All live records: a map from the keyed hash of a reference to digest, expiry, wrong guesses and phase.

    Pure: every method that changes something returns the changes to be written down before the answer leaves.
    Times are unix seconds.
    """

    _PACKED = struct.Struct(f">dBB{DIGEST_BYTES}s")

    def __init__(self, key: bytes, *, max_attempts: int) -> None:
        self.max_attempts = max_attempts
        self._key = key
        self._records: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._records)

    def reserve(self, claim: Claim, code: str, expires_at: float, now: float) -> Put | None:
        """Take the reference for a new code. None when it is in use, or dead and not yet expired."""
        key = self._name(claim.reference)
        held = self._records.get(key)
        if held is not None and self._PACKED.unpack(held)[0] > now:
            return None
        return self._put(key, expires_at, 0, Phase.IN_HAND, self._digest(claim, code))

    def sent(self, tag: bytes) -> Put | None:
        """Note that a code's message left or may have left. None when it was verified meanwhile or its reference has another."""
        held = self._tagged(tag)
        if held is None:
            return None
        expires_at, attempts, phase, digest = self._PACKED.unpack(held)
        return self._put(tag[:KEY_BYTES], expires_at, attempts, Phase.SENT, digest) if phase == Phase.IN_HAND.value else None

    def failed(self, tag: bytes) -> Drop | None:
        """Note that a code's message was not sent: the reference is free again."""
        if self._tagged(tag) is None:
            return None
        del self._records[tag[:KEY_BYTES]]
        return Drop(tag[:KEY_BYTES])

    def in_hand(self) -> list[bytes]:
        """List the tags of all codes whose message has no outcome yet."""
        return [Put(key, held).tag for key, held in self._records.items() if self._PACKED.unpack(held)[2] == Phase.IN_HAND.value]

    def verify(self, claim: Claim, code: str, now: float) -> tuple[Verified, Change | None]:
        """Check a code; a right one is consumed, a wrong guess counts. Compares in constant time."""
        key = self._name(claim.reference)
        held = self._records.get(key)
        digest = self._digest(claim, code)
        if held is None:
            return Verified.WRONG, None
        expires_at, attempts, phase, expected = self._PACKED.unpack(held)
        if expires_at <= now:
            return (Verified.EXPIRED if now < expires_at + EXPIRED_FOR_S else Verified.WRONG), None
        if phase == Phase.DEAD.value:
            return Verified.WRONG, None
        if hmac.compare_digest(digest, expected):
            del self._records[key]
            return Verified.RIGHT, Drop(key)
        attempts += 1
        dead = attempts >= min(self.max_attempts, MOST_ATTEMPTS)
        return Verified.WRONG, self._put(key, expires_at, attempts, Phase.DEAD if dead else Phase(phase), expected)

    def sweep(self, now: float) -> list[Drop]:
        """Forget what expired more than ten minutes ago."""
        gone = [key for key, held in self._records.items() if self._PACKED.unpack(held)[0] + EXPIRED_FOR_S <= now]
        for key in gone:
            del self._records[key]
        return [Drop(key) for key in gone]

    def load(self, changes: Iterable[Change]) -> None:
        """Take up what was written down, oldest first."""
        for change in changes:
            match change:
                case Put(key, record) if len(record) == self._PACKED.size:
                    self._records[key] = record
                case _:
                    self._records.pop(change.key, None)

    def everything(self) -> Iterator[Put]:
        """Give every record, for compaction."""
        for key, record in self._records.items():
            yield Put(key, record)

    def _put(self, key: bytes, expires_at: float, attempts: int, phase: Phase, digest: bytes) -> Put:
        record = self._PACKED.pack(expires_at, attempts, phase.value, digest)
        self._records[key] = record
        return Put(key, record)

    def _tagged(self, tag: bytes) -> bytes | None:
        held = self._records.get(tag[:KEY_BYTES])
        return held if held is not None and held[-DIGEST_BYTES:] == tag[KEY_BYTES:] else None

    def _name(self, reference: str) -> bytes:
        return hmac.digest(self._key, b"reference\0" + reference.encode(), hashlib.sha256)[:KEY_BYTES]

    def _digest(self, claim: Claim, code: str) -> bytes:
        parts = (claim.reference, claim.receiver, *claim.params, code)
        framed = b"".join(struct.pack(">I", len(part)) + part for part in (text.encode() for text in parts))
        return hmac.digest(self._key, b"claim\0" + framed, hashlib.sha256)[:DIGEST_BYTES]


def to_line(change: Change) -> bytes:
    """Write a change as one line of the journal."""
    return b"+" + change.key.hex().encode() + change.record.hex().encode() if isinstance(change, Put) else b"-" + change.key.hex().encode()


def from_line(line: bytes) -> Change:
    """Read a change back."""
    data = bytes.fromhex(line[1:].decode())
    return Put(data[:KEY_BYTES], data[KEY_BYTES:]) if line[:1] == b"+" else Drop(data[:KEY_BYTES])
