"""Queue, credit and ledger of everything on its way out: a pure state machine.

A job is screened, queued, armed, offered to a sender that has nothing to do, screened once more, handed over, and closed.
Only the first few of a lane are armed, so that the sync of the journal hides behind the jobs before and a power cut leaves
few in doubt.
Events go in as method calls with the monotonic time; effects come out as data for the router to carry out.
Every job is answered exactly once and settled exactly once: answered when its reply is due or its outcome is known,
settled at its outcome.
"""

from collections.abc import Callable, Iterable

from otppi.domain import endings
from otppi.domain.agenda import Agenda
from otppi.domain.effects import Answer, Arm, Assign, Effect, Leave, Screen, Settle
from otppi.domain.job import Job
from otppi.domain.lanes import Lanes
from otppi.domain.outcome import Attempt, Outcome, Verdict
from otppi.domain.states import Entry, Stage, Standing, thrift_s

__all__ = ["LATER_S", "MAX_ROUNDS", "SCREEN_LIMIT_S", "Answer", "Arm", "Assign", "Dispatch", "Effect", "Leave", "Screen", "Settle", "Standing"]

SCREEN_LIMIT_S = 2.0  # the blocklist's time to answer; later is never
AHEAD = 2  # jobs armed ahead for each sender of a lane, of each priority
MAX_ROUNDS = 5  # how often a job may come back unsent from senders that had to start anew, or whose network could not take it
LATER_S = (10.0, 60.0, 300.0)  # before the same sender is asked again whose network could not take it


class Dispatch:
    """The ledger. ``candidates(number, usable)`` gives the modems to choose from, as domain.routing does; ``cheapest`` those of them that take least."""

    def __init__(
        self, candidates: Callable[[str, Callable[[str], bool]], tuple[str, ...]], queue_limit: int,
        cheapest: Callable[[Job, tuple[str, ...]], tuple[str, ...]] = lambda job, senders: senders,
    ) -> None:
        self.queue_limit = queue_limit
        self._candidates, self._cheapest = candidates, cheapest
        self._entries: dict[str, Entry] = {}
        self._standing: dict[str, Standing] = {}
        self._held: dict[str, str] = {}  # sender → the job it was offered or holds
        self._lanes = Lanes()  # armed jobs
        self._unarmed = Lanes()
        self._arming: dict[str, Entry] = {}
        self._halted = ""
        self._agenda = Agenda()
        self._seq = 0
        self._draining = False
        self._effects: list[Effect] = []

    # what is asked of it

    def accept(self, job: Job, now: float) -> list[Effect]:
        """Take a job in, or refuse it when draining or full."""
        if self._draining or self._halted or len(self._entries) >= self.queue_limit:
            halted = endings.unwritten(job, self._halted, answered=False)
            outcome = halted if self._halted else endings.refused(job, draining=self._draining)
            return [Answer(job, outcome), Settle(job, outcome)]
        self._admit(job, now)
        return self._take()

    def restore(self, job: Job, now: float) -> list[Effect]:
        """Take up a job that an earlier life answered "in hand"; it is settled but not answered again."""
        self._admit(job, now, answered=True)
        return self._take()

    def screened(self, job_id: str, turn: int, *, blocked: bool, now: float) -> list[Effect]:
        """Take the blocklist's answer; one that came too late counts for nothing."""
        entry = self._entries.get(job_id)
        if entry is None or entry.turn != turn or not entry.asked:
            return []
        if entry.ends_at <= now:
            self._overdue(entry, now)  # the clock's wake-up comes behind this answer
        elif blocked:
            self._close(entry, endings.blocked(entry.job), now)
        elif entry.stage is Stage.ARRIVED:
            self._queue(entry, now)
        elif self._halted:
            self._put_back(entry, now)
        else:
            entry.stage = Stage.SENDING
            self._schedule(entry)
            self._effects.append(Assign(entry.sender, entry.job))
        return self._take()

    def armed(self, job_ids: Iterable[str], now: float) -> list[Effect]:
        """Note that jobs are written down; those that ended meanwhile count for nothing."""
        for job_id in job_ids:
            if (entry := self._arming.pop(job_id, None)) is not None:
                entry.armed = True
                self._wait(entry, now)
        self._offer_all(now)
        return self._take()

    def halt(self, why: str, now: float) -> list[Effect]:
        """Note that the journal cannot be written: refuse what is being armed and everything new; hand out nothing."""
        self._halted = why
        for entry in list(self._arming.values()):
            self._close(entry, endings.unwritten(entry.job, why, answered=entry.answered), now)
        return self._take()

    def resume(self, now: float) -> list[Effect]:
        """Note that the journal can be written again."""
        self._halted = ""
        self._offer_all(now)
        return self._take()

    def finished(self, sender: str, job_id: str, attempt: Attempt, now: float) -> list[Effect]:
        """Take a sender's report; a report on a job that it does not hold counts for nothing."""
        entry = self._entries.get(job_id)
        if entry is not None and entry.sender == sender and entry.stage is Stage.SENDING:
            self._report(entry, attempt, now)
            self._free(sender, now)
        return self._take()

    def standing(self, sender: str, standing: Standing, now: float) -> list[Effect]:
        """Note how a sender stands now; jobs that wait are routed anew."""
        before = self._standing.get(sender)
        self._standing[sender] = standing
        if standing is not before:
            if standing is not Standing.USABLE:
                self._lanes.busy(sender)
            elif sender not in self._held:
                self._lanes.idle(sender)
            # another who can send may be anybody's choice; one who cannot any more concerns his own jobs and those without any choice
            self._reroute(now, [entry for entry in self._entries.values() if standing is Standing.USABLE or not entry.lane or sender in entry.lane])
        return self._take()

    def gone(self, sender: str, now: float, standing: Standing = Standing.AWAY) -> list[Effect]:
        """Note that a sender ended, perhaps without a word: what it held then has an unknown fate. A successor may be COMING."""
        entry = self._entries.get(self._held.get(sender, ""))
        if entry is not None and entry.stage is Stage.SENDING:
            error = "The modem's driver failed while it was sending."
            self._report(entry, Attempt(Verdict.UNKNOWN, error, parts=(0, entry.job.parts)), now)
        return self.standing(sender, standing, now)

    def forget(self, sender: str, now: float) -> list[Effect]:
        """Note that a sender exists no more."""
        effects = self.gone(sender, now)
        del self._standing[sender]
        return effects

    def routes_changed(self, now: float) -> list[Effect]:
        """Route everything that was not handed over by the new table."""
        self._reroute(now, list(self._entries.values()))
        return self._take()

    def expire(self, now: float) -> list[Effect]:
        """Carry out what is due: replies, deadlines, questions that were not answered."""
        wider = [entry for job_id in self._agenda.due(now) if self._overdue(entry := self._entries[job_id], now)]
        for entry in sorted(wider, key=lambda entry: (entry.job.priority, entry.seq)):
            if entry.stage is Stage.QUEUED:
                self._lanes.discard(entry.job.id)
                self._unarmed.discard(entry.job.id)
                self._queue(entry, now)
        return self._take()

    def drain(self, now: float) -> list[Effect]:
        """Take nothing new, hand out nothing new; what waits is refused or, if already answered, left for the next life."""
        self._draining = True
        for entry in list(self._entries.values()):
            if entry.stage is not Stage.SENDING:
                self._shut_out(entry, now)
        return self._take()

    def abandon(self, job_id: str, why: str, now: float) -> list[Effect]:
        """Give up a job that was to be answered "in hand" and could not be kept; whoever asked has been told so."""
        if (entry := self._entries.get(job_id)) is not None and entry.stage is not Stage.SENDING:
            self._close(entry, endings.unwritten(entry.job, why, answered=True), now)
        return self._take()

    def promised(self, job_id: str) -> None:
        """Note that a job was kept for somebody who asked a second time: a drain leaves it to the next life."""
        if (entry := self._entries.get(job_id)) is not None:
            entry.promised = True

    # what it can be asked

    @property
    def halted(self) -> str:
        """Why nothing is sent, empty when all is well."""
        return self._halted

    def next_due(self) -> float | None:
        """Give the monotonic time of the next :meth:`expire` that has something to do."""
        return self._agenda.first()

    def in_hand(self) -> int:
        """Count the jobs without an outcome."""
        return len(self._entries)

    def sending(self) -> int:
        """Count the jobs that a sender holds."""
        return sum(self._entries[job_id].stage is Stage.SENDING for job_id in self._held.values())

    def usable(self, sender: str) -> bool:
        """Tell whether a sender takes part, busy or not."""
        return self._standing.get(sender) is Standing.USABLE

    # inside

    def _admit(self, job: Job, now: float, *, answered: bool = False) -> None:
        self._seq += 1
        entry = self._entries[job.id] = Entry(job, self._seq, answered=answered)
        entry.lavish_at = now + thrift_s(job, now)
        self._screen(entry, now)

    def _take(self) -> list[Effect]:
        self._arm_ahead()
        effects, self._effects = self._effects, []
        return effects

    def _arm_ahead(self) -> None:
        """Ask for the first few jobs of each lane to be written down; a better priority has places of its own."""
        if self._halted or self._draining:
            return
        for lane in self._unarmed.lanes():
            while lane and (head := self._unarmed.head(lane)) is not None:
                priority, _, job_id = head
                arming = sum(entry.lane == lane and entry.job.priority == priority for entry in self._arming.values())
                if self._lanes.count(lane, priority) + arming >= AHEAD * len(lane):
                    break
                self._unarmed.discard(job_id)
                entry = self._entries[job_id]
                entry.stage = Stage.ARMING
                self._arming[job_id] = entry
                self._effects.append(Arm(entry.job))

    def _screen(self, entry: Entry, now: float) -> None:
        entry.turn += 1
        entry.screen_due = now + SCREEN_LIMIT_S
        self._schedule(entry)
        self._effects.append(Screen(entry.job, entry.turn))

    def _schedule(self, entry: Entry) -> None:
        self._agenda.put(entry.job.id, entry.moment)

    def _lane(self, entry: Entry, standing: Standing = Standing.USABLE) -> tuple[str, ...]:
        """Give the senders of a standing that may send a job and have not given it up."""
        return self._candidates(entry.job.to, lambda sender: self._standing.get(sender) is standing and sender not in entry.tried and sender not in entry.shunned)

    def _thrift(self, entry: Entry, senders: tuple[str, ...], now: float) -> tuple[str, ...]:
        """Give the senders that a job waits for: the cheapest, until it has waited long enough."""
        lane = self._cheapest(entry.job, senders) if len(senders) > 1 and now < entry.lavish_at else senders
        entry.thrifty = len(lane) < len(senders)
        return lane

    def _queue(self, entry: Entry, now: float) -> None:
        """Put a job into the lane of its candidates, and offer it when one of them has nothing to do."""
        if (lane := self._wait(entry, now)) and entry.armed and (idle := self._lanes.idle_of(lane)):
            self._offer(idle[0] if now < entry.lavish_at else self._cheapest(entry.job, idle)[0], now)

    def _wait(self, entry: Entry, now: float) -> tuple[str, ...]:
        """Put a job into the lane of its candidates; without any it waits in the empty lane or is closed."""
        lane = entry.lane = self._thrift(entry, self._lane(entry), now)
        entry.stage, entry.sender = Stage.QUEUED, ""
        if lane or self._may_wait(entry):
            if entry.job.hurried and not entry.answered:
                self._answer_in_hand(entry)
            self._schedule(entry)
            (self._lanes if entry.armed else self._unarmed).put(lane, entry.job.priority, entry.seq, entry.job.id)
        else:
            self._close(entry, self._without_modem(entry), now)
        return lane

    def _may_wait(self, entry: Entry) -> bool:
        """Tell whether a job may wait without a usable sender: for one that comes back, or patiently if none gave it up yet."""
        return bool(entry.shunned) or (entry.job.patient and not entry.tried) or any(self._lane(entry, standing) for standing in (Standing.COMING, Standing.RESTING))

    def _without_modem(self, entry: Entry) -> Outcome:
        return endings.without_modem(entry.job, entry.last, tried=bool(entry.tried))

    def _offer(self, sender: str, now: float) -> None:
        """Reserve an idle sender for the first job that it may send."""
        if self._draining or self._halted or (job_id := self._lanes.pop_for(sender)) is None:
            return
        entry = self._entries[job_id]
        self._lanes.busy(sender)
        self._held[sender] = job_id
        entry.stage, entry.sender = Stage.OFFERED, sender
        self._screen(entry, now)

    def _offer_all(self, now: float) -> None:
        for sender in self._lanes.all_idle():
            self._offer(sender, now)

    def _free(self, sender: str, now: float) -> None:
        """Let a sender that holds nothing any more take the next job."""
        if self.usable(sender):
            self._lanes.idle(sender)
            self._offer(sender, now)

    def _put_back(self, entry: Entry, now: float) -> None:
        """Let an offered job wait again: nothing is handed out while the journal cannot be written."""
        sender = entry.sender
        del self._held[sender]
        self._wait(entry, now)
        if self.usable(sender):
            self._lanes.idle(sender)

    def _reroute(self, now: float, entries: list[Entry]) -> None:
        """Route those of the jobs anew that wait, and those that were only offered to a sender that is not their choice any more.

        Most keep their lane, and with it their place: ten thousand are looked at each time a modem comes or goes.
        """
        usable = frozenset(sender for sender, standing in self._standing.items() if standing is Standing.USABLE)
        for entry in entries:
            if entry.stage is Stage.OFFERED and entry.sender not in self._thrift(entry, self._lane(entry), now):
                del self._held[entry.sender]
                if self.usable(entry.sender):
                    self._lanes.idle(entry.sender)
            elif entry.stage is not Stage.QUEUED or self._stays(entry, usable.__contains__, now):
                continue
            self._lanes.discard(entry.job.id)
            self._unarmed.discard(entry.job.id)
            self._wait(entry, now)
        self._offer_all(now)

    def _stays(self, entry: Entry, usable: Callable[[str], bool], now: float) -> bool:
        """Tell whether a job's lane is what it would be anew; that it has dearer senders now is noted."""
        thrifty = entry.thrifty
        if not entry.lane or entry.tried or entry.shunned or self._thrift(entry, self._candidates(entry.job.to, usable), now) != entry.lane:
            return False
        if entry.thrifty is not thrifty:
            self._schedule(entry)
        return True

    def _report(self, entry: Entry, attempt: Attempt, now: float) -> None:
        sender = entry.sender
        del self._held[sender]
        if attempt.verdict not in {Verdict.ELSEWHERE, Verdict.LATER, Verdict.AGAIN}:
            self._close(entry, endings.reported(sender, attempt), now)
            return
        entry.rounds += 1
        if attempt.verdict is Verdict.ELSEWHERE or entry.rounds >= MAX_ROUNDS:
            entry.tried.add(sender)
        elif attempt.verdict is Verdict.LATER:
            entry.shunned.add(sender)
            entry.retry_at = now + LATER_S[min(entry.rounds, len(LATER_S)) - 1]
        entry.last = attempt
        entry.stage, entry.sender = Stage.QUEUED, ""
        if self._draining:
            self._shut_out(entry, now)
        elif entry.job.deadline <= now:
            self._close(entry, self._too_late(entry), now)
        else:
            self._queue(entry, now)

    def _overdue(self, entry: Entry, now: float) -> bool:
        """Do what is due to a job: the deadline before the question, the question before the reply; True when more senders may have it now."""
        if entry.ends_at <= now:
            over = entry.job.deadline <= now
            self._close(entry, self._too_late(entry) if over else endings.unscreened(entry.job), now)
            return False
        wider = entry.widen(now)
        if not entry.answered and entry.job.reply_due is not None and entry.job.reply_due <= now:
            self._answer_in_hand(entry)
        self._schedule(entry)
        return wider

    def _answer_in_hand(self, entry: Entry) -> None:
        entry.answered = True
        self._effects.append(Answer(entry.job, endings.in_hand(entry.job, entry.sender if entry.stage is Stage.SENDING else "")))

    def _shut_out(self, entry: Entry, now: float) -> None:
        if entry.promised and not entry.answered:
            self._answer_in_hand(entry)
        if entry.answered:
            self._effects.append(Leave(entry.job))
            self._remove(entry, now)
        else:
            self._close(entry, endings.shut_down(entry.job), now)

    def _too_late(self, entry: Entry) -> Outcome:
        if entry.job.expires:
            return endings.expired(entry.job)
        return endings.waited(entry.job) if self._lane(entry) else self._without_modem(entry)

    def _close(self, entry: Entry, outcome: Outcome, now: float) -> None:
        if not entry.answered:
            self._effects.append(Answer(entry.job, outcome))
        self._effects.append(Settle(entry.job, outcome))
        self._remove(entry, now)

    def _remove(self, entry: Entry, now: float) -> None:
        del self._entries[entry.job.id]
        self._agenda.drop(entry.job.id)
        self._lanes.discard(entry.job.id)
        self._unarmed.discard(entry.job.id)
        self._arming.pop(entry.job.id, None)
        if entry.stage is Stage.OFFERED:
            del self._held[entry.sender]
            self._free(entry.sender, now)
