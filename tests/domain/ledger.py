"""A router's stand-in: carries out what the dispatch decides, and checks every rule of it after every step."""

from otppi.domain.dispatch import (
    AHEAD,
    LATER_S,
    MAX_ROUNDS,
    SCREEN_LIMIT_S,
    Answer,
    Arm,
    Assign,
    Dispatch,
    Effect,
    Leave,
    Screen,
    Settle,
    Standing,
)
from otppi.domain.job import Job, Priority
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict
from otppi.domain.routing import Path, Routes
from otppi.domain.states import Stage

NUMBER = "6281234567"
PAIR = (Path("A", "A"), Path("B", "B"))


class Ledger:
    def __init__(self, paths=PAIR, queue_limit=10_000):
        self.routes = Routes(paths)
        self.dispatch = Dispatch(lambda number, usable: self.routes.candidates(number, usable).modems, queue_limit)
        self.now = 1000.0
        self.jobs: dict[str, Job] = {}
        self.answers: dict[str, list[Outcome]] = {}
        self.settled: dict[str, list[Outcome]] = {}
        self.asked: dict[str, tuple[int, float]] = {}  # the last question about a job, and when
        self.cleared: set[tuple[str, int]] = set()
        self.holds: dict[str, str] = {}
        self.assigned: list[tuple[str, str]] = []
        self.given_up: dict[str, set[str]] = {}
        self.later: dict[str, set[str]] = {}
        """Whose network could not take a job."""
        self.standings: dict[str, Standing] = {}
        self.draining = False
        self.halted = False
        self.slow_journal = False
        self.to_arm: list[str] = []
        self.armed_jobs: set[str] = set()
        self._offered: dict[str, str] = {}
        self._refused: set[str] = set()
        self.left: set[str] = set()

    # what happens

    def accept(self, *, to=NUMBER, priority=Priority.SINGLE, wait=300.0, expires=False, reply_in=25.0, patient=False, parts=1, hurried=False):
        job = Job(
            id=f"{len(self.jobs):05d}", to=to, text="text", parts=parts, priority=priority, deadline=self.now + wait, expires=expires,
            reply_due=None if reply_in is None else self.now + reply_in, patient=patient,
            hurried=hurried,
        )
        self.jobs[job.id] = job
        full = self.dispatch.in_hand() >= self.dispatch.queue_limit
        self.take(self.dispatch.accept(job, self.now))
        if full or self.draining or self.halted:
            assert self.fate(job) is Fate.REFUSED
            self._refused.add(job.id)
        return job

    def screened(self, job_id, turn, *, blocked=False):
        if not blocked:
            self.cleared.add((job_id, turn))
        self.take(self.dispatch.screened(job_id, turn, blocked=blocked, now=self.now))

    def clear(self, job):
        """Answer the question about a job that is open: it may be sent."""
        self.screened(job.id, self.asked[job.id][0])

    def block(self, job):
        self.screened(job.id, self.asked[job.id][0], blocked=True)

    def send(self, **fields):
        """Accept a job that passes both screenings, the second if a sender is idle."""
        job = self.accept(**fields)
        self.clear(job)
        if self.stage(job) is Stage.OFFERED:
            self.clear(job)
        return job

    def arm(self):
        """Let the journal finish what it was asked for."""
        job_ids, self.to_arm = self.to_arm, []
        self.armed_jobs.update(job_ids)
        self.take(self.dispatch.armed(job_ids, self.now))

    def halt(self):
        self.halted = True
        arming = [job_id for job_id in self.to_arm if job_id not in self.settled and job_id not in self.left]
        self.to_arm = []
        self.take(self.dispatch.halt("The disk is full.", self.now))
        assert all(job_id in self.settled for job_id in arming)

    def resume(self):
        self.halted = False
        self.take(self.dispatch.resume(self.now))

    def finish(self, sender, verdict=Verdict.SENT, job_id=None, error="why"):
        job_id = self.holds.get(sender, "") if job_id is None else job_id
        honest = self.holds.get(sender) == job_id
        if honest:
            del self.holds[sender]
            if verdict is Verdict.ELSEWHERE:
                self.given_up.setdefault(job_id, set()).add(sender)
            elif verdict is Verdict.LATER:
                self.later.setdefault(job_id, set()).add(sender)
        self.take(self.dispatch.finished(sender, job_id, Attempt(verdict, error), self.now))
        if honest and verdict in {Verdict.SENT, Verdict.FAILED, Verdict.UNKNOWN}:
            assert self.settled[job_id][0].fate.name == verdict.name

    def stand(self, standing, *senders):
        for sender in senders:
            self.standings[sender] = standing
            self.take(self.dispatch.standing(sender, standing, self.now))

    def usable(self, *senders):
        self.stand(Standing.USABLE, *senders)

    def gone(self, sender, *, forget=False):
        held = self.holds.pop(sender, None)
        self.standings[sender] = Standing.AWAY
        self.take((self.dispatch.forget if forget else self.dispatch.gone)(sender, self.now))
        if held is not None:
            assert self.settled[held][0].fate is Fate.UNKNOWN
        if forget:
            del self.standings[sender]

    def route(self, paths):
        self.routes = Routes(paths)
        self.take(self.dispatch.routes_changed(self.now))

    def drain(self):
        self.draining = True
        self.take(self.dispatch.drain(self.now))
        waiting = set(self.jobs) - set(self.settled) - set(self.holds.values()) - self.left
        assert not waiting, "a drain leaves nothing but what senders hold"

    def expire(self):
        self.take(self.dispatch.expire(self.now))
        for job in self.jobs.values():
            if job.id not in self.settled and job.id not in self.holds.values() and job.id not in self.left:
                assert self.now < job.deadline, "nothing waits beyond its deadline"
            if job.reply_due is not None and job.reply_due <= self.now:
                assert self.answers.get(job.id), "a reply that is due was given"
        due = self.dispatch.next_due()
        assert due is None or due > self.now

    def wait(self, seconds):
        """Let time pass, with the router awake whenever it asked for it."""
        until = self.now + seconds
        while (due := self.dispatch.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.expire()
        self.now = until

    # what came of it

    def outcome(self, job):
        assert len(self.settled.get(job.id, [])) == 1, "not settled once"
        assert len(self.answers.get(job.id, [])) == 1, "not answered once"
        return self.settled[job.id][0]

    def fate(self, job):
        return self.outcome(job).fate

    def stage(self, job):
        entry = self.dispatch._entries.get(job.id)
        return entry.stage if entry is not None else None

    def open_question(self, job_id):
        return self.dispatch._entries[job_id].asked if job_id in self.dispatch._entries else False

    # the rules

    def take(self, effects: list[Effect]):
        for effect in effects:
            job = effect.job
            assert job.id not in self.settled, "nothing happens to a job after its end"
            assert job.id not in self.left
            match effect:
                case Screen(_, turn):
                    assert turn == self.asked.get(job.id, (0, 0))[0] + 1
                    self.asked[job.id] = (turn, self.now)
                case Arm():
                    assert not self.halted
                    assert job.id not in self.armed_jobs
                    assert job.id not in self.to_arm, "armed twice"
                    self.to_arm.append(job.id)
                    self._check_ahead(job)
                case Assign(sender, _):
                    assert job.id in self.armed_jobs, "handed over before it was written down"
                    self._check_assignment(sender, job)
                    self.holds[sender] = job.id
                    self.assigned.append((sender, job.id))
                case Answer(_, outcome):
                    assert job.id not in self.answers, "answered twice"
                    self.answers[job.id] = [outcome]
                    if outcome.fate is Fate.IN_HAND:
                        assert job.hurried or (job.reply_due is not None and job.reply_due <= self.now)
                        assert outcome.status == ("sending" if job.id in self.holds.values() else "queued")
                case Leave():
                    assert self.draining
                    assert self.answers[job.id][0].fate is Fate.IN_HAND, "only what lies on disk may be left"
                    self.left.add(job.id)
                case Settle(_, outcome):
                    assert outcome.final
                    self.settled[job.id] = [outcome]
                    answer = self.answers[job.id][0]
                    assert answer == outcome or answer.fate is Fate.IN_HAND, "the answer is the outcome"
        self._check_order()
        if self.to_arm and not self.slow_journal:
            self.arm()
        self._check()

    def _check_ahead(self, job):
        if (asked := self.dispatch._entries.get(job.id)) is None:
            return  # it ended in the same step
        ahead = [entry for entry in self.dispatch._entries.values() if entry.lane == asked.lane and entry.job.priority is job.priority
                 and (entry.stage is Stage.ARMING or (entry.stage is Stage.QUEUED and entry.armed))]
        returned = sum(entry.rounds > 0 for entry in ahead)
        assert len(ahead) - returned <= AHEAD * len(asked.lane), "a power cut would leave too many in doubt"

    def _check_assignment(self, sender, job):
        assert not self.draining, "handed out after the drain"
        assert not self.halted, "handed out while its outcome could not be written down"
        assert sender not in self.holds, "a sender holds two"
        assert job.id not in self.holds.values(), "two senders hold one job"
        assert self.standings[sender] is Standing.USABLE
        turn, when = self.asked[job.id]
        assert turn >= 2
        assert (job.id, turn) in self.cleared, "handed over without a clear second screening"
        assert self.now < when + SCREEN_LIMIT_S, "the blocklist's answer came too late"
        assert self.now < job.deadline, "handed over after the deadline"
        assert sender in self._may_send(job), "handed to a modem that may not send it"
        assert self.assigned.count((sender, job.id)) < MAX_ROUNDS, "came back too often"

    def _may_send(self, job):
        given_up = self.given_up.get(job.id, set())
        tried = set(self.dispatch._entries[job.id].tried)  # knows of MAX_ROUNDS too
        assert given_up <= tried, "a modem that gave the job up is asked again"
        entry = self.dispatch._entries[job.id]
        assert entry.shunned <= self.later.get(job.id, set()), "a modem is passed over whose network took what it was given"
        assert not entry.shunned or entry.retry_at <= self.now + LATER_S[-1], "a modem is passed over for too long"
        tried |= entry.shunned
        return self.routes.candidates(job.to, lambda sender: self.standings.get(sender) is Standing.USABLE and sender not in tried).modems

    def _check(self):
        entries, held = self.dispatch._entries, self.dispatch._held
        assert set(entries) == set(self.jobs) - set(self.settled) - self._refused - self.left
        assert self.dispatch.in_hand() == len(entries)
        assert self.dispatch.sending() == len(self.holds)
        assert {sender: job_id for sender, job_id in held.items() if entries[job_id].stage is Stage.SENDING} == self.holds
        for sender, standing in self.standings.items():
            assert self.dispatch.usable(sender) is (standing is Standing.USABLE)

        waiting = [entry for entry in entries.values() if entry.stage is Stage.QUEUED]
        may_send = {entry.job.id: self._may_send(entry.job) for entry in waiting}
        for sender, standing in self.standings.items():
            if standing is Standing.USABLE and sender not in held and not self.halted:
                assert not any(sender in may_send[entry.job.id] for entry in waiting if entry.armed or not self.slow_journal), \
                    "an idle modem beside a job that it may send"

        due = self.dispatch.next_due()
        expected = [moment for entry in entries.values() if (moment := self._next_moment(entry)) is not None]
        assert due == min(expected, default=None), "the next wake-up is not when something must happen"
        assert len(self.dispatch._agenda._heap) <= 100 + 3 * len(entries), "moments of jobs that ended pile up"

    def _check_order(self):
        """Of what was written down when a sender was offered a job, none was before it; what is not yet written down keeps no modem waiting."""
        entries = self.dispatch._entries
        offered = {sender: job_id for sender, job_id in self.dispatch._held.items() if entries[job_id].stage is Stage.OFFERED}
        for sender, job_id in offered.items():
            if self._offered.get(sender) != job_id:
                first = (entries[job_id].job.priority, job_id)
                assert all(first < (entry.job.priority, entry.job.id) for entry in entries.values()
                           if entry.stage is Stage.QUEUED and entry.armed and sender in self._may_send(entry.job)), "out of order"
        self._offered = offered

    def _next_moment(self, entry):
        moments = []
        if entry.stage is not Stage.SENDING:
            moments += [entry.job.deadline, entry.retry_at]
        if entry.stage in {Stage.ARRIVED, Stage.OFFERED}:
            moments.append(self.asked[entry.job.id][1] + SCREEN_LIMIT_S)
        if entry.job.id not in self.answers and entry.job.reply_due is not None:
            moments.append(entry.job.reply_due)
        return min(moments, default=None)
