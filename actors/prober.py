"""Asks at a port who is there, for the inspector: one port at a time, within seconds, and closes it before it tells."""

from typing import Any

from actors.base import handles
from actors.line_owner import LineOwner
from otppi.at.identify import identify
from otppi.domain.errors import PortError
from otppi.domain.messages.ports import AskPort, LeavePort, PortAsked
from otppi.domain.messages.running import Wake
from otppi.domain.ports import Clock, Lines

LIMIT_S = 3.0  # for one port, whatever it says
SILENT = "Nothing answers AT commands."
NAMELESS = "A modem answers, but does not tell its IMEI."


class Prober(LineOwner):
    """Owns a port for a moment. The inspector gives it the next one after it has told of the last."""

    resumes = True

    def __init__(self, number: int, clock: Clock, lines: Lines) -> None:
        super().__init__(f"prober {number}", clock, lambda message: None, lines)
        self._asked: AskPort | None = None

    @handles(AskPort)
    def ask_port(self, message: AskPort) -> None:
        """Open the port and ask."""
        self._asked = message
        try:
            self.open_line(message.settings)
        except PortError as error:
            self._tell(why=str(error))
        else:
            self.wake_in(LIMIT_S, "limit")
            self.run(identify())

    @handles(LeavePort)
    def leave_port(self, message: LeavePort) -> None:
        """Close the port, unless it has been told already."""
        if self._asked is not None and self._asked.settings.path == message.path:
            self._tell(left=True)

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Go on after a deadline of the dialogue, or end at the limit."""
        if message.what == "deadline":
            self.act(self.dialogue.wake(self.clock.monotonic()))
        else:
            self._tell(why=SILENT)

    def done(self, result: Any) -> None:
        """Tell who answered."""
        self._tell(imei=result or "", why="" if result else SILENT if result is None else NAMELESS)

    def lost(self, why: str) -> None:
        """Tell that the port went away."""
        self._tell(why=why)

    def failed(self, message: Any) -> None:  # noqa: ARG002  # the base's signature
        """Close the port after an error of ours."""
        self._tell(why="It could not be asked; the log says more.")

    def clean_up(self) -> None:
        """Close the port."""
        self.close_line()

    def _tell(self, *, imei: str = "", why: str = "", left: bool = False) -> None:
        self.let_sleep("limit")
        self.close_line()
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.answer_to(PortAsked(asked.settings.path, asked.birth, imei, why, left))
