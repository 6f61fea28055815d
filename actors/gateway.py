"""The way in: turns a request into a message to its owner. Keeps no state, waits for nobody."""

from concurrent.futures import Future

from otppi.at import tools
from otppi.domain import replies
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.messages.asking import AskBlock, AskModems, AskOtp, AskTool, AskUssd, AskVerify
from otppi.domain.messages.running import Operate
from otppi.domain.messages.sending import AskSend, ReplyTo
from otppi.domain.messages.writing import AskStatus
from otppi.domain.ports import Origin, Tell
from otppi.domain.replies import Reply
from otppi.domain.requests import (
    Block,
    Echo,
    GetMessageStatus,
    GetModemList,
    Request,
    RequestOtp,
    RequestUssd,
    SendEmail,
    SendSms,
    VerifyOtp,
)

_LATER = "This version of the gateway does not {} yet."


class ActorGateway:
    """Implements domain.ports.Gateway."""

    def __init__(self, *, router: Tell, otp_desk: Tell, blocklist: Tell, monitor: Tell, imei_write: bool = False) -> None:
        self._router = router
        self._otp_desk = otp_desk
        self._blocklist = blocklist
        self._monitor = monitor
        self._imei_write = imei_write

    def submit(self, request: Request, origin: Origin) -> "Future[Reply]":
        """Hand a request to its owner; exactly one reply comes into the future."""
        future: Future[Reply] = Future()
        self.hand(request, origin, _once(future))
        return future

    def hand(self, request: Request, origin: Origin, reply: ReplyTo) -> None:
        """Hand a request to its owner, for an actor; ``reply`` is called with its reply, perhaps again if the owner failed after it."""
        match request:
            case RequestOtp():
                self._otp_desk(AskOtp(request, origin, reply))
            case VerifyOtp():
                self._otp_desk(AskVerify(request, reply))
            case SendSms():
                self._router(AskSend(request, origin, reply))
            case Block():
                self._blocklist(AskBlock(request, reply))
            case GetModemList():
                self._monitor(AskModems(request, reply))
            case Echo():
                reply(replies.echo(request))
            case SendEmail():
                reply(replies.failed(request, _LATER.format("send e-mail")))
            case RequestUssd():
                self._ussd(request, origin, reply)
            case GetMessageStatus():
                self._router(AskStatus(request, origin, reply))

    def operate(self, message: Operate) -> None:
        """Run an administrator's USSD code, whose result is what the network says, or one of the tools for a modem."""
        if message.name != "ussd":
            self._tool(message)
            return
        code = message.arguments.get("code") or ""
        request = RequestUssd("ussd", str(message.arguments["modem"]), str(code), bool(message.arguments.get("cancel")), {})

        def reply(said: Reply) -> None:
            if said.code == replies.OK:
                message.done({"text": said.data["ussd_content"], "open": said.data["replyable"]})
            else:
                message.failed(NotDone(said.error))

        self._router(AskUssd(request, reply))

    def _tool(self, message: Operate) -> None:
        arguments = message.arguments.get("arguments") or {}
        try:
            tool = tools.tool(str(message.arguments["tool"]), arguments if isinstance(arguments, dict) else {},
                              imei_write=self._imei_write, changing=message.name == "modem.tool")
        except Mistake as error:
            message.failed(error)
        else:
            self._router(AskTool(str(message.arguments["modem"]), tool, message.done, message.failed))

    def _ussd(self, request: RequestUssd, origin: Origin, reply: ReplyTo) -> None:
        if origin.redelivered:
            reply(replies.failed(request, "The broker delivered this again; the code may have been run, and is not run twice."))
        else:
            self._router(AskUssd(request, reply))


def _once(future: "Future[Reply]") -> ReplyTo:
    """Take the first reply; an owner that fails after it may answer once more, and must not fail by that again."""

    def reply(said: Reply) -> None:
        if not future.done():
            future.set_result(said)

    return reply
