"""A Tell that keeps what it was told, and waits for facts with a limit."""

import threading
from typing import Any

LIMIT_S = 10.0


class Ears:
    """Hand it out as a ``Tell``. ``order`` may be shared between several, to see who was told first."""

    def __init__(self, order=None):
        self.told: list[Any] = []
        self.order = order if order is not None else []
        self._changed = threading.Condition()

    def __call__(self, message):
        with self._changed:
            self.told.append(message)
            self.order.append(message)
            self._changed.notify_all()

    def of(self, kind):
        """Messages of a type, in their order."""
        return [message for message in list(self.told) if isinstance(message, kind)]

    def wait(self, holds, limit_s=LIMIT_S):
        """Wait until ``holds(self)``, and give what it gave."""
        with self._changed:
            found = self._changed.wait_for(lambda: holds(self), limit_s)
            assert found, f"waited in vain; told: {self.told[-8:]}"
            return found

    def wait_for(self, kind, count=1, limit_s=LIMIT_S):
        """Wait for so many messages of a type, and give the last of them."""
        self.wait(lambda ears: len(ears.of(kind)) >= count, limit_s)
        return self.of(kind)[count - 1]
