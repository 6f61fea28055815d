"""The inbox's way out: publishes received SMS to the broker's topic that the settings name, one after the other, until each is there."""

import json
import logging
from collections import deque

from actors.base import handles
from actors.owner import Owner
from otppi.config.sections import InboxForward
from otppi.domain.errors import Mistake, StoreError
from otppi.domain.inbox import InboxBook
from otppi.domain.messages.running import State
from otppi.domain.messages.subscribing import PublisherIs, PublishText, TextPublished
from otppi.domain.ports import Clock, Tell
from otppi.domain.received import RECEIVED, Message

ANSWER_S = 60.0  # for a broker to confirm; the subscription may have ended without a word
FIRST_REST_S, LONGEST_REST_S = 1.0, 60.0  # between tries, doubled each time
PATIENCE = 5  # tries until an alarm: at each start the broker is still connecting
_ALARM = "inbox forward"
_log = logging.getLogger(__name__)


class Forwarder(Owner):
    """An owner of an inbox, which publishes what is to be published. At least once: a crash may publish a message again."""

    def __init__(self, clock: Clock, book: InboxBook, monitor: Tell, forward: InboxForward) -> None:
        super().__init__("inbox", clock, book.operations)
        self._book, self._monitor, self._forward = book, monitor, forward
        self._publishers: dict[str, Tell] = {}
        self._to_publish: deque[str] = deque()
        self._publishing = ""
        self._vain = 0

    @handles(PublisherIs)
    def publisher_is(self, message: PublisherIs) -> None:
        """Note where a kind of broker is reached."""
        if message.port is None:
            self._publishers.pop(message.kind, None)
        else:
            self._publishers[message.kind] = message.port

    @handles(TextPublished)
    def text_published(self, message: TextPublished) -> None:
        """Go on with the next message, or try again in a while."""
        if message.error:
            if message.id == self._publishing:
                self._in_vain(message.error)
            return
        self._book.mark(message.id, "published", self.clock.wall())
        if message.id in self._to_publish:
            self._to_publish.remove(message.id)
        if message.id in {self._publishing, ""}:
            self._publishing = ""
            self._begin_anew()
            self._publish()

    def take_forward(self, forward: InboxForward) -> None:
        """Publish by other settings from now on. Messages of a time without any are not published later."""
        if forward != self._forward:
            self._forward, self._publishing = forward, ""
            self._begin_anew()
            self._publish()

    def publish_all(self, ids: list[str]) -> None:
        """Publish these and nothing else that waited."""
        self._to_publish = deque(ids)
        self._publish()

    def publish_due(self) -> None:
        """Try again, or count a try of which nothing was heard."""
        if self._publishing:
            self._in_vain("The broker did not confirm it in time.")
        else:
            self._publish()

    def _publish(self) -> None:
        kind = self._forward.subscriber
        while kind and self._to_publish and not self._publishing:
            message_id = self._to_publish[0]
            try:
                message = self._book.message(message_id)
            except Mistake:  # deleted meanwhile
                self._to_publish.popleft()
                continue
            except StoreError as error:
                self._in_vain(str(error))
                return
            self._publishing = message_id
            self.wake_in(ANSWER_S, "publish")
            if not self._hand_over(message):
                self._in_vain(f"The subscriber {kind} does not run.")
                return

    def _hand_over(self, message: Message) -> bool:
        port, tell = self._publishers.get(self._forward.subscriber), self.tell
        body = json.dumps({"id": message.id, "event": RECEIVED, "at": message.at, "data": message.told()}, ensure_ascii=False).encode()
        return port is not None and port(PublishText(self._forward.topic, body, lambda error: tell(TextPublished(message.id, error)))) is not False

    def _in_vain(self, why: str) -> None:
        self._publishing = ""
        self._vain += 1
        self.wake_in(min(FIRST_REST_S * 2 ** min(self._vain - 1, 10), LONGEST_REST_S), "publish")
        if self._vain == PATIENCE:
            _log.warning("received SMS are not published to %s: %s", self._forward.subscriber, why)
            self._monitor(State("alarm", _ALARM, {"source": "inbox", "what": "forward", "since": self.clock.wall(),
                                                  "text": f"Received SMS are not published to {self._forward.subscriber}: {why}"}))

    def _begin_anew(self) -> None:
        self.let_sleep("publish")
        if self._vain >= PATIENCE:
            self._monitor(State("alarm", _ALARM, None))
        self._vain = 0
