"""The settings sections: keys, ranges and defaults, and the table of all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from otppi.config import fields
from otppi.config.certificates import Certificate, one_active
from otppi.config.fields import HOST, choice, flag, group, integer, items, number, settings, text
from otppi.config.kinds import Problems
from otppi.config.modem import Modem, one_modem_a_port
from otppi.config.routing import Routing
from otppi.config.subscribers import SUBSCRIBERS, Subscribers
from otppi.config.webhooks import Webhook, not_too_many

_BROKER_LIMIT_S = 1740  # RabbitMQ takes the channel from a consumer that holds a message for 30 minutes


@settings
class General:
    """The device as a whole."""

    device_name: str = text("Device name", default="OTP-Pi", max_length=100, needed=True)
    drop_expired: bool = flag("Drop expired messages", default=True)
    time_zone: str = text("Time zone", default="", pattern=r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*",
                          shape="a zone such as Asia/Jakarta", help="Empty: the zone of the system")
    ntp_servers: tuple[str, ...] = items("NTP servers", default=(), most=10, pattern=HOST, shape="a host name or address")
    inspect_modems_s: float = number("Inspect modems every", default=1, low=0, high=3600, unit="s", help="0: never")


def _path(label: str, *paths: str) -> Any:
    return items(label, default=paths, lone=True, most=20, pattern=r"/[!-~]*", max_length=200,
                 shape="a path that begins with / and holds neither spaces nor letters beyond ASCII")


@settings
class ApiPaths:
    """Where the API answers; any command is understood at any of them, the names are the original's."""

    otp: tuple[str, ...] = _path("OTP", "/api/otp")
    message: tuple[str, ...] = _path("Message", "/api/message")
    sms: tuple[str, ...] = _path("SMS", "/api/sms")
    email: tuple[str, ...] = _path("E-mail", "/api/email")
    block: tuple[str, ...] = _path("Block a number", "/api/block", "/api/blocking")
    unblock: tuple[str, ...] = _path("Unblock a number", "/api/unblock", "/api/unblocking")
    modem: tuple[str, ...] = _path("Modem list", "/api/modem")
    ussd: tuple[str, ...] = _path("USSD", "/api/ussd")
    echo: tuple[str, ...] = _path("Echo", "/api/echo")


@settings
class Api:
    """The REST API."""

    host: str = text("Address", default="0.0.0.0", pattern=HOST, shape="a host name or address", needed=True)  # noqa: S104  # SPEC, Ports
    http_enabled: bool = flag("HTTP", default=True)
    http_port: int = integer("HTTP port", default=8899, low=0, high=65_535, help="0: any free port")
    https_enabled: bool = flag("HTTPS", default=False)
    https_port: int = integer("HTTPS port", default=10_443, low=0, high=65_535, help="0: any free port")
    paths: ApiPaths = group("Paths", default=ApiPaths())
    reply_timeout_s: float = number("Wait for the outcome", default=25, low=0.1, high=600, unit="s")
    overload: str = choice("When too many wait", default="accept", choices=("accept", "refuse"),
                           help="accept: answered 1111; refuse: answered 503")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Refuse one port for both servers."""
        if self.http_enabled and self.https_enabled and self.http_port == self.https_port != 0:
            yield "https_port", "must not be the port of HTTP."


@settings
class MaxWait:
    """How long a message without an expiry may wait for a modem."""

    rest: float = number("REST", default=300, low=0.1, high=86_400, unit="s")
    broker: float = number("Brokers", default=1200, low=0.1, high=_BROKER_LIMIT_S, unit="s",
                           help="Below 30 minutes, at which RabbitMQ closes the channel")


@settings
class InboxForward:
    """Where received SMS are published."""

    subscriber: str = choice("Broker", default="", choices=("", *SUBSCRIBERS), help="Empty: nowhere")
    topic: str = text("Topic", default="")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Ask for the topic where there is a broker."""
        if self.subscriber and not self.topic:
            yield "topic", "must not be empty when a broker is chosen."


@settings
class Sms:
    """Sending and receiving SMS."""

    country_code: str = text("Country code", default="62", pattern=r"[1-9][0-9]{0,2}", needed=True,
                             shape="1 to 3 digits without 0 or + in front")
    recipient_prefix_length: int = integer("Recipient prefix length", default=0, low=0, high=15, help="0: the longest match")
    log_outgoing: bool = flag("Log outgoing SMS", default=True)
    monitor: bool = flag("Show traffic on the monitor", default=True)
    max_parts: int = integer("Most parts of a message", default=10, low=1, high=255)  # TS 23.040, 9.2.3.24.1: one octet
    max_wait_s: MaxWait = group("Longest wait", default=MaxWait())
    queue_limit: int = integer("Most waiting messages", default=10_000, low=1, high=1_000_000)
    remember_h: float = number("Remember requests", default=24, low=0, high=720, unit="h", help="0: off")
    inbox_days: int = integer("Keep received SMS", default=90, low=1, high=3650, unit="days")
    inbox_forward: InboxForward = group("Forward received SMS", default=InboxForward())


@settings
class Otp:
    """One-time passwords."""

    length: int = integer("Digits", default=6, low=4, high=10)
    expiration_ms: int = integer("Lifetime", default=300_000, low=1000, high=86_400_000, unit="ms")
    max_attempts: int = integer("Wrong guesses allowed", default=5, low=1, high=100)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the settings: a dataclass or, with ``many``, a list of them matched by ``id``."""

    name: str
    label: str
    cls: type[Any]
    many: bool = False
    rules: Callable[[Any], Iterable[tuple[str, str]]] = lambda value: ()
    """What is wrong with the whole, once each field is right."""

    @property
    def default(self) -> Any:
        """Give the value of a section that was never saved."""
        return () if self.many else self.cls()

    def read(self, value: Any, problems: Problems, old: Any = None) -> Any:
        """Make the section from JSON; what is wrong is added to ``problems`` and the result is None."""
        found: Problems = []
        made: Any
        if self.many:
            made = fields.read_list(self.cls, value, found, old=old or ())
        else:
            made = fields.read(self.cls, value, found, old=old)
        if not found:
            found.extend(self.rules(made))
        here = f"settings/{self.name}"
        problems.extend((f"{here}: {path}" if path else here, sentence) for path, sentence in found)
        return None if found else made

    def to_json(self, value: Any, *, masked: bool) -> Any:
        """Give the section as JSON, to be shown (masked) or stored."""
        if self.many:
            return [fields.to_json(one, masked=masked) for one in value]
        return fields.to_json(value, masked=masked)


SECTIONS: Mapping[str, Section] = {section.name: section for section in (
    Section("general", "General", General),
    Section("api", "REST API", Api),
    Section("sms", "SMS", Sms),
    Section("otp", "One-time passwords", Otp),
    Section("modems", "Modems", Modem, many=True, rules=one_modem_a_port),
    Section("routing", "Routing and tariffs", Routing),
    Section("subscribers", "Subscribers", Subscribers),
    Section("certificates", "Certificates", Certificate, many=True, rules=one_active),
    Section("webhooks", "Webhooks", Webhook, many=True, rules=not_too_many),
)}
