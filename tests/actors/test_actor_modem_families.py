"""Every family of modems, over a real terminal: sends, hears of delivery, brings in what comes, and leaves its stores empty."""

import pytest
from doubles.modem_desk import TO
from doubles.network import VirtualNetwork

from actors.modem_mail import SWEEP_EVERY_S
from otppi.at.pdu import decode_deliver, decode_status_report
from otppi.domain.messages.receiving import Heard, Reported, Safe
from otppi.domain.outcome import Verdict
from otppi.virtual.makes import PROFILES

SILENT_ABOUT_REPORTS = {"old"}


@pytest.fixture(scope="module")
def makes(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("makes"), count=len(PROFILES), profile=list(PROFILES), reports=True) as network:
        yield network


def is_safe(message):
    stored = message.messages if isinstance(message, Heard) else message.reports
    message.answer_to(Safe(tuple(one.place for one in stored)))


@pytest.mark.parametrize("make", PROFILES)
def test_a_modem_of_each_make_sends_hears_of_delivery_and_brings_in_what_comes(makes, start_desk, make):
    index = list(PROFILES).index(make)
    desk = start_desk(makes.links[index]).ready()
    attempt = desk.send("hello")
    assert attempt.verdict is Verdict.SENT
    if make not in SILENT_ABOUT_REPORTS:
        desk.until(lambda: desk.router.of(Reported), each=0.5)
        report = decode_status_report(bytes.fromhex(desk.router.of(Reported)[0].reports[0].pdu))
        assert (report.tp_mr, report.recipient) == (attempt.references[0], TO)
        is_safe(desk.router.of(Reported)[-1])

    makes.inbound("628111222333", "one", modem=index)
    makes.inbound("628111222333", "two", modem=index)
    desk.until(lambda: {decode_deliver(bytes.fromhex(one.pdu)).text for message in desk.inbox.of(Heard) for one in message.messages} == {"one", "two"}, each=0.5)
    for message in desk.inbox.of(Heard):
        is_safe(message)
    desk.until(lambda: not any(makes.ask("state")["modems"][index]["stores"].values()), each=0.5)
    assert desk.clock.monotonic() - 1000 < SWEEP_EVERY_S, "found by its notification, not by chance"
    assert desk.states[-1] == "ready"


def test_a_modem_that_wants_to_be_acknowledged_is_and_does_not_go_deaf(makes, start_desk):
    index = list(PROFILES).index("ublox")
    desk = start_desk(makes.links[index]).ready()
    for number in range(3):
        desk.send(f"hello {number}")
        desk.until(lambda number=number: len(desk.router.of(Reported)) > number)
        is_safe(desk.router.of(Reported)[-1])
        desk.until(lambda number=number: desk.written.count(b"AT+CNMA\r") == number + 1)
    assert makes.ask("state")["modems"][index]["cnmi"][1:4:2] == [1, 1]


def test_a_flood_is_stopped_by_its_family_s_cure_and_not_by_a_hot_loop(makes, start_desk):
    index = list(PROFILES).index("zte")
    desk = start_desk(makes.links[index]).ready()
    before = desk.written.count(b"AT+CPMS?\r")
    makes.urc(*["+ZUSIMR:2"] * 50, modem=index)
    desk.until(lambda: desk.written.count(b"AT+CPMS?\r") > before, each=0.5)
    assert desk.send("hello").verdict is Verdict.SENT
    assert desk.written.count(b"AT+CPMS?\r") == before + 1
