"""A received SMS, and how full the stores of modems are that hold them before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.msisdn import mask

RECEIVED = "sms.received"
"""The event that tells of a whole message (row S15)."""
FULL, EASY = 0.90, 0.80  # of a modem's store: from here on the alarm is on, below the second it is off


@dataclass(frozen=True, slots=True)
class Message:
    """A received SMS. ``at`` is its arrival here in unix seconds, ``sent_at`` the network's time in ISO 8601, empty for none.

    ``missing`` numbers the parts that never came; ``raw`` is the PDU of a message that could not be read, in hex digits.
    """

    id: str
    at: float
    sent_at: str
    modem: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    parts: int = 1
    missing: tuple[int, ...] = ()
    flash: bool = False
    raw: str = field(default="", repr=False)

    @property
    def whole(self) -> bool:
        """Whether all of it came and could be read."""
        return not self.missing and not self.raw

    def to_json(self) -> dict[str, Any]:
        """Give it as administrators and programs see it."""
        return {"id": self.id, "at": self.at, "sent_at": self.sent_at, "modem": self.modem, "sender": self.sender, "text": self.text, "parts": self.parts,
                "missing": list(self.missing), "flash": self.flash, "raw": self.raw}

    def told(self) -> dict[str, Any]:
        """Give it as the data of ``sms.received``."""
        return {"id": self.id, "modem": self.modem, "sender": self.sender, "text": self.text, "sent_at": self.sent_at, "parts": self.parts, "flash": self.flash}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Message":
        """Read what :meth:`to_json` gave. Raises KeyError, TypeError and ValueError."""
        return cls(str(value["id"]), float(value["at"]), str(value["sent_at"]), str(value["modem"]), str(value["sender"]), str(value["text"]),
                   int(value["parts"]), tuple(int(number) for number in value["missing"]), bool(value["flash"]), str(value["raw"]))


def replyable(message: Message) -> bool:
    """Tell whether the sender is a number, not a name."""
    return bool(message.sender) and message.sender.isascii() and message.sender.isdigit()


class Filling:
    """Which stores of modems are so full that somebody should look."""

    def __init__(self) -> None:
        self._full: set[tuple[str, str]] = set()

    def seen(self, modem: str, store: str, used: int, total: int) -> bool | None:
        """Take a store's fill; True when it became full, False when it is not any more, None when nothing changed."""
        key, share = (modem, store), used / total if total > 0 else 0.0
        if key not in self._full and share >= FULL:
            self._full.add(key)
            return True
        if key in self._full and share < EASY:
            self._full.discard(key)
            return False
        return None

    def without(self, modems: Iterable[str]) -> list[tuple[str, str]]:
        """Forget the stores of modems that are none of these; give those that were full."""
        known = set(modems)
        gone = sorted(key for key in self._full if key[0] not in known)
        self._full.difference_update(gone)
        return gone


def masked(sender: str) -> str:
    """Give a sender as logs show it: names are told, numbers masked."""
    return mask(sender) if any(character.isdigit() for character in sender) else sender
