"""The API's doors while the service runs: binds them anew when their settings change."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from actors.base import Actor, handles
from otppi.domain.errors import NotDone
from otppi.domain.messages.running import Begin, Configure, State, Wake
from otppi.domain.ports import Clock, Tell

FIRST_RETRY_S = 2.0
LONGEST_RETRY_S = 60.0
_log = logging.getLogger(__name__)


class Opened(Protocol):
    """What is open."""

    @property
    def admin(self) -> str:
        """Give the URL of the administrator's page."""

    @property
    def api(self) -> tuple[str, ...]:
        """Give the URLs of the API."""

    @property
    def trouble(self) -> str:
        """Say what is not open though the settings ask for it; another try would not help."""


class DoorKeeper(Actor):
    """Owns when the doors change. ``apply`` takes the settings that a Configure carries, in a tuple, and gives what is open
    then; what cannot be bound is tried again.
    """

    def __init__(self, clock: Clock, monitor: Tell, apply: Callable[..., Opened], opened: Opened) -> None:
        super().__init__("doors", clock)
        self._monitor = monitor
        self._apply = apply
        self._opened = opened
        self._wanted: tuple[Any, ...] = ()
        self._retry_s = FIRST_RETRY_S

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Show what is open."""
        self._publish(self._opened.trouble)

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Bind by new settings."""
        self._wanted, self._retry_s = message.value, FIRST_RETRY_S
        self._bind()

    @handles(Wake)
    def wake(self, _: Wake) -> None:
        """Try again."""
        self._bind()

    def _bind(self) -> None:
        try:
            self._opened = self._apply(*self._wanted)
        except NotDone as error:
            _log.error("the API's doors stay as they were: %s", error)
            self._publish(str(error))
            self.wake_in(self._retry_s, "bind")
            self._retry_s = min(self._retry_s * 2, LONGEST_RETRY_S)
        else:
            self._publish(self._opened.trouble)

    def _publish(self, error: str) -> None:
        self._monitor(State("door", "admin", {"urls": [self._opened.admin], "error": ""}))
        self._monitor(State("door", "api", {"urls": list(self._opened.api), "error": error}))
