"""Which modem is at which port: what was seen, heard and asked, and what follows from it. Without time, thread or I/O of its own."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.messages.ports import FindPort, PortAsked, PortFree, PortIs, PortsSeen, PortUsed
from otppi.domain.serial_port import BareStick, SerialPort, named

ASK_AGAIN_S = 60.0  # before a port at which nobody answered is asked once more, while somebody is looked for
TELL_AGAIN_S = 60.0  # before a modem is told the same port once more, so that two never quarrel in a circle
SETTLE_S = 0.5  # udev needs a moment to give a new port to its group
OWNER_FIRST_S = 5.0  # for the modem whose setting names a port to open it
REPLACED_S = 10.0  # before a modem that is nowhere counts as replaced by the one at its port: two may be on their way to each other's socket
_DEVICE = 14  # digits that make the device; the last is a check digit or, with one more, the software's version (TS 23.003, 6.2)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the settings say of an active modem. ``barred``: its port is not ours to ask at (the internet's)."""

    modem: str
    port: str
    barred: bool = False


@dataclass(slots=True)
class Place:
    """One port, and what is known of it. ``since`` is unix time, ``came`` the same moment as monotonic seconds."""

    port: SerialPort
    since: float
    came: float
    ask_from: float = 0.0
    imei: str = ""
    user: str = ""
    why: str = ""
    asking: bool = False
    heard_of: bool = False
    """Whether it was asked, or used by a modem of ours, since it came."""
    told: dict[str, float] = field(default_factory=dict)
    """When which modem was told that its device is here."""

    def facts(self) -> dict[str, Any]:
        """Give what is told of it."""
        port = self.port
        return {"usb": port.usb, "vid": port.vid, "pid": port.pid, "manufacturer": port.manufacturer, "product": port.product, "interface": port.interface,
                "driver": port.driver, "imei": self.imei, "modem": self.user, "since": int(self.since), "why": self.why}


@dataclass(slots=True)
class _Seeker:
    find: FindPort
    since: float
    nowhere: bool = False
    """Whether it was told so since it asked last."""

    def fits(self, place: Place) -> bool:
        """Whether its device is at this port, as far as is known: by its IMEI, else whoever answers at its USB socket, else its path."""
        if self.find.imei:
            return place.imei[:_DEVICE] == self.find.imei[:_DEVICE]
        port = named((place.port,), self.find.path)
        return port is not None and (bool(place.imei) or not self.find.path.startswith("usb:"))

    @property
    def must_ask(self) -> bool:
        """Whether asking at ports can find it."""
        return bool(self.find.imei) or self.find.path.startswith("usb:")


class Whereabouts:
    """Takes facts and gives what follows. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.sticks: tuple[BareStick, ...] = ()
        self._claims: tuple[Claim, ...] = ()
        self._seekers: dict[str, _Seeker] = {}
        self._seen = False
        self._awaited = False

    # what is heard

    def claim(self, claims: Iterable[Claim]) -> None:
        """Take what the settings say; a modem that they do not hold any more is looked for no more."""
        self._claims = tuple(claims)
        modems = {claim.modem for claim in self._claims if not claim.barred}
        self._seekers = {name: seeker for name, seeker in self._seekers.items() if name in modems}

    def seen(self, message: PortsSeen, now: float, wall: float) -> tuple[list[Place], list[Place]]:
        """Take what ports there are; gives those that came and those that went."""
        self._seen, self._awaited, self.sticks = True, False, message.sticks
        before, self.places = self.places, {}
        came = []
        for port in message.ports:
            place = self._known(before, port)
            if place is None:
                came.append(place := Place(port, wall, now))
            place.port = port
            self.places[port.path] = place
        opened = {path: place for path, place in before.items() if place.user and not place.port.birth and path not in self.places}
        self.places |= opened  # where nobody looks
        return came, [place for path, place in before.items() if path not in opened]

    def seek(self, find: FindPort, now: float) -> None:
        """A modem looks for its device; at the port where it has looked already it looks again by itself."""
        old = self._seekers.get(find.modem)
        self._seekers[find.modem] = seeker = _Seeker(find, old.since if old is not None else now)
        self._awaited = True
        place = self._at(find.path)
        if place is not None and not place.asking and seeker.fits(place):
            place.told[find.modem] = now

    def used(self, message: PortUsed, now: float, wall: float) -> None:
        """A modem has opened a port."""
        self._seekers.pop(message.modem, None)
        place = self._at(message.path)
        if place is None:
            place = self.places[message.path] = Place(SerialPort(path=message.path), wall, now)
        place.user, place.why, place.heard_of = message.modem, "", True
        place.imei = message.imei or place.imei
        for other in self.places.values():
            if other is not place:
                other.told.pop(message.modem, None)

    def freed(self, message: PortFree, now: float) -> None:
        """A modem has closed its port; where nobody answered nothing is known any more."""
        place = self._at(message.path)
        if place is None or place.user != message.modem:
            return  # the port went, and may have come again, since
        place.user, place.imei = "", message.imei
        place.ask_from = now if message.imei else now + ASK_AGAIN_S
        if not place.port.birth and self._seen:
            del self.places[place.port.path]

    def asked(self, message: PortAsked, now: float) -> None:
        """A port was asked and is closed again."""
        place = self.places.get(message.path)
        if place is None or place.port.birth != message.birth:
            return
        place.asking = False
        if message.left:
            return
        place.heard_of, place.ask_from = True, now + ASK_AGAIN_S
        if not place.user:
            place.imei, place.why = message.imei, message.why

    # what follows

    def to_ask(self, now: float, room: int) -> list[Place]:
        """Give ports to be asked now, at most ``room``, the most probable first; they count as being asked from now on."""
        found: list[Place] = []
        if not self._lacking():
            return found
        busy = {place.port.stick for place in self.places.values() if place.asking}
        for place in sorted(self.places.values(), key=lambda place: place.port.order):
            if len(found) < room and self._earliest(place) <= now and self._may_ask(place) and (not place.port.stick or place.port.stick not in busy):
                place.asking = True
                busy.add(place.port.stick)
                found.append(place)
        return found

    def to_leave(self) -> list[Place]:
        """Give ports that are being asked though nobody needs the answer, or though a modem waits to open this very one."""
        needed = self._lacking()
        return [place for place in self.places.values() if place.asking and (not needed or self._is_awaited(place))]

    def answers(self, now: float) -> list[tuple[FindPort, PortIs]]:
        """Give who is to be told what now."""
        found = []
        for name, seeker in self._seekers.items():
            place = min((place for place in self.places.values() if self._is_told(seeker, place, now)), key=lambda place: place.port.order, default=None)
            if place is not None:
                place.told[name], seeker.nowhere = now, False
                place.ask_from = max(place.ask_from, now + OWNER_FIRST_S)
                found.append((seeker.find, PortIs(place.port.path)))
            elif not seeker.nowhere and (why := self._nowhere(seeker, now)):
                seeker.nowhere = True
                found.append((seeker.find, PortIs("", why)))
        return found

    def forget(self, modem: str) -> None:
        """Look for a modem no more: it has ended."""
        self._seekers.pop(modem, None)

    def due_in(self, now: float) -> float | None:
        """Give the seconds until something may follow by itself, None for never."""
        times = [seeker.since + REPLACED_S for seeker in self._seekers.values() if not seeker.nowhere]
        times += [place.came + SETTLE_S for place in self.places.values() if self._is_awaited(place)]
        if self._lacking():
            times += [self._earliest(place) for place in self.places.values() if self._may_ask(place)]
        return min((time - now for time in times if time > now), default=None)

    # what is known

    def _known(self, before: dict[str, Place], port: SerialPort) -> Place | None:
        """Take what is known of a port out of what was known before; a modem may have opened it by another name before anybody looked."""
        opened = next((place for place in before.values() if not place.port.birth and named((port,), place.port.path) is not None), None)
        if opened is not None:
            del before[opened.port.path]
        place = before.get(port.path)
        if place is None or place.port.birth != port.birth:
            return opened
        del before[port.path]
        if opened is not None:
            place.user, place.imei, place.heard_of = opened.user, opened.imei, True
        return place

    def _at(self, path: str) -> Place | None:
        """Give the place that a setting, or a modem, names."""
        port = named([place.port for place in self.places.values()], path)
        return self.places[port.path] if port is not None else None

    def _earliest(self, place: Place) -> float:
        """Give the moment from which a port may be asked: once it has settled, and once the modem that it belongs to had its turn."""
        owners = {claim.modem for claim in self._claims if named((place.port,), claim.port) is not None} - set(self._seekers)
        return max(place.ask_from, place.came + (OWNER_FIRST_S if owners and not place.heard_of else SETTLE_S))

    def _is_awaited(self, place: Place) -> bool:
        """Whether a modem that takes whoever is there waits for this port to come."""
        return any(not seeker.must_ask and seeker.fits(place) and not _told(place, seeker, place.came) for seeker in self._seekers.values())

    def _lacking(self) -> bool:
        """Whether somebody is looked for whose port is not known."""
        return any(seeker.must_ask and not any(seeker.fits(place) for place in self.places.values()) for seeker in self._seekers.values())

    def _may_ask(self, place: Place) -> bool:
        """Whether it is ours to ask at, and not known or asked yet; one port of a modem tells for all."""
        port = place.port
        if place.user or place.imei or place.asking or not port.birth or self._is_awaited(place):
            return False
        if port.stick and any(other.port.stick == port.stick and (other.user or other.imei) for other in self.places.values()):
            return False
        claims = [claim for claim in self._claims if named((port,), claim.port) is not None]
        sought = any(named((port,), seeker.find.path) is not None for seeker in self._seekers.values())
        return not any(claim.barred for claim in claims) and (port.candidate or bool(claims) or sought)

    def _is_told(self, seeker: _Seeker, place: Place, now: float) -> bool:
        """Whether the modem is to be told of this port now."""
        free = not place.user and not place.asking and bool(place.port.birth) and (place.heard_of or now >= place.came + SETTLE_S)
        return free and seeker.fits(place) and not _told(place, seeker, now - TELL_AGAIN_S)

    def _nowhere(self, seeker: _Seeker, now: float) -> str:
        """Say why a modem is at no port; empty as long as it may still be found, or may just have been pulled from its own."""
        if not self._seen or self._awaited or not seeker.find.imei:
            return ""
        places = self.places.values()
        if holder := next((place.user for place in places if place.user and seeker.fits(place)), ""):
            return f'The modem with this IMEI is driven as "{holder}" already.'
        if any(seeker.fits(place) for place in places) or any(self._may_answer(place) for place in places):
            return ""
        if seeker.find.path and not self._replaced(seeker, now):
            return ""
        silent = [f"{place.port.path}: {place.why}" for place in places if place.why and not place.imei]
        return " ".join(["The modem with this IMEI is at no port.", *silent, *(stick.why for stick in self.sticks)])

    def _may_answer(self, place: Place) -> bool:
        """Whether it may still turn out who is there."""
        if place.asking or place.user:
            return not place.imei
        return not place.heard_of and (self._may_ask(place) or self._is_awaited(place))

    def _replaced(self, seeker: _Seeker, now: float) -> bool:
        """Whether another modem, which nobody looks for, is where this one was."""
        place = self._at(seeker.find.path)
        sought = any(place is not None and other is not seeker and other.find.imei and other.fits(place) for other in self._seekers.values())
        return place is not None and bool(place.imei) and not sought and now >= seeker.since + REPLACED_S


def _told(place: Place, seeker: _Seeker, since: float) -> bool:
    """Whether the modem was told of this port since a moment."""
    return place.told.get(seeker.find.modem, -math.inf) >= since
