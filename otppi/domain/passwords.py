"""Password records: scrypt sized for a Raspberry Pi, and the records of the original's users.

A record is one of these (salt and hash in base64):

- ``scrypt$n$r$p$salt$hash``: scrypt of the password;
- ``sha256$<64 hex digits>``: a user moved over from the original, whose record is the unsalted hash of the password.
  The original's clients send either of the two;
- ``scrypt-sha256$n$r$p$salt$hash``: scrypt of those hex digits. Such a user's client sends the hash, and whoever knows the
  password can still send that.
"""

import base64
import hashlib
import hmac
import re
import secrets
from enum import Enum

from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret

N, R, P = 2**14, 8, 1  # 16 MiB and about 0.25 s on a Pi 3
SALT_BYTES = 16
MIN_LENGTH, MAX_LENGTH = 8, 200  # characters
OURS, OF_HASH, OF_ORIGINAL = "scrypt", "scrypt-sha256", "sha256"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Match(Enum):
    """How a password fits a record."""

    NO = "no"
    YES = "yes"
    IMPORTED = "imported"  # right, and the record should be replaced by one of ours
    IMPORTED_HASH = "imported hash"  # the client sent the hash itself, as the original wanted it


def check_new(password: Secret) -> None:
    """Refuse a password that is too short or too long. Raises :class:`Mistake`."""
    if not MIN_LENGTH <= len(password.reveal()) <= MAX_LENGTH:
        raise Mistake(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")


def record(password: Secret) -> str:
    """Make a new record; takes as long as a verification."""
    return _new(OURS, password.reveal())


def imported(sha256_hex: str) -> str:
    """Make a record of the original's hash. Raises :class:`Mistake` when it is none."""
    if not _is_hash(sha256_hex.lower()):
        raise Mistake("The imported password record is no SHA-256 hash.")
    return f"{OF_ORIGINAL}${sha256_hex.lower()}"


def upgraded(proven: Secret, stored: str) -> str | None:
    """Give a better record than ``stored``, which what the client sent was found to fit; None when it is good enough.

    A password makes a record of ours. A hash in place of it makes one that takes both, and leaves that one as it is: what
    looks like a hash is not hashed once more to find out whether it might be a password after all.
    """
    given = proven.reveal()
    kind, _, rest = stored.partition("$")
    if kind == OF_ORIGINAL and _same(given.lower(), rest):
        return _new(OF_HASH, rest)
    if kind == OF_ORIGINAL or (kind == OF_HASH and not _is_hash(given.lower())):
        return record(proven)
    return None


def takes_hash(stored: str) -> bool:
    """Tell whether a record was made for a client that sends the hash."""
    return stored.startswith(f"{OF_HASH}$")


def matches(password: Secret, stored: str) -> Match:
    """Compare in time that depends neither on the record nor on where they differ. An empty password matches nothing.

    It takes one scrypt; what looks like a hash takes a second one before it is refused, since it may be a password too.
    Raises ValueError for a record that is none.
    """
    given = password.reveal()
    kind, _, rest = stored.partition("$")
    digest = hashlib.sha256(given.encode(errors="surrogatepass")).hexdigest()
    if kind == OF_ORIGINAL:
        matches(password, NOBODY)  # takes as long as any other record
        if given and _same(digest, rest):
            return Match.IMPORTED
        return Match.IMPORTED_HASH if _same(given.lower(), rest) else Match.NO
    readings = {OURS: [(given, Match.YES), (given, Match.NO)], OF_HASH: [(given.lower(), Match.IMPORTED_HASH), (digest, Match.IMPORTED)]}.get(kind)
    if readings is None:
        raise ValueError("The kind of a password record is not known.")
    if not _is_hash(given.lower()):
        readings.pop(0 if kind == OF_HASH else 1)
    for text, match in readings:
        if _fits(text, rest) and given:
            return match
    return Match.NO


NOBODY = "$".join([OURS, str(N), str(R), str(P), "b3RwcGk6IG5vYm9keQ==", base64.b64encode(secrets.token_bytes(32)).decode()])
"""A record that nothing matches: verified against for unknown users, so that they take as long as known ones."""


def _new(kind: str, text: str) -> str:
    salt = secrets.token_bytes(SALT_BYTES)
    return "$".join([kind, str(N), str(R), str(P), _encode(salt), _encode(_scrypt(text, salt, N, R, P))])


def _fits(text: str, rest: str) -> bool:
    n, r, p, salt, expected = rest.split("$")
    return hmac.compare_digest(_scrypt(text, _decode(salt), int(n), int(r), int(p)), _decode(expected))


def _same(text: str, other: str) -> bool:
    return hmac.compare_digest(text.encode(errors="surrogatepass"), other.encode())


def _is_hash(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def _scrypt(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(text.encode(errors="surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=129 * n * r + 2**20, dklen=32)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text)
