"""An administrator's reply to a received SMS."""

from collections.abc import Callable

from otppi.domain.errors import Mistake, NotDone
from otppi.domain.inbox import InboxBook
from otppi.domain.messages.running import Operate
from otppi.domain.messages.sending import ReplyTo
from otppi.domain.outcome import Fate
from otppi.domain.ports import Origin
from otppi.domain.received import replyable
from otppi.domain.replies import Reply
from otppi.domain.requests import Request, SendSms

Submit = Callable[[Request, Origin, ReplyTo], None]


def send_reply(book: InboxBook, submit: Submit, message: Operate) -> None:
    """Send a text to the sender of a message, like any SMS; what becomes of it is the operation's result. Raises Mistake and StoreError."""
    received, text = book.message(str(message.arguments["id"])), message.arguments["text"]
    if not isinstance(text, str) or not text.strip():
        raise Mistake("The reply has no text.")
    if not replyable(received):
        raise Mistake("The sender of this message is no number; it cannot be replied to.")
    door, _, user = message.who.partition(":")
    answered: list[Reply] = []

    def answer(reply: Reply) -> None:
        answered.append(reply)
        if len(answered) > 1:
            return  # the router failed after it had answered
        if reply.code in {Fate.SENT.code, Fate.IN_HAND.code}:
            message.done({"id": reply.data.get("id"), "status": reply.data.get("status"), "modem": reply.data.get("modemID"), "error": reply.error})
        else:
            message.failed(NotDone(reply.error or "The reply was not sent."))

    submit(SendSms("send-sms", received.sender, text, None, None, None), Origin(door if door == "cli" else "page", user), answer)
