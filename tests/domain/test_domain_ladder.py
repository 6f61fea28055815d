from itertools import pairwise

from otppi.domain.ladder import RESTART_APART_S, RESTS_S, STEADY_S, Ladder, Rung


def climb(ladder, steps, now=1000.0, every=100.0):
    found = []
    for _ in range(steps):
        step = ladder.silent(now)
        found.append(step.rung)
        now += max(every, step.rest_s)
    return found, now


def test_a_silent_modem_is_asked_then_reset_then_reopened_then_restarted_then_left_alone():
    assert climb(Ladder(), 6)[0] == [Rung.ASK, Rung.LINE, Rung.REOPEN, Rung.RESTART, Rung.REST, Rung.REST]


def test_rests_grow_to_their_limit_and_there_is_no_hot_loop():
    ladder, now, rests = Ladder(), 0.0, []
    for _ in range(40):
        step = ladder.silent(now)
        if step.rung is Rung.REST:
            rests.append(step.rest_s)
        now += step.rest_s
    assert tuple(rests[:len(RESTS_S)]) == RESTS_S
    assert set(rests[len(RESTS_S):]) == {RESTS_S[-1]}


def test_a_restart_by_command_is_given_at_most_once_an_hour():
    ladder, now, restarts = Ladder(), 0.0, []
    while now < 10 * RESTART_APART_S:
        step = ladder.silent(now)
        if step.rung is Rung.RESTART:
            restarts.append(now)
        now += max(1.0, step.rest_s)
    assert 2 <= len(restarts) <= 10
    assert all(later - earlier >= RESTART_APART_S for earlier, later in pairwise(restarts))


def test_a_family_that_must_not_be_restarted_is_not():
    ladder = Ladder()
    ladder.may_restart = False
    assert Rung.RESTART not in climb(ladder, 50)[0]


def test_a_modem_that_stayed_well_begins_at_the_first_rung_and_one_that_did_not_climbs_on():
    ladder = Ladder()
    ladder.silent(0.0)
    ladder.ready(10.0)
    assert ladder.silent(10.0 + STEADY_S - 1).rung is Rung.LINE
    ladder.ready(200.0)
    ladder.ready(200.0 + STEADY_S)  # a look in between does not begin the time anew
    assert ladder.silent(200.0 + STEADY_S).rung is Rung.ASK
