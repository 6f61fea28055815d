"""The router's way out: carries out what domain.dispatch decides, and writes everything down before it is said or sent."""

import logging
from collections.abc import Callable
from typing import Any

from actors.base import handles
from actors.owner import Operations, Owner
from actors.router_reports import Reports
from otppi.domain import dispatch
from otppi.domain.dispatch import Dispatch
from otppi.domain.errors import StoreError
from otppi.domain.job import Job
from otppi.domain.ledger import Ledger
from otppi.domain.messages.asking import OtpSettled
from otppi.domain.messages.receiving import Happened
from otppi.domain.messages.running import State
from otppi.domain.messages.sending import Assign, ScreenNumber, Submit
from otppi.domain.messages.writing import Sync, Synced
from otppi.domain.msisdn import mask
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict
from otppi.domain.ports import Clock, Tell
from otppi.domain.senders import Senders

PUBLISH_S = 0.2  # between two looks of a person nothing is missed
CATCH_UP_S = 2.0  # between tries to write a journal that could not be written
FAILURE = "The gateway failed; its log says more."
_EVENTS = {"sent": "sent", "expired": "expired", "unknown": "unknown"}  # everything else failed
_log = logging.getLogger(__name__)


class Outbox(Owner):
    """An owner with a dispatch, its senders and its ledger. Armed before assigned, kept before "in hand", ended before told."""

    def __init__(
        self, name: str, clock: Clock, operations: Operations, ledger: Ledger, dispatch_: Dispatch, *, blocklist: Tell, syncer: Tell, monitor: Tell,
    ) -> None:
        super().__init__(name, clock, operations)
        self._ledger = ledger
        self._dispatch = dispatch_
        self._blocklist, self._syncer, self._monitor = blocklist, syncer, monitor
        self._otp_desk: Tell = lambda message: None
        self._webhooks: Tell | None = None
        self._reports = Reports(ledger, self._happened)
        self._senders = Senders()
        self._listeners: dict[str, Submit] = {}
        self._counts = dict.fromkeys(("sent", "failed", "unknown", "expired", "blocked"), 0)
        self._to_sync: list[str] = []
        self._unsynced = False  # whether a promise was written that nobody waits for
        self._syncing: list[str] | None = None
        self._drained: Callable[[], None] | None = None
        self._awake_at: float | None = None
        self._blocks: Callable[[str], bool] | None = None
        self._short = 0.0  # since when repeats are known, when it is for less than was asked for
        self._blocks_heard = -dispatch.SCREEN_LIMIT_S  # when the blocklist last answered
        self._to_say: list[Callable[[], None]] = []
        self._depth = 0

    def _carry_out(self, effects: list[dispatch.Effect]) -> None:
        """Write and hand over first; tell clients and the log after that, so that no modem waits for them."""
        self._depth += 1
        try:
            for effect in effects:
                try:
                    self._do(effect)
                except Exception:  # noqa: BLE001  # whatever it is, the steps of other messages must not be lost with it
                    _log.exception("%s: failed at a step of message %s", self.name, effect.job.id)
                    self._could_not(effect)
        finally:
            self._depth -= 1
        if self._depth:
            return
        while self._to_say:
            say = self._to_say.pop(0)
            try:
                say()
            except Exception:  # noqa: BLE001  # the same: one who cannot be told must not keep the others waiting
                _log.exception("%s: failed while it told an outcome", self.name)
        self._sync()
        self._look_ahead()
        if self._drained is not None and not self._dispatch.sending():
            drained, self._drained = self._drained, None
            drained()

    def _do(self, effect: dispatch.Effect) -> None:
        match effect:
            case dispatch.Screen(job, turn) if turn > 1 and self._blocks is not None and self._blocklist_lives():
                self._carry_out(self._dispatch.screened(job.id, turn, blocked=self._blocks(job.to), now=self.clock.monotonic()))
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

    def _blocklist_lives(self) -> bool:
        """Tell whether the blocklist has answered lately: then its list, which it sends at each change, says what it would say."""
        return self.clock.monotonic() - self._blocks_heard < dispatch.SCREEN_LIMIT_S

    def _could_not(self, effect: dispatch.Effect) -> None:
        """Say what becomes of a job when an error of ours hit one step of it; the steps of other jobs go on."""
        job, now = effect.job, self.clock.monotonic()
        listener, failed = self._listeners.get(job.id), Outcome(Fate.FAILED, "failed", FAILURE, parts=(0, job.parts))
        match effect:
            case dispatch.Screen() | dispatch.Arm():
                self._carry_out(self._dispatch.abandon(job.id, FAILURE, now))
            case dispatch.Assign(sender):  # the sender is told last: it has not got the message
                self._carry_out(self._dispatch.finished(sender, job.id, Attempt(Verdict.FAILED, FAILURE, parts=(0, job.parts)), now))
            case dispatch.Answer(_, outcome) if listener is not None:
                listener.answer(outcome if outcome.final else failed)
                if not outcome.final:
                    self._carry_out(self._dispatch.abandon(job.id, FAILURE, now))
            case dispatch.Settle(_, outcome) if self._listeners.pop(job.id, None) is not None and listener is not None and listener.settle is not None:
                listener.settle(outcome)

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
            self._to_say.append(lambda: listener.answer(outcome))

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
        self._to_say.append(lambda: self._say_end(job, outcome, listener.settle if listener is not None else None))

    def _say_end(self, job: Job, outcome: Outcome, settle: Callable[[Outcome], None] | None) -> None:
        if settle is not None:
            settle(outcome)
        elif job.otp:
            self._otp_desk(OtpSettled(bytes.fromhex(job.otp), outcome, lambda: None))
        self._counts[outcome.status] = self._counts.get(outcome.status, 0) + 1
        if outcome.fate is not Fate.REFUSED:
            _log.info("message %s to %s: %s%s%s", job.id, mask(job.to), outcome.status, f" by {outcome.sender}" if outcome.sender else "",
                      f" ({outcome.error})" if outcome.error else "")
            if self._webhooks is not None:
                self._happened(Happened(f"message.{_EVENTS.get(outcome.status, 'failed')}", self.clock.wall(), _told(job, outcome)))
        self._publish()

    def _happened(self, event: Happened) -> None:
        if self._webhooks is not None:
            self._webhooks(event)

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
        self._show()  # at once: whoever is refused looks

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
        """Show the figures: at once after a quiet time and when all is done, else in a moment, once for all that happens until then."""
        if not self._dispatch.in_hand() or self.wake_paced(PUBLISH_S, "publish"):
            self._show()

    def _show(self) -> None:
        self.done_now("publish")
        short = self._ledger.remembered.short(self.clock.wall())
        if short and not self._short:
            _log.warning("more requests with an id came than can be remembered for %.0f h; older ones would be sent again", self._ledger.remembered.hours)
        self._short = short
        self._monitor(State("traffic", "router", {
            **self._counts, "in_hand": self._dispatch.in_hand(), "halted": self._dispatch.halted, "remembered_since": short,
            "reports": dict(self._reports.counts)}))

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


def _told(job: Job, outcome: Outcome) -> dict[str, Any]:
    """Tell of a message without its text and whole number."""
    sent, total = outcome.parts
    told = {"id": job.id, "client_id": job.client_id, "status": outcome.status, "receiver": mask(job.to), "modem": outcome.sender, "parts": {"sent": sent, "total": total}}
    return {**told, "error": outcome.error} if outcome.error else told
