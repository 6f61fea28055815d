"""Actors without threads: the test hands them one message after another, and looks at what they told others."""

from otppi.domain.messages.sending import Screened


class Told(list):
    """Stands in for an actor: keeps what it is told."""

    def __call__(self, message):
        self.append(message)

    def of(self, kind):
        """What it was told of that type."""
        return [message for message in self if isinstance(message, kind)]

    def take(self, kind):
        """Everything of that type, and forget it."""
        found = self.of(kind)
        self[:] = [message for message in self if not isinstance(message, kind)]
        return found


class Pump:
    """One actor that was made but not started. ``tell`` handles a message, and what the actor tells itself, at once."""

    def __init__(self, actor):
        self.actor = actor

    def tell(self, message):
        """Deliver a message."""
        self.actor.on_receive(message)
        self.settle()

    def settle(self):
        """Handle what has come into the mailbox by itself, as by the clock."""
        while not self.actor.actor_inbox.empty():
            self.actor.on_receive(self.actor.actor_inbox.get().message)


class Screener(Told):
    """A blocklist that answers at once when it is let: blocked are the numbers in ``blocked``."""

    def __init__(self):
        super().__init__()
        self.blocked = set()
        self.answers = True

    def __call__(self, message):
        self.append(message)
        if self.answers:
            message.answer_to(Screened(message.job_id, message.turn, message.number in self.blocked))
