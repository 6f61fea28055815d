"""Brokers without a network: the test plays the broker, and sees what a subscription asks of its connection."""

from otppi.domain.links import Delivery, Ears


class PlayedLink:
    """One connection. ``asked`` lists acknowledgements and replies in order."""

    def __init__(self, ears: Ears, window: int):
        self.ears, self.window = ears, window
        self.asked = []
        self.paused = self.closed = False
        self.confirms = ""  # what publish says; None: nothing

    def acknowledge(self, handle):
        self.asked.append(("ack", handle))

    def publish(self, topic, payload, done):
        self.asked.append(("publish", topic, payload))
        if self.confirms is not None:
            done(self.confirms)

    def pause(self):
        self.paused = True

    def close(self):
        self.closed = True

    def deliver(self, payload, handle=None, *, redelivered=False):
        self.ears.delivered(Delivery(payload if isinstance(payload, bytes) else payload.encode(), handle, redelivered))


class PlayedBrokers:
    """Keeps every connection that was opened."""

    def __init__(self):
        self.links = []

    def open(self, subscriber, window, ears):
        self.links.append(PlayedLink(ears, window))
        return self.links[-1]

    @property
    def link(self):
        """The latest one."""
        return self.links[-1]
