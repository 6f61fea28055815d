"""Password records: scrypt sized for a Raspberry Pi, and the records of the original's users.

A record is ``scrypt$n$r$p$salt$hash`` (base64), or ``sha256$<64 hex digits>`` for a user moved over from the original,
whose record is the unsalted hash of the password.
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
    salt = secrets.token_bytes(SALT_BYTES)
    return "$".join(["scrypt", str(N), str(R), str(P), _encode(salt), _encode(_scrypt(password.reveal(), salt, N, R, P))])


def imported(sha256_hex: str) -> str:
    """Make a record of the original's hash. Raises :class:`Mistake` when it is none."""
    if not _SHA256.fullmatch(sha256_hex.lower()):
        raise Mistake("The imported password record is no SHA-256 hash.")
    return "sha256$" + sha256_hex.lower()


def matches(password: Secret, stored: str) -> Match:
    """Compare in time that does not depend on where they differ. An empty password matches nothing."""
    given = password.reveal()
    kind, _, rest = stored.partition("$")
    if kind == "sha256":
        hashed = hashlib.sha256(given.encode(errors="surrogatepass")).hexdigest()
        by_password = bool(given) and hmac.compare_digest(hashed.encode(), rest.encode())
        by_hash = hmac.compare_digest(given.lower().encode(errors="surrogatepass"), rest.encode())
        if by_password or by_hash:
            return Match.IMPORTED if by_password else Match.IMPORTED_HASH
        return matches(password, NOBODY)  # takes as long as with any other user
    n, r, p, salt, expected = rest.split("$")
    right = hmac.compare_digest(_scrypt(given, _decode(salt), int(n), int(r), int(p)), _decode(expected))
    return Match.YES if right and given else Match.NO


NOBODY = "$".join(["scrypt", str(N), str(R), str(P), "b3RwcGk6IG5vYm9keQ==", base64.b64encode(secrets.token_bytes(32)).decode()])
"""A record that nothing matches: verified against for unknown users, so that they take as long as known ones."""


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(errors="surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=129 * n * r + 2**20, dklen=32)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text)
