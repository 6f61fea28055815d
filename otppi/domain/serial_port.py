"""A serial port as the system describes it, and which one a modem's setting names."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPort:
    """One port. What the system does not tell is empty."""

    path: str
    """Device path, such as /dev/ttyUSB0."""
    names: frozenset[str] = frozenset()
    """Other paths of it that settings use, such as one under /dev/serial/by-id."""
    birth: tuple[int, ...] = ()
    """Another one after the port was unplugged and plugged in again; empty where nobody looked."""
    usb: str = ""
    """Place on the USB, such as 1-1.4: the same for the same socket, whatever the port is called."""
    function: str = ""
    """Place and interface, such as 1-1.4:1.2."""
    interface: int | None = None
    protocol: str = ""
    """Class, subclass and protocol of the interface, such as ff/02/02."""
    vid: str = ""
    pid: str = ""
    manufacturer: str = ""
    product: str = ""
    serial: str = ""
    driver: str = ""
    rank: int = 0
    """How improbable it is that this is a modem's port for AT commands: the smallest is tried first."""
    candidate: bool = False
    """Whether it may be asked who it is though no setting names it."""
    stick: str = ""
    """What all ports of one modem have in common; empty when each port leads to a device of its own."""

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts the most probable first, then by name and number."""
        return self.rank, len(self.path), self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class BareStick:
    """A USB device of a maker of modems that shows no serial port; ``why`` says in a sentence what is to be done."""

    usb: str
    vid: str
    pid: str
    manufacturer: str
    product: str
    why: str


def named(ports: Iterable[SerialPort], setting: str) -> SerialPort | None:
    """Give the port that a setting names: a device path, ``usb:1-1.4`` (its most probable port) or ``usb:1-1.4:1.2``; None when it is not there."""
    if setting.startswith("usb:"):
        place = setting.removeprefix("usb:")
        return min((port for port in ports if place in {port.usb, port.function}), key=lambda port: port.order, default=None)
    return next((port for port in ports if setting == port.path or setting in port.names), None)
