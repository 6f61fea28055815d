"""The USSD dialogue of one modem: one question at a time, answered once, and an open session that is ended in time."""

from otppi.at import ussd
from otppi.at.dialogue import Script
from otppi.at.ussd import Cancelled, NotSaid, Said
from otppi.domain import replies
from otppi.domain.messages.asking import AskUssd

SESSION_S = 90.0
"""For a client to go on with an open session, in which the modem sends nothing, before it is ended."""


class UssdTalk:
    """Belongs to one modem's owner, which runs :meth:`script` when nothing else is on the line."""

    def __init__(self) -> None:
        self.open = False
        """Whether the network waits for further input."""
        self._asked: AskUssd | None = None

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for an answer."""
        return self._asked is not None

    def take(self, message: AskUssd, *, ready: bool) -> bool:
        """Take a question whose turn comes, or answer it at once that it cannot be asked."""
        if why_not := self._why_not(message, ready=ready):
            message.reply(replies.failed(message.request, why_not))
            return False
        self._asked = message
        return True

    def _why_not(self, message: AskUssd, *, ready: bool) -> str:
        if not ready:
            return "The modem is not ready."
        if self._asked is not None:
            return "The modem is busy with another USSD code."
        if message.request.cancel:
            return "" if self.open else "No USSD session is open."
        return "" if ussd.sendable(message.request.ussd_code) else f"data.ussd_code must have 1 to {ussd.MOST_CHARACTERS} printable characters."

    def script(self, *, packed: bool) -> Script:
        """Ask what is asked; without a question end the session."""
        if self._asked is None or self._asked.request.cancel:
            return ussd.cancel()
        return ussd.dial(self._asked.request.ussd_code, packed=packed)

    def settle(self, result: Said | NotSaid | Cancelled) -> None:
        """Answer whoever asked."""
        self.open = isinstance(result, Said) and result.open
        asked, self._asked = self._asked, None
        if asked is None:
            return
        match result:
            case Said(text, raw):
                asked.reply(replies.ussd(asked.request, text, raw, replyable=self.open))
            case Cancelled():
                asked.reply(replies.ussd(asked.request, "", "", replyable=False))
            case NotSaid(why):
                asked.reply(replies.failed(asked.request, why))

    def drop(self, why: str) -> None:
        """Note that the modem is out of service: nobody will answer."""
        if self._asked is not None or self.open:
            self.settle(NotSaid(why or "The modem was lost."))
