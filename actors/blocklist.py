"""The blocklist: says of every number, twice per message, whether it may be texted."""

from collections.abc import Callable
from typing import Any

from actors.base import handles
from actors.owner import Owner
from otppi.domain import replies
from otppi.domain.blocklist import BlocklistBook
from otppi.domain.errors import OtppiError
from otppi.domain.messages.asking import AskBlock
from otppi.domain.messages.running import Configure
from otppi.domain.messages.sending import BlocklistNow, Screened, ScreenNumber
from otppi.domain.ports import Clock, Tell


class BlocklistOwner(Owner):
    """Owns the list. An error while screening leaves the router without an answer, and so nothing is sent."""

    def __init__(self, clock: Clock, make_book: Callable[[Callable[[], str]], BlocklistBook], country_code: str) -> None:
        self._country_code = country_code
        self._router: Tell = lambda message: None
        self._book = make_book(lambda: self._country_code)
        super().__init__("blocklist", clock, self._book.operations)

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take the country code, by which numbers are read from now on, or who wants to hear of changes."""
        match message.section:
            case "sms":
                self._country_code = message.value.country_code
            case "router":
                self._router = message.value
                self._publish()

    def operated(self, name: str) -> None:
        """Publish what an operation may have changed."""
        if name not in {"blocklist.list", "blocklist.export"}:
            self._publish()

    def _publish(self) -> None:
        self._router(BlocklistNow(self._book.list.blocks))

    @handles(ScreenNumber)
    def screen(self, message: ScreenNumber) -> None:
        """Say whether a number is blocked."""
        message.answer_to(Screened(message.job_id, message.turn, self._book.list.blocks(message.number)))

    @handles(AskBlock)
    def ask_block(self, message: AskBlock) -> None:
        """Block or unblock a number for a client; the reply means that it is safe on disk."""
        request = message.request
        try:
            self._book.change_one(request.receiver, blocked=request.on)
        except OtppiError as error:
            message.reply(replies.failed(request, str(error)))
        else:
            self._publish()  # before the reply: whoever blocks a number is sure that nothing is handed to a modem any more
            message.reply(replies.Reply(request.command, replies.OK))

    def failed(self, message: Any) -> None:
        """Answer a client that an error of ours hit."""
        if isinstance(message, AskBlock):
            message.reply(replies.failed(message.request, "The gateway failed; its log says more."))
        else:
            super().failed(message)
