"""The section ``webhooks``: who is told of events over HTTP or HTTPS, and of which."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from otppi.config.fields import flag, items, of_kind, secret, settings, text
from otppi.config.kinds import Problems, Text, did_you_mean
from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret
from otppi.domain.webhooks import EVENTS

HIDDEN = "***"
MOST = 20  # each may hold some megabytes of events that wait
PORTS = {"http": 80, "https": 443}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address(Text):
    """An http or https URL. Its password and the values of its query are shown as ``***``, which sent back keeps them."""

    def check(self, value: Any) -> str:
        url = Text.check(self, value)
        parts = _split(url)
        if HIDDEN in url:
            raise Mistake(f"shows {HIDDEN} in place of what is hidden; write the whole address.")
        if parts.fragment or "#" in url:
            raise Mistake("must not hold a fragment (#).")
        return url

    def read(self, value: Any, old: Any, at: str, problems: Problems) -> Any:
        if old and value == shown(old):
            return old
        return Text.read(self, value, old, at, problems)

    def to_json(self, value: Any, *, masked: bool) -> Any:
        return shown(value) if masked else value


def shown(url: str) -> str:
    """Give a URL without its password and the values of its query."""
    parts = _split(url)
    place = parts.netloc
    if parts.password is not None:
        user, _, host = parts.netloc.rpartition("@")
        place = f"{user.partition(':')[0]}:{HIDDEN}@{host}"
    query = "&".join(f"{pair.partition('=')[0]}={HIDDEN}" if "=" in pair else HIDDEN for pair in parts.query.split("&")) if parts.query else ""
    return f"{parts.scheme}://{place}{parts.path}" + (f"?{query}" if query else "")


def _split(url: str) -> SplitResult:
    """Take a URL apart. Raises Mistake."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise Mistake("must be an http or https address with a host, such as https://example.com/events.")
    return parts


def _event(name: str) -> None:
    if name not in EVENTS:
        raise Mistake(f"must be one of {', '.join(EVENTS)}{did_you_mean(name, EVENTS) or '.'}")


def _absolute(path: str) -> None:
    if not path.startswith("/"):
        raise Mistake("must be an absolute path.")


@settings
class Webhook:
    """One receiver of events."""

    id: str = text("Identifier", pattern=r"[A-Za-z0-9_.-]{1,64}", shape="1 to 64 letters, digits, dots, dashes or underscores")
    url: str = of_kind(Address(label="Address", max_length=2000, needed=True, pattern=re.compile(r"[!-~]+"),
                               shape="an address without spaces or letters beyond ASCII",
                               help="http or https; what must stay secret belongs into the password or the query"), private=True)
    events: tuple[str, ...] = items("Events", default=(), most=50, rule=_event, help="None: all")
    secret: Secret = secret("Secret", default="", help="By which the receiver checks the signature; such as openssl rand -hex 32 gives")
    active: bool = flag("Active", default=True, help="An inactive one is told nothing, and what waits for it is dropped")
    ca_file: str = text("CA file", default="", rule=_absolute, max_length=1000, help="PEM; empty: the system's authorities")
    verify: bool = flag("Verify the certificate", default=True)

    @property
    def place(self) -> str:
        """Host and port, all of the address that logs and pages show."""
        parts = _split(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or PORTS[parts.scheme]}"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ask for the secret, without which a receiver could not tell who posts."""
        if not self.secret:
            yield "secret", "must not be empty; the receiver knows by it that an event comes from here."


def not_too_many(hooks: Iterable[Webhook]) -> Iterator[tuple[str, str]]:
    """Refuse more than there is room for; gives ``(path, sentence)``."""
    if len(list(hooks)) > MOST:
        yield "", f"must hold at most {MOST} webhooks."
