"""Queue, credit and ledger of everything on its way out: a pure state machine.

A job is screened, queued, offered to a sender that has nothing to do, screened once more, handed over, and closed.
Events go in as method calls with the monotonic time; effects come out as data for the router to carry out.
Every job is answered exactly once and settled exactly once: answered when its reply is due or its outcome is known,
settled at its outcome.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from otppi.domain.job import Job
from otppi.domain.lanes import Lanes
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict

SCREEN_LIMIT_S = 2.0  # the blocklist's time to answer; later is never
MAX_ROUNDS = 5  # how often a job may come back unsent from senders that had to start anew
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Screen:
    """Ask the blocklist about a job; ``turn`` tells the first question from the second."""

    job: Job
    turn: int


@dataclass(frozen=True, slots=True)
class Assign:
    """Hand a job to a sender."""

    sender: str
    job: Job


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply to whoever asked for the job."""

    job: Job
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Settle:
    """Note the end of a job."""

    job: Job
    outcome: Outcome


Effect = Screen | Assign | Answer | Settle


class Standing(Enum):
    """How a sender stands."""

    USABLE = "usable"
    COMING = "coming back"  # starting, or lost a moment ago
    AWAY = "away"


class Stage(Enum):
    """Where a job is."""

    ARRIVED = "arrived"  # the blocklist has been asked
    QUEUED = "queued"
    OFFERED = "offered"  # a sender is reserved, the blocklist has been asked again
    SENDING = "sending"


@dataclass(slots=True)
class _Entry:
    job: Job
    seq: int
    stage: Stage = Stage.ARRIVED
    sender: str = ""
    turn: int = 0
    answered: bool = False
    due: float = FOREVER
    screen_due: float = FOREVER
    rounds: int = 0
    tried: set[str] = field(default_factory=set)
    last: Attempt | None = None


class Dispatch:
    """The ledger. ``candidates(number, usable)`` gives the modems to choose from, as domain.routing does."""

    def __init__(self, candidates: Callable[[str, Callable[[str], bool]], tuple[str, ...]], queue_limit: int) -> None:
        self.queue_limit = queue_limit
        self._candidates = candidates
        self._entries: dict[str, _Entry] = {}
        self._standing: dict[str, Standing] = {}
        self._held: dict[str, str] = {}  # sender → the job it was offered or holds
        self._lanes = Lanes()
        self._due: list[tuple[float, str]] = []
        self._seq = 0
        self._draining = False
        self._effects: list[Effect] = []

    # what is asked of it

    def accept(self, job: Job, now: float) -> list[Effect]:
        """Take a job in, or refuse it when draining or full."""
        if self._draining or len(self._entries) >= self.queue_limit:
            sentence = "The gateway is shutting down; try again in a moment." if self._draining else "The queue is full; try again in a moment."
            outcome = Outcome(Fate.REFUSED, "failed", sentence, parts=(0, job.parts))
            return [Answer(job, outcome), Settle(job, outcome)]
        self._seq += 1
        entry = _Entry(job, self._seq)
        self._entries[job.id] = entry
        self._screen(entry, now)
        return self._take()

    def screened(self, job_id: str, turn: int, *, blocked: bool, now: float) -> list[Effect]:
        """Take the blocklist's answer; one that came too late counts for nothing."""
        entry = self._entries.get(job_id)
        if entry is None or entry.turn != turn or entry.stage not in {Stage.ARRIVED, Stage.OFFERED}:
            return []
        entry.screen_due = FOREVER
        if blocked:
            self._close(entry, Outcome(Fate.FAILED, "blocked", "The receiver is on the blocklist.", parts=(0, entry.job.parts)), now)
        elif entry.stage is Stage.ARRIVED:
            self._queue(entry, now)
        else:
            entry.stage = Stage.SENDING
            self._schedule(entry, now)
            self._effects.append(Assign(entry.sender, entry.job))
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
            if standing is Standing.USABLE and sender not in self._held:
                self._lanes.idle(sender)
            elif standing is not Standing.USABLE:
                self._lanes.busy(sender)
                self._withdraw(sender)
            self._reroute(now)
        return self._take()

    def gone(self, sender: str, now: float) -> list[Effect]:
        """Note that a sender died without a word: what it held has an unknown fate."""
        entry = self._entries.get(self._held.get(sender, ""))
        if entry is not None and entry.stage is Stage.SENDING:
            error = "The modem's driver failed while it was sending."
            self._report(entry, Attempt(Verdict.UNKNOWN, error, parts=(0, entry.job.parts)), now)
        return self.standing(sender, Standing.AWAY, now)

    def forget(self, sender: str, now: float) -> list[Effect]:
        """Note that a sender exists no more."""
        effects = self.gone(sender, now)
        del self._standing[sender]
        return effects

    def routes_changed(self, now: float) -> list[Effect]:
        """Route everything that waits by the new table."""
        self._reroute(now)
        return self._take()

    def expire(self, now: float) -> list[Effect]:
        """Carry out what is due: replies, deadlines, questions that were not answered."""
        while self._due and self._due[0][0] <= now:
            _, job_id = heapq.heappop(self._due)
            entry = self._entries.get(job_id)
            if entry is not None and entry.due <= now:
                self._overdue(entry, now)
        return self._take()

    def drain(self, now: float) -> list[Effect]:
        """Take nothing new, hand out nothing new; what waits is refused or, if already answered, ends as failed."""
        self._draining = True
        for entry in list(self._entries.values()):
            if entry.stage is not Stage.SENDING:
                fate = Fate.FAILED if entry.answered else Fate.REFUSED
                self._close(entry, Outcome(fate, "failed", "The gateway was shut down before the message was sent.", parts=(0, entry.job.parts)), now)
        return self._take()

    # what it can be asked

    def next_due(self) -> float | None:
        """Give the monotonic time of the next :meth:`expire` that has something to do."""
        while self._due and ((entry := self._entries.get(self._due[0][1])) is None or entry.due != self._due[0][0]):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

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

    def _take(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def _screen(self, entry: _Entry, now: float) -> None:
        entry.turn += 1
        entry.screen_due = now + SCREEN_LIMIT_S
        self._schedule(entry, now)
        self._effects.append(Screen(entry.job, entry.turn))

    def _schedule(self, entry: _Entry, now: float) -> None:
        """Find the next moment at which something must happen to a job."""
        due = entry.screen_due
        if entry.stage is not Stage.SENDING:
            due = min(due, entry.job.deadline)
        if not entry.answered and entry.job.reply_due is not None:
            due = min(due, max(entry.job.reply_due, now))
        entry.due = due
        if due < FOREVER:
            heapq.heappush(self._due, (due, entry.job.id))

    def _queue(self, entry: _Entry, now: float) -> None:
        """Put a job into the lane of its candidates, and offer it when one of them has nothing to do."""
        if (lane := self._wait(entry, now)) and (sender := self._lanes.idle_of(lane)) is not None:
            self._offer(sender, now)

    def _wait(self, entry: _Entry, now: float) -> tuple[str, ...]:
        """Put a job into the lane of its candidates; without any it waits in the empty lane or is closed."""
        lane = self._candidates(entry.job.to, lambda sender: self.usable(sender) and sender not in entry.tried)
        entry.stage, entry.sender = Stage.QUEUED, ""
        if lane or self._may_wait(entry):
            self._schedule(entry, now)
            self._lanes.put(lane, entry.job.priority, entry.seq, entry.job.id)
        else:
            self._close(entry, self._without_modem(entry), now)
        return lane

    def _may_wait(self, entry: _Entry) -> bool:
        if entry.tried:
            return False  # it was tried where it could be; nobody else is left
        if entry.job.patient:
            return True
        return bool(self._candidates(entry.job.to, lambda sender: self._standing.get(sender) is Standing.COMING))

    def _without_modem(self, entry: _Entry) -> Outcome:
        if entry.last is not None:
            fate = Fate.FAILED if entry.tried else Fate.NO_MODEM
            return Outcome(fate, "failed", entry.last.error, parts=(0, entry.job.parts), result=entry.last.result)
        return Outcome(Fate.NO_MODEM, "failed", "No modem is connected that may send to this receiver.", parts=(0, entry.job.parts))

    def _offer(self, sender: str, now: float) -> None:
        """Reserve an idle sender for the first job that it may send."""
        if self._draining:
            return
        job_id = self._lanes.pop_for(sender)
        if job_id is None:
            return
        entry = self._entries[job_id]
        self._lanes.busy(sender)
        self._held[sender] = job_id
        entry.stage, entry.sender = Stage.OFFERED, sender
        self._screen(entry, now)

    def _free(self, sender: str, now: float) -> None:
        """Let a sender that holds nothing any more take the next job."""
        if self.usable(sender) and sender not in self._held:
            self._lanes.idle(sender)
            self._offer(sender, now)

    def _withdraw(self, sender: str) -> None:
        """Take back what was offered to a sender and not yet handed over; the caller routes it anew."""
        entry = self._entries.get(self._held.get(sender, ""))
        if entry is not None and entry.stage is Stage.OFFERED:
            del self._held[sender]
            entry.stage, entry.sender, entry.screen_due = Stage.QUEUED, "", FOREVER

    def _reroute(self, now: float) -> None:
        self._lanes.clear_jobs()
        for entry in [entry for entry in self._entries.values() if entry.stage is Stage.QUEUED]:
            self._wait(entry, now)
        for sender in self._lanes.all_idle():
            self._offer(sender, now)

    def _report(self, entry: _Entry, attempt: Attempt, now: float) -> None:
        sender = entry.sender
        del self._held[sender]
        if attempt.verdict in {Verdict.ELSEWHERE, Verdict.AGAIN}:
            entry.rounds += 1
            if attempt.verdict is Verdict.ELSEWHERE or entry.rounds >= MAX_ROUNDS:
                entry.tried.add(sender)
            entry.last = attempt
            entry.stage, entry.sender = Stage.QUEUED, ""
            if self._draining:
                self._close(entry, self._without_modem(entry), now)
            elif entry.job.deadline <= now:
                self._close(entry, self._too_late(entry), now)
            else:
                self._queue(entry, now)
            return
        fate, status = {
            Verdict.SENT: (Fate.SENT, "sent"),
            Verdict.FAILED: (Fate.FAILED, "failed"),
            Verdict.UNKNOWN: (Fate.UNKNOWN, "unknown"),
        }[attempt.verdict]
        self._close(entry, Outcome(fate, status, attempt.error, sender, attempt.parts, attempt.references, attempt.result), now)

    def _overdue(self, entry: _Entry, now: float) -> None:
        if entry.stage is not Stage.SENDING and entry.job.deadline <= now:
            self._close(entry, self._too_late(entry), now)
            return
        if entry.screen_due <= now:
            error = "The blocklist did not answer, so nothing was sent."
            self._close(entry, Outcome(Fate.FAILED, "failed", error, parts=(0, entry.job.parts)), now)
            return
        if not entry.answered and entry.job.reply_due is not None and entry.job.reply_due <= now:
            entry.answered = True
            sending = entry.stage is Stage.SENDING
            outcome = Outcome(Fate.IN_HAND, "sending" if sending else "queued", sender=entry.sender if sending else "", parts=(0, entry.job.parts))
            self._effects.append(Answer(entry.job, outcome))
        self._schedule(entry, now)

    def _too_late(self, entry: _Entry) -> Outcome:
        parts = (0, entry.job.parts)
        if entry.job.expires:
            return Outcome(Fate.EXPIRED, "expired", "The message expired before it was sent.", parts=parts)
        if not self._candidates(entry.job.to, self.usable):
            return self._without_modem(entry)
        return Outcome(Fate.EXPIRED, "expired", "The message waited as long as allowed and no modem was free.", parts=parts)

    def _close(self, entry: _Entry, outcome: Outcome, now: float) -> None:
        del self._entries[entry.job.id]
        if entry.stage is Stage.QUEUED:
            self._lanes.discard(entry.job.id)
        if not entry.answered:
            self._effects.append(Answer(entry.job, outcome))
        self._effects.append(Settle(entry.job, outcome))
        if entry.stage is Stage.OFFERED:
            del self._held[entry.sender]
            self._free(entry.sender, now)


def outcomes(effects: Iterable[Effect]) -> list[Outcome]:
    """Give the outcomes that a list of effects settles, for tests and counters."""
    return [effect.outcome for effect in effects if isinstance(effect, Settle)]
