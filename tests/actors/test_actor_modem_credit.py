"""The SIM's credit: asked for on a schedule between two messages; a SIM without any leaves the pool until it is topped up."""

import pytest
from doubles.modem_desk import AWAY, USABLE

from otppi.config.modem import Balance
from otppi.domain.messages.receiving import Heard
from otppi.domain.outcome import Verdict

EVERY_H, LOW = 6.0, 1000.0
HOUR_S = 3600.0


@pytest.fixture
def credit_desk(network, start_desk):
    return start_desk(network.links[0], balance=Balance(ussd="*888#", pattern=r"Rp (\d+)", every_h=EVERY_H, low=LOW)).ready()


def asked(desk):
    return sum(data.startswith(b'AT+CUSD=1,"') for data in desk.written)


def balance(desk):
    return desk.facts[-1].get("balance")


def test_credit_is_asked_for_at_the_start_and_on_its_schedule_and_shown(network, credit_desk):
    desk = credit_desk
    desk.until(lambda: balance(desk) == 12345, each=0.2)
    assert desk.facts[-1]["balance_text"] == "Sisa pulsa Anda adalah Rp 12345"
    assert desk.alarms == {}
    network.credit(9000)
    desk.until(lambda: balance(desk) == 9000, each=600)
    assert asked(desk) == 2
    assert desk.clock.monotonic() - 1000 >= EVERY_H * HOUR_S
    assert desk.standings[-1] is USABLE


def test_a_sim_out_of_credit_leaves_the_pool_with_an_alarm_still_receives_and_comes_back_when_topped_up(network, credit_desk):
    desk = credit_desk
    desk.until(lambda: balance(desk) == 12345, each=0.2)
    network.credit(999)
    desk.until(lambda: desk.states[-1] == "no credit", each=600)
    assert desk.standings[-1] is AWAY
    assert "999" in desk.alarms["credit"]

    network.inbound("628111222333", "top up, please")
    desk.until(lambda: desk.inbox.of(Heard), each=0.5)
    assert desk.states[-1] == "no credit"

    network.credit(50000)
    desk.until(lambda: desk.states[-1] == "ready", each=60)
    assert desk.alarms == {}
    assert desk.standings[-1] is USABLE
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_modem_without_credit_that_is_lost_and_comes_back_sends_nothing_either(network, credit_desk):
    desk = credit_desk
    network.credit(0)
    desk.until(lambda: desk.states[-1] == "no credit", each=600)
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port")
    network.replug()
    desk.until(lambda: desk.states[-1] == "no credit", each=0.5)
    assert desk.standings[-1] is AWAY


def test_a_sim_that_the_network_bars_is_asked_for_its_credit_at_once(network, start_desk):
    desk = start_desk(network.links[0], balance=Balance(ussd="*888#", pattern=r"Rp (\d+)", low=LOW)).ready()
    assert asked(desk) == 0
    network.credit(0)
    network.fault("cms", code=8)
    assert desk.send("hello").verdict is Verdict.ELSEWHERE
    desk.until(lambda: "credit" in desk.alarms, each=0.5)
    assert desk.states[-1] == "no credit"


def test_messages_and_the_question_take_turns(network, credit_desk):
    desk = credit_desk
    for number in range(3):
        assert desk.send(f"hello {number}").verdict is Verdict.SENT
    desk.until(lambda: balance(desk) == 12345, each=0.2)
    assert asked(desk) == 1
