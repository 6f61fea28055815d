"""The router's side towards its senders: what is passed on to a modem, and what modems say of messages after their end."""

from typing import Any

from actors.base import handles
from actors.outbox import Outbox
from otppi.config.modem import Modem
from otppi.domain import replies
from otppi.domain.effects import Settle
from otppi.domain.errors import NotDone, StoreError
from otppi.domain.messages.asking import AskTool, AskUssd
from otppi.domain.messages.receiving import Reported, Safe
from otppi.domain.messages.sending import SenderGone, SentAfterAll


class SendersDesk(Outbox):
    """An outbox that knows which modems there are to be."""

    def __init__(self, *words: Any, country_code: str, **named: Any) -> None:
        super().__init__(*words, **named)
        self._country_code = country_code
        self._modems: tuple[Modem, ...] = ()

    def _working(self) -> list[str]:
        return [modem.id for modem in self._modems if modem.active and not modem.internet_access]

    @handles(AskUssd)
    def ask_ussd(self, message: AskUssd) -> None:
        """Pass a USSD code on to its modem; without a modem named, to the only one."""
        request, names = message.request, self._working()
        name = request.modem_id or (names[0] if len(names) == 1 else "")
        if not name:
            message.reply(replies.failed(request, "data.modem_id is missing: there is more than one modem." if names else "There is no modem."))
        elif name not in names:
            message.reply(replies.failed(request, "There is no such modem, or it is not in service."))
        elif not self._senders.tell(name, message):
            message.reply(replies.failed(request, "The modem is starting."))

    @handles(AskTool)
    def ask_tool(self, message: AskTool) -> None:
        """Pass a tool on to its modem."""
        if message.modem not in self._working():
            message.failed(NotDone("There is no such modem, or it is not in service."))
        elif not self._senders.tell(message.modem, message):
            message.failed(NotDone("The modem is starting."))

    @handles(SenderGone)
    def sender_gone(self, message: SenderGone) -> None:
        """Note the end of a sender: for good, or until its successor comes."""
        now = self.clock.monotonic()
        if not self._senders.gone(message.sender, removed=message.removed):
            return
        if message.removed:
            effects = self._dispatch.forget(message.sender, now)
        else:
            effects = self._dispatch.gone(message.sender, now, self._senders.standing(message.sender, now))
        sms = sum(effect.outcome.sms for effect in effects if isinstance(effect, Settle) and effect.outcome.sender == message.sender)
        self._carry_out(effects)
        if sms:
            self._count(message.sender, sms)

    def _count(self, sender: str, sms: int) -> None:
        """Count SMS that left a sender, or may have."""
        raise NotImplementedError

    @handles(Reported)
    def reported(self, message: Reported) -> None:
        """Note what the network reports of messages; the modem may remove what is written down."""
        try:
            safe = self._reports.take(message, self._country_code, self.clock.wall())
        except StoreError as error:
            self._halt(str(error))  # the modem tells them again
            return
        self._unsynced = True
        message.answer_to(Safe(safe))
        self._carry_out([])
        self._publish()

    @handles(SentAfterAll)
    def sent_after_all(self, message: SentAfterAll) -> None:
        """Note that a message of unknown fate was sent."""
        try:
            self._reports.sent_after_all(message, self.clock.wall())
        except StoreError as error:
            self._halt(str(error))  # its fate stays unknown
