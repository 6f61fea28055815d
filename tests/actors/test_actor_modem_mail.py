"""What comes in at a modem goes to inbox and router, and leaves the modem only once it is safe there."""

import pytest
from doubles.modem_desk import TO, USABLE

from actors.modem_mail import SWEEP_EVERY_S, TELL_AGAIN_S
from otppi.at.pdu import decode_deliver, decode_status_report
from otppi.domain.messages.receiving import Heard, Reported, Safe, StoreFilling
from otppi.domain.messages.sending import Finished
from otppi.domain.outcome import Verdict

FROM = "628111222333"


def heard(desk):
    return [stored for message in desk.inbox.of(Heard) for stored in message.messages]


def texts(desk):
    return [decode_deliver(bytes.fromhex(stored.pdu)).text for stored in heard(desk)]


def stored(network, store="SM"):
    return network.state()["stores"][store]


def is_safe(desk, places=None):
    """The inbox's answer."""
    desk.inbox.of(Heard)[-1].answer_to(Safe(tuple(one.place for one in heard(desk)) if places is None else places))


def test_a_message_that_comes_is_told_and_removed_only_once_it_is_safe(network, desk):
    network.inbound(FROM, "hello there")
    desk.until(lambda: texts(desk) == ["hello there"], each=0.1)
    assert desk.inbox.of(Heard)[0].modem == "m1"

    assert desk.send("between").verdict is Verdict.SENT
    assert stored(network) == [1]

    is_safe(desk)
    desk.until(lambda: stored(network) == [], each=0.1)
    assert desk.standings[-1] is USABLE


def test_what_lay_in_the_stores_before_is_read_when_the_modem_becomes_ready(network, start_desk):
    network.inbound(FROM, "x" * 300)
    desk = start_desk(network.links[0]).ready()
    desk.until(lambda: len(heard(desk)) == 2, each=0.1)
    is_safe(desk)
    desk.until(lambda: stored(network) == [], each=0.1)


def test_what_nobody_calls_safe_stays_and_is_told_again_after_a_while(network, desk):
    network.inbound(FROM, "important")
    desk.until(lambda: len(heard(desk)) == 1, each=0.1)
    desk.until(lambda: len(heard(desk)) == 2, each=10.0)
    assert desk.clock.monotonic() - 1000 >= TELL_AGAIN_S
    assert stored(network) == [1]
    assert texts(desk) == ["important"] * 2


def test_a_word_about_another_place_or_of_before_the_modem_was_lost_removes_nothing(network, desk):
    network.inbound(FROM, "important")
    desk.until(lambda: len(heard(desk)) == 1, each=0.1)
    old = tuple(one.place for one in heard(desk))
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port")
    network.replug()
    desk.ready(2)
    desk.until(lambda: len(heard(desk)) == 2, each=0.1)

    desk.inbox.of(Heard)[0].answer_to(Safe(old))
    desk.inbox.of(Heard)[0].answer_to(Safe(("SM:1", "", "1:SM:99")))
    assert desk.send("between").verdict is Verdict.SENT
    assert stored(network) == [1]
    is_safe(desk)
    desk.until(lambda: stored(network) == [], each=0.1)


def test_a_lost_notification_is_made_up_for_by_the_sweep_every_few_minutes(network, desk):
    desk.deaf = True
    network.inbound(FROM, "quiet")
    assert stored(network) == [1]
    desk.pause()
    desk.deaf = False
    desk.until(lambda: texts(desk) == ["quiet"], each=SWEEP_EVERY_S / 10)


def test_the_stores_are_swept_between_two_messages_and_both_go_on(network, desk):
    for number in range(5):
        network.inbound(FROM, f"in {number}")
        assert desk.send(f"out {number}").verdict is Verdict.SENT
    desk.until(lambda: set(texts(desk)) == {f"in {number}" for number in range(5)}, each=0.5)
    assert [message["text"] for message in network.received(5)] == [f"out {number}" for number in range(5)]


def test_a_status_report_that_is_shown_goes_to_the_router(network, desk):
    attempt = desk.send("hello")
    network.status_report(attempt.references[0], TO)
    desk.until(lambda: desk.router.of(Reported))
    report = decode_status_report(bytes.fromhex(desk.router.of(Reported)[0].reports[0].pdu))
    assert (report.tp_mr, report.recipient, report.status) == (attempt.references[0], TO, 0)
    assert heard(desk) == []


def test_what_is_reported_of_a_part_while_others_leave_is_told_after_the_message(network, desk):
    def report(data):
        if data.endswith(b"\x1a") and desk.bodies == 2:
            network.status_report(0, TO)

    desk.at_write = report
    assert desk.send("x" * 400).verdict is Verdict.SENT
    desk.until(lambda: desk.router.of(Reported))
    told = [type(message) for message in desk.router.told]
    assert told.index(Finished) < told.index(Reported)


def test_the_inbox_is_told_how_full_the_stores_are(network, desk):
    for number in range(3):
        network.inbound(FROM, f"in {number}")
    desk.until(lambda: StoreFilling("m1", "SM", 3, 30) in desk.inbox.told, each=0.5)


def test_a_modem_that_hangs_while_it_is_swept_is_healed_and_swept_again(network, desk):
    desk.at_write = lambda data: network.fault("hang", count=None) if data.startswith(b"AT+CMGL") and "silent" not in desk.states else None
    network.inbound(FROM, "patient")
    desk.until(lambda: "silent" in desk.states, each=5)
    network.clear_faults()
    desk.ready(2)
    desk.until(lambda: texts(desk) == ["patient"], each=0.5)


@pytest.mark.parametrize("line", ['+CMTI: "ME",9', '+CDSI: "SM",0', "+CMT: ,24", "+CDS: 24", '^SMMEMFULL: "SM"'])
def test_a_line_that_lies_leads_to_one_look_and_to_nothing_else(network, desk, line):
    network.urc(line)
    network.urc("^RSSI:9")
    desk.until(lambda: desk.written.count(b'AT+CPMS="SR"\r') == 2, each=0.5)
    assert desk.send("hello").verdict is Verdict.SENT
    assert heard(desk) == []


@pytest.mark.parametrize("fault", [{"kind": "urc_storm", "count": 3}, {"kind": "junk", "count": 3}, {"kind": "one_byte", "count": None}])
def test_a_clumsy_modem_is_swept_all_the_same_and_loses_nothing(network, desk, fault):
    network.fault(**fault)
    for number in range(3):
        network.inbound(FROM, f"in {number}")
    desk.until(lambda: set(texts(desk)) == {f"in {number}" for number in range(3)}, each=0.5)
    network.clear_faults()
    is_safe(desk)
    desk.until(lambda: stored(network) == [], each=0.5)
    assert desk.send("hello").verdict is Verdict.SENT
