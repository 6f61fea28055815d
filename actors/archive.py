"""The archive: reads what was written down of messages that are not in hand any more."""

from typing import Any

from actors.base import Actor, handles
from otppi.domain import replies
from otppi.domain.errors import StoreError
from otppi.domain.job import born
from otppi.domain.ledger import owner_of, story_of
from otppi.domain.messages.writing import AskStatus
from otppi.domain.ports import Chronicle, Clock

SPREAD_DAYS = 5  # a message's records lie in the files of its first days: the longest wait is a day, networks report for three


class Archive(Actor):
    """Answers get-message-status from the journals, so that the router never waits for a long file."""

    def __init__(self, clock: Clock, journal: Chronicle) -> None:
        super().__init__("archive", clock)
        self._journal = journal

    @handles(AskStatus)
    def ask_status(self, message: AskStatus) -> None:
        """Tell the story of a message, to its owner alone."""
        request, reply = message.request, message.reply
        wanted, owner = request.message_id, owner_of(message.origin.door, message.origin.user)
        told = None
        try:
            if moment := born(wanted):
                told = story_of(self._journal.search(moment, wanted.encode(), SPREAD_DAYS), wanted, owner)
        except StoreError as error:
            reply(replies.failed(request, str(error)))
            return
        if told is None:
            reply(replies.failed(request, "There is no message of yours with this id; states are kept for 30 days."))
            return
        reply(replies.Reply(request.command, replies.OK, data=told))

    def failed(self, message: Any) -> None:
        """Answer a client that an error of ours hit."""
        if isinstance(message, AskStatus):
            message.reply(replies.failed(message.request, "The gateway failed; its log says more."))
