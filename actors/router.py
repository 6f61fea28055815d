"""The router: takes messages in, routes them, and hears from blocklist and senders. What follows is carried out by its outbox."""

import logging
from collections.abc import Callable
from typing import Any

from actors.base import handles
from actors.outbox import CATCH_UP_S, FAILURE
from actors.router_costs import KEEP_S, SHOW_S, Costs
from actors.router_senders import SendersDesk
from otppi.at.concatenation import count
from otppi.domain import replies
from otppi.domain.allowances import Usage
from otppi.domain.dispatch import Dispatch
from otppi.domain.errors import Mistake, NotDone, StoreError
from otppi.domain.intake import Expired, IntakeRules, moment, sms_job
from otppi.domain.job import new_id
from otppi.domain.ledger import Ledger, Recovery, owner_of
from otppi.domain.limits import limits
from otppi.domain.messages.asking import AskRedelivered, AskTool, AskUssd
from otppi.domain.messages.running import Begin, Configure, Drain, GiveUp, TellWhenStarted, Wake
from otppi.domain.messages.sending import (
    AskSend,
    BlocklistNow,
    Finished,
    ReplyTo,
    Screened,
    SenderStanding,
    Submit,
)
from otppi.domain.messages.subscribing import Acknowledged
from otppi.domain.messages.writing import AskStatus, OtpRecovered, Synced
from otppi.domain.msisdn import canonical, canonical_prefix, mask
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict
from otppi.domain.ports import Clock, Tell
from otppi.domain.remembered import Known
from otppi.domain.requests import RequestOtp, SendSms
from otppi.domain.routing import Path, Routes

_log = logging.getLogger(__name__)


class Router(SendersDesk):
    """Owns queue, ledger and routes. Senders announce themselves; the blocklist is asked twice per message."""

    def __init__(
        self, clock: Clock, ledger: Ledger, *, blocklist: Tell, syncer: Tell, archive: Tell, monitor: Tell, country_code: str, rules: IntakeRules, queue_limit: int,
        usage: Usage | None = None,
    ) -> None:
        self._costs = Costs(clock, usage or Usage(), monitor)
        dispatch_ = Dispatch(self._choice, queue_limit, self._costs.cheapest)
        super().__init__("router", clock, {"route": self.explain}, ledger, dispatch_, blocklist=blocklist, syncer=syncer, monitor=monitor, country_code=country_code)
        self._archive = archive
        self._rules = rules
        self._prefix_length = 0
        self._routes = Routes(())
        self._accepting = ""
        self._when_started: Callable[[], None] | None = None

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Show what is in hand."""
        self._show()

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take what the settings say now, who settles codes, or what an earlier life left."""
        value = message.value
        match message.section:
            case "modems":
                self._modems = value
                self._expect()
                self._route_anew()
            case "intake":
                longer, self._rules = value.max_parts != self._rules.max_parts, value
                if longer:
                    self._route_anew()
            case "routing" | "general":
                self._costs.configure(message.section, value)
                self._route_anew()
            case "sms":
                self._country_code, self._prefix_length = value.country_code, value.recipient_prefix_length
                self._dispatch.queue_limit, self._ledger.remembered.hours = value.queue_limit, value.remember_h
                self._route_anew()
            case "otp_desk":
                self._otp_desk = value
            case "webhooks":
                self._webhooks = value
            case "recovery":
                self._take_up(value)

    def _take_up(self, recovery: Recovery) -> None:
        """Go on with what an earlier life was told to be in hand."""
        now, wall = self.clock.monotonic(), self.clock.wall()
        for sender, at, sms in recovery.sent:
            self._senders.note(sender, sms, now - max(0.0, wall - at))
        self._costs.correct(recovery.sent)
        self._route_anew()
        self._otp_desk(OtpRecovered(recovery.otps))
        if recovery.trouble:
            self._halt(recovery.trouble)
        for facts, outcome in recovery.ended:
            _log.warning("message %s to %s of before the restart: %s (%s)", facts.id, facts.to, outcome.status, outcome.error)
            self._counts[outcome.status] += 1
        for job in recovery.resumed:
            _log.info("message %s to %s of before the restart goes on", job.id, mask(job.to))
            self._carry_out(self._dispatch.restore(job, now))
        self._publish()

    def _choice(self, number: str, usable: Callable[[str], bool]) -> tuple[str, ...]:
        return self._routes.modems(number, usable)

    def _expect(self) -> None:
        working = {modem.id: modem for modem in self._modems if modem.active and not modem.internet_access}
        allowed = {name: limits(modem.limits.per_minute, modem.limits.per_hour, modem.limits.per_day) for name, modem in working.items()}
        for name in self._senders.expect(working, allowed):
            self._stand(name)

    def _route_anew(self) -> None:
        self._routes = Routes(
            [Path(modem.id, modem.name or modem.id, tuple(canonical_prefix(prefix, self._country_code) for prefix in modem.recipient_prefixes),
                  default=modem.default, from_api=modem.send_from_api)
             for modem in self._modems if modem.active],
            self._prefix_length,
        )
        self._costs.price(self._modems, self._country_code, self._rules.max_parts)
        self._price_anew()

    def _price_anew(self) -> None:
        """Have every message routed by the prices of now, and look again when the next day begins."""
        self._senders.spent = self._costs.spent
        for sender in self._senders.names():
            self._stand(sender)
        self._carry_out(self._dispatch.routes_changed(self.clock.monotonic()))
        self._costs_moved()
        if (seconds := self._costs.look_in()) is not None:
            self.wake_in(seconds, "prices")

    def _costs_moved(self) -> None:
        self.wake_soon(SHOW_S, "usage")
        self.wake_soon(KEEP_S, "keep usage")

    # what clients ask

    @handles(AskSend)
    def ask_send(self, message: AskSend) -> None:
        """Make a job of a request, or say why not; a repeated request gets the outcome of the first one."""
        request, reply, now = message.request, message.reply, moment(self.clock)
        print_ = self._ledger.print_of(request.command, request.data)
        known = self._ledger.known(print_, now.wall)
        if known is None and not print_ and message.origin.redelivered:
            known = self._ledger.redelivered(message.origin.delivery)
        if known is not None:
            self._repeat(request, known, count(request.text), reply)
            return
        parts = count(request.text)
        try:
            to = canonical(request.receiver, self._country_code)
            job = sms_job(request, message.origin, now, self._rules, to=to, parts=parts, print_=print_)
        except Expired as error:
            reply(replies.of_outcome(request, new_id(now.wall), request.client_id, Outcome(Fate.EXPIRED, "expired", str(error), parts=(0, parts))))
        except Mistake as error:
            reply(replies.failed(request, str(error)))
        else:
            self._accept(Submit(job, lambda outcome: reply(replies.of_outcome(request, job.id, job.client_id, outcome))))

    @handles(AskRedelivered)
    def ask_redelivered(self, message: AskRedelivered) -> None:
        """Answer a request for a code that its broker delivered again as the first one was, if there was one."""
        request = message.request
        known = self._ledger.redelivered(message.delivery)
        if known is None:
            message.reply(replies.duplicate(request))
        else:
            self._repeat(request, known, 1, message.reply)

    def _repeat(self, request: SendSms | RequestOtp, known: Known, parts: int, reply: ReplyTo) -> None:
        """Answer a request that must not be carried out twice; what is in hand is kept from now on, as it is told to be."""
        if known.outcome is None and (error := self._promise(known.message_id)):
            reply(replies.refused(request.command, error))
            return
        outcome = known.outcome or Outcome(Fate.IN_HAND, "queued", parts=(0, parts))
        reply(replies.of_outcome(request, known.message_id, request.client_id, outcome))

    @handles(Acknowledged)
    def acknowledged(self, message: Acknowledged) -> None:
        """Write down that a broker does not deliver a message again."""
        try:
            self._ledger.acknowledged(message.delivery)
        except StoreError as error:
            self._halt(str(error))

    @handles(Submit)
    def submit(self, message: Submit) -> None:
        """Take a job of the OTP desk."""
        self._accept(message)

    def _accept(self, message: Submit) -> None:
        self._accepting = message.job.id
        self._listeners[message.job.id] = message
        self._ledger.arrived(message.job, self.clock.wall())
        self._carry_out(self._dispatch.accept(message.job, self.clock.monotonic()))
        self._publish()  # what is in hand is shown while it is, not only once it is over
        self._accepting = ""

    @handles(AskStatus)
    def ask_status(self, message: AskStatus) -> None:
        """Tell how a message stands; one that is not in hand any more is the archive's."""
        origin = message.origin
        told = self._ledger.in_hand(message.request.message_id, owner_of(origin.door, origin.user))
        if told is None:
            self._archive(message)
        else:
            message.reply(replies.Reply(message.request.command, replies.OK, data=told))

    def explain(self, number: str) -> dict[str, object]:
        """Tell which modem would send to a number now, and why."""
        to, now = canonical(number, self._country_code), self.clock.monotonic()
        return self._routes.explain(to, lambda sender: self._senders.standing(sender, now).value, self._dispatch.usable,
                                    lambda sender, rivals: self._costs.explain(sender, to, rivals))

    # what blocklist, senders and syncer say

    @handles(Screened)
    def screened(self, message: Screened) -> None:
        """Go on with a job that may be sent, or refuse it."""
        self._blocks_heard = self.clock.monotonic()
        self._carry_out(self._dispatch.screened(message.job_id, message.turn, blocked=message.blocked, now=self.clock.monotonic()))

    @handles(BlocklistNow)
    def blocklist_now(self, message: BlocklistNow) -> None:
        """Take the list by which hand-overs are screened for as long as the blocklist answers."""
        self._blocks = message.blocks

    @handles(SenderStanding)
    def sender_standing(self, message: SenderStanding) -> None:
        """Note how a sender stands and where to reach it."""
        self._senders.said(message.sender, message.standing, message.port, self.clock.monotonic())
        if self._costs.sim(message.sender, message.imsi):
            self._price_anew()
        self._check_started()
        self._stand(message.sender)

    def _stand(self, sender: str) -> None:
        now = self.clock.monotonic()
        self._carry_out(self._dispatch.standing(sender, self._senders.standing(sender, now), now))

    @handles(Finished)
    def finished(self, message: Finished) -> None:
        """Close the job that a sender reports on; a sender whose limit is reached rests before it is offered another."""
        self._count(message.sender, message.attempt.sms)
        self._carry_out(self._dispatch.finished(message.sender, message.job_id, message.attempt, self.clock.monotonic()))

    def _count(self, sender: str, sms: int) -> None:
        now = self.clock.monotonic()
        self._senders.note(sender, sms, now)
        if self._costs.note(sender, sms):
            self._price_anew()  # a price or a quota has changed: who waits may have another choice
        elif self._senders.free_at(sender, now) > now:
            self._stand(sender)
        self._costs_moved()

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Carry out what is due."""
        if message.what == "publish":
            self._show()
            return
        if message.what == "catch up":
            self._catch_up()
            return
        if message.what in {"prices", "usage", "keep usage"}:
            self._costs_due(message.what)
            return
        self._awake_at = None
        for sender in self._senders.names():
            self._stand(sender)
        self._carry_out(self._dispatch.expire(self.clock.monotonic()))

    def _costs_due(self, what: str) -> None:
        match what:
            case "prices" if self._costs.over():
                self._route_anew()
            case "prices" if (seconds := self._costs.look_in()) is not None:
                self.wake_in(max(seconds, SHOW_S), what)
            case "usage":
                self._costs.show()
            case "keep usage":
                self._costs.keep()

    def clean_up(self) -> None:
        """Have what the SIMs have sent saved."""
        self._costs.keep()

    # start and end

    @handles(TellWhenStarted)
    def tell_when_started(self, message: TellWhenStarted) -> None:
        """Remember who waits for all modems to have had their first try."""
        self._when_started = message.done
        self._check_started()

    def _check_started(self) -> None:
        if self._when_started is not None and self._senders.started():
            done, self._when_started = self._when_started, None
            done()

    @handles(Drain)
    def drain(self, message: Drain) -> None:
        """Take nothing new and tell when no sender holds a job any more."""
        self._drained = message.drained
        self._carry_out(self._dispatch.drain(self.clock.monotonic()))

    @handles(GiveUp)
    def give_up(self, _: GiveUp) -> None:
        """End the drain: what is still with a sender is unknown."""
        for sender in self._senders.names():
            self._carry_out(self._dispatch.gone(sender, self.clock.monotonic()))

    def failed(self, message: Any) -> None:
        """Answer by the table when an error of ours hit a message: nothing had left."""
        if self._accepting:  # it may be half taken in: whoever waits is told below, and it must not be sent later
            job_id, self._accepting = self._accepting, ""
            self._listeners.pop(job_id, None)
            self._carry_out(self._dispatch.abandon(job_id, FAILURE, self.clock.monotonic()))
        match message:
            case AskSend(request, _, reply) | AskStatus(request, _, reply) | AskRedelivered(request, _, reply) | AskUssd(request, reply):
                reply(replies.failed(request, FAILURE))
            case AskTool(_, _, _, failed):
                failed(NotDone(FAILURE))
            case Submit(job, answer, settle):
                outcome = Outcome(Fate.FAILED, "failed", FAILURE, parts=(0, job.parts))
                answer(outcome)
                if settle is not None:
                    settle(outcome)
            case Finished(sender, job_id, _):
                unknown = Attempt(Verdict.UNKNOWN, "The gateway failed while it noted the outcome.")
                self._carry_out(self._dispatch.finished(sender, job_id, unknown, self.clock.monotonic()))
            case Wake():  # what was due is looked at again in a moment
                self.wake_in(CATCH_UP_S, "due")
            case Synced():  # what was being armed is refused, and the journal is tried again in a moment
                self._syncing = None
                self._halt(FAILURE)
            case _:
                super().failed(message)
