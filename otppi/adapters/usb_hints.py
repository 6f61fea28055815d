"""Modems that are plugged in and are none yet: sticks that show a CD-ROM, or a network card of their own (HiLink). Asked of /sys."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

DEVICES = Path("/sys/bus/usb/devices")
MAKERS = {"12d1": "Huawei", "19d2": "ZTE", "1bbb": "Alcatel", "1e0e": "SIMCom", "2c7c": "Quectel", "1199": "Sierra", "1bc7": "Telit", "1546": "u-blox",
          "0af0": "Option", "2357": "TP-Link", "05c6": "Qualcomm"}
"""By USB vendor id."""
_STORAGE, _WIRELESS, _COMMUNICATION, _DATA, _VENDOR, _HUMAN = "08", "e0", "02", "0a", "ff", "03"


@dataclass(frozen=True, slots=True)
class Hint:
    """What a modem shows itself as, in a sentence, and the mend."""

    said: str
    mend: str


def hints(devices: Path = DEVICES) -> list[Hint]:
    """Give a hint for each modem on the USB that offers no serial port."""
    if not devices.is_dir():
        return []
    found = (_hint(device) for device in sorted(devices.iterdir()) if ":" not in device.name)
    return [hint for hint in found if hint is not None]


def _hint(device: Path) -> Hint | None:
    vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
    interfaces = list(device.glob(f"{device.name}:*"))
    if vendor not in MAKERS or any(list(interface.glob("tty*")) for interface in interfaces):
        return None
    classes = {_read(interface / "bInterfaceClass") for interface in interfaces} - {_HUMAN}
    who = f"The {MAKERS[vendor]} device at USB {device.name} ({vendor}:{product})"
    if classes == {_STORAGE}:
        return Hint(f"{who} shows itself as a CD-ROM.", "Install usb-modeswitch and plug it in again.")
    if classes and classes <= {_STORAGE, _WIRELESS, _COMMUNICATION, _DATA} and any((interface / "net").is_dir() for interface in interfaces):
        return Hint(f"{who} is a network card (HiLink or the like) and has no AT port.", "Its firmware cannot send SMS by AT commands: use a stick with modem firmware, or change its mode if the maker offers it.")
    if _VENDOR in classes:
        return Hint(f"{who} has no serial port: no driver has taken it.", "modprobe option; a very new device may need its id: echo VENDOR PRODUCT > /sys/bus/usb-serial/drivers/option1/new_id.")
    return None


def _read(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text().strip().lower()
    return ""
