"""Who hears of a broker link in the tests of the adapters: keeps what came, and waits for it."""

import threading
from collections.abc import Callable
from typing import Any

from otppi.domain.links import Delivery, Ears

LIMIT_S = 15.0


class BrokerEars:
    """``ears`` goes to Brokers.open; the rest tells what came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.ups = 0
        self.deliveries: list[Delivery] = []
        self.losses: list[tuple[str, bool]] = []
        self.published: list[str] = []
        self.ears = Ears(self._up, self._delivered, self._lost)

    def _up(self) -> None:
        with self._changed:
            self.ups += 1
            self._changed.notify_all()

    def _delivered(self, delivery: Delivery) -> None:
        with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()

    def _lost(self, why: str, refused: bool) -> None:  # noqa: FBT001
        with self._changed:
            self.losses.append((why, refused))
            self._changed.notify_all()

    def done(self, error: str) -> None:
        """For Link.publish."""
        with self._changed:
            self.published.append(error)
            self._changed.notify_all()

    def until(self, fact: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
        """Wait for something that these ears can hear."""
        with self._changed:
            assert self._changed.wait_for(fact, limit_s), f"not heard in {limit_s} s: ups {self.ups}, deliveries {len(self.deliveries)}, losses {self.losses}"
            return fact()

    def payloads(self) -> list[bytes]:
        """What was delivered."""
        return [delivery.payload for delivery in self.deliveries]
