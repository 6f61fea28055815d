"""A subscription: keeps one connection to its broker, has done what messages ask for, replies, and acknowledges after the outcome.

    connecting ──up──▶ connected ──lost──▶ lost, or refused ── after a rest, longer each time ──▶ connecting
         ▲                 │
         └── refresh ◀─────┘ closed by us

    delivery → carried out by its owner → reply → after its delay published → acknowledged

A message that its gateway could not take in is left with a broker that keeps it, and tried again in a while.
"""

import logging
import secrets
from collections.abc import Callable, Collection

from actors.base import Actor, handles
from actors.subscription_sign import SubscriptionSign
from otppi.config.subscribers import Subscriber
from otppi.domain.deliveries import Deliveries, Held, addressed, check_topic
from otppi.domain.errors import Mistake
from otppi.domain.links import Brokers, Ears, Link
from otppi.domain.messages.running import Begin, Retire, Retired, Wake
from otppi.domain.messages.sending import ReplyTo
from otppi.domain.messages.subscribing import (
    Acknowledged,
    Delivered,
    LinkLost,
    LinkUp,
    Pause,
    Published,
    PublishText,
    Replied,
)
from otppi.domain.ports import Clock, Origin, Tell
from otppi.domain.replies import FAILED, Reply
from otppi.domain.requests import Request

LONGEST_REST_S = 60.0
REFUSED_REST_S = 60.0  # a broker that refuses us is not asked more often
STEADY_S = 30.0  # a connection that held so long makes the next rest short again
AGAIN_S = 5.0  # before a message that could not be taken in is tried again
CLOSING_S = 5.0  # for a connection to end when it is asked to
SHOW_S = 0.2  # between two looks of a person nothing is missed
TRIES = 3  # to publish a reply on a connection that stands
_log = logging.getLogger(__name__)

Submit = Callable[[Request, Origin, ReplyTo], None]


class SubscriptionOwner(Actor):
    """Owns the connection to one broker. ``subscribed`` are the topics of all subscribers, where no reply may go."""

    resumes = False

    def __init__(
        self, clock: Clock, supervisor: Tell, kind: str, settings: Subscriber, window: int, *, subscribed: Collection[str], brokers: Brokers, submit: Submit,
        router: Tell, monitor: Tell,
    ) -> None:
        super().__init__(f"subscriber {kind}", clock, supervisor)
        self._kind, self._settings, self._window, self._subscribed = kind, settings, window, subscribed
        self._brokers, self._submit, self._router = brokers, submit, router
        self._sign = SubscriptionSign(kind, settings, window, clock.wall, monitor)
        self._deliveries = Deliveries()
        self._link: Link | None = None
        self._life = 0
        self._up_at: float | None = None
        self._rest_s = self._first_rest_s = settings.reconnect_delay_ms / 1000
        self._paused = self._retiring = self._refreshing = False

    # the connection

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Connect."""
        self._connect()

    def _connect(self) -> None:
        self._life += 1
        life, tell = self._life, self.tell
        self._sign.enter("connecting")
        self._link = self._brokers.open(self._settings, self._window, Ears(
            up=lambda: tell(LinkUp(life)),
            delivered=lambda delivery: tell(Delivered(life, delivery)),
            lost=lambda why, refused: tell(LinkLost(life, why, refused)),
        ))

    @handles(LinkUp)
    def link_up(self, message: LinkUp) -> None:
        """Publish what could not be published before."""
        if message.life != self._life:
            return
        self._up_at = self.clock.monotonic()
        self._sign.enter("connected")
        if self._settings.refresh_s:
            self.wake_in(self._settings.refresh_s, "refresh")
        for held in self._deliveries.unpublished():
            self._publish(held)

    @handles(LinkLost)
    def link_lost(self, message: LinkLost) -> None:
        """Come back after a rest."""
        if message.life != self._life or self._link is None:
            return
        self._link = None
        self._deliveries.lost()
        self.let_sleep("refresh")
        if self._retiring:
            self.stop()
            return
        if self._refreshing:
            self._refreshing = False
            if not self._paused:
                self._connect()
            return
        if self._up_at is not None and self.clock.monotonic() - self._up_at > STEADY_S:
            self._rest_s = self._first_rest_s
        self._up_at = None
        rest_s = max(self._rest_s, REFUSED_REST_S) if message.refused else self._rest_s
        self._rest_s = min(self._rest_s * 2, max(LONGEST_REST_S, self._first_rest_s))
        self._sign.enter("refused" if message.refused else "lost", message.why or "The connection was closed.")
        if not self._paused:
            self.wake_in(rest_s * (0.8 + secrets.randbelow(400) / 1000), "connect")

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Carry out what is due."""
        what, _, number = message.what.partition(" ")
        held = self._deliveries.get(int(number)) if number else None
        match what:
            case "connect":
                self._connect()
            case "refresh" if self._link is not None:
                self._refreshing = True
                self._link.close()
            case "show":
                self._sign.show(len(self._deliveries))
            case "end":
                self.stop()
            case "again" if held is not None and held.left and not held.orphan and not self._paused:
                self._carry_out(held)
            case "publish" if held is not None:
                held.due = True
                self._publish(held)

    # a message

    @handles(Delivered)
    def delivered(self, message: Delivered) -> None:
        """Have done what a message asks for, unless it was held already when its connection was lost."""
        if message.life != self._life or self._paused or self._refreshing:
            if message.delivery.handle is None:
                self._sign.count("lost")
            return  # the broker keeps it for the next connection
        held, new = self._deliveries.take(message.delivery, self._settings.commands, self._subscribed)
        self.wake_soon(SHOW_S, "show")
        if not new:
            self._sign.count("again")
            if held.reply is not None:
                self._reply_in(held, 0)
            elif held.left:
                self._carry_out(held)
            return
        self._sign.count("received")
        if held.opened.request is not None:
            self._carry_out(held)
        elif held.opened.reply is not None:
            self._sign.count("broken")
            _log.warning("%s: a message of %d bytes was answered %s: %s", self.name, len(message.delivery.payload), FAILED, held.opened.reply.error)
            self._answered(held, held.opened.reply)

    def _carry_out(self, held: Held) -> None:
        if held.opened.request is None:
            return
        number, tell, held.left = held.number, self.tell, False
        origin = Origin(self._kind, patient=True, delivery=held.print if held.handle is not None else "", redelivered=held.redelivered)

        def reply(said: Reply) -> None:
            tell(Replied(number, said))

        self._submit(held.opened.request, origin, reply)

    @handles(Replied)
    def replied(self, message: Replied) -> None:
        """Publish the reply, when one is wanted, and acknowledge after it."""
        held = self._deliveries.get(message.number)
        if held is None or held.reply is not None:
            return
        if message.reply.refused:
            self._left(held, message.reply.error)
        else:
            self._answered(held, addressed(message.reply, held.opened))

    def _left(self, held: Held, why: str) -> None:
        """Leave a message that was not taken in with its broker; where brokers keep none it is lost."""
        if held.handle is None and not held.orphan:
            self._sign.count("lost")
            _log.warning("%s: a message is lost, as its broker keeps none: %s", self.name, why)
            self._deliveries.drop(held)
        elif self._paused or held.orphan:
            self._deliveries.drop(held)
        else:
            held.left = True
            self.wake_in(AGAIN_S, f"again {held.number}")
        self.wake_soon(SHOW_S, "show")

    def _answered(self, held: Held, reply: Reply) -> None:
        held.reply = reply.encode()
        self._sign.count("answered")
        self._reply_in(held, held.opened.delay_s)

    def _reply_in(self, held: Held, delay_s: float) -> None:
        if held.orphan:
            return
        if held.opened.topic and not self._retiring:
            self.wake_in(delay_s, f"publish {held.number}")
        else:
            held.due = True
            self._publish(held)

    def _publish(self, held: Held) -> None:
        """Publish a reply that is due; without a topic the acknowledgement is all."""
        if held.reply is None or not held.due or held.orphan:
            return
        if not held.opened.topic:
            self._acknowledge(held)
        elif self._link is not None:
            life, number, tell = self._life, held.number, self.tell
            held.tries += 1
            self._link.publish(held.opened.topic, held.reply, lambda error: tell(Published(life, number, error)))

    @handles(Published)
    def published(self, message: Published) -> None:
        """Acknowledge, now that the reply is out; one that cannot be published on a connection that stands is given up."""
        held = self._deliveries.get(message.number)
        if held is None or message.life != self._life or self._link is None:
            return
        if not message.error:
            self._acknowledge(held)
        elif held.tries < TRIES:
            self.wake_in(held.tries, f"publish {held.number}")
        else:
            self._sign.count("unpublished")
            _log.warning("%s: a reply could not be published: %s", self.name, message.error)
            self._acknowledge(held)

    def _acknowledge(self, held: Held) -> None:
        if held.handle is not None and self._link is not None:
            self._link.acknowledge(held.handle)
            self._router(Acknowledged(held.print))
        self._deliveries.drop(held)
        self.wake_soon(SHOW_S, "show")
        if self._retiring and not list(self._deliveries.unpublished()):
            self._close()

    # the end

    @handles(Pause)
    def pause(self, _: Pause) -> None:
        """Take nothing new; what is in hand is still answered and acknowledged."""
        self._paused = True
        self.let_sleep("connect")
        self._sign.enter("paused")
        if self._link is not None:
            self._link.pause()

    @handles(Retire)
    def retire(self, message: Retire) -> None:
        """Publish and acknowledge what has its answer, then end; the rest comes again to the successor."""
        del message
        self.pause(Pause())
        self._retiring = True
        self._hasten()
        self.wake_in(CLOSING_S, "end")
        if self._link is None:
            self.stop()
        elif not list(self._deliveries.unpublished()):
            self._close()

    def _hasten(self) -> None:
        """Publish at once what waits for its delay."""
        for held in self._deliveries.unpublished():
            if not held.due:
                self.let_sleep(f"publish {held.number}")
                held.due = True
                self._publish(held)

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()

    def clean_up(self) -> None:
        """Send out what has its answer, in order; the connection does that much before it ends."""
        try:
            for message in self.unread():
                if isinstance(message, Replied):
                    self.replied(message)
            self._send_out()
        finally:
            self._close()
            self._sign.gone()

    def _send_out(self) -> None:
        for held in list(self._deliveries.unpublished()):
            if not held.tries:  # else its reply is on its way already
                held.due = True
                self._publish(held)
            if held.opened.topic:
                self._acknowledge(held)

    def on_stop(self) -> None:
        """Clean up, and say so when it was the supervisor's wish; after an error the supervisor hears Died instead."""
        super().on_stop()
        if self._supervisor is not None and self._retiring:
            self._supervisor(Retired(self.name))

    # what others publish

    @handles(PublishText)
    def publish_text(self, message: PublishText) -> None:
        """Publish what is no reply, if there is a connection; else whoever wants it tries again."""
        try:
            check_topic(message.topic, self._subscribed)
        except Mistake as error:
            message.done(str(error).replace("callback_topic", "The topic", 1))
            return
        if self._link is None or self._up_at is None:
            message.done("The broker is not connected.")
        else:
            self._link.publish(message.topic, message.body, message.done)
