"""What others see of a modem: how it stands for the router, and what is told of it to the monitor."""

import logging
from collections.abc import Callable
from typing import Any

from actors.modem_facts import modem_facts
from otppi.at.bringup import Hardware, Subscriber
from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.job import Job
from otppi.domain.messages.running import State
from otppi.domain.messages.sending import Finished, SenderStanding
from otppi.domain.outcome import Attempt
from otppi.domain.ports import Tell

COMING_S = 30.0  # for which a modem that was lost counts as coming back
_log = logging.getLogger(__name__)


class Sign:
    """Belongs to one modem's owner, which changes ``hardware`` and ``subscriber`` as it learns of them."""

    def __init__(self, name: str, settings: Modem, monotonic: Callable[[], float], router: Tell, monitor: Tell) -> None:
        self.hardware: Hardware | None = None
        self.subscriber: Subscriber | None = None
        self.why = ""
        self.recovery = ""
        """What was tried last to bring a silent modem back; empty when it works."""
        self.balance: dict[str, Any] = {}
        """What the operator said of the credit, as domain.balance has it."""
        self.port = ""
        """The device path in use, empty before it is known."""
        self._name = name
        self._settings = settings
        self._monotonic = monotonic
        self._router = router
        self._monitor = monitor
        self._standing = Standing.COMING
        self._closing = False
        self._coming_until = 0.0
        self._state = "starting"
        self._counts = {"sent": 0, "failed": 0, "unknown": 0}
        self._last_error = ""

    @property
    def usable(self) -> bool:
        """Whether the modem can send, even if it takes no more jobs."""
        return self._standing is Standing.USABLE

    @property
    def open(self) -> bool:
        """Whether the router was told that it may assign a job."""
        return self.usable and not self._closing

    def enter(self, state: str, port: Tell, standing: Standing | None = None, why: str = "") -> None:
        """Go into a state; without a standing the present one goes on."""
        if why and why != self._last_error:
            _log.warning("%s: %s: %s", self._name, state, why)
            self._last_error = why
        elif state == "ready":
            _log.info("%s: ready", self._name)
        self._standing, self._state, self.why = standing or self._standing, state, why
        self._router(SenderStanding(self._settings.id, Standing.AWAY if self._closing else self._standing, port, (self.subscriber and self.subscriber.imsi) or ""))
        self.show()

    def fall(self, state: str, port: Tell, why: str, *, away: bool = False) -> None:
        """Go into a state in which nothing can be sent: as coming back for a while, then, or at once, as away."""
        if self.usable:
            self._coming_until = self._monotonic() + COMING_S
        coming = self._monotonic() < self._coming_until and not away
        self.enter(state, port, Standing.COMING if coming else Standing.AWAY, why)

    def close(self, state: str, port: Tell) -> None:
        """Take no more jobs, for good."""
        self._closing = True
        self.enter(state, port)

    def finished(self, job: Job, attempt: Attempt) -> None:
        """Report on a job, and count it."""
        if attempt.verdict.value in self._counts:
            self._counts[attempt.verdict.value] += 1
        self._last_error = attempt.error or self._last_error
        self._router(Finished(self._settings.id, job.id, attempt))

    def show(self, state: str = "") -> None:
        """Tell the monitor everything; ``state`` stands in for the present one."""
        self._monitor(State("modem", self._settings.id, modem_facts(
            self._settings, self.hardware, self.subscriber, state=state or self._state, why=self.why, connected=self.open,
            last_error=self._last_error, recovery=self.recovery, port=self.port, **self.balance,
            capabilities=self.subscriber.capabilities.to_json() if self.subscriber else None, **self._counts)))
