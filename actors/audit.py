"""The audit trail's mailbox, so that nobody waits for its disk."""

from actors.base import Actor, handles
from otppi.domain.messages.running import Record
from otppi.domain.ports import Audit, Clock


class AuditOwner(Actor):
    """Writes down what administrators changed."""

    def __init__(self, clock: Clock, trail: Audit) -> None:
        super().__init__("audit", clock)
        self._trail = trail

    @handles(Record)
    def record(self, message: Record) -> None:
        """Add one line."""
        self._trail.record(message.who, message.operation, message.target)
