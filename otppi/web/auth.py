"""HTTP Basic authentication of API users (RFC 7617), made for a small machine and for guessers.

A right credential costs one HMAC while it is remembered. Any other costs one scrypt, on at most two threads, whether the
user exists or not; too many failures of a user name or an address are refused without it.
"""

import base64
import binascii
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from otppi.domain import passwords
from otppi.domain.passwords import Match
from otppi.domain.ports import Accounts, ApiUser, Clock
from otppi.domain.replies import FAILED, UNAUTHORIZED, Reply
from otppi.domain.secret import Secret
from otppi.web.answers import log_failure
from otppi.web.client_address import block
from otppi.web.throttle import Failures

REMEMBER_S = 300.0  # a credential that is used goes on; its record is compared at every use
REMEMBERED = 1000  # credentials
AT_ONCE = 2  # scrypts: 16 MiB each
IN_LINE = 16  # different credentials in verification; a pool has at least 24 threads
PATIENCE_S = 5.0  # for a turn: 16 credentials at 0.25 s on a Pi 3 take two seconds on two threads
PER_USER, PER_ADDRESS = 10, 30  # failures in a minute
MAX_NAME, MAX_PASSWORD = 256, 1024  # bytes

_NOT_YOU = Reply("", UNAUTHORIZED, error="User name or password is wrong, or the user may not use the API.", status=401)
_BUSY = Reply("", FAILED, error="Too many sign-ins at once; try again.", status=503, retry_after_s=1)

Matches = Callable[[Secret, str], Match]


@dataclass(frozen=True, slots=True)
class _Known:
    """A verified credential and the record that it fitted."""

    record: str = field(repr=False)
    until: float


class Gate:
    """Tells whose request it is. The lock guards the tables of remembered and of queueing credentials."""

    def __init__(self, accounts: Accounts, clock: Clock, matches: Matches = passwords.matches) -> None:
        self._accounts = accounts
        self._clock = clock
        self._matches = matches
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, _Known] = {}
        self._in_line: dict[bytes, int] = {}
        self._lock = threading.Lock()
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        self._of_user = Failures(clock, PER_USER)
        self._of_address = Failures(clock, PER_ADDRESS)

    def admit(self, header: str | None, address: str) -> ApiUser | Reply:
        """Give the user that the ``Authorization`` header proves, or the reply that refuses it: 401, 429 or 503."""
        credential = _credential(header)
        if credential is None:
            return _NOT_YOU
        name, password = credential
        key = hmac.digest(self._key, f"{name}\0{password}".encode(), "sha256")
        return self._remembered(key, name) or self._verified(key, name, Secret(password), block(address))

    def _remembered(self, key: bytes, name: str) -> ApiUser | None:
        known = self._known.get(key)
        if known is None:
            return None
        now = self._clock.monotonic()
        user = self._accounts.api_user(name)
        if user is None or not user.usable or user.record != known.record or now >= known.until:
            with self._lock:
                self._known.pop(key, None)
            return None
        if known.until - now < REMEMBER_S / 2:
            self._remember(key, user.record)
        return user

    def _verified(self, key: bytes, name: str, password: Secret, address: str) -> ApiUser | Reply:
        if refusal := self._throttled(name, address):
            return refusal
        if not self._join(key):
            return _BUSY
        try:
            if not self._turn.acquire(timeout=PATIENCE_S):
                return _BUSY
            try:  # what is true after the wait: another thread may have verified the same, or used up the failures
                answer = self._remembered(key, name) or self._throttled(name, address)
                return answer or self._verify(key, name, password, address)
            finally:
                self._turn.release()
        finally:
            self._part(key)

    def _verify(self, key: bytes, name: str, password: Secret, address: str) -> ApiUser | Reply:
        user = self._accounts.api_user(name)
        match = self._match(password, user.record if user is not None and user.usable else passwords.NOBODY)
        if user is None or match is Match.NO:
            self._of_user.add(name)
            self._of_address.add(address)
            return _NOT_YOU
        self._of_user.forget(name)
        self._remember(key, user.record)
        if match is not Match.YES:
            self._accounts.upgrade(name, user.record, password)
        return user

    def _match(self, password: Secret, record: str) -> Match:
        """Compare; every kind of record costs one scrypt."""
        try:
            return self._matches(password, record)
        except (ValueError, OverflowError, binascii.Error) as error:
            log_failure("Reading a user's password record", error)
            return Match.NO

    def _throttled(self, name: str, address: str) -> Reply | None:
        wait_s = max(self._of_user.wait_s(name), self._of_address.wait_s(address))
        if not wait_s:
            return None
        return Reply("", FAILED, error="Too many failed sign-ins; wait a while.", status=429, retry_after_s=wait_s)

    def _remember(self, key: bytes, record: str) -> None:
        with self._lock:
            self._known.pop(key, None)
            while len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = _Known(record, self._clock.monotonic() + REMEMBER_S)

    def _join(self, key: bytes) -> bool:
        with self._lock:
            if key not in self._in_line and len(self._in_line) >= IN_LINE:
                return False
            self._in_line[key] = self._in_line.get(key, 0) + 1
            return True

    def _part(self, key: bytes) -> None:
        with self._lock:
            self._in_line[key] -= 1
            if not self._in_line[key]:
                del self._in_line[key]


def _credential(header: str | None) -> tuple[str, str] | None:
    scheme, _, token = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    token = token.strip().rstrip("=")
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
    except ValueError:
        return None
    name, colon, password = raw.partition(b":")
    if not colon or b"\0" in raw or len(name) > MAX_NAME or len(password) > MAX_PASSWORD:
        return None
    try:
        return name.decode(), password.decode()
    except UnicodeDecodeError:  # a client from before RFC 7617
        return name.decode("latin-1"), password.decode("latin-1")
