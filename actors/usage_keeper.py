"""Saves the counts of SMS by SIM, so that the router does not wait for the disk."""

import logging
from collections.abc import Callable
from typing import Any

from actors.base import Actor, handles
from otppi.domain.errors import StoreError
from otppi.domain.messages.writing import Keep
from otppi.domain.ports import Clock

_log = logging.getLogger(__name__)


class UsageKeeper(Actor):
    """Writes what it is told. What cannot be written is made up for from the journal after the next start."""

    def __init__(self, clock: Clock, save: Callable[[Any], None]) -> None:
        super().__init__("usage_keeper", clock)
        self._save = save

    @handles(Keep)
    def keep(self, message: Keep) -> None:
        """Write the counts."""
        try:
            self._save(message.value)
        except StoreError as error:
            _log.error("what the SIMs have sent could not be saved: %s", error)
