"""Who has a port open: asked of /proc, which shows other users' processes to root alone."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_HINTS = {
    "ModemManager": 'Stop it (systemctl disable --now ModemManager), or keep it from this modem by a udev rule with ENV{ID_MM_DEVICE_IGNORE}="1".',
    "pppd": "A dial-up connection uses the modem: hang up first.",
    "wvdial": "A dial-up connection uses the modem: hang up first.",
    "gammu-smsd": "Stop gammu's daemon, or give it another modem.",
    "smsd": "Stop the SMS Server Tools, or give them another modem.",
    "getty": "A login terminal runs on this port: systemctl disable --now serial-getty@NAME.",
    "agetty": "A login terminal runs on this port: systemctl disable --now serial-getty@NAME.",
    "otppi": "A gateway uses it: name the modem by its id, or take it out of service there.",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a port open, and how to make it let go."""

    pid: int
    name: str

    @property
    def mend(self) -> str:
        """Say how it is made to let go."""
        return _HINTS.get(self.name, f"End it, or give it another port (pid {self.pid}).")


def holders(path: str, proc: Path = PROC) -> list[Holder]:
    """Give the processes that have a port open, but for this one; those of other users are not seen without root."""
    real, found = os.path.realpath(path), []
    for folder in sorted(proc.iterdir()):
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # it ended meanwhile, or belongs to another user
            if any(_points_to(link, real) for link in (folder / "fd").iterdir()):
                found.append(Holder(int(folder.name), _name(folder)))
    return found


def _points_to(link: Path, real: str) -> bool:
    try:
        return str(link.readlink()) == real
    except OSError:
        return False


def _name(folder: Path) -> str:
    """Give the program's name; of a Python program that of its module or script."""
    words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    name = (folder / "comm").read_text(errors="replace").strip()
    if name.startswith("python") or "python" in Path(words[0]).name:
        names = {Path(word).name for word in words[1:3]}
        return "otppi" if "otppi" in names or words[1:3] == ["-m", "otppi"] else name
    return name
