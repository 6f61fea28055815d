"""What a subscription shows of itself: state, since when, last error, figures."""

import logging
from collections.abc import Callable

from otppi.config.subscribers import Subscriber
from otppi.domain.messages.running import State
from otppi.domain.ports import Tell

AWAY = frozenset({"connecting", "lost", "refused"})
_log = logging.getLogger(__name__)


class SubscriptionSign:
    """Owned by its subscription. ``wall`` gives unix seconds."""

    def __init__(self, kind: str, settings: Subscriber, window: int, wall: Callable[[], float], monitor: Tell) -> None:
        self._kind, self._settings, self._window, self._wall, self._monitor = kind, settings, window, wall, monitor
        self._state, self._since, self._error, self._error_at = "", 0.0, "", 0.0
        self._counts = dict.fromkeys(("received", "again", "answered", "broken", "unpublished", "lost"), 0)
        self._in_hand = 0

    def enter(self, state: str, error: str = "") -> None:
        """Show a state; what went wrong last is shown until something else does, and the time of a loss until the connection stands."""
        again = error and error == self._error and self._state == "connecting"
        if error and not again:
            _log.warning("subscriber %s: %s", self._kind, error)
        elif state == "connected":
            _log.info("subscriber %s: connected", self._kind)
        if error:
            self._error, self._error_at = error, self._wall()
        if not {state, self._state} <= AWAY:
            self._since = self._wall()
        self._state = state
        self._tell()

    def count(self, what: str) -> None:
        """Count one; shown with the next :meth:`show`."""
        self._counts[what] += 1

    def show(self, in_hand: int) -> None:
        """Show the figures."""
        self._in_hand = in_hand
        self._tell()

    def gone(self) -> None:
        """Show that it works no more."""
        self._state, self._since = "stopped", self._wall()
        self._tell()

    def _tell(self) -> None:
        host, port = self._settings.where()
        self._monitor(State("subscriber", self._kind, {
            "name": self._kind, "state": self._state, "connected": self._state == "connected", "since": self._since, "address": f"{host}:{port}",
            "topic": self._settings.topic, "last_error": self._error, "last_error_at": self._error_at, "window": self._window,
            "in_hand": self._in_hand, "risk": self._settings.risk(), **self._counts}))
