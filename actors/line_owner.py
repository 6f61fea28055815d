"""An actor that owns a serial line and holds conversations with whoever is at its other end."""

from typing import Any

from actors.base import Actor, handles
from otppi.at import dialogue
from otppi.at.dialogue import Dialogue
from otppi.domain.errors import PortError
from otppi.domain.messages.device import LineLost, Received
from otppi.domain.ports import Clock, Line, Lines, LineSettings, Tell


class LineOwner(Actor):
    """Opens a line, runs scripts over it one at a time, closes it. Subclasses say what the results mean."""

    resumes = False

    def __init__(self, name: str, clock: Clock, supervisor: Tell, lines: Lines) -> None:
        super().__init__(name, clock, supervisor)
        self.dialogue = Dialogue()
        self._lines = lines
        self._line: Line | None = None
        self._opening = 0

    # for subclasses to fill

    def done(self, result: Any) -> None:
        """Take the result of a script."""

    def marked(self, what: Any) -> None:
        """Note how far a script is, before its next step goes out."""

    def unsolicited(self, line: str, pdu: str) -> None:
        """Take a line that nobody asked for, with its PDU when it carries one."""

    def lost(self, why: str) -> None:
        """Note that the line failed. The subclass settles its script with :meth:`abandon` and calls :meth:`close_line`."""

    # for subclasses to use

    def open_line(self, settings: LineSettings) -> None:
        """Open the line anew. Raises PortError."""
        self._opening += 1
        opening, tell = self._opening, self.tell
        self._line = self._lines.open(settings, lambda data: tell(Received(opening, data)), lambda why: tell(LineLost(opening, why)))
        self.dialogue = Dialogue()

    def close_line(self) -> None:
        """Close the line; what still comes from it counts for nothing. May be called twice."""
        self._opening += 1
        self.let_sleep("deadline")
        if self._line is not None:
            self._line.close()
            self._line = None

    def reset_line(self) -> None:
        """Have the modem hang up: its line is dropped and raised again."""
        if self._line is not None:
            self._line.reset()

    def run(self, script: dialogue.Script) -> None:
        """Start a script; none may be running."""
        self.act(self.dialogue.run(script, self.clock.monotonic()))

    def abandon(self) -> Any:
        """End the running script as on a lost line, and give its result; None when there was none."""
        result = None
        for effect in self.dialogue.lost(self.clock.monotonic()):
            match effect:
                case dialogue.Marked(what):
                    self.marked(what)
                case dialogue.Done(found):
                    result = found
        return result

    def act(self, effects: list[dialogue.Effect]) -> None:
        """Carry out effects in order, then see to the dialogue's deadline."""
        opening = self._opening
        for effect in effects:
            match effect:
                case dialogue.Write(data) if self._line is not None:
                    try:
                        self._line.write(data)
                    except PortError as error:
                        self.lost(str(error))
                case dialogue.Marked(what):
                    self.marked(what)
                case dialogue.Unsolicited(line, pdu):
                    self.unsolicited(line, pdu)
                case dialogue.Done(result):
                    self.done(result)
            if self._opening != opening:
                return  # the line was closed or opened anew on the way; what follows belongs to the old one
        if self.dialogue.deadline is not None:
            self.wake_in(self.dialogue.deadline - self.clock.monotonic(), "deadline")
        else:
            self.let_sleep("deadline")

    # what comes in

    @handles(Received)
    def received(self, message: Received) -> None:
        """Take bytes from the line."""
        if message.opening == self._opening:
            self.act(self.dialogue.feed(message.data, self.clock.monotonic()))

    @handles(LineLost)
    def line_lost(self, message: LineLost) -> None:
        """Note that the line went away."""
        if message.opening == self._opening:
            self.lost(message.why)
