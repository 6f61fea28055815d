"""The door of a gateway as a person writes it: ``scheme://user:password@host[:port][/path][?option=value]``."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from otppi.config.kinds import did_you_mean
from otppi.config.subscribers import Tls
from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret

CONNECT_LIMIT_S = 10.0  # a broker that takes longer has no time for a reply either
DEFAULT_TOPIC = "sms"
HTTP_PATH = "/api/sms"
_TOPIC = re.compile(r"[!-~]{1,255}")  # an AMQP name is no longer


class Kind(NamedTuple):
    """What the schemes differ in. Without ``options`` the query belongs to the path."""

    ports: tuple[int, int]
    options: frozenset[str] | None


KINDS = {
    "http": Kind((80, 443), None),
    "amqp": Kind((5672, 5671), frozenset()),
    "mqtt": Kind((1883, 8883), frozenset()),
    "redis": Kind((6379, 6379), frozenset({"mode"})),
    "stomp": Kind((61613, 61614), frozenset({"vhost"})),
    "ws": Kind((80, 443), None),
}
"""By scheme; one more ``s`` encrypts."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the reply shall come. A ``fresh`` topic is nobody else's and is taken away afterwards where the broker can."""

    topic: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Door:
    """One door, read from its URL. ``path`` begins with ``/`` or is empty, and is as it was written."""

    kind: str
    host: str
    port: int
    username: str
    password: Secret
    path: str
    query: str
    options: dict[str, str]
    topic: str
    callback: Callback | None
    tls: Tls
    timeout_s: float

    @property
    def where(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port

    @property
    def place(self) -> str:
        """Host and port for a sentence."""
        return f"{self.host}:{self.port}"

    @property
    def connect_s(self) -> float:
        """How long connecting and confirming may take each."""
        return min(CONNECT_LIMIT_S, self.timeout_s)

    def named(self) -> str:
        """Give the path as a name, without its slash and escapes."""
        return unquote(self.path.removeprefix("/"))


def read(url: str, *, topic: str | None = None, callback: Callback | None = None, ca_file: str = "", verify: bool = True, timeout_s: float = 30.0) -> Door:
    """Read a URL. Raises Mistake, which never repeats it: it may hold a password."""
    parts, port = _split(url)
    scheme = parts.scheme.lower()
    kind = next((name for name in KINDS if scheme in {name, f"{name}s"}), "")
    if not kind:
        known = [name + more for name in KINDS for more in ("", "s")]
        raise Mistake(f'The scheme "{scheme}" is unknown{did_you_mean(scheme, known)}' if scheme and did_you_mean(scheme, known) else
                      f"The URL must begin with one of {', '.join(f'{name}://' for name in known)}.")
    if not parts.hostname:
        raise Mistake("The URL names no host; write it as scheme://user@host:port/path.")
    encrypted = scheme != kind
    door = Door(
        kind=kind, host=parts.hostname, port=port or KINDS[kind].ports[encrypted],
        username=unquote(parts.username or ""), password=Secret(unquote(parts.password or "")),
        path=parts.path, query=parts.query, options=_options(kind, parts.query), topic=topic or _topic_in(kind, parts), callback=callback,
        tls=Tls(enabled=encrypted, ca_file=ca_file, verify=verify), timeout_s=timeout_s,
    )
    if not _TOPIC.fullmatch(door.topic) or (kind == "mqtt" and set("#+") & set(door.topic)):
        raise Mistake("The topic must be of letters, digits and punctuation of ASCII without spaces; with MQTT without # and + too.")
    if callback is not None and callback.topic == door.topic:
        raise Mistake("The callback topic must be another one than the topic of the request.")
    return door


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
        url.encode()  # not so for bytes that are no UTF-8
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise Mistake("The URL cannot be read; write it as scheme://user@host:port/path.") from None
    return parts, port


def _options(kind: str, query: str) -> dict[str, str]:
    known = KINDS[kind].options
    if known is None:
        return {}
    given = dict(parse_qsl(query, keep_blank_values=True))
    for name in given:
        if name not in known:
            raise Mistake(f'{kind}:// has no option "{name}"{did_you_mean(name, known) or "."}')
    return given


def _topic_in(kind: str, parts: SplitResult) -> str:
    """Give the topic that the URL itself names, or the usual one."""
    name = unquote(parts.path.removeprefix("/"))
    found = ""
    if kind == "mqtt" or (kind == "redis" and not name.isdecimal()):
        found = name
    elif kind == "stomp" and name not in {"topic", "queue"}:
        found = parts.path if "/" in name else name
    elif kind == "ws":
        found = dict(parse_qsl(parts.query)).get("topic", "")
    return found or DEFAULT_TOPIC
