"""Who holds a port, and what is on the USB that is no modem yet: asked of the system's folders, real and made."""

import os
import subprocess
import sys

import pytest

from otppi.adapters.port_holder import Holder, holders
from otppi.adapters.usb_hints import hints


def test_another_process_that_has_the_port_open_is_found_and_we_are_not():
    terminal, side = os.openpty()
    path = os.ttyname(side)
    try:
        assert holders(path) == []
        child = subprocess.Popen([sys.executable, "-c", "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            child.stdout.readline()
            found = holders(path)
            assert [holder.pid for holder in found] == [child.pid]
            assert found[0].mend
        finally:
            child.communicate(timeout=10)
        assert holders(path) == []
    finally:
        os.close(terminal)
        os.close(side)


def process(proc, pid, comm, cmdline, *paths):
    (proc / str(pid) / "fd").mkdir(parents=True)
    (proc / str(pid) / "comm").write_text(f"{comm}\n")
    (proc / str(pid) / "cmdline").write_bytes(b"\0".join(word.encode() for word in cmdline) + b"\0")
    for number, path in enumerate(paths):
        (proc / str(pid) / "fd" / str(number)).symlink_to(path)


@pytest.mark.parametrize("comm, cmdline, name, word", [
    ("ModemManager", ["/usr/sbin/ModemManager"], "ModemManager", "udev"), ("pppd", ["pppd"], "pppd", "hang up"), ("python3", ["python3", "-m", "otppi", "run"], "otppi", "id"),
    ("otppi", ["/opt/bin/python3", "/usr/bin/otppi", "run"], "otppi", "out of service"), ("minicom", ["minicom"], "minicom", "4711"), ("python3", ["python3", "x.py"], "python3", "4711"),
])
def test_holders_are_named_and_the_mend_fits_them(tmp_path, comm, cmdline, name, word):
    port = tmp_path / "ttyUSB0"
    port.touch()
    process(tmp_path / "proc", 4711, comm, cmdline, tmp_path / "other", port)
    process(tmp_path / "proc", 12, "bystander", ["x"], tmp_path / "other")
    (tmp_path / "proc" / "self").mkdir()
    (found,) = holders(str(port), tmp_path / "proc")
    assert found == Holder(4711, name)
    assert word in found.mend


def test_a_link_to_the_port_is_the_port(tmp_path):
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    process(tmp_path / "proc", 1, "x", ["x"], tmp_path / "ttyUSB0")
    assert len(holders(str(tmp_path / "by-id"), tmp_path / "proc")) == 1


def device(devices, name, vendor, product, *interfaces):
    """``interfaces`` are the class of each, and what hangs below it."""
    folder = devices / name
    folder.mkdir(parents=True)
    (folder / "idVendor").write_text(f"{vendor}\n")
    (folder / "idProduct").write_text(f"{product}\n")
    for number, (kind, below) in enumerate(interfaces):
        inside = folder / f"{name}:1.{number}"
        inside.mkdir()
        (inside / "bInterfaceClass").write_text(f"{kind}\n")
        if below:
            (inside / below).mkdir()


@pytest.mark.parametrize("vendor, interfaces, word", [
    ("12d1", [("08", "")], "CD-ROM"), ("19d2", [("08", ""), ("08", "")], "CD-ROM"), ("12d1", [("02", "net"), ("0a", "")], "HiLink"), ("12d1", [("e0", "net"), ("0a", ""), ("08", "")], "HiLink"),
    ("2c7c", [("ff", ""), ("ff", "")], "driver"), ("12d1", [("ff", "ttyUSB0"), ("08", "")], None), ("0951", [("08", "")], None), ("12d1", [], None), ("12d1", [("02", ""), ("0a", "tty")], None),
])
def test_a_stick_that_is_no_modem_yet_is_told(tmp_path, vendor, interfaces, word):
    device(tmp_path, "1-1.2", vendor, "14db", *interfaces)
    found = hints(tmp_path)
    if word is None:
        assert not found
    else:
        assert word in found[0].said
        assert f"1-1.2 ({vendor}:14db)" in found[0].said
        assert found[0].mend


def test_a_machine_without_usb_has_none(tmp_path):
    assert hints(tmp_path / "none") == []
