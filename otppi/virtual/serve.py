"""The process behind `otppi virtual-modem`: modems, control socket, and a terminal that shows the messages."""

import os
import select
import sys
import time
from pathlib import Path
from typing import Final

from otppi.virtual.control import Control
from otppi.virtual.simulator import Options, Simulator

__all__ = ["Options", "serve"]


LINE_LIMIT: Final = 1000
"""Characters of a line: in UTF-8 never more than PIPE_BUF, for which a writable pipe has room (pipe(7))."""


class Display:
    """Shows each message; a reader that stops reading, or goes away, never holds the modems up."""

    def __init__(self, *, quiet: bool) -> None:
        """With `quiet`, messages are not shown."""
        self._quiet = quiet
        self._skipped = 0
        self._output = sys.stdout.fileno()
        self._room = select.poll()
        self._room.register(self._output, select.POLLOUT)

    def message(self, modem: int, to: str, text: str) -> None:
        """One line: time, modem, recipient, text; line ends and other controls made visible."""
        if not self._quiet:
            shown = "".join(char if char.isprintable() else " ⏎ " if char == "\n" else "�" for char in text)
            self.line(f"{time.strftime('%H:%M:%S')}  modem {modem} → {to}: {shown}")

    def line(self, text: str) -> None:
        """Write a line at once, or leave it out where there is no room for it."""
        if not any(events & select.POLLOUT for _, events in self._room.poll(0)):
            self._skipped += 1
            return
        if self._skipped:
            text, self._skipped = f"({self._skipped} lines left out: nobody read them)\n{text}", 0
        if len(text) > LINE_LIMIT:
            text = text[: LINE_LIMIT - 1] + "…"
        try:
            os.write(self._output, f"{text}\n".encode(errors="replace"))
        except BrokenPipeError:
            self._quiet = True


def serve(options: Options, control: Path | None, *, quiet: bool) -> None:
    """Run until SIGTERM or SIGINT; OSError when a link, the log or the socket cannot be made."""
    display = Display(quiet=quiet)
    with Simulator(options, display.message) as simulator:
        simulator.loop.end_on_signals()
        door = Control(simulator, control) if control else None
        try:
            print("virtual-modem ready " + ",".join(str(link) for link in options.links), flush=True)
            simulator.loop.run()
        finally:
            if door:
                door.close()
