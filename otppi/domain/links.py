"""The seam to the brokers' libraries: what a subscription needs of one connection, and what it hears from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came from a broker.

    ``handle`` is what the link acknowledges it by, meaningless to everybody else and on any other link; None where the
    broker knows no acknowledgement. ``redelivered`` is the broker's own word that it has delivered this one before.
    """

    payload: bytes = field(repr=False)
    handle: Any = None
    redelivered: bool = False


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears of a connection. All three may be called from any thread and never block.

    ``up``: subscribed, deliveries come (some may have come before). ``delivered``: a message. ``lost``: the end, for
    whatever reason, exactly once and after everything else: one sentence without credentials, empty after
    :meth:`Link.close`, and whether the broker refuses us (credentials, rights, certificate, a queue of another shape):
    then coming back soon is no use.
    """

    up: Callable[[], object]
    delivered: Callable[[Delivery], object]
    lost: Callable[[str, bool], object]


class Link(Protocol):
    """One life of one connection, with a thread of its own; it never connects a second time.

    Every method may be called from any thread, at any time, even before ``up`` and after ``lost``; none blocks or raises.
    What they ask for is done in the order of the calls.
    """

    def acknowledge(self, handle: Any) -> None:
        """Tell the broker that a delivery of this link is done with and must not come again."""

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """Publish a reply the way the broker's clients of this gateway expect it.

        ``done`` is called exactly once, from any thread: with an empty text once the broker has confirmed it (or where
        brokers confirm nothing once it was written), else with a sentence that says why it did not get there.
        """

    def pause(self) -> None:
        """Take no deliveries any more; the connection stays for acknowledgements and replies. Those that come all the same are not delivered."""

    def close(self) -> None:
        """Ask for the end: what was asked for before is still done, within two seconds; then ``lost``."""


class Brokers(Protocol):
    """Opens connections to brokers."""

    def open(self, subscriber: Any, window: int, ears: Ears) -> Link:
        """Start connecting as a subscriber of otppi.config.subscribers says; returns at once, never raises.

        ``window`` is how many deliveries may be without acknowledgement, where the broker can be told so.
        """
