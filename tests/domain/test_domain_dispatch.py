"""The dispatch's promises one by one; the ledger checks the general rules meanwhile."""


import pytest
from domain.ledger import NUMBER, Ledger

from otppi.domain.dispatch import MAX_ROUNDS, SCREEN_LIMIT_S, Standing
from otppi.domain.job import Priority
from otppi.domain.outcome import Fate, Verdict
from otppi.domain.routing import Path
from otppi.domain.states import Stage


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.usable("A")
    return ledger


def senders_of(ledger):
    return [sender for sender, _ in ledger.assigned]


def test_a_message_goes_out_after_two_screenings_and_its_outcome_is_the_answer(ledger):
    job = ledger.accept()
    assert not ledger.assigned
    ledger.clear(job)
    assert not ledger.assigned, "asked once more"
    ledger.clear(job)
    assert ledger.assigned == [("A", job.id)]
    ledger.finish("A")
    assert ledger.fate(job) is Fate.SENT
    assert ledger.outcome(job).sender == "A"


@pytest.mark.parametrize("verdict,fate,status", [
    (Verdict.SENT, Fate.SENT, "sent"), (Verdict.FAILED, Fate.FAILED, "failed"), (Verdict.UNKNOWN, Fate.UNKNOWN, "unknown"),
])
def test_a_sender_s_report_is_passed_on(ledger, verdict, fate, status):
    job = ledger.send()
    ledger.finish("A", verdict, error="What the modem said.")
    outcome = ledger.outcome(job)
    assert (outcome.fate, outcome.status, outcome.error, outcome.sender) == (fate, status, "What the modem said.", "A")


@pytest.mark.parametrize("verdict", [Verdict.SENT, Verdict.FAILED, Verdict.UNKNOWN])
def test_what_was_sent_failed_or_unknown_is_never_sent_again(ledger, verdict):
    ledger.usable("B")
    ledger.send()
    ledger.finish("A", verdict)
    ledger.stand(Standing.AWAY, "A", "B")
    ledger.usable("A", "B")
    ledger.wait(400)
    assert senders_of(ledger) == ["A"]


@pytest.mark.parametrize("screening", [1, 2])
def test_a_receiver_that_is_blocked_gets_nothing(ledger, screening):
    job, other = ledger.accept(), None
    if screening == 2:
        ledger.clear(job)
        other = ledger.send()
        assert ledger.stage(other) is Stage.QUEUED
    ledger.block(job)
    assert ledger.fate(job) is Fate.FAILED
    assert ledger.outcome(job).status == "blocked"
    assert not ledger.assigned
    if other is not None:
        ledger.clear(other)
        assert ledger.assigned == [("A", other.id)], "the modem is free again"


@pytest.mark.parametrize("screening", [1, 2])
def test_a_silent_blocklist_fails_the_message_and_frees_the_modem(ledger, screening):
    job = ledger.accept()
    if screening == 2:
        ledger.clear(job)
        assert ledger.stage(job) is Stage.OFFERED
    ledger.wait(SCREEN_LIMIT_S - 0.01)
    assert not ledger.settled
    ledger.wait(0.01)
    assert ledger.fate(job) is Fate.FAILED
    assert "blocklist did not answer" in ledger.outcome(job).error
    ledger.clear(job)
    assert not ledger.assigned, "later is never"
    ledger.send()
    assert senders_of(ledger) == ["A"]


def test_an_answer_of_the_blocklist_that_overtakes_a_late_wake_up_is_late_all_the_same(ledger):
    job = ledger.accept()
    ledger.clear(job)
    ledger.now += SCREEN_LIMIT_S
    ledger.clear(job)
    assert ledger.fate(job) is Fate.FAILED


def test_a_message_that_expired_while_the_wake_up_was_late_is_not_handed_over(ledger):
    job = ledger.accept(wait=1, expires=True)
    ledger.clear(job)
    ledger.now += 1.5
    ledger.clear(job)
    assert ledger.fate(job) is Fate.EXPIRED
    assert not ledger.assigned


def test_the_first_answer_of_the_blocklist_does_not_stand_for_the_second(ledger):
    job = ledger.accept()
    ledger.clear(job)
    ledger.screened(job.id, 1)
    assert not ledger.assigned


def test_otp_goes_before_single_before_bulk_and_older_before_younger(ledger):
    blocker = ledger.send()
    names = [("bulk 1", Priority.BULK), ("single 1", Priority.SINGLE), ("otp 1", Priority.OTP), ("bulk 2", Priority.BULK), ("otp 2", Priority.OTP),
             ("single 2", Priority.SINGLE)]
    jobs = {ledger.send(priority=priority).id: name for name, priority in names}
    order = []
    for _ in names:
        ledger.finish("A")
        offered = next(job_id for job_id in jobs if job_id in ledger.dispatch._held.values())
        ledger.clear(ledger.jobs[offered])
        order.append(jobs[ledger.holds["A"]])
    assert order == ["otp 1", "otp 2", "single 1", "single 2", "bulk 1", "bulk 2"]
    assert ledger.fate(blocker) is Fate.SENT


def test_two_modems_on_one_prefix_alternate(ledger):
    ledger.usable("B")
    for _ in range(6):
        ledger.send()
        ledger.finish(next(iter(ledger.holds)))
    assert senders_of(ledger) == ["A", "B", "A", "B", "A", "B"]


def test_two_modems_send_at_once_and_each_holds_one(ledger):
    ledger.usable("B")
    for _ in range(3):
        ledger.send()
    assert sorted(ledger.holds) == ["A", "B"]
    assert ledger.dispatch.sending() == 2
    assert ledger.dispatch.in_hand() == 3


def test_a_message_that_could_not_leave_one_modem_is_sent_by_another_and_never_goes_back(ledger):
    ledger.usable("B")
    job = ledger.send()
    ledger.finish("A", Verdict.ELSEWHERE)
    ledger.clear(job)
    assert senders_of(ledger) == ["A", "B"]
    ledger.finish("B", Verdict.ELSEWHERE, error="The SIM is full.")
    assert senders_of(ledger) == ["A", "B"]
    assert ledger.fate(job) is Fate.FAILED
    assert ledger.outcome(job).error == "The SIM is full."


def test_a_message_that_one_modem_gave_up_waits_for_another_that_is_coming_back(ledger):
    ledger.stand(Standing.COMING, "B")
    job = ledger.send()
    ledger.finish("A", Verdict.ELSEWHERE)
    assert ledger.stage(job) is Stage.QUEUED
    ledger.usable("B")
    ledger.clear(job)
    assert senders_of(ledger) == ["A", "B"]


def test_a_message_that_one_modem_gave_up_fails_with_its_reason_when_the_other_does_not_come_back_in_time(ledger):
    ledger.stand(Standing.COMING, "B")
    job = ledger.send(wait=60, reply_in=None)
    ledger.finish("A", Verdict.ELSEWHERE, error="The SIM is full.")
    ledger.wait(60)
    assert ledger.fate(job) is Fate.FAILED
    assert ledger.outcome(job).error == "The SIM is full."


def test_a_message_may_go_back_to_a_modem_that_started_anew_but_not_for_ever(ledger):
    job = ledger.send(reply_in=None)
    for _ in range(MAX_ROUNDS - 1):
        ledger.finish("A", Verdict.AGAIN)
        ledger.clear(job)
    assert senders_of(ledger) == ["A"] * MAX_ROUNDS
    ledger.finish("A", Verdict.AGAIN, error="The modem was lost.")
    assert ledger.fate(job) is Fate.FAILED
    assert ledger.outcome(job).error == "The modem was lost."
    assert len(ledger.assigned) == MAX_ROUNDS


def test_a_message_whose_modem_is_lost_before_the_body_left_waits_for_it(ledger):
    job = ledger.send()
    ledger.stand(Standing.COMING, "A")
    ledger.finish("A", Verdict.AGAIN)
    assert ledger.stage(job) is Stage.QUEUED
    ledger.usable("A")
    ledger.clear(job)
    assert senders_of(ledger) == ["A", "A"]


def test_a_message_that_comes_back_after_its_deadline_has_expired(ledger):
    job = ledger.send(wait=10, expires=True, reply_in=None)
    ledger.wait(11)
    assert ledger.stage(job) is Stage.SENDING, "what a sender holds is left to it"
    ledger.finish("A", Verdict.AGAIN)
    assert ledger.fate(job) is Fate.EXPIRED


def test_the_death_of_a_modem_leaves_its_message_unknown_and_the_rest_goes_elsewhere(ledger):
    held, waiting = ledger.send(), ledger.send()
    ledger.stand(Standing.COMING, "B")
    ledger.gone("A")
    assert ledger.fate(held) is Fate.UNKNOWN
    ledger.usable("B")
    ledger.clear(waiting)
    assert senders_of(ledger) == ["A", "B"]


def test_a_report_of_the_dead_changes_nothing(ledger):
    job = ledger.send()
    ledger.gone("A")
    ledger.finish("A", Verdict.AGAIN, job_id=job.id)
    assert ledger.fate(job) is Fate.UNKNOWN


def test_what_was_offered_to_a_modem_that_goes_away_is_offered_to_another_at_once(ledger):
    ledger.usable("B")
    job = ledger.accept()
    ledger.clear(job)
    stale = ledger.asked[job.id][0]
    ledger.stand(Standing.AWAY, "A")
    assert ledger.dispatch._held == {"B": job.id}
    ledger.screened(job.id, stale)
    assert not ledger.assigned, "that answer was about another hand-over"
    ledger.clear(job)
    assert senders_of(ledger) == ["B"]


def test_when_no_modem_exists_the_answer_comes_at_once():
    ledger = Ledger()
    job = ledger.accept()
    ledger.clear(job)
    assert ledger.fate(job) is Fate.NO_MODEM


def test_a_modem_that_is_coming_back_is_waited_for(ledger):
    ledger.stand(Standing.COMING, "A")
    job = ledger.send()
    assert ledger.stage(job) is Stage.QUEUED
    ledger.usable("A")
    ledger.clear(job)
    assert senders_of(ledger) == ["A"]


def test_the_wait_for_a_modem_ends_when_it_gives_up(ledger):
    ledger.stand(Standing.COMING, "A")
    job = ledger.send()
    ledger.stand(Standing.AWAY, "A")
    assert ledger.fate(job) is Fate.NO_MODEM


@pytest.mark.parametrize("end", ["gone", "forgotten"])
def test_the_wait_for_a_modem_ends_when_it_dies(ledger, end):
    ledger.stand(Standing.COMING, "A")
    job = ledger.send()
    ledger.gone("A", forget=end == "forgotten")
    assert ledger.fate(job) is Fate.NO_MODEM


def test_patient_messages_wait_for_a_modem_until_the_deadline():
    ledger = Ledger()
    job = ledger.send(patient=True, reply_in=None, wait=1200)
    ledger.wait(1199)
    assert ledger.stage(job) is Stage.QUEUED
    ledger.wait(1)
    assert ledger.fate(job) is Fate.NO_MODEM


def test_patient_messages_go_out_when_a_modem_appears():
    ledger = Ledger()
    job = ledger.send(patient=True, reply_in=None, wait=1200)
    ledger.wait(1000)
    ledger.usable("B")
    ledger.clear(job)
    assert senders_of(ledger) == ["B"]


def test_a_message_s_own_expiry_is_told_as_such(ledger):
    ledger.send()
    job = ledger.send(wait=20, expires=True, reply_in=None)
    ledger.wait(20)
    assert ledger.fate(job) is Fate.EXPIRED
    assert ledger.outcome(job).error == "The message expired before it was sent."


def test_a_message_that_waited_too_long_for_busy_modems_is_told_so(ledger):
    ledger.send()
    job = ledger.send(wait=20, reply_in=None)
    ledger.wait(20)
    assert ledger.fate(job) is Fate.EXPIRED
    assert "no modem was free" in ledger.outcome(job).error
    assert ledger.outcome(job).parts == (0, 1)


def test_a_reply_that_is_due_says_queued_or_sending_and_the_outcome_still_settles(ledger):
    sending, queued = ledger.send(reply_in=25), ledger.send(reply_in=30)
    ledger.wait(25)
    assert [ledger.answers[sending.id][0].status, ledger.answers[sending.id][0].sender] == ["sending", "A"]
    assert queued.id not in ledger.answers
    ledger.wait(5)
    assert [ledger.answers[queued.id][0].status, ledger.answers[queued.id][0].sender] == ["queued", ""]
    ledger.finish("A")
    assert ledger.fate(sending) is Fate.SENT
    assert ledger.answers[sending.id][0].fate is Fate.IN_HAND


def test_a_full_queue_refuses():
    ledger = Ledger(queue_limit=2)
    ledger.usable("A")
    first, second, third = ledger.send(), ledger.send(), ledger.accept()
    assert ledger.fate(third) is Fate.REFUSED
    assert "full" in ledger.outcome(third).error
    ledger.finish("A")
    assert ledger.fate(first) is Fate.SENT
    assert second.id not in ledger.settled
    assert ledger.accept().id not in ledger.settled, "there is room again"


def test_a_drain_refuses_what_waits_and_lets_the_modems_finish(ledger):
    sending, told, arrived = ledger.send(reply_in=None), ledger.send(reply_in=10, wait=60), None
    ledger.wait(10)
    waiting = ledger.send()
    arrived = ledger.accept()
    ledger.drain()
    assert ledger.fate(waiting) is ledger.fate(arrived) is Fate.REFUSED
    assert ledger.left == {told.id}, "it was answered already: the next life goes on with it"
    assert ledger.fate(ledger.accept()) is Fate.REFUSED
    ledger.finish("A")
    assert ledger.fate(sending) is Fate.SENT
    assert ledger.dispatch.in_hand() == 0


@pytest.mark.parametrize("verdict", [Verdict.AGAIN, Verdict.ELSEWHERE])
@pytest.mark.parametrize("reply_in", [None, 25])
def test_a_message_that_comes_back_during_a_drain_ends_like_those_that_waited(ledger, verdict, reply_in):
    ledger.usable("B")
    job = ledger.send(reply_in=reply_in)
    ledger.wait(25)
    ledger.drain()
    ledger.finish("A", verdict)
    if reply_in is None:
        assert ledger.fate(job) is Fate.REFUSED
    else:
        assert ledger.left == {job.id}
    assert senders_of(ledger) == ["A"]


def test_a_new_routing_table_moves_what_waits_and_what_was_only_offered(ledger):
    ledger.usable("B")
    offered = ledger.accept()
    ledger.clear(offered)
    assert ledger.dispatch._held == {"A": offered.id}
    ledger.route([Path("A", "A", from_api=False), Path("B", "B")])
    assert ledger.dispatch._held == {"B": offered.id}
    ledger.clear(offered)
    waiting = ledger.send()
    ledger.route([Path("A", "A"), Path("B", "B")])
    ledger.clear(waiting)
    assert senders_of(ledger) == ["B", "A"]


def test_the_modem_of_the_prefix_is_preferred_and_the_default_steps_in():
    ledger = Ledger([Path("A", "A", prefixes=(NUMBER[:5],)), Path("B", "B", default=True)])
    ledger.usable("A", "B")
    ledger.send()
    second = ledger.send()
    assert senders_of(ledger) == ["A"], "the default does not help out while the modem of the prefix is only busy"
    ledger.gone("A")
    ledger.clear(second)
    assert senders_of(ledger) == ["A", "B"]


def test_a_sender_that_was_forgotten_may_come_again(ledger):
    ledger.gone("A", forget=True)
    ledger.usable("A")
    ledger.send()
    assert senders_of(ledger) == ["A"]
