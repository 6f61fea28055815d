"""Modems that leave the pool of senders and come back, and the alarms that tell of it."""

import pytest
from doubles.modem_desk import AWAY

from actors.modem import NO_SIM_REST_S, SHOW_S
from actors.modem_rest import BARRED_RESTS_S
from otppi.domain.failure_rate import LAST, LEAST
from otppi.domain.messages.receiving import Heard
from otppi.domain.outcome import Verdict


@pytest.mark.parametrize("code", [10, 310])
def test_a_sim_that_may_not_send_leaves_the_pool_before_the_message_goes_elsewhere_and_comes_back(network, desk, code):
    network.fault("cms", code=code)

    assert desk.send("hello").verdict is Verdict.ELSEWHERE
    assert desk.standing_at_finish() is AWAY
    assert desk.facts[-1]["state"] == "barred"
    assert str(code) in desk.facts[-1]["why"]

    rest_s = BARRED_RESTS_S[0] if code == 10 else NO_SIM_REST_S
    desk.clock.advance(rest_s * 0.79)
    desk.pause()
    assert desk.states[-1] == "barred"
    desk.clock.advance(rest_s * 0.42)
    desk.ready(2)
    assert desk.send("next").verdict is Verdict.SENT


def test_a_barred_modem_keeps_its_port_says_so_in_an_alarm_and_rests_longer_each_time(network, desk):
    network.fault("cms", code=8, count=2)
    for number, rest_s in enumerate(BARRED_RESTS_S[:2], start=1):
        assert desk.send("hello").verdict is Verdict.ELSEWHERE
        assert "barred" in desk.alarms
        desk.clock.advance(rest_s * 0.99)
        desk.pause()
        assert desk.states[-1] == "barred"
        desk.clock.advance(rest_s * 0.02)
        desk.ready(1 + number)
    assert desk.send("next").verdict is Verdict.SENT
    assert desk.alarms == {}
    assert len(desk.opened_at) == 1


def test_a_barred_modem_still_brings_in_what_arrives(network, desk):
    network.fault("cms", code=10)
    desk.send("hello")
    network.inbound("628111222333", "still here")
    desk.until(lambda: desk.inbox.of(Heard), each=0.5)
    assert desk.states[-1] == "barred"


def test_a_modem_that_fails_half_of_its_messages_raises_an_alarm_and_numbers_that_do_not_exist_say_nothing(network, desk):
    network.fault("cms", code=1, count=LEAST + 1)
    for _ in range(LEAST + 1):
        desk.send("hello")
    assert desk.alarms == {}
    network.fault("cms", code=322, count=LEAST)
    for _ in range(LEAST):
        desk.send("hello")
    desk.until(lambda: "failures" in desk.alarms)
    for _ in range(LAST):
        desk.send("hello")
    desk.until(lambda: desk.alarms == {}, each=SHOW_S)
