import pytest

from otppi.at.urc import News, carries_pdu, is_urc, news
from otppi.virtual.makes import PROFILES

SAID = sorted({line for profile in PROFILES.values() for line in (*profile.boot, *profile.ready, *profile.noise)})


@pytest.mark.parametrize("line", SAID)
def test_what_each_make_says_by_itself_is_no_answer(line):
    assert is_urc(line)


@pytest.mark.parametrize("line", ["RING", '+CMTI: "SM",3', '+CMTI:"SM",3', '+CDSI: "SM",0', "^RSSI:17", "+CREG: 1", "+CPIN: NOT READY", "+CSQ: 17,99",
                                  "UNDER-VOLTAGE WARNNING", "NORMAL POWER DOWN", "Call Ready", "SMS Ready", "+QUSIM: 1"])
def test_lines_of_the_notes_on_modems_are_unasked(line):
    assert is_urc(line)


@pytest.mark.parametrize("line", ["Quectel", "867962041234567", "+CMGL: 1,1,,26", "+CPMS: 1,30,1,30,1,30", "OK"])
def test_an_answer_is_not_unasked(line):
    assert not is_urc(line)


@pytest.mark.parametrize("line,expected", [("+CREG: 0,1", "+CREG:"), ("+CSQ: 17,99", "+CSQ:"), ("+CPIN: READY", "+CPIN:"), ("+CMGS: 5", "+CMGS:")])
def test_the_answer_that_the_running_command_expects_is_not_unasked(line, expected):
    assert not is_urc(line, expected)
    assert is_urc(line, "+COPS:")


def test_a_message_that_is_shown_directly_brings_its_pdu_on_the_next_line():
    assert carries_pdu('+CMT: "",24')
    assert carries_pdu("+CDS: 25")
    assert not carries_pdu('+CMTI: "SM",1')
    assert not carries_pdu('+CDSI: "SM",1')


@pytest.mark.parametrize("line", ["RDY", "+READY", "^SYSSTART", "NORMAL POWER DOWN", "POWERED DOWN"])
def test_a_modem_that_starts_anew_says_so(line):
    assert news(line) is News.RESTARTED


@pytest.mark.parametrize("line", ["+CREG: 0", "+CREG: 2", "+CREG: 3", '+CREG: 2,"1A2B","00C3"', "+CEREG: 4", "+CEREG: 11", "+CREG: 8", "+CPIN: NOT READY", "+CPIN: NOT INSERTED",
                                  "+CPIN: SIM PIN", "+QUSIM: 0", "+QUSIM: 1", "^SIMST: 0", "^SIMST:255", "#QSS: 0"])
def test_a_lost_network_and_a_pulled_sim_are_news(line):
    assert news(line) is News.DOUBTFUL


@pytest.mark.parametrize("line", ["+CREG: 1", "+CREG: 5", "+CREG: 6", "+CEREG: 9", "+CEREG: 10", '+CREG: 1,"0200","00C3"', "+CPIN: READY", "^SIMST: 1", "#QSS: 1", "+CGREG: 0", "^RSSI:0",
                                  "SMS Ready", "RDYX", ""])
def test_what_changes_nothing_is_no_news(line):
    assert news(line) is None
