"""Whether a modem fails more often than it should: the share of failures among its last messages."""

from collections import deque

LAST = 20
LEAST = 5  # messages, before anything is said
ALARM_SHARE, CALM_SHARE = 0.5, 0.25  # an alarm that begins at the one ends at the other


class FailureRate:
    """Belongs to one modem. What nobody can do anything about, such as a number that does not exist, is not counted by its user."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=LAST)
        self.alarming = False

    def note(self, *, failed: bool) -> bool:
        """Count a message; True when the alarm begins or ends by it."""
        self._last.append(failed)
        share = sum(self._last) / len(self._last)
        was, self.alarming = self.alarming, share >= (CALM_SHARE if self.alarming else ALARM_SHARE) and len(self._last) >= LEAST
        return self.alarming is not was

    def sentence(self) -> str:
        """Say how often it failed."""
        return f"{sum(self._last)} of the last {len(self._last)} messages failed."
