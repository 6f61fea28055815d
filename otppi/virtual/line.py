"""One pseudo-terminal with its symlink: the cable between a virtual modem and whoever opens it."""

import errno
import os
import select
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from otppi.virtual.loop import Loop

READ_SIZE: Final = 65536
OUTPUT_LIMIT: Final = 1 << 20
"""Octets kept for a reader that does not read; more are lost, as on a UART without flow control."""


class Line:
    """Raw, no echo, 115200 baud in name. Output is dropped while nobody has the port open."""

    def __init__(self, loop: Loop, link: Path, feed: Callable[[bytes], None]) -> None:
        """Open a terminal and point `link` at it; `feed` gets what a program writes into it."""
        self.link = link
        self._loop = loop
        self._feed = feed
        self._output = bytearray()
        self._written = False
        """Something may lie unread at the other end."""
        self._master, slave = os.openpty()
        tty.setraw(slave)
        attributes = termios.tcgetattr(slave)
        attributes[4] = attributes[5] = termios.B115200
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        os.set_blocking(self._master, False)
        self._name = os.ttyname(slave)
        os.close(slave)
        self._poll = select.poll()
        self._poll.register(self._master, 0)  # a hang-up is told always
        try:
            _point(link, self._name)
        except OSError:
            os.close(self._master)
            raise
        loop.watch(self._master, self._on_event)

    @property
    def closed(self) -> bool:
        """The cable is out."""
        return self._master < 0

    def write(self, data: bytes) -> None:
        """Send to the program at the other end, keeping what does not fit yet."""
        if self.closed:
            return
        if self._poll.poll(0):  # nobody has the port open
            self._on_closed()
            return
        if self._output:
            if len(self._output) < OUTPUT_LIMIT:
                self._output += data
            return
        sent = self._write_some(data)
        if sent < len(data):
            self._output += data[sent:]
            self._loop.want_write(self._master, wanted=True)

    def unplug(self) -> None:
        """Pull the cable: the terminal hangs up and its link goes away."""
        if self.closed:
            return
        if self.link.is_symlink() and str(self.link.readlink()) == self._name:
            self.link.unlink()
        self._loop.forget(self._master)
        os.close(self._master)
        self._master = -1

    def _write_some(self, data: bytes) -> int:
        self._written = True
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
        except OSError:  # the port is going away: lost, as on a real cable
            return len(data)

    def _on_event(self, events: int) -> None:
        if events & select.EPOLLOUT and self._output:
            del self._output[: self._write_some(bytes(self._output))]
            if not self._output:
                self._loop.want_write(self._master, wanted=False)
        if events & select.EPOLLHUP:
            # Before reading: another program may have the port open by now, and its answers must stay.
            self._on_closed()
        while not self.closed:
            try:
                data = os.read(self._master, READ_SIZE)
            except OSError:  # no more for now, or EIO: nobody has the port open
                return
            self._feed(data)

    def _on_closed(self) -> None:
        """What was not read is lost with the open port, so that the next program does not meet old lines."""
        if self._output:
            self._output.clear()
            self._loop.want_write(self._master, wanted=False)
        if not self._written:
            return
        self._written = False
        termios.tcflush(self._master, termios.TCOFLUSH)  # what has not reached the other side
        with suppress(OSError):
            slave = os.open(self._name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            termios.tcflush(slave, termios.TCIFLUSH)  # what has
            os.close(slave)  # hangs up once more; by then nothing is written


def _point(link: Path, target: str) -> None:
    """Make or replace the symlink in one step; FileExistsError rather than take the place of anything else."""
    if link.exists() and not link.is_symlink():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(link))
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
