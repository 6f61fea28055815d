"""The syncer: the one place that waits for the disk, so that nobody else has to."""

from typing import Any

from actors.base import Actor, handles
from otppi.domain.errors import StoreError
from otppi.domain.messages.writing import Sync, Synced
from otppi.domain.ports import Clock


class Syncer(Actor):
    """Syncs the journal when asked. The router asks for the next sync when the last one is answered: a batch each."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("syncer", clock)

    @handles(Sync)
    def sync(self, message: Sync) -> None:
        """Sync, and say how it went."""
        try:
            message.sync()
        except StoreError as error:
            message.answer_to(Synced(str(error)))
        else:
            message.answer_to(Synced(""))

    def failed(self, message: Any) -> None:
        """Answer the router when the sync broke in an unexpected way."""
        if isinstance(message, Sync):
            message.answer_to(Synced("The journal could not be synced."))
