"""The API's listening ports while they move: what is wanted is opened before what was is closed."""

from collections.abc import Callable, Mapping

from otppi.domain.errors import NotDone
from otppi.web.listener import Listener

Address = tuple[str, int]
Open = Callable[[str, Address], Listener]


class Ports:
    """Live listeners by name. ``open_one`` makes one and opens it, or raises NotDone. Not for several threads at once."""

    def __init__(self, open_one: Open) -> None:
        self._open = open_one
        self._live: dict[str, Listener] = {}
        self._retired: list[Listener] = []

    @property
    def live(self) -> Mapping[str, Listener]:
        """Give the open ones."""
        return self._live

    @property
    def all(self) -> tuple[Listener, ...]:
        """Give the open ones and those whose threads may still answer something."""
        return (*self._live.values(), *self._retired)

    def move(self, wanted: Mapping[str, Address | None]) -> None:
        """Listen at these addresses, and nowhere for None. Raises NotDone when one cannot be had: then all is as it was."""
        self._retired = [door for door in self._retired if not door.gone(0)]
        changed = {name: address for name, address in wanted.items() if address != self._asked(name)}
        old = {name: self._live[name] for name in changed if name in self._live}
        ports = {address[1] for address in changed.values() if address}
        in_the_way = {name: door for name, door in old.items() if door.bind_addr[1] in ports}
        for name in in_the_way:
            self._retire(name)
        opened: dict[str, Listener] = {}
        try:
            for name, address in changed.items():
                if address:
                    opened[name] = self._open(name, address)
        except NotDone:
            for door in opened.values():
                door.stop()
                self._retired.append(door)
            for name, door in in_the_way.items():
                self._live[name] = self._open(name, (door.asked[0], door.bind_addr[1]))
                self._live[name].context = door.context
            raise
        for name in old.keys() - in_the_way.keys():
            self._retire(name)
        self._live |= opened

    def _asked(self, name: str) -> Address | None:
        return self._live[name].asked if name in self._live else None

    def _retire(self, name: str) -> None:
        """Close its socket; its threads end when what they hold is answered."""
        door = self._live.pop(name)
        door.stop()
        self._retired.append(door)
