"""Promises about time: the modem without its terminal, under a clock of the test."""

import heapq
from itertools import count

import pytest

from otppi.at import pdu
from otppi.virtual.commands import COMMANDS
from otppi.virtual.delivery import ACKNOWLEDGE_S, deliver
from otppi.virtual.event_log import EventLog
from otppi.virtual.faults import Fault, Faults
from otppi.virtual.makes import PROFILES
from otppi.virtual.modem import Modem
from otppi.virtual.network import Network
from otppi.virtual.profiles import identity
from otppi.virtual.sim import Sim


class Clock:
    def __init__(self):
        self.now = 0.0
        self._order = count()
        self._due = []

    def later(self, delay_s, action):
        heapq.heappush(self._due, (self.now + delay_s, next(self._order), action))

    def pass_s(self, seconds):
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = end


class Bench:
    """One modem, its network and what it says."""

    def __init__(self, profile="generic", latency_s=0.0, pin=""):
        self.clock = Clock()
        self.faults = Faults()
        self.log = EventLog()
        self.network = Network(self.log, self.clock.later)
        self.modem = Modem(
            0,
            PROFILES[profile],
            identity(0),
            Sim(pin),
            self.network,
            self.faults,
            COMMANDS,
            self.clock.later,
            latency_s,
        )
        self.network.phones = [self.modem]
        self.network.deliver = lambda _index, whole_pdu: deliver(self.modem, whole_pdu)
        self.said = b""
        self.modem.power_on(self)
        self.modem.feed(b"ATE0\r")
        self.heard()

    def write(self, data):
        self.said += data

    def unplug(self):
        pass

    def heard(self):
        said, self.said = self.said.decode("latin-1"), ""
        self.said = b""
        return said

    def submit(self):
        part = pdu.submit_pdus("628123456789", "hello")[0]
        self.modem.feed(f"AT+CMGS={part.length}\r".encode())
        self.modem.feed(part.hex.encode() + b"\x1a")


def test_a_huawei_chatters_until_curc_0():
    bench = Bench("huawei")
    bench.clock.pass_s(2.5)
    assert bench.heard() == "\r\n^RSSI:18\r\n"

    bench.modem.feed(b"AT^CURC=0\r")

    bench.clock.pass_s(60)
    assert bench.heard() == "\r\nOK\r\n"


def test_the_network_has_the_message_before_the_answer_that_comes_after_its_latency():
    bench = Bench(latency_s=5)
    bench.submit()
    assert bench.heard() == "\r\n> "
    assert bench.log.received == 1

    bench.clock.pass_s(4.9)
    assert bench.heard() == ""

    bench.clock.pass_s(0.2)
    assert bench.heard() == "\r\n+CMGS: 0\r\n\r\nOK\r\n"


def test_a_late_answer_comes_when_other_programs_have_given_up():
    bench = Bench()
    bench.faults.add(Fault("late", count=1, options={"seconds": 135}))
    bench.submit()
    bench.heard()
    bench.clock.pass_s(134)
    assert bench.heard() == ""

    bench.clock.pass_s(2)

    assert bench.heard() == "\r\n+CMGS: 0\r\n\r\nOK\r\n"


def test_a_message_shown_directly_and_never_acknowledged_makes_the_modem_deaf_as_ublox_says():
    bench = Bench()
    bench.modem.feed(b"AT+CSMS=1;+CNMI=2,2,0,1,0\r")
    bench.network.inbound(0, "62811", "hello")
    assert "+CMT: " in bench.heard()

    bench.clock.pass_s(ACKNOWLEDGE_S + 1)

    bench.modem.feed(b"AT+CNMI?;+CMGL=4\r")
    heard = bench.heard()
    assert "+CNMI: 2,0,0,0,0" in heard
    assert "+CMGL: 1,0,," in heard


def test_an_acknowledged_message_leaves_everything_as_it_was():
    bench = Bench()
    bench.modem.feed(b"AT+CSMS=1;+CNMI=2,2,0,1,0\r")
    bench.network.inbound(0, "62811", "hello")

    bench.modem.feed(b"AT+CNMA\r")

    bench.clock.pass_s(ACKNOWLEDGE_S + 1)
    bench.heard()
    bench.modem.feed(b"AT+CNMI?;+CNMA\r")
    assert bench.heard() == "\r\n+CNMI: 2,2,0,1,0\r\n\r\n+CMS ERROR: 340\r\n"


def test_what_comes_unasked_waits_while_a_message_body_is_typed():
    bench = Bench()
    bench.modem.feed(b"AT+CNMI=2,1\r")
    bench.modem.feed(b"AT+CMGS=20\r")
    bench.heard()
    bench.network.inbound(0, "62811", "hello")
    assert bench.heard() == ""

    bench.modem.feed(b"\x1b")

    assert bench.heard() == '\r\nOK\r\n\r\n+CMTI: "SM",1\r\n'


def test_nothing_is_answered_after_the_cable_was_pulled():
    bench = Bench(latency_s=5)
    bench.submit()
    bench.heard()
    bench.modem.unplug()
    bench.modem.power_on(bench)

    bench.clock.pass_s(60)

    assert bench.heard() == ""


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_dialogue_is_the_same_however_octets_are_grouped(size):
    part = pdu.submit_pdus("628123456789", "hello")[0]
    octets = f"AT+CMGF=0;+CMGF?\rAT+CMGS={part.length}\r{part.hex}\x1aAT+NOSUCH\r".encode()
    whole, pieces = Bench(), Bench()
    whole.modem.feed(octets)

    for start in range(0, len(octets), size):
        pieces.modem.feed(octets[start : start + size])

    assert pieces.heard() == whole.heard()
    assert pieces.log.received == whole.log.received == 1


def test_a_prompt_that_was_given_up_does_not_come_later():
    bench = Bench()
    bench.faults.add(Fault("slow_prompt", count=1, options={"seconds": 3}))
    bench.modem.feed(b"AT+CMGS=20\r")
    bench.modem.feed(b"\x1b")
    bench.heard()

    bench.clock.pass_s(10)

    assert bench.heard() == ""
