"""Messages whose broker may deliver them again, by the hash of their payload: for requests that carry no id of their own."""

from dataclasses import dataclass

from otppi.domain.outcome import Fate, Outcome
from otppi.domain.remembered import Known

MOST = 10_000  # payloads; the oldest are forgotten, as their broker forgot them too


@dataclass(slots=True)
class _One:
    message_id: str
    outcome: Outcome | None = None
    claimed: bool = False  # by a delivery that came again
    forgotten: bool = False  # not sent: it is sent anew when it comes again


class Unacknowledged:
    """Equal payloads are as many messages as were published; each delivery that comes again stands for one of them."""

    def __init__(self) -> None:
        self._by_print: dict[str, list[_One]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_print.values()))

    def begin(self, print_: str, message_id: str) -> None:
        """Note a message in hand."""
        self._by_print.setdefault(print_, []).append(_One(message_id))
        if len(self._by_print) > MOST:
            del self._by_print[next(iter(self._by_print))]

    def end(self, print_: str, message_id: str, outcome: Outcome) -> None:
        """Note its outcome; what was not sent may come again, and what was refused is not acknowledged."""
        if outcome.fate is Fate.REFUSED:
            self.drop({message_id})
            return
        for one in self._by_print.get(print_, ()):
            if one.message_id == message_id:
                one.outcome, one.forgotten = outcome, not outcome.fate.keeps_otp

    def claim(self, print_: str) -> Known | None:
        """Give the message that a delivery which came again stands for, None when there is none left."""
        for one in self._by_print.get(print_, ()):
            if not one.claimed and not one.forgotten:
                one.claimed = True
                return Known(one.message_id, one.outcome)
        return None

    def acknowledged(self, print_: str) -> str:
        """Forget one message, as its delivery does not come again, and give its id; empty when none is known."""
        ones = self._by_print.get(print_, [])
        if not ones:
            return ""
        one = min(ones, key=lambda one: (not one.forgotten, not one.claimed, one.outcome is None))
        ones.remove(one)
        if not ones:
            del self._by_print[print_]
        return one.message_id

    def drop(self, message_ids: set[str]) -> None:
        """Forget messages whose deliveries were acknowledged in an earlier life."""
        for print_, ones in list(self._by_print.items()):
            ones[:] = [one for one in ones if one.message_id not in message_ids]
            if not ones:
                del self._by_print[print_]
