"""The webhooks' owner: keeps what happened until everybody who wants it was told, and has it posted."""

import logging
import secrets
from collections.abc import Iterable
from typing import Any

from actors.base import Actor, handles
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.hook_queue import NEVER
from otppi.domain.messages.posting import Posted, TrialPosted
from otppi.domain.messages.receiving import Forwarded, Happened
from otppi.domain.messages.running import Begin, Configure, Operate, State, Wake
from otppi.domain.ports import Clock, Spool, Tell
from otppi.domain.webhook_desk import WebhookDesk
from otppi.domain.webhooks import Answer, Hook, Poster

SHOW_S = 0.5  # between two looks of a person nothing is missed
TEST_LIMIT_S = 18.0  # a bit less than the operation's, so that the answer says which part was slow
AGAIN_S = 1.0  # after an error of ours
_log = logging.getLogger(__name__)
_NO_INBOX: Tell = lambda message: None  # noqa: E731


class Webhooks(Actor):
    """Owns the events that wait. ``poster`` and ``spool`` as in domain.webhooks and domain.ports; the inbox comes by Configure."""

    def __init__(self, clock: Clock, spool: Spool, poster: Poster, monitor: Tell, hooks: Iterable[Hook]) -> None:
        super().__init__("webhooks", clock)
        self._poster, self._monitor, self._inbox = poster, monitor, _NO_INBOX
        self._desk = WebhookDesk(spool, lambda key: self._inbox(Forwarded(key)), lambda: secrets.randbelow(1001) / 1000)
        self._desk.configure(hooks, clock.wall())
        self._tests: dict[int, Operate] = {}
        self._test = 0
        self._shown: dict[str, dict[str, Any] | None] = {}

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Go on with what an earlier life left."""
        if lost := self._desk.recover(self.clock.monotonic(), self.clock.wall()):
            _log.warning("%d events for webhooks cannot be read any more, as the power was lost", lost)
        self._go_on()

    @handles(Happened)
    def happened(self, message: Happened) -> None:
        """Accept an event for those who want it; nothing is written when nobody does."""
        if self._desk.take(message, self.clock.monotonic(), self.clock.wall()):
            self._go_on()

    @handles(Posted)
    def posted(self, message: Posted) -> None:
        """Take how a post went."""
        self._desk.settle(message.ticket, message.answer, self.clock.monotonic(), self.clock.wall())
        self._go_on()

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Do what is due; the other wakes are for a look at how things stand, and for a test without an answer."""
        what, _, number = message.what.partition(" ")
        if what == "test":
            self._tested(int(number), Answer(0, f"There was no answer within {TEST_LIMIT_S:.0f} s."))
        else:
            self._go_on()

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take the webhooks that there are, or who wants to hear which events have been told."""
        match message.section:
            case "inbox":
                self._inbox = message.value
            case "webhooks":
                for name in self._desk.configure(message.value, self.clock.wall()):
                    self._monitor(State("webhook", name, None))
                self._go_on()

    @handles(Operate)
    def operate(self, message: Operate) -> None:
        """Post a test at once, whatever waits."""
        name = message.arguments.get("id")
        post = self._desk.test(name, self.clock.wall()) if isinstance(name, str) else None
        if post is None:
            message.failed(Mistake("There is no webhook of this id; otppi settings show webhooks lists them."))
            return
        self._test += 1
        number, tell = self._test, self.tell
        self._tests[number] = message
        self.wake_in(TEST_LIMIT_S, f"test {number}")
        self._poster.post(post, lambda answer: tell(TrialPosted(number, answer)))

    @handles(TrialPosted)
    def test_posted(self, message: TrialPosted) -> None:
        """Say how a test went."""
        self._tested(message.ticket, message.answer)

    def _tested(self, number: int, answer: Answer) -> None:
        self.let_sleep(f"test {number}")
        if (asked := self._tests.pop(number, None)) is not None:
            asked.done({"id": asked.arguments["id"], "taken": answer.taken, "status": answer.status, "error": answer.error})

    def _go_on(self) -> None:
        """Hand out what is due, show how things stand, and ask to be woken for what comes next."""
        tell = self.tell
        for ticket, post in self._desk.posts(self.clock.monotonic(), self.clock.wall()):
            self._poster.post(post, lambda answer, ticket=ticket: tell(Posted(ticket, answer)))  # type: ignore[misc]
        if self.wake_paced(SHOW_S, "show"):
            self.done_now("show")
            self._show()
        moment = self._desk.moment()
        if moment == NEVER:
            self.let_sleep("next")
        else:
            wait_s = moment - self.clock.monotonic()
            self.wake_in(wait_s if wait_s > 0 else SHOW_S, "next")  # what is past is an alarm that the next look will show

    def _show(self) -> None:
        for name, facts in self._desk.facts().items():
            self._monitor(State("webhook", name, facts))
        alarms: dict[str, dict[str, Any] | None] = {f"webhook {name}": alarm for name, alarm in self._desk.alarms(self.clock.monotonic(), self.clock.wall()).items()}
        if trouble := self._desk.trouble:
            since = (self._shown.get("webhooks disk") or {}).get("since", self.clock.wall())
            alarms["webhooks disk"] = {"source": "webhooks", "what": "disk", "text": f"Events are not safe from a restart: {trouble}", "since": since}
        for name in self._shown.keys() | alarms.keys():
            self._alarm(name, alarms.get(name))
        self._shown = {name: alarm for name, alarm in alarms.items() if alarm is not None}

    def _alarm(self, name: str, alarm: dict[str, Any] | None) -> None:
        before = self._shown.get(name)
        if alarm != before:
            self._monitor(State("alarm", name, alarm))
            if alarm is not None and before is None:
                _log.warning("%s: %s", name, alarm["text"])

    def failed(self, message: Any) -> None:
        """Go on after an error of ours; who waits for a test hears of it."""
        if isinstance(message, Operate):
            message.failed(NotDone("The gateway failed; its log says more."))
        else:
            self.wake_in(AGAIN_S, "again")
