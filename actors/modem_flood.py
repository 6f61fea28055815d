"""Floods of unasked lines that a family is known for, and the command that stops them."""

from collections.abc import Callable

from actors.modem_errands import Errand
from otppi.at.bringup import Hardware
from otppi.at.dialogue import Command, Script
from otppi.at.results import DEAD, Final

CURE_APART_S = 60.0


class Flood:
    """Belongs to one modem's owner."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._cure = ""
        self._cured_at = -CURE_APART_S

    def heard(self, line: str, hardware: Hardware | None) -> bool:
        """Take an unasked line; True when it is of a flood that is to be stopped now."""
        cure = next((cure for beginning, cure in hardware.profile.cures if line.startswith(beginning)), "") if hardware is not None else ""
        if not cure or self._cure or self._monotonic() - self._cured_at < CURE_APART_S:
            return False
        self._cure = cure
        return True

    def due(self) -> Errand | None:
        """Give the errand that stops the flood."""
        if not self._cure:
            return None
        cure, self._cure, self._cured_at = self._cure, "", self._monotonic()
        return _Cure(cure)


class _Cure:
    """One command whose answer does not matter."""

    name = "stopping a flood of lines"

    def __init__(self, text: str) -> None:
        self._text = text

    def script(self) -> Script:
        """Give the command."""
        return (yield Command(self._text, expects="+CPMS:")).final

    def settle(self, result: Final | None) -> bool | None:
        """Note whether the modem still answers."""
        return None if result is None else result.kind not in DEAD
