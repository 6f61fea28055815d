"""Messages whose delivery the network has yet to report, found again by sender, TP-MR and recipient (TS 23.040 section 9.2.2.3).

TP-MR has one octet, so that a sender's figures come again after 256 parts: the recipient's keyed hash tells them apart, and
of two alike the younger is meant.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST = 10_000  # messages, about 0.5 kB each
PATIENCE_S = 3 * 86_400.0  # networks try for a day or two, and report when they give up


@dataclass(slots=True)
class _Waiting:
    id: str
    sender: str
    who: str
    at: float
    total: int
    parts: dict[int, int] = field(default_factory=dict)
    """TP-MR of the parts without a report, each with its number, counted from 1."""
    in_doubt: bool = False
    """Whether one more part may have left, whose TP-MR nobody told."""
    failed: bool = False
    """Whether a part was not delivered, so that the message will never be whole."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whose report it is: the message, the number of the part, counted from 1, and of how many."""

    id: str
    part: int
    total: int
    whole: bool = False
    """Whether every other part has been delivered."""


class Awaited:
    """What is waited for. Holds at most ``most`` messages; beyond it those that wait longest are given up."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._by_id: OrderedDict[str, _Waiting] = OrderedDict()
        self._by_peer: dict[tuple[str, str], list[_Waiting]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def expect(self, message_id: str, sender: str, who: str, references: Iterable[int], total: int, at: float, *, in_doubt: bool) -> None:
        """Wait for the reports on the parts that left. ``who`` is the recipient's hash, ``at`` unix seconds."""
        waiting = _Waiting(message_id, sender, who, at, total, {reference: number for number, reference in enumerate(references, start=1)}, in_doubt)
        self.drop(message_id)
        self._by_id[message_id] = waiting
        self._by_peer.setdefault((sender, who), []).append(waiting)
        while self._by_id and (len(self._by_id) > self._most or next(iter(self._by_id.values())).at < at - PATIENCE_S):
            self.drop(next(iter(self._by_id)))

    def find(self, sender: str, who: str, reference: int) -> Match | None:
        """Give the message that a report on ``reference`` belongs to: the youngest with that TP-MR, else the youngest in doubt."""
        peers = self._by_peer.get((sender, who), [])
        for waiting in reversed(peers):
            if (number := waiting.parts.get(reference)) is not None:
                return Match(waiting.id, number, waiting.total, len(waiting.parts) == 1 and not waiting.in_doubt and not waiting.failed)
        for waiting in reversed(peers):
            if waiting.in_doubt:
                return Match(waiting.id, min(len(waiting.parts) + 1, waiting.total), waiting.total, not waiting.parts and not waiting.failed)
        return None

    def told(self, message_id: str, sender: str, reference: int) -> int:
        """Note the TP-MR of the part in doubt; gives the part's number, 0 when none is in doubt at this sender."""
        waiting = self._by_id.get(message_id)
        if waiting is None or not waiting.in_doubt or waiting.sender != sender:
            return 0
        number = min(len(waiting.parts) + 1, waiting.total)
        waiting.parts[reference], waiting.in_doubt = number, False
        return number

    def settle(self, message_id: str, part: int, *, delivered: bool) -> None:
        """Note that a part's fate is reported for good."""
        waiting = self._by_id.get(message_id)
        if waiting is None:
            return
        waiting.failed |= not delivered
        found = [reference for reference, number in waiting.parts.items() if number == part]
        if found:
            del waiting.parts[found[0]]
        else:
            waiting.in_doubt = False
        if not waiting.parts and not waiting.in_doubt:
            self.drop(message_id)

    def drop(self, message_id: str) -> None:
        """Wait for this message no more."""
        waiting = self._by_id.pop(message_id, None)
        if waiting is None:
            return
        key = (waiting.sender, waiting.who)
        peers = [one for one in self._by_peer[key] if one is not waiting]
        if peers:
            self._by_peer[key] = peers
        else:
            del self._by_peer[key]
