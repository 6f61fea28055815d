"""Between a subscription, its connection, and those who do what its messages ask for. ``life`` counts connections."""

from collections.abc import Callable
from dataclasses import dataclass, field

from otppi.domain.links import Delivery
from otppi.domain.ports import Tell
from otppi.domain.replies import Reply


@dataclass(frozen=True, slots=True)
class LinkUp:
    """Connection → subscription: subscribed."""

    life: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """Connection → subscription: a message came."""

    life: int
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class LinkLost:
    """Connection → subscription: its end; ``refused`` when coming back soon is no use. ``why`` is empty when we closed it."""

    life: int
    why: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Replied:
    """Whoever did what a message asked for → subscription: the one reply."""

    number: int
    reply: Reply = field(repr=False)


@dataclass(frozen=True, slots=True)
class Published:
    """Connection → subscription: a reply is with the broker, or why it is not."""

    life: int
    number: int
    error: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Supervisor → subscription: take nothing any more, finish what is in hand."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Subscription → router: a delivery was acknowledged and does not come again. ``delivery`` is the hash of its payload."""

    delivery: str


@dataclass(frozen=True, slots=True)
class PublishText:
    """Inbox → subscription: publish what is no reply.

    ``done`` is called once, from any thread: with an empty text once it is with the broker, else with why not. It is not
    called by a subscription that ends before: who asked asks its successor.
    """

    topic: str
    body: bytes = field(repr=False)
    done: Callable[[str], object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PublisherIs:
    """Children → inbox: a subscription began, or (without a port) there is none of that kind any more."""

    kind: str
    port: Tell | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class TextPublished:
    """Inbox to itself: what a subscription said of a text; ``error`` is empty when it is with the broker."""

    id: str
    error: str
