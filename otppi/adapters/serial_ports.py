"""Serial ports of a Linux system, with what sysfs tells of each, and the thread that sees them come and go."""

import logging
import os
import re
import stat
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from otppi.adapters import usb_modems
from otppi.domain.messages.ports import PortsSeen
from otppi.domain.ports import Tell
from otppi.domain.serial_port import BareStick, SerialPort

JOIN_LIMIT_S = 5.0
FRESH_NS = 2_000_000_000  # a folder that changed so lately may have changed once more within the same tick of its time stamp
_PORT = re.compile(r"tty(USB|ACM|AMA|S)\d+")
_CANDIDATE = re.compile(r"tty(USB|ACM)\d+")
_UNUSED_UART = "0"
"""``type`` of a place on the board where no UART is (PORT_UNKNOWN, serial_core.h)."""
_log = logging.getLogger(__name__)


class SerialPorts:
    """Lists what is there. ``devices`` and ``system`` stand for /dev and /sys."""

    def __init__(self, devices: str = "/dev", system: str = "/sys") -> None:
        self._devices = Path(devices)
        self._tty = Path(system) / "class" / "tty"
        self._usb = Path(system) / "bus" / "usb" / "devices"

    def ports(self, also: Iterable[str] = ()) -> tuple[SerialPort, ...]:
        """Give every port, and those of ``also`` that are there; a path that leads to a listed port is another name of it."""
        paths = [self._devices / name for name in _listed(self._devices) if _PORT.fullmatch(name) and not self._is_empty_place(name)]
        names: dict[str, set[str]] = {os.path.realpath(path): set() for path in paths}
        for name in also:
            real = os.path.realpath(name)
            if real not in names:
                names[real] = set()
                paths.append(Path(name))
            names[real].add(name)
        found = [self._port(path, birth, names[os.path.realpath(path)]) for path in paths if (birth := _birth(path))]
        return tuple(sorted(_ranked(found), key=lambda port: port.path))

    def sticks(self) -> tuple[BareStick, ...]:
        """Give the modems that still show themselves as a CD-ROM."""
        found = (self._bare(self._usb / name) for name in _listed(self._usb) if ":" not in name)
        return tuple(stick for stick in found if stick is not None)

    def print(self, known: Iterable[str]) -> tuple[object, ...]:
        """Give what differs once anything has come or gone, at the least cost: a few calls of the system."""
        try:
            changed = self._devices.stat().st_mtime_ns
        except OSError:
            changed = 0
        fresh = time.time_ns() if abs(time.time_ns() - changed) < FRESH_NS else 0
        return changed, fresh, tuple((path, _birth(Path(path))) for path in known), _entries(self._usb)

    def _is_empty_place(self, name: str) -> bool:
        return name.startswith("ttyS") and _read(self._tty / name / "type") == _UNUSED_UART

    def _port(self, path: Path, birth: tuple[int, ...], names: set[str]) -> SerialPort:
        device = (self._tty / path.name / "device").resolve()
        interface = next((folder for folder in (device, *device.parents) if (folder / "bInterfaceNumber").is_file()), None)
        if interface is None:
            return SerialPort(path=str(path), names=frozenset(names), birth=birth, driver=_driver(device), rank=usb_modems.UNKNOWN,
                              candidate=_CANDIDATE.fullmatch(path.name) is not None)
        usb = interface.parent
        vid, pid = _read(usb / "idVendor"), _read(usb / "idProduct")
        stranger = vid in usb_modems.OTHERS or f"{vid}:{pid}" in usb_modems.STRANGERS
        return SerialPort(
            path=str(path), names=frozenset(names), birth=birth, usb=usb.name, function=interface.name, interface=_hexadecimal(_read(interface / "bInterfaceNumber")),
            protocol="/".join(_read(interface / f"bInterface{part}") for part in ("Class", "SubClass", "Protocol")), vid=vid, pid=pid,
            manufacturer=_read(usb / "manufacturer"), product=_read(usb / "product"), serial=_read(usb / "serial"), driver=_driver(interface),
            candidate=not stranger, stick=usb.name if vid in usb_modems.MAKERS else "")

    def _bare(self, usb: Path) -> BareStick | None:
        vid, pid = _read(usb / "idVendor"), _read(usb / "idProduct")
        maker = usb_modems.MAKERS.get(vid)
        if maker is None:
            return None
        classes = {_read(usb / name / "bInterfaceClass") for name in _listed(usb) if name.startswith(f"{usb.name}:")}
        if classes != {usb_modems.STORAGE} and f"{vid}:{pid}" not in usb_modems.SWITCHED_LATER:
            return None
        why = (f"The {maker.name} stick at USB {usb.name} ({vid}:{pid}) shows itself as a CD-ROM and has no serial port yet; "
               "the package usb-modeswitch turns it into a modem.")
        return BareStick(usb=usb.name, vid=vid, pid=pid, manufacturer=_read(usb / "manufacturer") or maker.name, product=_read(usb / "product"), why=why)


class PortWatch:
    """Looks for ports in one thread, and tells the inspector when something came or went. Implements domain.ports.PortWatch.

    The lock guards what other threads ask for: pace, more paths, a look now.
    """

    def __init__(self, ports: SerialPorts) -> None:
        self._ports = ports
        self._every_s = 0.0
        self._also: tuple[str, ...] = ()
        self._asked = self._changed = self._stopping = False
        self._wanted = threading.Condition()
        self._tell: Tell = lambda message: None
        self._print: tuple[object, ...] | None = None
        self._told: PortsSeen | None = None
        self._thread = threading.Thread(target=self._watch, name="serial-ports")

    def start(self, tell: Tell) -> None:
        """Start the thread."""
        self._tell = tell
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._want("_stopping")
        if self._thread.is_alive():
            self._thread.join(JOIN_LIMIT_S)

    def every(self, seconds: float) -> None:
        """Look every so many seconds from now on, beginning now; 0: only when asked to."""
        with self._wanted:
            self._every_s = seconds
        self._want("_changed")

    def also(self, paths: Iterable[str]) -> None:
        """Take these for ports too, when they are there; what is no path is left out."""
        with self._wanted:
            self._also = tuple(sorted({path for path in paths if path.startswith("/")}))
        self._want("_changed")

    def look(self) -> None:
        """Look now, and tell what is there even if nothing came or went."""
        self._want("_asked")

    def _want(self, what: str) -> None:
        with self._wanted:
            setattr(self, what, True)
            self._wanted.notify()

    def _watch(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._asked or self._changed or self._stopping, self._every_s or None)
                if self._stopping:
                    return
                asked, due, also = self._asked, self._asked or self._every_s > 0, self._also
                self._asked = self._changed = False
            if due:
                try:
                    self._look(also, asked=asked)
                except Exception:  # noqa: BLE001  # one bad look must not end all others
                    _log.exception("the serial ports could not be looked at")

    def _look(self, also: tuple[str, ...], *, asked: bool = False) -> None:
        known = {*also, *(port.path for port in self._told.ports)} if self._told is not None else set(also)
        now = (also, *self._ports.print(sorted(known)))
        if now != self._print or self._told is None:
            self._print = now
            seen = PortsSeen(self._ports.ports(also), self._ports.sticks())
            asked = asked or seen != self._told
            self._told = seen
        if asked:
            self._tell(self._told)


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # names alone, with one call
    except OSError:
        return []


def _entries(folder: Path) -> tuple[tuple[str, int], ...]:
    """Give names and inodes; a device that was plugged in again under its old name has another one."""
    try:
        with os.scandir(folder) as entries:
            return tuple(sorted((entry.name, entry.inode()) for entry in entries))
    except OSError:
        return ()


def _birth(path: Path) -> tuple[int, ...]:
    """Give what tells a port from an earlier one of the same name; empty where there is none."""
    try:
        own, device = path.lstat(), path.stat()
    except OSError:
        return ()
    if not stat.S_ISCHR(device.st_mode):
        return ()
    return own.st_dev, own.st_ino, device.st_rdev, own.st_ctime_ns if stat.S_ISLNK(own.st_mode) else 0


def _ranked(ports: list[SerialPort]) -> list[SerialPort]:
    """Give each port of a USB device its rank, which may depend on the others."""
    together: dict[str, list[SerialPort]] = {}
    for port in ports:
        together.setdefault(port.usb, []).append(port)
    found = together.pop("", [])
    for of_one in together.values():
        ordered = sorted(of_one, key=lambda port: (port.interface or 0, port.order))
        found += [replace(port, rank=usb_modems.rank(port.vid, protocol=port.protocol, interface=port.interface, place=place)) for place, port in enumerate(ordered)]
    return found


def _driver(folder: Path) -> str:
    link = folder / "driver"
    return link.resolve().name if link.exists() else ""


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _hexadecimal(text: str) -> int | None:
    return int(text, 16) if re.fullmatch(r"[0-9a-fA-F]{1,4}", text) else None
