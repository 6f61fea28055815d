"""The wire side of a modem: command lines and message bodies out of octets, answers into octets, and the faults of a cable."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from otppi.virtual.faults import Faults
from otppi.virtual.refusals import RefusedError
from otppi.virtual.session import Session

ESC: Final = 0x1B
CTRL_Z: Final = 0x1A
LINE_LIMIT: Final = 2048
"""Octets of a command line, above any real one; more are forgotten."""
BODY_LIMIT: Final = 4096
"""Octets of a message body; the rest is swallowed up to its end."""
DRIP_S: Final = 0.0005
"""Between two octets of the fault `one_byte`."""
STORM: Final = ("^RSSI:17", "+CREG: 1", "^BOOT:12345678,0,0,0,6", "^MODE:5,4", "+CSQ: 17,99")

Body = Callable[[bytes | None], None]
"""Takes the octets before Ctrl-Z, or None for ESC; raises RefusedError or leads to `Modem.finish`."""


class Cable(Protocol):
    """The end of a line that a modem sees."""

    def write(self, data: bytes) -> None:
        """Send octets to whoever has the port open."""

    def unplug(self) -> None:
        """Pull it out."""


class Terminal(ABC):
    """Reads while nothing is in hand; a line typed meanwhile waits, as in a UART's buffer."""

    def __init__(self, index: int, faults: Faults, later: Callable[[float, Callable[[], None]], object]) -> None:
        self.index = index
        self.faults = faults
        self.session = Session()
        self._raw_later = later
        self._cable: Cable | None = None
        self._life = 0
        """Counts connections: what was started in an earlier one does not go on."""
        self._body: Body | None = None
        """Who takes the message body that is being typed."""
        self._busy = False
        self._pumping = False
        self._forget()

    @property
    def plugged(self) -> bool:
        """A cable is in."""
        return self._cable is not None

    @abstractmethod
    def run_line(self, line: str) -> None:
        """A command line was typed."""

    @abstractmethod
    def unheard(self, data: bytes) -> None:
        """Octets came in while the modem hangs."""

    @abstractmethod
    def refused(self, refusal: RefusedError) -> None:
        """The body that was asked for is no good."""

    def unplug(self) -> None:
        """Lose power and cable; what was going on will never be answered."""
        cable, self._cable = self._cable, None
        self._forget()
        if cable is not None:
            cable.unplug()

    def wake(self) -> None:
        """End a hang: what was read meanwhile is forgotten."""
        self._forget()

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run `action` in `delay_s` seconds, now for 0, never if the modem has been unplugged meanwhile."""
        if delay_s <= 0:
            action()
            return
        life = self._life

        def run() -> None:
            if life == self._life:
                action()
                self.pump()

        self._raw_later(delay_s, run)

    def urc(self, *lines: str) -> None:
        """An unsolicited result code; held back while a message body is being typed."""
        if self._cable is None:
            return
        text = "".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1", "replace")
        if self._body is not None:
            self._held += text
            return
        self._out += text
        if not self._pumping:
            self._flush()

    def ask_body(self, take: Body, *, prompt: bool = True) -> None:
        """Read a message body from now on, up to Ctrl-Z or ESC; `prompt` says so to the program."""
        self._body = take
        self._typed.clear()
        if prompt:
            self.prompt()

    def prompt(self) -> None:
        """`> `, TS 27.005 section 3.5.1: no line end follows. Nothing once the body has been given up."""
        if self._body is not None:
            self._out += b"\r\n> "

    def feed(self, data: bytes) -> None:
        """Octets that the program wrote."""
        if self.faults.active(self.index, "hang"):
            self.unheard(data)
            return
        self._input += data
        self.pump()

    def hold(self) -> None:
        """A command is in hand: read no further, unless it has asked for a body."""
        self._busy = self._body is None

    def release(self) -> None:
        """The command in hand has ended."""
        self._busy = False

    def pump(self) -> None:
        """Read what waits, then send what has been said."""
        if self._pumping:
            return
        self._pumping = True
        while self._input and not self._busy and self._cable is not None:
            if self._body is not None:
                self._take_body(self._body)
            else:
                self._take_line()
        self._pumping = False
        self._flush()

    def _take_line(self) -> None:
        end = self._input.find(b"\r") + 1
        chunk = bytes(self._input[: end or None])
        del self._input[: len(chunk)]
        if self.session.echo:
            self._out += chunk
        if len(self._typed) < LINE_LIMIT:
            self._typed += chunk
        if end:
            line = _as_typed(bytes(self._typed))
            self._typed.clear()
            self.run_line(line)

    def _take_body(self, take: Body) -> None:
        ends = [position for position in (self._input.find(CTRL_Z), self._input.find(ESC)) if position >= 0]
        end = min(ends) if ends else None
        chunk = bytes(self._input[:end])
        cut = self.faults.active(self.index, "unplug")
        if cut and cut.word("when", "") == "body_bytes" and len(self._typed) + len(chunk) >= cut.number("bytes", 0):
            self.faults.take(self.index, "unplug", at="body_bytes")
            self.unplug()
            return
        ended_by = None if end is None else self._input[end]
        del self._input[: len(chunk) + (end is not None)]
        if self.session.echo:
            self._out += chunk
        if len(self._typed) < BODY_LIMIT:
            self._typed += chunk
        if ended_by is None:
            return
        body = bytes(self._typed)
        self._typed.clear()
        self._body, self._busy = None, True
        try:
            take(body if ended_by == CTRL_Z else None)
        except RefusedError as refusal:
            self.refused(refusal)

    def say(self, lines: Sequence[str]) -> None:
        """The information lines of an answer."""
        if not lines:
            return
        storm = self.faults.active(self.index, "urc_storm")
        if self.session.verbose:
            self._out += b"\r\n"
        for line in lines:
            self._out += f"{line}\r\n".encode("latin-1", "replace")
            if storm:
                self._out += _storm(storm.words("lines", STORM))

    def final(self, line: str) -> None:
        """A final result code; then what was held back."""
        storm = self.faults.take(self.index, "urc_storm")
        if storm:
            self._out += _storm(storm.words("lines", STORM))
        if not self.session.quiet:
            short = {"OK": "0", "ERROR": "4"}.get(line, line)
            self._out += f"\r\n{line}\r\n".encode() if self.session.verbose else f"{short}\r".encode()
        self._out += self._held
        self._held.clear()

    def _flush(self) -> None:
        if not self._out:
            return
        data = bytes(self._out)
        self._out.clear()
        if self._cable is None or self.faults.active(self.index, "hang"):
            return
        junk = self.faults.take(self.index, "junk")
        if junk:
            data = bytes.fromhex(junk.word("hex", "00ff80fe")) + data
        if self._trickle or self.faults.active(self.index, "one_byte"):
            idle = not self._trickle
            self._trickle.extend(data)
            if idle:
                self._drip()
            return
        self._cable.write(data)

    def _drip(self) -> None:
        if self._trickle and self._cable is not None:
            self._cable.write(bytes([self._trickle.popleft()]))
            self.later(DRIP_S, self._drip)

    def _forget(self) -> None:
        """All that belongs to one connection; timers of before will not run."""
        self._life += 1
        self._input = bytearray()
        self._typed = bytearray()
        self._out = bytearray()
        self._held = bytearray()
        self._trickle: deque[int] = deque()
        self._body = None
        self._busy = False
        self._pumping = False


def _as_typed(line: bytes) -> str:
    """The line as it stands after backspaces; control characters that are no part of a command are dropped."""
    typed: list[str] = []
    for char in line.decode("latin-1"):
        if char == "\b":
            del typed[-1:]
        elif char >= " ":
            typed.append(char)
    return "".join(typed).strip()


def _storm(lines: list[str]) -> bytes:
    return "".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1", "replace")
