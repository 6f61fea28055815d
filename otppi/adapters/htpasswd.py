"""Users of an htpasswd file: ``{SHA}``, ``$apr1$`` and bcrypt records, as Apache's tool writes them.

bcrypt comes from the C library's libcrypt, which every Debian has for its own log-ins: no package more, and Python's own
binding went away with 3.13.
"""

import base64
import ctypes
import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from functools import cache
from pathlib import Path
from typing import Any

from otppi.domain.errors import Mistake

REMEMBERED, REMEMBER_S = 1000, 300.0
_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHA = re.compile(r"\{SHA\}[A-Za-z0-9+/]{27}=")
_APR1 = re.compile(r"\$apr1\$([./0-9A-Za-z]{1,8})\$[./0-9A-Za-z]{22}")
_BCRYPT = re.compile(r"\$2[aby]\$[0-9]{2}\$[./0-9A-Za-z]{53}")
_ROUNDS = 1000
_ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))


class Users:
    """Tells whether a password is a user's. What was right is remembered as a keyed hash for five minutes.

    The lock guards the memory, as passwords are verified by more than one thread.
    """

    def __init__(self, records: dict[str, str]) -> None:
        self._records = records
        self._dummy = next(iter(records.values()), "{SHA}" + 27 * "A" + "=")
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> "Users":
        """Read the file. Raises Mistake for one that cannot be read, holds nobody, or a line that is no record."""
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            raise Mistake(f"{path} is no text file in UTF-8.") from None
        except OSError as error:
            raise Mistake(f"{path} could not be read: {error.strerror}.") from error
        records: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, record = line.strip().partition(":")
            if not name or not any(known.fullmatch(record) for known in (_SHA, _APR1, _BCRYPT)):
                raise Mistake(f"{path}, line {number}: not a user with a password of htpasswd's kinds {{SHA}} (-s), $apr1$ (-m) or bcrypt (-B).")
            if _BCRYPT.fullmatch(record) and _libcrypt() is None:
                raise Mistake(f"{path}, line {number}: this machine has no libcrypt.so.1 for bcrypt; use $apr1$ (htpasswd -m).")
            records[name] = record
        if not records:
            raise Mistake(f"{path} holds no user.")
        return cls(records)

    def remembers(self, name: str, password: str) -> bool:
        """Tell at once whether this pair was right within the last minutes."""
        with self._lock:
            end = self._known.get(self._mark(name, password), 0.0)
        return end > time.monotonic()

    def verify(self, name: str, password: str) -> bool:
        """Compute whether it is right; takes as long as the record wants, for strangers too."""
        record = self._records.get(name)
        right = matches(password, record or self._dummy) and record is not None
        if right:
            with self._lock:
                self._known[self._mark(name, password)] = time.monotonic() + REMEMBER_S
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return right

    def _mark(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{name}\0{password}".encode(), "sha256")


def matches(password: str, record: str) -> bool:
    """Compare in time that does not depend on where they differ."""
    word = password.encode()
    if record.startswith("{SHA}"):
        found = "{SHA}" + base64.b64encode(hashlib.sha1(word).digest()).decode()  # noqa: S324  # the file's format
    elif apr1 := _APR1.fullmatch(record):
        found = _apr1(word, apr1[1].encode())
    else:
        found = _bcrypt(word, record)
    return hmac.compare_digest(found.encode(), record.encode())


def _apr1(word: bytes, salt: bytes) -> str:
    """Apache's MD5 (apr_md5.c), which is FreeBSD's with another name."""
    inner = _md5(word + salt + word)
    text = word + b"$apr1$" + salt + (inner * (len(word) // 16 + 1))[:len(word)]
    bits = len(word)
    while bits:
        text += b"\0" if bits & 1 else word[:1]
        bits >>= 1
    final = _md5(text)
    for turn in range(_ROUNDS):
        final = _md5((word if turn & 1 else final) + (salt if turn % 3 else b"") + (word if turn % 7 else b"") + (final if turn & 1 else word))
    shown = ""
    for high, middle, low in _ORDER:
        shown += _digits(final[high] << 16 | final[middle] << 8 | final[low], 4)
    return f"$apr1${salt.decode()}${shown}{_digits(final[11], 2)}"


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data).digest()  # noqa: S324  # the file's format


def _digits(value: int, count: int) -> str:
    return "".join(_DIGITS[value >> 6 * place & 63] for place in range(count))


@cache
def _libcrypt() -> Any:
    try:
        crypt = ctypes.CDLL("libcrypt.so.1").crypt_r  # crypt itself shares one buffer between threads
    except (OSError, AttributeError):
        return None
    crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]
    crypt.restype = ctypes.c_char_p
    return crypt


def _bcrypt(word: bytes, record: str) -> str:
    data = ctypes.create_string_buffer(256 * 1024)  # struct crypt_data takes 32 KiB today, 128 KiB in older ones
    found: bytes | None = _libcrypt()(word, record.encode(), data)
    return (found or b"").decode()
