"""The router: queue and ledger of all messages. It carries out what domain.dispatch decides."""

import logging
from collections.abc import Callable
from typing import Any

from actors.base import handles
from actors.owner import Owner
from otppi.at.concatenation import count
from otppi.config.modem import Modem
from otppi.domain import dispatch, replies
from otppi.domain.dispatch import Dispatch, Standing
from otppi.domain.errors import Mistake
from otppi.domain.job import Expired, IntakeRules, Job, Priority, check_text, deadline, expiry, new_id
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
from otppi.domain.msisdn import canonical, canonical_prefix, mask
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict
from otppi.domain.ports import Clock, Tell
from otppi.domain.routing import Path, Routes

_log = logging.getLogger(__name__)
_PRIORITIES = {"otp": Priority.OTP, "single": Priority.SINGLE, "bulk": Priority.BULK}


class _Listeners:
    """Who wants to hear of a job: once when it is answered, once when it is settled."""

    def __init__(self, answer: Callable[[Outcome], None], settle: Callable[[Outcome], None] | None) -> None:
        self.answer = answer
        self.settle = settle


class Router(Owner):
    """Owns queue, ledger and routes. Senders announce themselves; the blocklist is asked twice per message."""

    def __init__(self, clock: Clock, blocklist: Tell, monitor: Tell, *, country_code: str, rules: IntakeRules, queue_limit: int) -> None:
        super().__init__("router", clock, {"route": self.explain})
        self._blocklist = blocklist
        self._monitor = monitor
        self._country_code = country_code
        self._rules = rules
        self._routes = Routes(())
        self._dispatch = Dispatch(lambda number, usable: self._routes.candidates(number, usable).modems, queue_limit)
        self._ports: dict[str, Tell] = {}
        self._standings: dict[str, Standing] = {}
        self._listeners: dict[str, _Listeners] = {}
        self._counts = dict.fromkeys(("sent", "failed", "unknown", "expired", "blocked"), 0)
        self._modems: tuple[Modem, ...] = ()
        self._replaced: set[str] = set()
        self._prefix_length = 0
        self._drained: Callable[[], None] | None = None
        self._when_started: Callable[[], None] | None = None
        self._awake_at: float | None = None

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Show what is in hand."""
        self._publish()

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take new settings: general, sms, otp or modems."""
        match message.section:
            case "modems":
                self._expect(message.value)
                self._modems = message.value
                self._routes = self._route_table()
                self._carry_out(self._dispatch.routes_changed(self.clock.monotonic()))
            case "intake":
                self._rules = message.value
            case "sms":
                self._country_code = message.value.country_code
                self._dispatch.queue_limit = message.value.queue_limit
                self._prefix_length = message.value.recipient_prefix_length
                self._routes = self._route_table()
                self._carry_out(self._dispatch.routes_changed(self.clock.monotonic()))

    def _expect(self, modems: tuple[Modem, ...]) -> None:
        """Let messages wait for modems that start now, and for the successors of those that were changed."""
        before = {modem.id: modem for modem in self._modems}
        working = {modem.id: modem for modem in modems if modem.active and not modem.internet_access}
        for modem in working.keys() - self._standings.keys():
            self._carry_out(self._dispatch.standing(modem, Standing.COMING, self.clock.monotonic()))
        self._replaced &= working.keys()
        self._replaced |= {name for name, modem in working.items() if name in self._ports and before.get(name) != modem}

    def _route_table(self) -> Routes:
        return Routes(
            [
                Path(
                    modem.id,
                    modem.name or modem.id,
                    tuple(canonical_prefix(prefix, self._country_code) for prefix in modem.recipient_prefixes),
                    default=modem.default,
                    from_api=modem.send_from_api,
                )
                for modem in self._modems
                if modem.active
            ],
            self._prefix_length,
        )

    # what comes in

    @handles(AskSend)
    def ask_send(self, message: AskSend) -> None:
        """Make a job of a request, or say why not."""
        request, reply = message.request, message.reply
        try:
            to = canonical(request.receiver, self._country_code)
            parts = count(request.text)
            check_text(request.text, parts, self._rules.max_parts)
            due, expires = deadline(
                expiry(request.expiration, request.date_time, self._rules),
                patient=message.origin.patient,
                wall=self.clock.wall(),
                monotonic=self.clock.monotonic(),
                clock_ok=self.clock.wall_is_plausible(),
                rules=self._rules,
            )
        except Expired as error:
            reply(replies.of_outcome(request, new_id(), request.client_id, Outcome(Fate.EXPIRED, "expired", str(error), parts=(0, parts))))
            return
        except Mistake as error:
            reply(replies.failed(request, str(error)))
            return
        job = Job(
            id=new_id(),
            to=to,
            text=request.text,
            parts=parts,
            priority=_PRIORITIES.get(request.priority, Priority.SINGLE),
            deadline=due,
            expires=expires,
            reply_due=None if message.origin.patient else self.clock.monotonic() + self._rules.reply_timeout_s,
            patient=message.origin.patient,
            flash=request.flash,
            validity_s=int(request.validity_s) if request.validity_s is not None else None,
            source=message.origin.door,
            user=message.origin.user,
            client_id=request.client_id,
        )
        self._accept(job, _Listeners(lambda outcome: reply(replies.of_outcome(request, job.id, job.client_id, outcome)), None))

    @handles(Submit)
    def submit(self, message: Submit) -> None:
        """Take a job of the OTP desk."""
        self._accept(message.job, _Listeners(message.answer, message.settle))

    def _accept(self, job: Job, listeners: _Listeners) -> None:
        self._listeners[job.id] = listeners
        self._carry_out(self._dispatch.accept(job, self.clock.monotonic()))
        self._publish()  # what is in hand is shown while it is, not only once it is over

    @handles(Screened)
    def screened(self, message: Screened) -> None:
        """Go on with a job that may be sent, or refuse it."""
        self._carry_out(self._dispatch.screened(message.job_id, message.turn, blocked=message.blocked, now=self.clock.monotonic()))

    @handles(SenderStanding)
    def sender_standing(self, message: SenderStanding) -> None:
        """Note how a sender stands and where to reach it."""
        replaced = message.standing is Standing.AWAY and message.sender in self._replaced
        standing = Standing.COMING if replaced else message.standing
        self._ports[message.sender] = message.port
        self._standings[message.sender] = standing
        self._check_started()
        self._carry_out(self._dispatch.standing(message.sender, standing, self.clock.monotonic()))

    @handles(SenderGone)
    def sender_gone(self, message: SenderGone) -> None:
        """Note the end of a sender: for good, or until its successor comes."""
        if message.sender not in self._ports:
            return
        now = self.clock.monotonic()
        if message.removed:
            self._carry_out(self._dispatch.forget(message.sender, now))
            del self._ports[message.sender], self._standings[message.sender]
        else:
            standing = Standing.COMING if message.sender in self._replaced else Standing.AWAY
            self._standings[message.sender] = standing
            self._carry_out(self._dispatch.gone(message.sender, now, standing))
        self._replaced.discard(message.sender)

    @handles(Finished)
    def finished(self, message: Finished) -> None:
        """Close the job that a sender reports on."""
        self._carry_out(self._dispatch.finished(message.sender, message.job_id, message.attempt, self.clock.monotonic()))

    @handles(Wake)
    def wake(self, _: Wake) -> None:
        """Carry out what is due."""
        self._awake_at = None
        self._carry_out(self._dispatch.expire(self.clock.monotonic()))

    @handles(Drain)
    def drain(self, message: Drain) -> None:
        """Take nothing new and tell when no sender holds a job any more."""
        self._drained = message.drained
        self._carry_out(self._dispatch.drain(self.clock.monotonic()))

    @handles(TellWhenStarted)
    def tell_when_started(self, message: TellWhenStarted) -> None:
        """Remember who waits for all modems to have had their first try."""
        self._when_started = message.done
        self._check_started()

    def _check_started(self) -> None:
        starting = (modem.id for modem in self._modems if modem.active and not modem.internet_access)
        if self._when_started is not None and all(self._standings.get(modem, Standing.COMING) is not Standing.COMING for modem in starting):
            done, self._when_started = self._when_started, None
            done()

    @handles(GiveUp)
    def give_up(self, _: GiveUp) -> None:
        """End the drain: what is still with a sender is unknown."""
        for sender in list(self._ports):
            self._carry_out(self._dispatch.gone(sender, self.clock.monotonic()))

    def explain(self, number: str) -> dict[str, object]:
        """Tell which modem would send to a number now, and why."""
        to = canonical(number, self._country_code)
        return self._routes.explain(to, lambda sender: self._standings.get(sender, Standing.AWAY).value, self._dispatch.usable)

    # what goes out

    def _carry_out(self, effects: list[dispatch.Effect]) -> None:
        arm: list[str] = []
        for effect in effects:
            match effect:
                case dispatch.Arm(job):
                    arm.append(job.id)
                case dispatch.Screen(job, turn):
                    self._blocklist(ScreenNumber(job.id, turn, job.to, self.tell))
                case dispatch.Assign(sender, job):
                    self._ports[sender](Assign(job))
                case dispatch.Answer(job, outcome):
                    if (listeners := self._listeners.get(job.id)) is not None:
                        listeners.answer(outcome)
                case dispatch.Leave(job):
                    self._listeners.pop(job.id, None)
                case dispatch.Settle(job, outcome):
                    self._settle(job, outcome)
        if arm:
            self._carry_out(self._dispatch.armed(arm, self.clock.monotonic()))
        self._look_ahead()
        if self._drained is not None and not self._dispatch.sending():
            drained, self._drained = self._drained, None
            drained()

    def _settle(self, job: Job, outcome: Outcome) -> None:
        listeners = self._listeners.pop(job.id, None)
        if listeners is not None and listeners.settle is not None:
            listeners.settle(outcome)
        self._counts[outcome.status] = self._counts.get(outcome.status, 0) + 1
        if outcome.fate is not Fate.REFUSED:
            _log.info("message %s to %s: %s%s%s", job.id, mask(job.to), outcome.status, f" by {outcome.sender}" if outcome.sender else "",
                      f" ({outcome.error})" if outcome.error else "")
        self._publish()

    def _look_ahead(self) -> None:
        due = self._dispatch.next_due()
        if due is not None and (self._awake_at is None or due < self._awake_at):
            self._awake_at = due
            self.wake_in(due - self.clock.monotonic(), "due")

    def _publish(self) -> None:
        self._monitor(State("traffic", "router", {**self._counts, "in_hand": self._dispatch.in_hand()}))

    def failed(self, message: Any) -> None:
        """Answer by the table when an error of ours hit a message: nothing had left."""
        match message:
            case AskSend(request, _, reply):
                reply(replies.failed(request, "The gateway failed; its log says more."))
            case Submit(job, answer, settle):
                self._listeners.pop(job.id, None)
                outcome = Outcome(Fate.FAILED, "failed", "The gateway failed; its log says more.", parts=(0, job.parts))
                answer(outcome)
                settle(outcome)
            case Finished(sender, job_id, _):
                unknown = Attempt(Verdict.UNKNOWN, "The gateway failed while it noted the outcome.")
                self._carry_out(self._dispatch.finished(sender, job_id, unknown, self.clock.monotonic()))
            case _:
                super().failed(message)
