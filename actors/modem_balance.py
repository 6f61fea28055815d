"""The question for the SIM's credit as an errand, and what follows from the answer."""

from collections.abc import Callable
from typing import Any

from actors.modem_errands import Errand
from otppi.at import ussd
from otppi.at.dialogue import Script
from otppi.at.ussd import NotSaid, Said
from otppi.domain.balance import BalanceWatch, Reading
from otppi.domain.ports import Clock


class CreditQuestion:
    """Belongs to one modem's owner. ``answered`` is called with each reading; ``packed`` tells how the family takes USSD codes."""

    def __init__(self, watch: BalanceWatch, clock: Clock, packed: Callable[[], bool], answered: Callable[[Reading], None]) -> None:
        self._watch, self._clock, self._packed, self._answered = watch, clock, packed, answered

    def due(self) -> Errand | None:
        """Give the errand when it is time to ask."""
        due_s = self._watch.due_in(self._clock.monotonic())
        if due_s is None or due_s > 0:
            return None
        self._watch.asked(self._clock.monotonic())
        return _Asking(self._watch.ussd, self._packed(), self._take)

    def _take(self, said: Said | NotSaid | None) -> bool:
        now = self._clock.monotonic()
        if isinstance(said, Said):
            self._answered(self._watch.take(said.text, now, self._clock.wall()))
            return True
        self._watch.unanswered(now)
        return not (isinstance(said, NotSaid) and said.dead)


class _Asking:
    """One question; a session that the network leaves open is ended."""

    name = "asking for the credit"

    def __init__(self, code: str, packed: bool, take: Callable[[Any], bool]) -> None:  # noqa: FBT001  # private
        self._code, self._packed, self._take = code, packed, take

    def script(self) -> Script:
        """Ask, and give what was said."""
        said = yield from ussd.dial(self._code, packed=self._packed)
        if isinstance(said, Said) and said.open:
            yield from ussd.cancel()
        return said

    def settle(self, result: Said | NotSaid | None) -> bool | None:
        """Take the answer."""
        return self._take(result)
