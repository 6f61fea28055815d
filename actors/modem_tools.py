"""SIM tool, IMEI tool, probe and doctor as errands of a gateway's modem: run between two messages, answered once."""

from collections.abc import Callable
from typing import Any

from otppi.at import tools
from otppi.at.dialogue import Script
from otppi.at.profiles import GENERIC, Profile
from otppi.at.sim_tool import Book
from otppi.at.tools import Tool
from otppi.domain.errors import NotDone

LOST = "The modem was lost before it had answered."


class ToolErrand:
    """Somebody's use of a tool (see actors.modem_errands.Errand). ``done`` or ``failed`` is called once."""

    def __init__(self, tool: Tool, done: Callable[[Any], None], failed: Callable[[Exception], None], book: Book, profile: Profile) -> None:
        self.name = tool.name
        self._tool = tool
        self._done = done
        self._failed = failed
        self._book = book
        self._profile = profile
        self._tried = False

    def script(self) -> Script:
        """Give the script."""
        self._tried = True
        return self._tool.script(self._book, self._profile)

    def settle(self, result: Any) -> bool:
        """Answer whoever asked; False when the modem fell silent."""
        if result is None and self._tried and self._tool.changes:
            self._failed(NotDone(f"{LOST[:-1]}; look how it stands once it is back."))
        elif result is None:
            self._failed(NotDone(LOST))
        else:
            try:
                told = self._tool.told(result)
            except NotDone as error:
                self._failed(error)
            else:
                self._done(told)
        return not tools.silent(result)


def tool_errand(tool: Tool, done: Callable[[Any], None], failed: Callable[[Exception], None], *, book: Book, profile: Profile = GENERIC) -> ToolErrand:
    """Give the errand of an order (domain.messages.asking.AskTool); ``book`` is the modem's domain.sim_card.CardBook."""
    return ToolErrand(tool, done, failed, book, profile)
