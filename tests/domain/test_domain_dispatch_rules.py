"""The dispatch under random histories: tests/domain/ledger.py checks every rule after every step."""

from domain.ledger import Ledger
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from otppi.domain.dispatch import MAX_ROUNDS, Standing
from otppi.domain.job import Priority
from otppi.domain.outcome import Verdict
from otppi.domain.routing import Path

SENDERS = ("A", "B", "C")
NUMBERS = ("6281100000", "6282200000", "6283300000")
TABLES = (
    (Path("A", "A"), Path("B", "B"), Path("C", "C")),
    (Path("A", "A", prefixes=("62811",)), Path("B", "B", prefixes=("62811", "62822")), Path("C", "C", default=True)),
    (Path("A", "A", from_api=False), Path("B", "B", default=True)),
    (),
)
senders = st.sampled_from(SENDERS)


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.ledger = Ledger(TABLES[0], queue_limit=8)
        self.ledger.usable("A", "B")

    @rule(
        to=st.sampled_from(NUMBERS), priority=st.sampled_from(Priority), wait=st.sampled_from((1.0, 3.0, 40.0)), expires=st.booleans(),
        reply_in=st.sampled_from((None, 0.5, 5.0)), patient=st.booleans(), hurried=st.booleans(),
    )
    def accept(self, **fields):
        self.ledger.accept(**fields)

    @precondition(lambda self: self.ledger.asked)
    @rule(data=st.data(), blocked=st.sampled_from((False, False, False, True)), back=st.sampled_from((0, 0, 0, 1)))
    def screened(self, data, blocked, back):
        """Right, late, repeated: for any question that was ever asked."""
        job_id = data.draw(st.sampled_from(sorted(self.ledger.asked)))
        self.ledger.screened(job_id, self.ledger.asked[job_id][0] - back, blocked=blocked)

    @rule()
    def the_blocklist_clears_all(self):
        for job_id in sorted(self.ledger.asked):
            if self.ledger.open_question(job_id):
                self.ledger.screened(job_id, self.ledger.asked[job_id][0])

    @precondition(lambda self: self.ledger.holds)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict))
    def finished(self, data, verdict):
        self.ledger.finish(data.draw(st.sampled_from(sorted(self.ledger.holds))), verdict)

    @precondition(lambda self: self.ledger.assigned)
    @rule(sender=senders, data=st.data(), verdict=st.sampled_from(Verdict))
    def finished_once_more_or_by_somebody_else(self, sender, data, verdict):
        job_id = data.draw(st.sampled_from(self.ledger.assigned))[1]
        if self.ledger.holds.get(sender) != job_id:
            before = dict(self.ledger.settled)
            self.ledger.finish(sender, verdict, job_id=job_id)
            assert self.ledger.settled == before, "a report of somebody who does not hold the job counts for nothing"

    @rule(sender=senders, standing=st.sampled_from((Standing.USABLE, *Standing)))
    def stands(self, sender, standing):
        self.ledger.stand(standing, sender)

    @rule(sender=senders, forget=st.booleans())
    def gone(self, sender, forget):
        self.ledger.gone(sender, forget=forget)

    @rule(table=st.sampled_from(TABLES))
    def routes_changed(self, table):
        self.ledger.route(table)

    @rule(seconds=st.sampled_from((0.0, 0.4, 1.0, 2.0, 5.0, 30.0)))
    def time_passes(self, seconds):
        self.ledger.wait(seconds)

    @rule(seconds=st.sampled_from((0.4, 1.0, 2.5, 30.0)))
    def time_passes_and_the_wake_up_is_late(self, seconds):
        self.ledger.now += seconds

    @rule()
    def the_wake_up_comes(self):
        self.ledger.expire()

    @rule()
    def the_journal_becomes_slow(self):
        self.ledger.slow_journal = True

    @precondition(lambda self: self.ledger.slow_journal and not self.ledger.halted)
    @rule(quick=st.booleans())
    def the_journal_has_written(self, quick):
        self.ledger.arm()
        self.ledger.slow_journal = not quick

    @precondition(lambda self: not self.ledger.halted)
    @rule()
    def the_disk_is_full(self):
        self.ledger.halt()

    @precondition(lambda self: self.ledger.halted)
    @rule()
    def the_disk_has_room_again(self):
        self.ledger.resume()

    @precondition(lambda self: len(self.ledger.jobs) > 6)
    @rule(really=st.sampled_from((False, False, True)))
    def drain(self, really):
        if really:
            self.ledger.drain()

    def teardown(self):
        """Time goes on and whoever holds a job finishes it: nobody is left without answer and outcome."""
        ledger = self.ledger
        ledger.expire()
        ledger.resume()
        ledger.slow_journal = False
        ledger.arm()
        for _ in range(len(ledger.jobs) * MAX_ROUNDS + 1):
            for sender in sorted(ledger.holds):
                ledger.finish(sender)
            ledger.wait(50)
        assert set(ledger.settled) | ledger.left == set(ledger.jobs) == set(ledger.answers)
        assert ledger.dispatch.in_hand() == 0
        assert ledger.dispatch.next_due() is None


Histories.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
TestEveryRuleHoldsInRandomHistories = Histories.TestCase
