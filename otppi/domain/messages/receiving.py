"""What comes in from the network: received SMS and status reports, from a modem to whoever keeps them, and the word back that they are safe."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.ports import Tell


@dataclass(frozen=True, slots=True)
class Stored:
    """One message as a modem holds it. ``place`` is the modem's own name for where it lies, empty when it lies nowhere.

    ``pdu`` is the whole PDU in hexadecimal digits, SMSC part included (TS 27.005 section 3.1).
    """

    place: str
    pdu: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """Modem → inbox: SMS-DELIVERs were read. The inbox answers with :class:`Safe` once they survive a power cut, and never about others.

    The same message may be heard again: after a crash between the two, or when a network delivers twice.
    """

    modem: str
    messages: tuple[Stored, ...]
    answer_to: Tell = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reported:
    """Modem → router: status reports were read. The router answers with :class:`Safe` once they are journalled."""

    modem: str
    reports: tuple[Stored, ...]
    answer_to: Tell = field(repr=False)


@dataclass(frozen=True, slots=True)
class Safe:
    """Inbox or router → modem: what lay at these places is on disk and may be removed from the modem's store (row S12)."""

    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreFilling:
    """Modem → inbox: how full a store of the modem is, after each look into it."""

    modem: str
    store: str
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class Happened:
    """Router, inbox, monitor → webhooks: something that others may want to hear of (row S15).

    ``event`` is a name of that row; ``at`` unix seconds; ``data`` JSON. ``key`` names it, so that raising it again after a
    crash is the same event: empty for one that is not raised again.
    """

    event: str
    at: float
    data: Mapping[str, Any] = field(repr=False)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Webhooks → inbox: nobody needs to be told any more of what happened under this key."""

    key: str
