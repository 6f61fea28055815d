"""The doctor's test SMS: sent once, its report waited for, the modem's notifications put back."""

from datetime import UTC, datetime

import pytest
from doubles.peer import ESC, OK, SILENCE, Peer

from otppi.at import pdu, report_loop
from otppi.at.doctor import Health

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TO = "628123456789"


def report(tp_mr=7, status=0):
    return pdu.encode_status_report(pdu.StatusReport(tp_mr, TO, NOW, NOW, status)).hex().upper()


class Network(Peer):
    """Says something unasked once the message has been sent."""

    def __init__(self, said, **changes):
        super().__init__({"AT+CNMI?": "+CNMI: 2,1,0,0,0\nOK", "AT+CMGF=0": OK, "AT+CNMI=*": OK, "AT+CMGS=*": "> ", "BODY": f"+CMGS: 7\nOK{said}", "AT+CSMS?": "+CSMS: 0,1,1,1\nOK",
                          ESC: SILENCE, **changes})


def looped(said="", **changes):
    peer = Network(said, **changes)
    return peer.play(report_loop.loop(TO)), peer


@pytest.mark.parametrize("status, state, health", [(0, "delivered", Health.FINE), (0x20, "pending", Health.FINE), (0x41, "failed", Health.TROUBLE)])
def test_the_report_says_what_became_of_it(status, state, health):
    found, peer = looped(f"\n+CDS: 25\n{report(status=status)}")
    assert found.report == state
    assert report_loop.judge(found).health is health
    assert peer.said.count("BODY") == 1
    assert list(peer.commands("AT+CNMI="))[-1] == "AT+CNMI=2,1,0,0,0"


def test_without_a_report_it_is_a_note_and_the_wait_has_a_limit():
    found, peer = looped()
    assert found.report == ""
    assert report_loop.judge(found).health is Health.NOTE
    assert peer.seconds < report_loop.REPORT_LIMIT_S + 5


def test_reports_of_other_messages_are_passed_over():
    assert looped(f"\n+CDS: 25\n{report(9)}\n+CDS: 25\n{report(7)}")[0].report == "delivered"
    found, _ = looped(f"\n+CDS: 25\n{report(9)}")
    assert found.report == ""


def test_a_report_in_the_store_is_read_there_and_stays():
    found, peer = looped('\n+CDSI: "SR",4', **{"AT+CPMS?": '+CPMS: "SM",1,25\nOK', 'AT+CPMS="SR"': OK, 'AT+CPMS="SM"': OK, "AT+CMGR=4": f"+CMGR: 0,,25\n{report()}\nOK"})
    assert found.report == "delivered"
    assert list(peer.commands('AT+CPMS="')) == ['AT+CPMS="SR"', 'AT+CPMS="SM"']
    assert not list(peer.commands("AT+CMGD"))


def test_an_announced_report_that_cannot_be_read_counts_as_announced():
    assert looped('\n+CDSI: "SM",0')[0].report == "announced"


def test_where_reports_are_to_be_acknowledged_they_are():
    _, peer = looped(f"\n+CDS: 25\n{report()}", **{"AT+CSMS?": "+CSMS: 1,1,1,1\nOK"})
    assert "AT+CNMA" in peer.said


def test_a_report_faster_than_the_answer_is_found_among_what_was_heard():
    found, _ = looped()
    assert report_loop.completed(found, [report(9), "not a pdu", report(7)]).report == "delivered"
    assert report_loop.completed(found, [report(9)]).report == ""


def test_a_message_that_is_refused_is_trouble_and_is_not_waited_for():
    found, peer = looped(BODY="+CMS ERROR: 10")
    assert report_loop.judge(found).health is Health.TROUBLE
    assert peer.seconds < 30


def test_a_number_that_is_none_sends_nothing():
    with pytest.raises(pdu.PduError):
        Network("").play(report_loop.loop("0x1"))
