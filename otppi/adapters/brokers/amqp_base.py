"""What the two AMQP links share."""

from typing import Any

from otppi.adapters.brokers.base import ACKNOWLEDGE, MOST_PATIENCE_S, PUBLISH, BrokerLink
from otppi.config.subscribers import AmqpSubscriber
from otppi.domain.links import Ears

LEAST_HEARTBEAT_S = 2.0
REFUSED_USER = "The broker refuses the user name or the password."
SILENT = "The broker gives no sign of life."
NO_QUEUE = "nobody has a queue of that name"
NO_RIGHT = "The broker does not let this user send there."
NOT_TAKEN = "The broker did not take it."


class AmqpBase(BrokerLink):
    """An acknowledgement waits until the replies before it are confirmed: they go by other channels, and may be overtaken."""

    def __init__(self, subscriber: AmqpSubscriber, window: int, ears: Ears) -> None:
        super().__init__("amqp", subscriber, ears)
        self.settings = subscriber
        self.window = window
        self.heartbeat_s = max(LEAST_HEARTBEAT_S, min(MOST_PATIENCE_S, self.limit_s))
        self.sent: dict[Any, int] = {}
        """The tickets of replies that are not confirmed yet, by what the broker knows them by."""
        self.begin()

    def possible(self, kind: str) -> bool:
        """See BrokerLink."""
        return self.can_send() if kind == PUBLISH else not (kind == ACKNOWLEDGE and self.sent)

    def can_send(self) -> bool:
        """Tell whether replies can be sent yet."""
        raise NotImplementedError

    def answered(self, key: Any, error: str) -> None:
        """Tell who sent a reply what became of it."""
        ticket = self.sent.pop(key, None)
        if ticket is not None:
            self.confirm(ticket, error)
