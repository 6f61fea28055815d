"""Where modems are: between the device inspector, which sees ports come and go, and the modems' owners."""

from dataclasses import dataclass, field

from otppi.domain.ports import LineSettings, Tell
from otppi.domain.serial_port import BareStick, SerialPort


@dataclass(frozen=True, slots=True)
class FindPort:
    """Modem → inspector: where is the modem with this IMEI? ``path`` is where it was sought (empty for ``imei:`` settings).

    The inspector answers with :class:`PortIs` as soon as it knows, perhaps much later when the modem is plugged in, and
    again when that changes; until :class:`PortUsed` or the modem's end.
    """

    modem: str
    imei: str
    path: str
    answer_to: Tell = field(repr=False)


@dataclass(frozen=True, slots=True)
class PortIs:
    """Inspector → modem: open this path. ``path`` empty: it is nowhere that could be looked at; ``why`` says so in a sentence."""

    path: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PortUsed:
    """Modem → inspector: this path is open and this IMEI answers there (empty while it has not been asked yet).

    Nobody else, the inspector included, opens the path until :class:`PortFree`.
    """

    modem: str
    path: str
    imei: str


@dataclass(frozen=True, slots=True)
class PortFree:
    """Modem → inspector: the path is closed again; ``imei`` is who answered there last, empty when nobody did."""

    modem: str
    path: str
    imei: str


@dataclass(frozen=True, slots=True)
class PortsSeen:
    """Adapter → inspector: the serial ports that there are now, after one came or went or a look was asked for."""

    ports: tuple[SerialPort, ...]
    sticks: tuple[BareStick, ...] = ()


@dataclass(frozen=True, slots=True)
class AskPort:
    """Inspector → prober: ask who answers at this port; answered with :class:`PortAsked`. ``birth`` as in SerialPort."""

    settings: LineSettings
    birth: tuple[int, ...]
    answer_to: Tell = field(repr=False)


@dataclass(frozen=True, slots=True)
class LeavePort:
    """Inspector → prober: close this port now, whoever answers there; :class:`PortAsked` says when it is closed."""

    path: str


@dataclass(frozen=True, slots=True)
class PortAsked:
    """Prober → inspector: the port is closed again. Without an ``imei`` ``why`` says so; ``left``: it was closed before anybody could answer."""

    path: str
    birth: tuple[int, ...]
    imei: str = ""
    why: str = ""
    left: bool = False
