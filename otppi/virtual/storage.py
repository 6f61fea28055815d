"""Message stores of a modem: SM (the SIM), ME (the modem), SR (status reports), and MT, which is SM and ME in one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from otppi.virtual.refusals import cms


class Status(IntEnum):
    """The numbers of TS 27.005 section 3.1, PDU mode."""

    UNREAD = 0
    READ = 1
    UNSENT = 2
    SENT = 3


STATUS_WORDS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")
"""The same in text mode, and the word for all."""


@dataclass(slots=True)
class Stored:
    """One message in a store."""

    status: Status
    smsc: bytes
    """The SMSC address octets, their length first."""
    tpdu: bytes


@dataclass(slots=True)
class Store:
    """Numbered places, the lowest free one taken first."""

    name: str
    capacity: int
    first_index: int
    slots: dict[int, Stored] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """No place is left."""
        return len(self.slots) >= self.capacity

    def add(self, message: Stored) -> int:
        """The place taken; +CMS ERROR: 322 when there is none."""
        for index in range(self.first_index, self.first_index + self.capacity):
            if index not in self.slots:
                self.slots[index] = message
                return index
        raise cms(322)


class Stores:
    """All stores of one modem; MT counts on through SM, then ME."""

    def __init__(self, sizes: tuple[tuple[str, int], ...], first_index: int) -> None:
        """`sizes`: name and capacity of each."""
        self.by_name = {name: Store(name, capacity, first_index) for name, capacity in sizes}

    def parts(self, name: str) -> list[tuple[Store, int]]:
        """The stores behind a name, each with what is added to its own numbers; +CMS ERROR: 302 for an unknown one."""
        if name == "MT":
            both = [self.by_name[part] for part in ("SM", "ME") if part in self.by_name]
            return [(store, both[0].capacity if number else 0) for number, store in enumerate(both)]
        if name not in self.by_name:
            raise cms(302)
        return [(self.by_name[name], 0)]

    def used(self, name: str) -> tuple[int, int]:
        """Messages held, and capacity."""
        parts = self.parts(name)
        return sum(len(store.slots) for store, _ in parts), sum(store.capacity for store, _ in parts)

    def add(self, name: str, message: Stored) -> int:
        """Put a message into the first store behind `name` that has room; +CMS ERROR: 322 when none has."""
        for store, offset in self.parts(name):
            if not store.full:
                return store.add(message) + offset
        raise cms(322)

    def listing(self, name: str) -> Iterator[tuple[int, Stored]]:
        """Every message by number."""
        for store, offset in self.parts(name):
            for index in sorted(store.slots):
                yield index + offset, store.slots[index]

    def get(self, name: str, index: int) -> Stored | None:
        """The message at a place, None where it is empty; +CMS ERROR: 321 for a place that does not exist."""
        for store, offset in self.parts(name):
            own = index - offset
            if store.first_index <= own < store.first_index + store.capacity:
                return store.slots.get(own)
        raise cms(321)

    def delete(self, name: str, index: int) -> None:
        """Empty a place; an empty one is no error, as on most modems."""
        self.get(name, index)
        for store, offset in self.parts(name):
            store.slots.pop(index - offset, None)
