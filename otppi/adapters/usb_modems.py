"""What is known of modems on the USB: which of their ports takes AT commands, and how they look before they are switched.

From the port rules of ModemManager's plugins and the vendors' manuals. An order, not a promise: who is there is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass

UNKNOWN = 50
"""Rank of a port of which nothing is known: behind ports for AT commands, before ports that are known to be something else."""
UNLIKELY = 100
STORAGE = "08"
"""Class of mass storage interfaces."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One maker's modems. Only one of the three orders is given; without any, all ports are as likely."""

    name: str
    protocols: tuple[str, ...] = ()
    """Protocol of the interface, the AT port's first."""
    interfaces: tuple[int, ...] = ()
    """Numbers of interfaces."""
    places: tuple[int, ...] = ()
    """Places among the serial ports of the device, from 0: numbers shift when it shows a network card too."""


MAKERS: Mapping[str, Maker] = {
    "0489": Maker("Foxconn", interfaces=(2, 3)),
    "05c6": Maker("Qualcomm", places=(2, 3)),  # Quectel's UC20 and others under their chip's number
    "0f3d": Maker("Sierra Wireless", interfaces=(3,)),
    "1199": Maker("Sierra Wireless", interfaces=(3,)),
    "12d1": Maker("Huawei", protocols=("02", "12")),
    "1546": Maker("u-blox", interfaces=(6, 2, 0, 4)),
    "19d2": Maker("ZTE"),  # differs from product to product
    "1bbb": Maker("Alcatel"),
    "1bc7": Maker("Telit", interfaces=(2, 0, 1)),
    "1c9e": Maker("Longcheer"),
    "1e0e": Maker("SIMCom", interfaces=(2, 3)),
    "1e2d": Maker("Cinterion"),
    "2c7c": Maker("Quectel", places=(2, 3)),
    "2cb7": Maker("Fibocom"),
}
"""By USB vendor."""

SWITCHED_LATER = frozenset({"12d1:1446", "12d1:1526", "12d1:14fe", "12d1:1f01", "19d2:2000", "19d2:fff5", "1199:0fff", "1c9e:f000", "05c6:f000"})
"""Sticks that begin as a CD-ROM and know it by their number; others show it by having nothing but storage."""

STRANGERS = frozenset({"1546:01a4", "1546:01a5", "1546:01a6", "1546:01a7", "1546:01a8", "1546:01a9"})
"""Devices of such makers that are no modems: u-blox's receivers for satellite navigation."""

OTHERS = frozenset({"2341", "2a03", "239a", "2e8a", "16c0", "1d50", "0483"})
"""Vendors of boards that would take what is sent to them for something else, or start anew when their port is opened: Arduino, Adafruit,
Raspberry Pi, PJRC, OpenMoko's free numbers, ST. They are asked only where a setting names them."""


def rank(vid: str, *, protocol: str, interface: int | None, place: int) -> int:
    """Tell how improbable it is that a port takes AT commands; ``protocol`` as in SerialPort, ``place`` among the ports of its device."""
    maker = MAKERS.get(vid, Maker(""))
    kind, _, last = protocol.rpartition("/")
    for wanted, is_it in ((maker.protocols, last if kind in {"ff/01", "ff/02"} else None), (maker.interfaces, interface), (maker.places, place)):
        if wanted:
            return wanted.index(is_it) if is_it in wanted else UNLIKELY
    return UNKNOWN
