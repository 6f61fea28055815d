"""What a subscription holds of its broker: each delivery from its arrival to its acknowledgement, and what a payload asks for."""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from otppi.domain import lenient, replies, requests
from otppi.domain.errors import Mistake, NotUnderstood
from otppi.domain.links import Delivery
from otppi.domain.replies import Reply
from otppi.domain.requests import Envelope, Misread, Request, RequestUssd

PAYLOAD_LIMIT = 64 * 1024  # bytes, as over REST
DELAY_MS, LONGEST_DELAY_MS = 10.0, 60_000.0  # before a reply is published
_TOPIC = re.compile(r"[A-Za-z0-9._/-]{1,200}")
_KIND = re.compile(r"^/(?:topic|queue)/")  # of a STOMP destination


@dataclass(frozen=True, slots=True)
class Opened:
    """What a payload asks for: a request to be carried out, or the reply that it has already. ``topic`` is empty when nobody waits for one."""

    request: Request | None
    reply: Reply | None
    topic: str = ""
    delay_s: float = 0.0


def open_payload(payload: bytes, commands: Collection[str], subscribed: Collection[str]) -> Opened:
    """Read a payload. ``commands`` are the allowed ones, none for all; no reply may go to one of the topics ``subscribed``."""
    value: Any = None
    try:
        value = _loaded(payload)
        envelope = requests.read(value)
    except Misread as error:
        return _answered(replies.misread(error), error.callback_topic, error.callback_delay, subscribed)
    except NotUnderstood as error:
        topic = value.get("callback_topic") if isinstance(value, dict) else ""
        return _answered(replies.not_understood(error), topic if isinstance(topic, str) else "", None, subscribed)
    return _allowed(envelope, commands, subscribed)


def _loaded(payload: bytes) -> Any:
    if len(payload) > PAYLOAD_LIMIT:
        raise NotUnderstood(f"The message is larger than {PAYLOAD_LIMIT // 1024} KiB.")
    value = lenient.loads(payload)
    if isinstance(value, dict) and "response_code" in value:
        raise NotUnderstood("The message is a reply, not a request.")  # an answer to it could go on for ever
    return value


def _allowed(envelope: Envelope, commands: Collection[str], subscribed: Collection[str]) -> Opened:
    request, topic, delay = envelope.request, envelope.callback_topic, envelope.callback_delay
    if commands and request.command not in commands:
        return _answered(replies.failed(request, f"This broker may not use {request.command}."), topic, delay, subscribed)
    try:
        check_topic(topic, subscribed)
    except Mistake as error:
        return Opened(None, replies.failed(request, str(error)))
    return Opened(request, None, topic, delay_s(delay))


def _answered(reply: Reply, topic: str, delay: float | None, subscribed: Collection[str]) -> Opened:
    try:
        check_topic(topic, subscribed)
    except Mistake:
        topic = ""
    return Opened(None, reply, topic, delay_s(delay))


def check_topic(topic: str, subscribed: Collection[str]) -> None:
    """Refuse a topic for replies that is none, or that would come back to us. Raises Mistake."""
    if topic and not _TOPIC.fullmatch(topic):
        raise Mistake("callback_topic must have up to 200 letters, digits and characters of . _ / - alone.")
    if topic and plain(topic) in {plain(one) for one in subscribed}:
        raise Mistake("callback_topic is a topic that this gateway listens to.")


def addressed(reply: Reply, opened: Opened) -> Reply:
    """Give a reply as a broker's client knows it: that to a USSD code says by which topic it was wanted, and when."""
    if not isinstance(opened.request, RequestUssd) or not opened.topic:
        return reply
    return replace(reply, extra={"callback_topic": opened.topic, "callback_delay": round(opened.delay_s * 1000)})


def plain(topic: str) -> str:
    """Give the name alone of a STOMP destination."""
    return _KIND.sub("", topic)


def delay_s(milliseconds: float | None) -> float:
    """Give the delay of a reply in seconds; a negative one counts as positive, as the original had it."""
    return min(DELAY_MS if milliseconds is None else abs(milliseconds), LONGEST_DELAY_MS) / 1000


@dataclass(slots=True)
class Held:
    """One delivery. ``handle`` is None when it needs no acknowledgement, or for an orphan: its connection was lost."""

    number: int
    print: str
    handle: Any
    opened: Opened
    redelivered: bool
    orphan: bool = False
    reply: bytes | None = field(default=None, repr=False)
    """The answer, once there is one."""
    due: bool = False
    """Whether the answer may go out: its delay is over."""
    tries: int = 0
    left: bool = False
    """Whether it waits to be tried again, as the gateway could not take it in."""


class Deliveries:
    """The deliveries of one subscription that are not done with.

    A delivery that comes again after its connection was lost is not carried out again: it takes the place of the one that
    was never acknowledged. Equal payloads are told apart by their number alone, so that as many are carried out as were
    published.
    """

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._orphans: dict[str, list[int]] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._held)

    def take(self, delivery: Delivery, commands: Collection[str], subscribed: Collection[str]) -> tuple[Held, bool]:
        """Take a delivery in; tells too whether it is new, else it is one that was held already."""
        print_ = hashlib.sha256(delivery.payload).hexdigest()
        if waiting := self._orphans.get(print_):
            held = self._held[waiting.pop(0)]
            if not waiting:
                del self._orphans[print_]
            held.handle, held.orphan = delivery.handle, False
            return held, False
        self._number += 1
        held = Held(self._number, print_, delivery.handle, open_payload(delivery.payload, commands, subscribed), delivery.redelivered)
        self._held[held.number] = held
        return held, True

    def get(self, number: int) -> Held | None:
        """Give what is held under a number."""
        return self._held.get(number)

    def drop(self, held: Held) -> None:
        """Forget one that is done with, or that its broker keeps."""
        self._held.pop(held.number, None)
        if held.orphan and held.number in self._orphans.get(held.print, ()):
            self._orphans[held.print].remove(held.number)

    def lost(self) -> None:
        """Note the end of the connection: what was to be acknowledged waits for its broker to deliver it again."""
        for held in self._held.values():
            if held.handle is not None:
                held.handle, held.orphan, held.due = None, True, False
                self._orphans.setdefault(held.print, []).append(held.number)

    def unpublished(self) -> Iterator[Held]:
        """Give those whose answer is there and has not gone out."""
        return iter([held for held in self._held.values() if held.reply is not None and not held.orphan])
