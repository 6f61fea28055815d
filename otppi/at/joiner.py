"""Puts received parts together again, whatever their order (3GPP TS 23.040 section 9.2.3.24.1)."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, Self

from otppi.at.segments import Concat

__all__ = ["MAX_OPEN", "Incomplete", "Joiner"]

MAX_OPEN = 256  # messages: on a busy SIM hours of traffic, in memory at most some megabytes

_GAP = "[…]"


@dataclass(frozen=True)
class Incomplete:
    """A message that some parts of never came."""

    sender: str = field(repr=False)
    concat: Concat
    """Of the part that came last."""
    received_at: float
    """When that part came: seconds since 1970."""
    parts: Mapping[int, str] = field(repr=False)
    """The parts that did come, by number."""

    @property
    def text(self) -> str:
        """What came, in order, with a mark for each part that did not."""
        return _mend("".join(self.parts.get(number, _GAP) for number in range(1, self.concat.total + 1)))


_Key = tuple[str, int, int, bool]


class Joiner:
    """Collects parts until a message is whole.

    Holds at most `max_open` unfinished messages: beyond it the one that waited longest is given up. What is given
    up, by this limit or because its sender began another message under the same reference, is kept for the next
    `expired` (again at most `max_open`), so that nothing readable vanishes unseen.
    One owner uses it; it has no lock.
    """

    def __init__(self, max_open: int = MAX_OPEN) -> None:
        self._max_open = max_open
        self._open: dict[_Key, Incomplete] = {}  # the one that waited longest comes first
        self._given_up: deque[Incomplete] = deque(maxlen=max_open)
        # What became whole lately, to know late copies of its parts by: networks and modems deliver twice.
        self._whole: dict[_Key, dict[int, bytes]] = {}

    def add(self, sender: str, concat: Concat, text: str, received_at: float) -> str | None:
        """The whole text when this part was the last one missing, else None.

        A copy of a part that is here changes nothing. Another text under the number of a part that is here begins a
        new message: many senders use one reference for all. A part numbered outside its total is no part (the TS
        says to ignore such a header): its text comes back at once.
        `received_at` is in seconds since 1970, for `expired`.
        """
        if concat.total == 1 or not 1 <= concat.number <= concat.total:
            return _mend(text)
        key = _key(sender, concat)
        waiting = self._open.pop(key, None)
        if waiting and waiting.parts.get(concat.number, text) != text:
            self._give_up(key, waiting)
            waiting = None
        parts = {**(waiting.parts if waiting else {}), concat.number: text}
        if len(parts) == concat.total:
            self._remember(key, parts)
            return _mend("".join(parts[number] for number in range(1, concat.total + 1)))
        self._wait(key, Incomplete(sender, concat, received_at, parts))
        return None

    def expired(self, before: float) -> list[Incomplete]:
        """Lists and drops the messages that got no part since `before`, and those given up since the last call.

        Late copies of parts whose message became whole are dropped without a word.
        """
        for key in [key for key, message in self._open.items() if message.received_at < before]:
            self._give_up(key, self._open.pop(key))
        given_up = list(self._given_up)
        self._given_up.clear()
        return given_up

    def to_json(self) -> str:
        """Everything that waits, texts and numbers included, to be kept as carefully as messages are."""
        return json.dumps(
            {
                "open": [_to_record(message) for message in self._open.values()],
                "given_up": [_to_record(message) for message in self._given_up],
            }
        )

    @classmethod
    def from_json(cls, text: str, max_open: int = MAX_OPEN) -> Self:
        """A joiner that goes on where `to_json` was called; which late copies to expect is not kept.

        Raises ValueError if the text is not of `to_json`.
        """
        joiner = cls(max_open)
        try:
            state = json.loads(text)
            waiting = [_from_record(record) for record in state["open"]]
            joiner._given_up.extend(_from_record(record) for record in state["given_up"])
        except (AttributeError, KeyError, TypeError, ValueError):
            # Not chained: the decoder's own error carries the texts.
            raise ValueError("The file of unfinished messages is damaged") from None
        for message in waiting:
            joiner._wait(_key(message.sender, message.concat), message)
        return joiner

    def _wait(self, key: _Key, message: Incomplete) -> None:
        if len(self._open) >= self._max_open:
            oldest = next(iter(self._open))
            self._give_up(oldest, self._open.pop(oldest))
        self._open[key] = message

    def _give_up(self, key: _Key, message: Incomplete) -> None:
        whole = self._whole.get(key, {})
        if any(whole.get(number) != _digest(text) for number, text in message.parts.items()):
            self._given_up.append(message)

    def _remember(self, key: _Key, parts: Mapping[int, str]) -> None:
        self._whole.pop(key, None)
        if len(self._whole) >= self._max_open:
            del self._whole[next(iter(self._whole))]
        self._whole[key] = {number: _digest(text) for number, text in parts.items()}


def _key(sender: str, concat: Concat) -> _Key:
    # The TS names sender and reference only; the total tells apart more of those who reuse references.
    return sender, concat.reference, concat.total, concat.wide


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _mend(text: str) -> str:
    """Pairs that a sender cut between two parts become characters; a half that stays alone becomes U+FFFD."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _to_record(message: Incomplete) -> dict[str, Any]:
    return {
        "sender": message.sender,
        "concat": asdict(message.concat),
        "received_at": message.received_at,
        "parts": {str(number): text for number, text in message.parts.items()},
    }


def _from_record(record: dict[str, Any]) -> Incomplete:
    return Incomplete(
        sender=str(record["sender"]),
        concat=Concat(**record["concat"]),
        received_at=float(record["received_at"]),
        parts={int(number): str(text) for number, text in record["parts"].items()},
    )
