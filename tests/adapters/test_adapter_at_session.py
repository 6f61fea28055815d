"""A command's own line over a real pseudo-terminal: scripts run one after the other, each within its limit, and nothing stays open."""

import time
from pathlib import Path

import pytest
from doubles.network import VirtualNetwork

from otppi.adapters.at_session import AtSession
from otppi.at import probe
from otppi.at.dialogue import Command, Pause
from otppi.domain.errors import NotDone, PortMissing, PortTaken
from otppi.domain.ports import LineSettings

FILES = Path("/proc/self/fd")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("session")) as network:
        yield network


@pytest.fixture
def line(network):
    yield LineSettings(str(network.links[0]))
    network.clear_faults()


def asked(text):
    answer = yield Command(text)
    return answer.final.ok, answer.lines


def test_scripts_run_one_after_the_other(line):
    with AtSession(line) as session:
        assert session.run(probe.greet(), 10) is True
        session.run(asked("ATE0"), 5)
        assert session.run(asked("AT+CGMI"), 5) == (True, ("OTTPI",))
        assert session.run(asked("AT+CREG?"), 5)[0]


def test_what_is_said_unasked_is_heard(line, network):

    def listen():
        yield Command("ATE0")
        yield Pause(0)
        network.urc("UNDER-VOLTAGE WARNNING")
        yield Command("AT")
        yield Command("AT")

    with AtSession(line) as session:
        session.run(listen(), 5)
        assert session.heard == ["UNDER-VOLTAGE WARNNING"]


def test_a_modem_that_hangs_costs_no_more_than_the_limit(line, network):
    network.fault("hang", count=None)
    with AtSession(line) as session:
        start = time.monotonic()
        assert session.run(asked("AT"), 0.3)[0] is False
        assert time.monotonic() - start < 3


def test_a_port_that_goes_away_ends_the_script(line, network):
    try:
        with AtSession(line) as session:

            def pulled():
                yield Command("AT")
                network.unplug()
                return (yield Command("AT", 30))

            start = time.monotonic()
            assert not session.run(pulled(), 40).final.ok
            assert time.monotonic() - start < 10
            with pytest.raises(NotDone):
                session.run(endless(), 0.2)
    finally:
        network.replug()


def endless():
    while True:
        yield Command("AT")


def test_a_port_that_is_missing_or_taken_is_told_and_a_taken_one_can_be_waited_for(line):
    with pytest.raises(PortMissing), AtSession(LineSettings("/dev/no-such-port")):
        pass
    with AtSession(line):
        start = time.monotonic()
        with pytest.raises(PortTaken), AtSession(line, patience_s=0.5):
            pass
        assert time.monotonic() - start >= 0.5
    with AtSession(line):
        pass


def test_nothing_stays_open(line):
    before = len(list(FILES.iterdir()))
    with AtSession(line) as session:
        session.run(asked("AT"), 5)
    assert len(list(FILES.iterdir())) == before
