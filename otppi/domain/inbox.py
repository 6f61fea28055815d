"""The inbox: received SMS with who has read and who has been told of each, and the parts of those that are not whole yet.

One line of JSON a record; what a record says holds from then on. Records are read again at each start:

    part   one part was heard: its PDU                      sms    a message, whole or given up, and the parts that it is made of
    shut   these parts make no message: late copies         gone   a message was deleted; so are its parts, but not the prints
    read, told, published   what was done with a message

Texts stay on the disk. A **print** is what a PDU is known by when it is heard once more (see otppi.at.incoming).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from otppi.domain.errors import Mistake, StoreError
from otppi.domain.received import Message

DATELESS_S = 600.0
"""For how long an equal message without the network's time counts as the same one: a restart or a second delivery takes less."""
LIMIT, MOST = 50, 1000  # messages of one page
MARKS = ("read", "told", "published")


class Pages(Protocol):
    """Where the records lie: by day, in the order in which they were written. Every method raises StoreError."""

    def read(self) -> Iterator[tuple[str, int, bytes]]:
        """Give day, place and payload of every record, oldest first."""

    def scan(self, day: str) -> Iterator[tuple[int, bytes]]:
        """Give place and payload of every record of a day."""

    def get(self, day: str, place: int) -> bytes:
        """Give the record at a place."""

    def append(self, payload: bytes, at: float) -> tuple[str, int]:
        """Add a record; give day and place."""

    def sync(self) -> None:
        """Make what was appended survive a power cut."""

    def rewrite(self, day: str, payloads: Iterable[bytes]) -> None:
        """Replace the records of a day."""

    def drop_before(self, unix: float) -> frozenset[str]:
        """Remove the days before that of ``unix``; give them."""

    def close(self) -> None:
        """Close the files; what is called later opens them again."""


@dataclass(slots=True)
class Entry:
    """What is in memory of a message. ``days`` are those of its records and its parts' ones; ``forward`` asks for it to be published."""

    at: float
    modem: str
    sender: str = field(repr=False)
    whole: bool
    forward: bool
    days: tuple[str, ...]
    place: int
    done: tuple[str, ...] = ()
    """Of MARKS; one of a few tuples, shared by all."""


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part whose message is neither whole nor given up."""

    id: str
    at: float
    modem: str
    pdu: str = field(repr=False)
    print: str
    day: str


class InboxBook:
    """The inbox with its files and its operations. What is kept is safe after :meth:`sync`.

    It is read when it is first needed. After a StoreError of the writing methods :meth:`forget` makes the disk the judge.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.generation = 0
        """Counts how often it was read."""
        self.strange = 0
        """Records that were passed over: of a later version."""
        self._loaded = False
        self._entries: dict[str, Entry] = {}
        self._parts: dict[str, OpenPart] = {}
        self._prints: dict[str, float] = {}
        self.operations: dict[str, Callable[..., Any]] = {"inbox.list": self.listing, "inbox.show": self.show, "inbox.delete": self.delete}

    # reading

    def load(self) -> int:
        """Read the files unless that was done; give the generation. Raises StoreError."""
        if not self._loaded:
            self._entries, self._parts, self._prints, self.strange = {}, {}, {}, 0
            for day, place, payload in self._pages.read():
                record = _record(payload)
                if record is None or not self._apply(record, day, place):
                    self.strange += 1
            self._loaded = True
            self.generation += 1
        return self.generation

    def forget(self) -> None:
        """Read the files anew before anything else."""
        self._loaded = False
        self._pages.close()

    def close(self) -> None:
        """Close the files."""
        self._pages.close()

    def open_parts(self) -> list[OpenPart]:
        """Give the parts of messages that are not whole yet, in their order."""
        self.load()
        return list(self._parts.values())

    def heard(self, print_: str, at: float, *, dated: bool) -> bool:
        """Tell whether a PDU was taken in already."""
        self.load()
        before = self._prints.get(print_)
        return before is not None and (dated or abs(at - before) <= DATELESS_S)

    def message(self, message_id: str) -> Message:
        """Give a message. Raises Mistake when there is none of that id, and StoreError."""
        self.load()
        entry = self._entries.get(message_id)
        if entry is None:
            raise Mistake("There is no message with this id in the inbox.")
        record = _record(self._pages.get(entry.days[-1], entry.place))
        if record is None or record.get("id") != message_id:
            raise StoreError("The message is damaged on the disk.")
        return Message.from_json(record)

    def untold(self, since: float) -> list[str]:
        """Give the ids of whole messages since ``since`` (unix seconds) of which nobody said that whoever wanted to know was told."""
        self.load()
        return [name for name, entry in self._entries.items() if entry.whole and entry.at >= since and "told" not in entry.done]

    def unpublished(self) -> list[str]:
        """Give the ids of messages that are to be published and are not."""
        self.load()
        return [name for name, entry in self._entries.items() if entry.forward and "published" not in entry.done]

    def figures(self) -> dict[str, int]:
        """Count messages, and those that nobody has read."""
        return {"messages": len(self._entries), "unread": sum("read" not in entry.done for entry in self._entries.values())}

    # writing

    def keep_part(self, part_id: str, at: float, modem: str, pdu: str, print_: str) -> None:
        """Write a part down. Raises StoreError."""
        self._take({"r": "part", "id": part_id, "at": at, "modem": modem, "pdu": pdu, "print": print_}, at)

    def keep(self, message: Message, *, print_: str = "", of: Iterable[str] = (), forward: bool = False) -> None:
        """Write a message down: one that came with this print, or is made ``of`` parts. Raises StoreError."""
        parts = list(of)
        prints = [print_] if print_ else self._prints_of(parts)
        self._take({"r": "sms", **message.to_json(), "prints": prints, "of": parts, "forward": forward}, message.at)

    def shut(self, parts: Iterable[str], at: float) -> None:
        """Write down that parts make no message. Raises StoreError."""
        copies = list(parts)
        self._take({"r": "shut", "of": copies, "at": at, "prints": self._prints_of(copies)}, at)

    def sync(self) -> None:
        """Make everything survive a power cut. Raises StoreError; then nothing of it is known to be safe."""
        self._pages.sync()

    def mark(self, message_id: str, mark: str, at: float) -> None:
        """Note what was done with a message; where that cannot be written it is done once more after a restart."""
        try:
            self.load()
            if (entry := self._entries.get(message_id)) is not None and mark not in entry.done:
                entry.done = _with(entry.done, mark)
                self._take({"r": mark, "id": message_id}, at)
        except StoreError:
            return

    def retire(self, before: float) -> int:
        """Forget the messages that came before ``before`` (unix seconds) with their whole days; gives how many. Raises StoreError."""
        self.load()
        try:
            gone = self._pages.drop_before(before)
        except StoreError:
            self.forget()
            raise
        old = [name for name, entry in self._entries.items() if entry.days[-1] in gone]
        for name in old:
            del self._entries[name]
        if gone:
            self._prints = {print_: at for print_, at in self._prints.items() if at >= before}
        return len(old)

    # operations

    def listing(self, search: str = "", modem: str = "", unread: bool = False, page: int = 1, limit: int = LIMIT) -> dict[str, Any]:  # noqa: FBT001, FBT002  # an operation's argument
        """List messages, the newest first: those that hold ``search`` in sender or text, of one modem, or unread ones."""
        if not (isinstance(search, str) and isinstance(modem, str) and isinstance(unread, bool)):
            raise Mistake("search and modem are texts, unread is true or false.")
        for name, value, most in (("page", page, 10**6), ("limit", limit, MOST)):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise Mistake(f"{name} must be a whole number from 1 to {most}.")
        self.load()
        found = [name for name, entry in self._entries.items() if (not modem or entry.modem == modem) and (not unread or "read" not in entry.done)]
        if wanted := search.strip().casefold():
            holding = self._holding(wanted, {self._entries[name].days[-1] for name in found})
            found = [name for name in found if name in holding]
        found.reverse()
        shown = [{**self.message(name).to_json(), "read": "read" in self._entries[name].done} for name in found[(page - 1) * limit : page * limit]]
        return {"messages": shown, "total": len(found), "page": page, "limit": limit, "unread": self.figures()["unread"]}

    def show(self, id: str) -> dict[str, Any]:  # noqa: A002  # the operation's argument
        """Give a message, which is read from now on."""
        message = self.message(str(id))
        was_read = "read" in self._entries[message.id].done
        self.mark(message.id, "read", message.at)
        return {**message.to_json(), "read": was_read}

    def delete(self, ids: Iterable[str]) -> dict[str, int]:
        """Delete messages, from the disk too; that a modem shows them again brings none of them back."""
        if isinstance(ids, str):
            raise Mistake("ids is a list.")
        self.load()
        gone = {str(name) for name in ids} & self._entries.keys()
        try:
            for day in sorted({day for name in gone for day in self._entries[name].days}):
                self._pages.rewrite(day, [*self._without(day, gone)])
                for place, payload in self._pages.scan(day):
                    if (record := _record(payload)) is not None and record.get("r") == "sms" and (entry := self._entries.get(str(record.get("id")))):
                        entry.place = place
        except StoreError:
            self.forget()
            raise
        for name in gone:
            del self._entries[name]
        return {"deleted": len(gone)}

    # inside

    def _without(self, day: str, gone: set[str]) -> Iterator[bytes]:
        """Give the records of a day without what is not needed any more: deleted messages, parts that are in a message."""
        for _, payload in self._pages.scan(day):
            record = _record(payload)
            kind = record.get("r") if record else None
            if record is None:
                yield payload
            elif kind == "sms" and record.get("id") in gone:
                yield _line({"r": "gone", "id": record["id"], "at": record["at"], "prints": record["prints"]})
            elif not (kind == "part" and record.get("id") not in self._parts) and not (kind in MARKS and (record.get("id") in gone or record.get("id") not in self._entries)):
                yield payload

    def _prints_of(self, parts: Iterable[str]) -> list[str]:
        return [self._parts[name].print for name in parts]

    def _holding(self, wanted: str, days: set[str]) -> set[str]:
        found = set()
        for day in days:
            for _, payload in self._pages.scan(day):
                record = _record(payload)
                if record is not None and record.get("r") == "sms" and (wanted in str(record.get("text")).casefold() or wanted in str(record.get("sender")).casefold()):
                    found.add(str(record.get("id")))
        return found

    def _take(self, record: dict[str, Any], at: float) -> None:
        self.load()
        day, place = self._pages.append(_line(record), at)
        self._apply(record, day, place)

    def _apply(self, record: Mapping[str, Any], day: str, place: int) -> bool:
        """Let a record hold; False for one that is not understood."""
        try:
            match record["r"]:
                case "part":
                    part = OpenPart(str(record["id"]), float(record["at"]), str(record["modem"]), str(record["pdu"]), str(record["print"]), day)
                    self._parts[part.id] = part
                    self._prints[part.print] = part.at
                case "sms":
                    message = Message.from_json(record)
                    days = tuple(dict.fromkeys([*self._shut(record["of"]), day]))
                    self._entries[message.id] = Entry(message.at, message.modem, message.sender, message.whole, bool(record["forward"]), days, place)
                    self._prints.update(dict.fromkeys(record["prints"], message.at))
                case "gone" | "shut" as kind:
                    self._shut(record["of"] if kind == "shut" else ())
                    self._prints.update(dict.fromkeys(record["prints"], float(record["at"])))
                case mark if mark in MARKS:
                    if (entry := self._entries.get(record["id"])) is not None:
                        entry.done = _with(entry.done, mark)
                case _:
                    return False
        except (KeyError, TypeError, ValueError):
            return False
        return True

    def _shut(self, parts: Iterable[str]) -> list[str]:
        """Close parts; give the days of their records."""
        return sorted({part.day for name in parts if (part := self._parts.pop(str(name), None)) is not None})


def _with(done: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return tuple(one for one in MARKS if one == mark or one in done)


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _record(payload: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
