"""What a received PDU says, how it is known again, and long messages put together with a record of which parts they are made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from otppi.at.joiner import Incomplete, Joiner
from otppi.at.pdu import NO_TIME, Deliver, PduError, decode_deliver

PRINT_BYTES = 12  # of a million messages two have the same one by chance with a probability of 10⁻¹⁷


@dataclass(frozen=True, slots=True)
class Incoming:
    """A PDU that was read, or why it could not be: ``why`` quotes neither text nor number.

    ``print`` is the same when the modem shows the message again or the network delivers it twice. ``dated`` tells whether the
    network's time is in it: without, two equal messages are told apart by nothing.
    """

    deliver: Deliver | None
    why: str
    print: str
    dated: bool

    @property
    def part(self) -> bool:
        """Whether it is a part of a longer message."""
        return self.deliver is not None and self.deliver.concat is not None and self.deliver.concat.total > 1

    @property
    def text(self) -> str:
        """The text of what is no part; why there is none when it could not be read."""
        return self.deliver.text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace") if self.deliver else self.why


def read(modem: str, pdu: str) -> Incoming:
    """Read a whole PDU in hexadecimal digits. Never raises."""
    try:
        deliver = decode_deliver(bytes.fromhex(pdu))
    except PduError as error:
        return Incoming(None, f"{error}.", _print(modem, pdu.upper()), dated=True)
    except Exception as error:  # noqa: BLE001  # a message that our reader fails at must be kept like any other, for a better reader
        return Incoming(None, f"It is no PDU, or the reader failed ({type(error).__name__}).", _print(modem, pdu.upper()), dated=True)
    # Not the bytes: the way through the network may leave its marks in SMSC part and first octet.
    concat = deliver.concat
    parts = (concat.reference, concat.total, concat.number, concat.wide) if concat else ()
    said = (deliver.sender, deliver.sent_at.isoformat(), deliver.alphabet, deliver.flash, parts, deliver.text)
    return Incoming(deliver, "", _print(modem, said), dated=deliver.sent_at != NO_TIME)


def _print(*what: object) -> str:
    return blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=PRINT_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """One part that was heard. ``at`` is unix seconds, ``id`` names its record."""

    id: str
    at: float
    modem: str
    deliver: Deliver = field(repr=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """A message made of parts; ``missing`` numbers those that never came, ``of`` are the ids of those that did."""

    modem: str
    sender: str = field(repr=False)
    text: str = field(repr=False)
    total: int
    missing: tuple[int, ...]
    sent_at: datetime
    flash: bool
    of: tuple[str, ...]


_Key = tuple[str, str, int, int, bool]


class Collector:
    """Joins the parts of all modems, each modem's for itself. What it holds comes from the records of parts, in their order."""

    def __init__(self) -> None:
        self._joiners: dict[str, Joiner] = {}
        self._open: dict[_Key, list[Part]] = {}

    def add(self, part: Part) -> list[Joined]:
        """Take a part; gives the message that it makes whole, and any that it drives out (see Joiner)."""
        joiner, key = self._joiners.setdefault(part.modem, Joiner()), _key(part)
        assert part.deliver.concat is not None  # noqa: S101  # what has none is no part
        text = joiner.add(part.deliver.sender, part.deliver.concat, part.deliver.text, part.at)
        found = self._unfinished(part.modem, joiner.expired(float("-inf")))
        self._open.setdefault(key, []).append(part)
        if text is not None:
            found.append(_joined(self._open.pop(key), text, ()))
        return found

    def expired(self, before: float) -> tuple[list[Joined], tuple[str, ...]]:
        """Give the messages that got no part since ``before`` (unix seconds), and the ids of late copies, which make none."""
        found = [one for modem, joiner in self._joiners.items() for one in self._unfinished(modem, joiner.expired(before))]
        copies = [key for key, parts in self._open.items() if parts[-1].at < before]
        return found, tuple(part.id for key in copies for part in self._open.pop(key))

    def _unfinished(self, modem: str, given_up: Iterable[Incomplete]) -> list[Joined]:
        found = []
        for one in given_up:
            key = (modem, one.sender, one.concat.reference, one.concat.total, one.concat.wide)
            missing = tuple(number for number in range(1, one.concat.total + 1) if number not in one.parts)
            found.append(_joined(self._open.pop(key), f"{one.text}\n[{_never(missing, one.concat.total)}]", missing))
        return found


def _key(part: Part) -> _Key:
    concat = part.deliver.concat
    assert concat is not None  # noqa: S101  # what has none is no part
    return part.modem, part.deliver.sender, concat.reference, concat.total, concat.wide


def _joined(parts: list[Part], text: str, missing: tuple[int, ...]) -> Joined:
    last = parts[-1].deliver
    total = last.concat.total if last.concat else 1
    return Joined(parts[-1].modem, last.sender, text, total, missing, last.sent_at, last.flash, tuple(part.id for part in parts))


def _never(missing: tuple[int, ...], total: int) -> str:
    """Say which parts never came, neighbours as a range."""
    spans: list[list[int]] = []
    for number in missing:
        if spans and number == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], number]
        else:
            spans.append([number])
    named = ", ".join("-".join(map(str, span)) for span in spans)
    return f"Part {named} of {total} never came." if len(missing) == 1 else f"Parts {named} of {total} never came."
