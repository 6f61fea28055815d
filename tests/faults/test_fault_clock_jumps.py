"""The clock is set back and forward by a day while messages are on their way: none is lost, doubled or expires wrongly (Q1, A9, O3)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.house import House
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, until

from otppi.adapters.clock import SystemClock

DAY = 86_400
TO = "62811{:04d}567"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture
def arrivals(network):
    yield Arrivals(network)
    network.latency(0)


@pytest.fixture
def shift(monkeypatch):
    """Sets the wall clock off by so many seconds; monotonic time goes on."""
    off = [0.0]
    monkeypatch.setattr(SystemClock, "wall", lambda self: time.time() + off[0])
    monkeypatch.setattr(SystemClock, "wall_is_plausible", lambda self: time.time() + off[0] >= self._earliest)

    def shift(seconds):
        off[0] = seconds

    return shift


@pytest.fixture
def clients():
    with ThreadPoolExecutor(4) as clients:
        yield clients


def send(house, number, **more):
    return house.post("send-sms", receiver=TO.format(number), message="hello", id=number, **more)


@pytest.mark.parametrize("jump", [-DAY, DAY], ids=["back", "forward"])
def test_what_is_on_its_way_when_the_clock_jumps_is_sent_once_and_nothing_expires(tmp_path, network, arrivals, shift, clients, jump):
    with House(tmp_path, network, api={"reply_timeout_s": 0.2}) as house:
        network.latency(1200)
        held = send(house, 0)
        kept = send(house, 1, expiration=time.time() + 300)
        code = house.post("request-otp", receiver=TO.format(2), message="%s", reference="jump")
        assert [reply["data"]["status"] for reply in (held, kept, code)] == ["sending", "queued", "queued"]
        shift(jump)
        network.latency(0)
        until(lambda: house.traffic()["sent"] == 3)
        assert sorted(submit["to"] for submit in arrivals.submits(3)) == [TO.format(number) for number in range(3)]
        assert {house.status(reply["data"]["id"])["status"] for reply in (held, kept)} == {"sent"}
        assert house.traffic()["expired"] == 0
        if jump < 0:  # forward, a day is over
            assert send(house, 0)["data"]["id"] == held["data"]["id"]
        later = send(house, 3)
        assert later["response_code"] == "0000"
        assert house.status(later["data"]["id"])["status"] == "sent"


@pytest.mark.parametrize("jump", [-DAY, DAY], ids=["back", "forward"])
def test_a_clock_that_jumps_between_two_lives_loses_and_doubles_nothing(tmp_path, network, arrivals, shift, jump):
    with House(tmp_path, network, api={"reply_timeout_s": 0.2}) as house:
        network.latency(800)
        held, kept = send(house, 0), send(house, 1)
        house.end()
        shift(jump)
        network.latency(0)
        house.begin()
        until(lambda: house.traffic()["sent"] == 1)
        assert [submit["to"] for submit in arrivals.submits(2)] == [TO.format(0), TO.format(1)]
        for reply in (held, kept):
            assert house.status(reply["data"]["id"])["status"] == "sent"
        again = send(house, 1)
        assert again["response_code"] == "0000"
        shift(0)
        house.end()
        house.begin()
        assert house.status(kept["data"]["id"])["status"] == "sent"
        assert send(house, 1)["data"]["id"] in {kept["data"]["id"], again["data"]["id"]}
        assert len(arrivals.submits(2)) == 2 + (again["data"]["id"] != kept["data"]["id"])


def test_a_code_verifies_after_the_clock_was_set_back_and_is_expired_after_it_was_set_forward(tmp_path, network, arrivals, shift):
    with House(tmp_path, network) as house:
        for jump, told in ((-DAY, "0000"), (DAY, "1202")):
            shift(0)
            assert house.post("request-otp", receiver=TO.format(7), message="%s", reference="clock")["response_code"] == "0000"
            shift(jump)
            code = arrivals.messages(1 + (jump > 0))[-1]["text"]
            assert house.post("verify-otp", receiver=TO.format(7), reference="clock", otp=code)["response_code"] == told


def test_a_request_that_is_expired_only_by_a_clock_known_to_be_wrong_is_sent(tmp_path, network, arrivals, shift):
    with House(tmp_path, network) as house:
        now = time.time()
        shift(-400 * DAY)  # before the build date, as on a device without a battery
        assert send(house, 0, expiration=now - 500 * DAY)["response_code"] == "0000"
        shift(0)
        assert send(house, 1, expiration=now - DAY)["response_code"] == "1203"
        assert len(arrivals.submits(1)) == 1
