"""The inbox: takes received SMS from the modems, has them on disk before it calls them safe, and shows them."""

import logging
from collections import deque
from collections.abc import Iterable
from typing import Any

from actors.base import handles
from actors.inbox_forward import Forwarder
from actors.inbox_reply import Submit, send_reply
from otppi.at.incoming import Collector, Incoming, Joined, Part, read
from otppi.at.pdu import NO_TIME
from otppi.config.sections import Sms
from otppi.domain.errors import Mistake, NotDone, OtppiError, StoreError
from otppi.domain.inbox import InboxBook
from otppi.domain.job import new_id
from otppi.domain.messages.receiving import Forwarded, Happened, Heard, Safe, StoreFilling
from otppi.domain.messages.running import Begin, Configure, Operate, State, Wake
from otppi.domain.ports import Clock, Tell
from otppi.domain.received import RECEIVED, Filling, Message, masked

DAY_S = 86_400.0
INCOMPLETE_S = DAY_S  # for the other parts of a message to come
RAISED_S = 2 * DAY_S  # for which a message is raised again after a restart, until somebody says that it was told
RETRY_S = 30.0  # between tries to write what could not be written
MOST_WAITING = 1000  # messages that wait for the disk; any more stay with their modems, which tell them again
TICK_S = 600.0
JUMP_S = 60.0  # by which a clock that goes right differs from the monotonic one at most, from tick to tick
STEADY_TICKS = 6  # of a clock that did not jump, before it decides that messages are too old
_log = logging.getLogger(__name__)


class InboxOwner(Forwarder):
    """Owns the received SMS. ``submit`` sends replies; ``webhooks`` hears of whole messages once they are safe."""

    def __init__(
        self, clock: Clock, book: InboxBook, *, sms: Sms, submit: Submit, monitor: Tell,
        webhooks: Tell | None = None,
    ) -> None:
        super().__init__(clock, book, monitor, sms.inbox_forward)
        self._days, self._submit, self._webhooks = sms.inbox_days, submit, webhooks
        self._collector = Collector()
        self._generation = 0
        self._waiting: deque[Heard] = deque()
        self._trouble, self._since = "", 0.0
        self._filling = Filling()
        self._ahead, self._steady = 0.0, 0

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Read what there is, and raise again what may not have been told."""
        self._work()
        self._tick()

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take what the settings say now, or who wants to hear of messages."""
        match message.section:
            case "sms":
                self._days = message.value.inbox_days
                self.take_forward(message.value.inbox_forward)
            case "modems":
                for modem, store in self._filling.without(modem.id for modem in message.value):
                    self._monitor(State("alarm", _store_alarm(modem, store), None))
            case "webhooks":
                self._webhooks = message.value
                try:
                    self._raise_again()
                except StoreError as error:
                    self._failing(error)

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Carry out what is due."""
        match message.what:
            case "tick":
                self._tick()
            case "publish":
                self.publish_due()
            case "again":
                self._work()

    # what modems hear

    @handles(Heard)
    def heard(self, message: Heard) -> None:
        """Store messages; while the disk takes nothing they wait, as many as there is room for."""
        waiting = {(heard.modem, one.place, one.pdu) for heard in self._waiting for one in heard.messages}
        new = tuple(one for one in message.messages if (message.modem, one.place, one.pdu) not in waiting)
        if not new or len(waiting) + len(new) > MOST_WAITING:
            return
        self._waiting.append(Heard(message.modem, new, message.answer_to))
        if not self._trouble:
            self._work()

    def _work(self) -> None:
        """Store what waits. After an error of the disk nothing is tried for a while, and then the disk is read anew."""
        try:
            self._get_ready()
            while self._waiting:
                heard = self._waiting.popleft()
                try:
                    self._store(heard)
                except StoreError:
                    self._waiting.appendleft(heard)
                    raise
        except StoreError as error:
            self._failing(error)
        else:
            self._well()

    def _get_ready(self) -> None:
        """Read the inbox if the book was read anew; go on with the parts of messages that are not whole."""
        if self._book.load() == self._generation:
            return
        if self._book.strange:
            _log.warning("%d records of the inbox are passed over: this version does not know them", self._book.strange)
        self._collector = Collector()
        for part in self._book.open_parts():
            incoming = read(part.modem, part.pdu)
            if incoming.deliver is not None and incoming.part:
                self._join(self._collector.add(Part(part.id, part.at, part.modem, incoming.deliver)))
            else:  # of a version that read it in another way
                self._keep(_single(incoming, part.id, part.at, part.modem, part.pdu), of=(part.id,))
        self._book.sync()
        self._generation = self._book.generation
        self._raise_again()
        self.publish_all(self._book.unpublished())
        self._show()

    def _store(self, heard: Heard) -> None:
        """Write down what was not heard before, sync once, and say that it is safe; only then anybody hears of it."""
        new: list[Message] = []
        for stored in heard.messages:
            incoming = read(heard.modem, stored.pdu)
            at = self._arrival(incoming)
            if self._book.heard(incoming.print, at, dated=incoming.dated):
                continue
            name = new_id(at)
            if incoming.deliver is not None and incoming.part:
                self._book.keep_part(name, at, heard.modem, stored.pdu, incoming.print)
                new += self._join(self._collector.add(Part(name, at, heard.modem, incoming.deliver)))
            else:
                new.append(self._keep(_single(incoming, name, at, heard.modem, stored.pdu), print_=incoming.print))
        self._book.sync()
        heard.answer_to(Safe(tuple(stored.place for stored in heard.messages)))
        self._tell_of(new)

    def _arrival(self, incoming: Incoming) -> float:
        """Give the time, by the network's clock as long as ours is known to be wrong."""
        wall = self.clock.wall()
        if self.clock.wall_is_plausible() or incoming.deliver is None or incoming.deliver.sent_at == NO_TIME:
            return wall
        return max(wall, incoming.deliver.sent_at.timestamp())

    def _keep(self, message: Message, *, print_: str = "", of: Iterable[str] = ()) -> Message:
        self._book.keep(message, print_=print_, of=of, forward=message.whole and bool(self._forward.subscriber))
        return message

    def _join(self, joined: Iterable[Joined]) -> list[Message]:
        kept = []
        for one in joined:
            at = self.clock.wall()
            kept.append(self._keep(Message(new_id(at), at, _iso(one), one.modem, one.sender, one.text, one.total, one.missing, one.flash), of=one.of))
        return kept

    def _tell_of(self, new: list[Message]) -> None:
        for message in new:
            _log.info("message %s from %s came by modem %s", message.id, masked(message.sender) or "nobody", message.modem)
            if message.whole:
                self._raise(message)
        if new:
            self._to_publish.extend(message.id for message in new if message.whole and self._forward.subscriber)
            self._publish()
            self._show()

    # the disk

    def _failing(self, error: StoreError) -> None:
        """Have the alarm on, and try again in a while; nothing in memory counts until it was read again."""
        self._book.forget()
        if str(error) != self._trouble:
            _log.error("received SMS cannot be stored and stay with their modems: %s", error)
            self._since = self._since or self.clock.wall()
            self._trouble = str(error)
            self._monitor(State("alarm", "inbox disk", {"source": "inbox", "what": "disk", "since": self._since,
                                                        "text": f"Received SMS cannot be stored: {error}"}))
        self.wake_in(RETRY_S, "again")

    def _well(self) -> None:
        if self._trouble:
            self._trouble, self._since = "", 0.0
            _log.warning("received SMS can be stored again")
            self._monitor(State("alarm", "inbox disk", None))

    def _tick(self) -> None:
        """Show messages whose other parts never came, and drop old ones; never by a clock that has just jumped."""
        self.wake_in(TICK_S, "tick")
        ahead, before = self.clock.wall() - self.clock.monotonic(), self._ahead
        self._ahead = ahead
        self._steady = self._steady + 1 if self.clock.wall_is_plausible() and abs(ahead - before) < JUMP_S else 0
        if not self._steady or self._trouble:
            return
        try:
            self._get_ready()
            self._give_up_parts()
            if self._steady >= STEADY_TICKS and self._book.retire(self.clock.wall() - self._days * DAY_S):
                self._show()
        except StoreError as error:
            self._failing(error)

    def _give_up_parts(self) -> None:
        joined, copies = self._collector.expired(self.clock.wall() - INCOMPLETE_S)
        kept = self._join(joined)
        if copies:
            self._book.shut(copies, self.clock.wall())
        if kept or copies:
            self._book.sync()
            self._tell_of(kept)

    # who is told

    def _raise(self, message: Message) -> None:
        if self._webhooks is not None:
            self._webhooks(Happened(RECEIVED, message.at, message.told(), message.id))

    def _raise_again(self) -> None:
        if self._webhooks is not None:
            for name in self._book.untold(self.clock.wall() - RAISED_S):
                self._raise(self._book.message(name))

    @handles(Forwarded)
    def forwarded(self, message: Forwarded) -> None:
        """Note that nobody has to be told any more."""
        self._book.mark(message.key, "told", self.clock.wall())

    @handles(StoreFilling)
    def store_filling(self, message: StoreFilling) -> None:
        """Have an alarm while a modem's store is nearly full."""
        full = self._filling.seen(message.modem, message.store, message.used, message.total)
        if full is not None:
            text = f"The store {message.store} of modem {message.modem} holds {message.used} of {message.total} messages; a full one receives nothing."
            facts = {"source": f"modem {message.modem}", "what": f"store {message.store}", "text": text, "since": self.clock.wall()}
            self._monitor(State("alarm", _store_alarm(message.modem, message.store), facts if full else None))

    def _show(self) -> None:
        self._monitor(State("inbox", "inbox", self._book.figures()))

    # administrators

    @handles(Operate)
    def operate(self, message: Operate) -> None:
        """Run an operation; a reply is sent like any SMS, and its outcome is the result."""
        if message.name != "inbox.reply":
            super().operate(message)
            return
        try:
            send_reply(self._book, self._submit, message)
        except (Mistake, NotDone) as error:
            message.failed(error)
        except OtppiError as error:
            message.failed(NotDone(str(error)))

    def operated(self, name: str) -> None:
        """Show how many are unread now."""
        if name != "inbox.list":
            self._show()

    def failed(self, message: Any) -> None:
        """Leave what an error of ours hit to its modem, which tells it again; nothing in memory counts until it was read again."""
        if isinstance(message, Heard | Wake | Operate):
            self._book.forget()
        if self._trouble:
            self.wake_soon(RETRY_S, "again")
        super().failed(message)

    def clean_up(self) -> None:
        """Close the files."""
        self._book.close()


def _single(incoming: Incoming, name: str, at: float, modem: str, pdu: str) -> Message:
    """Make a message of what came in one piece; one that could not be read keeps its PDU."""
    if incoming.deliver is None:
        return Message(name, at, "", modem, "", f"This message could not be read. {incoming.text}", raw=pdu)
    return Message(name, at, _iso(incoming.deliver), modem, incoming.deliver.sender, incoming.text, flash=incoming.deliver.flash)


def _iso(of: Any) -> str:
    return "" if of.sent_at == NO_TIME else str(of.sent_at.isoformat())


def _store_alarm(modem: str, store: str) -> str:
    return f"modem {modem} store {store}"
