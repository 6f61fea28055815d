"""The device inspector: sees ports come and go, and tells modems where they are."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from actors.base import handles
from actors.owner import Owner
from otppi.config.modem import Modem
from otppi.domain.messages.ports import AskPort, FindPort, LeavePort, PortAsked, PortFree, PortsSeen, PortUsed
from otppi.domain.messages.running import Configure, State, Wake
from otppi.domain.ports import Clock, LineSettings, PortWatch, Tell
from otppi.domain.serial_port import named
from otppi.domain.whereabouts import Claim, Place, Whereabouts

_log = logging.getLogger(__name__)


class Inspector(Owner):
    """Owns who is where. Asks at ports that nobody has open, by its probers, and only while a modem is looked for."""

    def __init__(self, clock: Clock, monitor: Tell, watch: PortWatch, probers: tuple[Tell, ...]) -> None:
        super().__init__("inspector", clock, {"ports.list": self.listed})
        self._monitor = monitor
        self._watch = watch
        self._idle = list(probers)
        self._asking: dict[tuple[str, tuple[int, ...]], Tell] = {}
        """Which prober is at which port, by path and birth."""
        self._where = Whereabouts()
        self._modems: tuple[Modem, ...] = ()
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._seen = False
        """Whether the ports of the start are known; only later ones come."""
        self._configure: dict[str, Callable[[Any], None]] = {"general": self._pace, "modems": self._claim}

    # settings

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take the new value of a section."""
        self._configure[message.section](message.value)
        self._go_on()

    def _pace(self, value: Any) -> None:
        self._watch.every(value.inspect_modems_s)

    def _claim(self, modems: tuple[Modem, ...]) -> None:
        self._modems = tuple(modem for modem in modems if modem.active)
        self._where.claim(Claim(modem.id, modem.port, barred=modem.internet_access) for modem in self._modems)
        self._watch.also(modem.port for modem in self._modems)

    # what modems, watch and probers tell

    @handles(FindPort)
    def find_port(self, message: FindPort) -> None:
        """Look for a modem until it uses a port or ends."""
        self._where.seek(message, self.clock.monotonic())
        self._watch.look()
        self._go_on()

    @handles(PortUsed)
    def port_used(self, message: PortUsed) -> None:
        """Keep away from a port."""
        self._where.used(message, self.clock.monotonic(), self.clock.wall())
        self._go_on()

    @handles(PortFree)
    def port_free(self, message: PortFree) -> None:
        """Take note that a port is closed, and who was there."""
        self._where.freed(message, self.clock.monotonic())
        self._go_on()

    @handles(PortsSeen)
    def ports_seen(self, message: PortsSeen) -> None:
        """Take what ports there are."""
        before = {stick.usb for stick in self._where.sticks}
        came, gone = self._where.seen(message, self.clock.monotonic(), self.clock.wall())
        for place in gone:
            _log.info("port %s went", place.port.path)
            self._leave(place)
        for place in came:
            _log.log(logging.INFO if self._seen else logging.DEBUG, "port %s came%s", place.port.path, _described(place))
        self._seen = True
        for stick in message.sticks:
            if stick.usb not in before:
                _log.warning("%s", stick.why)
        self._go_on()

    @handles(PortAsked)
    def port_asked(self, message: PortAsked) -> None:
        """Take who answered, and use the prober again."""
        prober = self._asking.pop((message.path, message.birth), None)
        if prober is not None:
            self._idle.append(prober)
        self._where.asked(message, self.clock.monotonic())
        self._go_on()

    @handles(Wake)
    def wake(self, _: Wake) -> None:
        """Go on after a wait."""
        self._go_on()

    # what follows

    def _go_on(self) -> None:
        now = self.clock.monotonic()
        for place in self._where.to_leave():
            self._leave(place)
        for find, answer in self._where.answers(now):
            if find.answer_to(answer) is False:
                self._where.forget(find.modem)
        for place in self._where.to_ask(now, len(self._idle)):
            prober = self._idle.pop()
            self._asking[place.port.path, place.port.birth] = prober
            prober(AskPort(self._line(place), place.port.birth, self.tell))
        self._show()
        due_s = self._where.due_in(now)
        if due_s is None:
            self.let_sleep("due")
        else:
            self.wake_in(due_s, "due")

    def _leave(self, place: Place) -> None:
        """Have a port closed if it is being asked; its prober comes back when it has done so."""
        if (prober := self._asking.get((place.port.path, place.port.birth))) is not None:
            prober(LeavePort(place.port.path))

    def _line(self, place: Place) -> LineSettings:
        """Give the settings of the modem whose port it is, else those that modems come with."""
        modem = next((modem for modem in self._modems if named((place.port,), modem.port) is not None), None)
        if modem is None:
            return LineSettings(place.port.path)
        return LineSettings(place.port.path, modem.baud_rate, modem.parity, modem.stop_bits)

    def _show(self) -> None:
        facts: dict[str, Mapping[str, Any]] = {path: place.facts() for path, place in self._where.places.items()}
        facts |= {f"usb:{stick.usb}": {"usb": stick.usb, "vid": stick.vid, "pid": stick.pid, "manufacturer": stick.manufacturer, "product": stick.product,
                                       "interface": None, "driver": "", "imei": "", "modem": "", "since": None, "why": stick.why} for stick in self._where.sticks}
        for path in self._shown.keys() | facts.keys():
            if self._shown.get(path) != facts.get(path):
                self._monitor(State("port", path, facts.get(path)))
        self._shown = facts

    # operations

    def listed(self) -> list[dict[str, Any]]:
        """Give every port with what is known of it."""
        return [{"path": path, **facts} for path, facts in sorted(self._shown.items())]


def _described(place: Place) -> str:
    port = place.port
    if not port.usb:
        return ""
    texts = " ".join(text for text in (f"{port.vid}:{port.pid}", port.manufacturer, port.product) if text)
    return f" (USB {port.usb}, {texts}, interface {port.interface})"
