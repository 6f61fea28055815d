"""What every part of the device has in common, and what of the house it may use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.gateway import ActorGateway
from otppi.books import Books
from otppi.config.site import Site
from otppi.domain.ports import Clock, Tell
from otppi.written import Written


@dataclass(frozen=True, slots=True)
class House:
    """What stands before the parts do. ``data`` and ``run`` are the folders of the gateway."""

    site: Site
    data: Path
    run: Path
    clock: Clock
    books: Books
    written: Written
    supervisor: Tell
    monitor: Tell
    router: Tell
    gateway: ActorGateway
    began: Callable[[str, Any], Tell]
    """Keep the reference of a state owner that was started: it is watched, and stopped at the end. Gives its port."""


class Part:
    """One part of the device: made with the house, started with the settings, told of each change, closed at the end."""

    sections: tuple[str, ...] = ()
    """The sections of the settings that concern it."""

    def __init__(self, house: House) -> None:
        self.house = house

    def start(self, values: Mapping[str, Any]) -> Mapping[str, Tell]:
        """Start with all sections' values; gives the owners of operations by the names in domain.operations."""
        raise NotImplementedError

    def changed(self, section: str, values: Mapping[str, Any]) -> None:
        """Take a changed section. Runs in the settings owner's thread: tell, never wait."""

    def pause(self) -> None:
        """Take nothing new any more: the gateway drains."""

    def close(self, limit_s: float) -> None:
        """End what is no actor: threads and sockets. Actors that were kept or are children have ended before."""
