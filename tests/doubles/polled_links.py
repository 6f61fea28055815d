"""What tests say of a broker's link again and again."""

from collections.abc import Callable
from typing import Any

from doubles.broker import Broker
from doubles.subscriber_ears import BrokerEars

from otppi.adapters.brokers.polled import PolledLink
from otppi.config.subscribers import Subscriber


class Links:
    """Called with a broker and settings it opens a link and gives it with its ears; :meth:`close` closes what is left open."""

    def __init__(self, link: Callable[..., PolledLink], subscriber: type[Subscriber]) -> None:
        self._link, self._subscriber = link, subscriber
        self._opened: list[PolledLink] = []

    def __call__(self, broker: Broker, window: int = 8, **settings: Any) -> tuple[PolledLink, BrokerEars]:
        ears = BrokerEars()
        subscriber = self._subscriber(**{"host": broker.host, "port": broker.port, "timeout_ms": 5000, **settings})
        self._opened.append(self._link(subscriber, window, ears.ears))
        return self._opened[-1], ears

    def close(self) -> None:
        """Close them all, and see to it that their threads end."""
        for link in self._opened:
            link.close()
            assert link.join(5)


def up(ears: BrokerEars) -> BrokerEars:
    """Wait until it is subscribed."""
    ears.until(lambda: ears.ups)
    return ears


def lost(ears: BrokerEars, limit_s: float = 15) -> tuple[str, bool]:
    """Wait for the end, and give it."""
    ears.until(lambda: ears.losses, limit_s)
    return ears.losses[0]


def ended(link: PolledLink, ears: BrokerEars) -> None:
    """Close a link, which takes no longer than it may."""
    link.close()
    assert lost(ears, 3) == ("", False)
