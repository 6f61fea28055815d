"""A /sys and a /dev of one's own: USB sticks with their ports, which are links to real terminals, plugged in and pulled as a test likes."""

import shutil
from pathlib import Path

from otppi.adapters.serial_ports import SerialPorts


class UsbTree:
    """``devices`` and ``system`` are the folders; ``ports`` lists them."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.system = folder / "dev", folder / "sys"
        self.tty, self._usb = self.system / "class/tty", self.system / "bus/usb/devices"
        for made in (self.devices, self.tty, self._usb, self.system / "bus/usb/drivers"):
            made.mkdir(parents=True)
        self.ports = SerialPorts(str(self.devices), str(self.system))
        self._plugged: dict[str, list[str]] = {}

    def path(self, name):
        return str(self.devices / name)

    def plug(self, place, vid, pid, *, ports=None, interfaces=(), driver="option", links=True, **texts):
        """``ports`` maps names to (interface, class/subclass/protocol); ``interfaces`` are classes of those without a port."""
        folder = self.system / "devices/pci0/usb1" / place
        for name, text in {"idVendor": vid, "idProduct": pid, **texts}.items():
            self._write(folder / name, text)
        for number, kind in enumerate(interfaces):
            self._write(folder / f"{place}:1.{number}" / "bInterfaceClass", kind)
        for name, (number, protocol) in (ports or {}).items():
            interface = folder / f"{place}:1.{number}"
            self._write(interface / "bInterfaceNumber", f"{number:02x}")
            for part, value in zip(("Class", "SubClass", "Protocol"), protocol.split("/"), strict=True):
                self._write(interface / f"bInterface{part}", value)
            made = self.system / "bus/usb/drivers" / driver
            made.mkdir(exist_ok=True)
            if not (interface / "driver").exists():
                (interface / "driver").symlink_to(made)
            device = interface if name.startswith("ttyACM") else interface / name
            (device / "tty" / name).mkdir(parents=True)
            (device / "tty" / name / "device").symlink_to(device)
            (self.tty / name).symlink_to(device / "tty" / name)
            if links:
                self.link(name)
        (self._usb / place).symlink_to(folder)
        self._plugged[place] = list(ports or {})

    def pull(self, place):
        for name in self._plugged.pop(place):
            (self.tty / name).unlink()
            (self.devices / name).unlink(missing_ok=True)
        (self._usb / place).unlink()
        shutil.rmtree(self.system / "devices/pci0/usb1" / place)

    def board(self, name, kind):
        """A port of the board; ``kind`` is the type of its UART."""
        self._write(self.tty / name / "type", kind)
        self.link(name)

    def link(self, name, target="/dev/ptmx"):
        """Let a port appear: by itself it leads to something that is a terminal, but nobody's."""
        fresh = self.devices / f".{name}.new"
        fresh.symlink_to(target)
        fresh.replace(self.devices / name)

    def _write(self, file, text):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
