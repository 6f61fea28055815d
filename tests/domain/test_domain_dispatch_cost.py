"""What a message costs when many wait."""

import time
from collections import deque
from dataclasses import replace

from domain.ledger import Ledger

from otppi.domain.dispatch import Arm, Assign, Dispatch, Screen, Standing
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.routing import Path, Routes


def test_the_cost_of_a_message_hardly_grows_with_ten_thousand_in_the_queue():
    """A ratio with a wide margin: a quadratic queue would show a factor of sixteen."""

    def cycle(jobs):
        senders = [f"m{n}" for n in range(32)]
        routes = Routes([Path(sender, "") for sender in senders])
        dispatch, clear = Dispatch(routes.modems, 10_000), deque()
        template = Ledger().accept()
        start = time.process_time()
        for sender in senders:
            dispatch.standing(sender, Standing.USABLE, 0)
        for n in range(jobs):
            clear.extend(dispatch.accept(replace(template, id=str(n)), 0))
        sent = 0
        while clear:
            match clear.popleft():
                case Screen(job, turn):
                    clear.extend(dispatch.screened(job.id, turn, blocked=False, now=0))
                case Arm(job):
                    clear.extend(dispatch.armed([job.id], 0))
                case Assign(sender, job):
                    clear.extend(dispatch.finished(sender, job.id, Attempt(Verdict.SENT), 0))
                    sent += 1
        assert sent == jobs
        return (time.process_time() - start) / jobs

    assert cycle(10_000) < 4 * min(cycle(600) for _ in range(3))


def test_a_modem_that_goes_concerns_only_those_who_wait_for_it_and_one_that_comes_moves_only_those_who_change():
    routes, asked = Routes([Path("a", "", ("621",)), Path("b", "", ("622",)), Path("c", "", ("621",))]), []

    def candidates(number, usable):
        asked.append(number)
        return routes.modems(number, usable)

    dispatch, template = Dispatch(candidates, 1000), Ledger().accept()
    for sender in "ab":
        dispatch.standing(sender, Standing.USABLE, 0)
    for n in range(100):
        [screen] = dispatch.accept(replace(template, id=str(n), to=f"62{1 + n % 2}81234567"), 0)
        dispatch.screened(str(n), screen.turn, blocked=False, now=0)

    def numbers(sender, standing):
        asked.clear()
        dispatch.standing(sender, standing, 0)
        return {number[:3] for number in asked}

    assert numbers("a", Standing.RESTING) == {"621"}
    assert numbers("b", Standing.RESTING) == {"621", "622"}  # those of the first have no choice left: they may have to be closed
    assert numbers("a", Standing.USABLE) == numbers("c", Standing.USABLE) == {"621", "622"}
    dispatch.standing("b", Standing.USABLE, 0)
    assert numbers("b", Standing.RESTING) == {"622"}
