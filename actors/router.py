"""The router: queue and ledger of all messages. It carries out what domain.dispatch decides, and writes it down first."""

import logging
from collections.abc import Callable
from typing import Any

from actors.base import handles
from actors.owner import Owner
from otppi.at.concatenation import count
from otppi.config.modem import Modem
from otppi.domain import dispatch, replies
from otppi.domain.dispatch import Dispatch
from otppi.domain.errors import Mistake, StoreError
from otppi.domain.intake import Expired, IntakeRules, moment, sms_job
from otppi.domain.job import Job, new_id
from otppi.domain.ledger import Ledger, Recovery, owner_of
from otppi.domain.limits import limits
from otppi.domain.messages.asking import OtpSettled
from otppi.domain.messages.running import Begin, Configure, Drain, GiveUp, State, TellWhenStarted, Wake
from otppi.domain.messages.sending import (
    AskSend,
    Assign,
    Finished,
    Screened,
    ScreenNumber,
    SenderGone,
    SenderStanding,
    Submit,
)
from otppi.domain.messages.writing import AskStatus, OtpRecovered, Sync, Synced
from otppi.domain.msisdn import canonical, canonical_prefix, mask
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict
from otppi.domain.ports import Clock, Tell
from otppi.domain.routing import Path, Routes
from otppi.domain.senders import Senders

PUBLISH_S = 0.2  # between two looks of a person nothing is missed
CATCH_UP_S = 2.0  # between tries to write a journal that could not be written
FAILURE = "The gateway failed; its log says more."
_log = logging.getLogger(__name__)


class Router(Owner):
    """Owns queue, ledger and routes. Senders announce themselves; the blocklist is asked twice per message."""

    def __init__(
        self, clock: Clock, ledger: Ledger, *, blocklist: Tell, syncer: Tell, archive: Tell, monitor: Tell, country_code: str, rules: IntakeRules, queue_limit: int,
    ) -> None:
        super().__init__("router", clock, {"route": self.explain})
        self._ledger = ledger
        self._blocklist, self._syncer, self._archive, self._monitor = blocklist, syncer, archive, monitor
        self._otp_desk: Tell = lambda message: None
        self._country_code = country_code
        self._rules = rules
        self._prefix_length = 0
        self._modems: tuple[Modem, ...] = ()
        self._routes = Routes(())
        self._senders = Senders()
        self._dispatch = Dispatch(lambda number, usable: self._routes.candidates(number, usable).modems, queue_limit)
        self._listeners: dict[str, Submit] = {}
        self._counts = dict.fromkeys(("sent", "failed", "unknown", "expired", "blocked"), 0)
        self._to_sync: list[str] = []
        self._unsynced = False  # whether a promise was written that nobody waits for
        self._syncing: list[str] | None = None
        self._accepting = ""
        self._drained: Callable[[], None] | None = None
        self._when_started: Callable[[], None] | None = None
        self._awake_at: float | None = None

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
                self._rules = value
            case "sms":
                self._country_code, self._prefix_length = value.country_code, value.recipient_prefix_length
                self._dispatch.queue_limit, self._ledger.remembered.hours = value.queue_limit, value.remember_h
                self._route_anew()
            case "otp_desk":
                self._otp_desk = value
            case "recovery":
                self._take_up(value)

    def _take_up(self, recovery: Recovery) -> None:
        """Go on with what an earlier life was told to be in hand."""
        now, wall = self.clock.monotonic(), self.clock.wall()
        for sender, at, sms in recovery.sent:
            self._senders.note(sender, sms, now - max(0.0, wall - at))
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
        self._carry_out(self._dispatch.routes_changed(self.clock.monotonic()))

    # what clients ask

    @handles(AskSend)
    def ask_send(self, message: AskSend) -> None:
        """Make a job of a request, or say why not; a repeated request gets the outcome of the first one."""
        request, reply, now = message.request, message.reply, moment(self.clock)
        print_ = self._ledger.print_of(request.command, request.data)
        if (known := self._ledger.known(print_, now.wall)) is not None:
            if known.outcome is None and (error := self._promise(known.message_id)):
                reply(replies.refused(request.command, error))
                return
            outcome = known.outcome or Outcome(Fate.IN_HAND, "queued", parts=(0, count(request.text)))
            reply(replies.of_outcome(request, known.message_id, request.client_id, outcome))
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

    def _promise(self, job_id: str) -> str:
        """Keep a message of which a second client is told that it is in hand; why not, or nothing."""
        if (listener := self._listeners.get(job_id)) is None:
            return ""  # of an earlier life, which kept it
        try:
            self._ledger.keep(listener.job, now=self.clock.wall(), monotonic=self.clock.monotonic())
        except StoreError as error:
            return str(error)
        self._dispatch.promised(job_id)
        self._unsynced = True
        self._carry_out([])
        return ""

    @handles(Submit)
    def submit(self, message: Submit) -> None:
        """Take a job of the OTP desk."""
        self._accept(message)

    def _accept(self, message: Submit) -> None:
        self._accepting = message.job.id
        self._listeners[message.job.id] = message
        self._ledger.arrived(message.job, self.clock.wall())
        self._carry_out(self._dispatch.accept(message.job, self.clock.monotonic()))
        self._accepting = ""
        self._publish()  # what is in hand is shown while it is, not only once it is over

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
        return self._routes.explain(to, lambda sender: self._senders.standing(sender, now).value, self._dispatch.usable)

    # what blocklist, senders and syncer say

    @handles(Screened)
    def screened(self, message: Screened) -> None:
        """Go on with a job that may be sent, or refuse it."""
        self._carry_out(self._dispatch.screened(message.job_id, message.turn, blocked=message.blocked, now=self.clock.monotonic()))

    @handles(SenderStanding)
    def sender_standing(self, message: SenderStanding) -> None:
        """Note how a sender stands and where to reach it."""
        self._senders.said(message.sender, message.standing, message.port, self.clock.monotonic())
        self._check_started()
        self._stand(message.sender)

    def _stand(self, sender: str) -> None:
        now = self.clock.monotonic()
        self._carry_out(self._dispatch.standing(sender, self._senders.standing(sender, now), now))

    @handles(SenderGone)
    def sender_gone(self, message: SenderGone) -> None:
        """Note the end of a sender: for good, or until its successor comes."""
        now = self.clock.monotonic()
        if not self._senders.gone(message.sender, removed=message.removed):
            return
        if message.removed:
            self._carry_out(self._dispatch.forget(message.sender, now))
        else:
            self._carry_out(self._dispatch.gone(message.sender, now, self._senders.standing(message.sender, now)))

    @handles(Finished)
    def finished(self, message: Finished) -> None:
        """Close the job that a sender reports on; a sender whose limit is reached rests before it is offered another."""
        sender, now = message.sender, self.clock.monotonic()
        self._senders.note(sender, message.attempt.parts[0], now)
        if self._senders.free_at(sender, now) > now:
            self._stand(sender)
        self._carry_out(self._dispatch.finished(sender, message.job_id, message.attempt, now))

    @handles(Synced)
    def synced(self, message: Synced) -> None:
        """Hand out what is safe now, and ask for the next batch; a failure stops everything new."""
        batch, self._syncing = self._syncing or [], None
        if message.error:
            self._halt(message.error)
            return
        if self._dispatch.halted:
            if self._ledger.behind:
                return  # it had begun before the failure; what is late comes first
            _log.warning("the journal can be written again")
            self._carry_out(self._dispatch.resume(self.clock.monotonic()))
        self._carry_out(self._dispatch.armed(batch, self.clock.monotonic()))
        self._publish()

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Carry out what is due."""
        if message.what == "publish":
            self._show()
            return
        if message.what == "catch up":
            self._catch_up()
            return
        self._awake_at = None
        for sender in self._senders.names():
            self._stand(sender)
        self._carry_out(self._dispatch.expire(self.clock.monotonic()))

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

    # what goes out

    def _carry_out(self, effects: list[dispatch.Effect]) -> None:
        for effect in effects:
            match effect:
                case dispatch.Screen(job, turn):
                    self._blocklist(ScreenNumber(job.id, turn, job.to, self.tell))
                case dispatch.Arm(job):
                    self._arm(job)
                case dispatch.Assign(sender, job):
                    self._assign(sender, job)
                case dispatch.Answer(job, outcome):
                    self._answer(job, outcome)
                case dispatch.Leave(job):
                    self._listeners.pop(job.id, None)
                    self._ledger.left(job.id)
                case dispatch.Settle(job, outcome):
                    self._settle(job, outcome)
        self._sync()
        self._look_ahead()
        if self._drained is not None and not self._dispatch.sending():
            drained, self._drained = self._drained, None
            drained()

    def _arm(self, job: Job) -> None:
        try:
            self._ledger.arm([job.id])
        except StoreError as error:
            self._halt(str(error))
        else:
            self._to_sync.append(job.id)

    def _sync(self) -> None:
        """Have one batch synced at a time; what comes meanwhile makes the next batch."""
        if self._syncing is not None or not (self._to_sync or self._unsynced) or self._dispatch.halted:
            return
        self._ask_for_sync()

    def _ask_for_sync(self) -> None:
        try:
            sync = self._ledger.syncing()
        except StoreError as error:
            self._halt(str(error))
            return
        self._syncing, self._to_sync, self._unsynced = self._to_sync, [], False
        self._syncer(Sync(sync, self.tell))

    def _assign(self, sender: str, job: Job) -> None:
        self._ledger.begun(job.id, sender, self.clock.wall())
        if not self._senders.tell(sender, Assign(job)):
            gone = Attempt(Verdict.AGAIN, "The modem's driver had ended before it got the message.", parts=(0, job.parts))
            self._carry_out(self._dispatch.standing(sender, dispatch.Standing.COMING, self.clock.monotonic()))
            self._carry_out(self._dispatch.finished(sender, job.id, gone, self.clock.monotonic()))

    def _answer(self, job: Job, outcome: Outcome) -> None:
        """Tell the client; what is told is on disk before."""
        if outcome.final:
            self._write_end(job, outcome)
        elif not self._kept(job, outcome):
            return
        if (listener := self._listeners.get(job.id)) is not None:
            listener.answer(outcome)

    def _kept(self, job: Job, outcome: Outcome) -> bool:
        """Seal a message that its client is told to be in hand; one that cannot be kept is refused instead."""
        try:
            self._ledger.keep(job, now=self.clock.wall(), monotonic=self.clock.monotonic())
        except StoreError as error:
            if outcome.status == "sending":
                return True  # the modem has it; its fate does not hang on what is kept
            _log.error("message %s could not be kept: %s", job.id, error)
            if (listener := self._listeners.get(job.id)) is not None:
                listener.answer(Outcome(Fate.REFUSED, "failed", str(error), parts=(0, job.parts)))
            self._carry_out(self._dispatch.abandon(job.id, str(error), self.clock.monotonic()))
            return False
        self._unsynced = True
        return True

    def _settle(self, job: Job, outcome: Outcome) -> None:
        self._write_end(job, outcome)
        listener = self._listeners.pop(job.id, None)
        if listener is not None and listener.settle is not None:
            listener.settle(outcome)
        elif job.otp:
            self._otp_desk(OtpSettled(bytes.fromhex(job.otp), outcome, lambda: None))
        self._counts[outcome.status] = self._counts.get(outcome.status, 0) + 1
        if outcome.fate is not Fate.REFUSED:
            _log.info("message %s to %s: %s%s%s", job.id, mask(job.to), outcome.status, f" by {outcome.sender}" if outcome.sender else "",
                      f" ({outcome.error})" if outcome.error else "")
        self._publish()

    def _write_end(self, job: Job, outcome: Outcome) -> None:
        try:
            self._ledger.settled(job, outcome, self.clock.wall())
        except StoreError as error:
            self._halt(str(error))

    def _halt(self, why: str) -> None:
        """Stop everything new until the journal can be written again."""
        if why != self._dispatch.halted:
            _log.error("nothing is sent until the journal can be written again: %s", why)
        self._to_sync = []
        self.wake_in(CATCH_UP_S, "catch up")
        self._carry_out(self._dispatch.halt(why, self.clock.monotonic()))
        self._publish()

    def _catch_up(self) -> None:
        """Try to write what is late, and to sync it; only then anything goes on."""
        try:
            self._ledger.catch_up()
        except StoreError as error:
            self._halt(str(error))
        else:
            if self._syncing is None:
                self._ask_for_sync()

    def _look_ahead(self) -> None:
        now = self.clock.monotonic()
        moments = [free for sender in self._senders.names() if (free := self._senders.free_at(sender, now)) > now]
        if (due := self._dispatch.next_due()) is not None:
            moments.append(due)
        if moments and (self._awake_at is None or min(moments) < self._awake_at):
            self._awake_at = min(moments)
            self.wake_in(self._awake_at - now, "due")

    def _publish(self) -> None:
        """Show the figures in a moment: once for all that happens until then."""
        self.wake_soon(PUBLISH_S, "publish")

    def _show(self) -> None:
        self._monitor(State("traffic", "router", {**self._counts, "in_hand": self._dispatch.in_hand(), "halted": self._dispatch.halted}))

    def failed(self, message: Any) -> None:
        """Answer by the table when an error of ours hit a message: nothing had left."""
        if self._accepting:  # it may be half taken in: whoever waits is told below, and it must not be sent later
            job_id, self._accepting = self._accepting, ""
            self._listeners.pop(job_id, None)
            self._carry_out(self._dispatch.abandon(job_id, FAILURE, self.clock.monotonic()))
        match message:
            case AskSend(request, _, reply):
                reply(replies.failed(request, FAILURE))
            case AskStatus(request, _, reply):
                reply(replies.failed(request, FAILURE))
            case Submit(job, answer, settle):
                outcome = Outcome(Fate.FAILED, "failed", FAILURE, parts=(0, job.parts))
                answer(outcome)
                if settle is not None:
                    settle(outcome)
            case Finished(sender, job_id, _):
                unknown = Attempt(Verdict.UNKNOWN, "The gateway failed while it noted the outcome.")
                self._carry_out(self._dispatch.finished(sender, job_id, unknown, self.clock.monotonic()))
            case _:
                super().failed(message)
