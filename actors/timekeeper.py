"""Notes the time now and then, so that a device that wakes up in the past is known to be wrong."""

import logging
from collections.abc import Callable

from actors.base import Actor, handles
from otppi.domain.errors import StoreError
from otppi.domain.messages.running import Begin, Wake
from otppi.domain.ports import Clock

EVERY_S = 3600.0
_log = logging.getLogger(__name__)


class Timekeeper(Actor):
    """Saves the wall clock at start, every hour and at the end, while it is plausible."""

    def __init__(self, clock: Clock, save: Callable[[float], None]) -> None:
        super().__init__("timekeeper", clock)
        self._save = save

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Save the time for the first time."""
        self._note()

    @handles(Wake)
    def wake(self, _: Wake) -> None:
        """Save the time again."""
        self._note()

    def clean_up(self) -> None:
        """Save the time for the last time."""
        self._write()

    def _note(self) -> None:
        self._write()
        self.wake_in(EVERY_S, "save")

    def _write(self) -> None:
        if not self.clock.wall_is_plausible():
            _log.warning("the clock is wrong: it shows a time that has been before; nothing expires until it is set")
            return
        try:
            self._save(self.clock.wall())
        except StoreError as error:
            _log.error("the time could not be saved: %s", error)
