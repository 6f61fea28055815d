"""The doctor: each trouble is found and has its mend, and nothing that names a person is in the report."""

import json

import pytest
from doubles.peer import LOST, OK, SILENCE, Peer

from otppi.at import doctor
from otppi.at.bringup import Silent
from otppi.at.doctor import Health
from otppi.at.examination import Exam, Store, examine

IMEI, IMSI, ICCID = "490154203237518", "510101234567890", "8962001234567890123"
WELL = {"AT": OK, "ATE0": OK, "AT+CMEE=1": OK, "AT+CGMI": "Quectel\nOK", "AT+CGMM": "EC25\nOK", "AT+CGMR": "EC25E\nOK", "AT+CGSN": f"{IMEI}\nOK", "AT+CPIN?": "+CPIN: READY\nOK",
        "AT+CFUN?": "+CFUN: 1\nOK", 'AT+CLCK="SC",2': "+CLCK: 0\nOK", "AT+CPINR": "+CPINR: SIM PIN,3,3\nOK", "AT+QCCID": f"+QCCID: {ICCID}\nOK", "AT+CREG?": "+CREG: 0,1\nOK",
        "AT+CGREG?": "+CGREG: 0,1\nOK", "AT+CEREG?": "+CEREG: 0,4\nOK", "AT+COPS?": '+COPS: 0,0,"TELKOMSEL",2\nOK', "AT+CSCA?": '+CSCA: "+6281100000",145\nOK',
        "AT+CPMS?": '+CPMS: "SM",3,25,"SM",3,25,"SM",3,25\nOK', "AT+CSQ": "+CSQ: 21,0\nOK", "AT+CNMI=?": "+CNMI: (0-2),(0-3),(0,2,3),(0-2),(0,1)\nOK", "AT+CMGF=?": "+CMGF: (0,1)\nOK",
        "AT+CSCS=?": '+CSCS: ("GSM","UCS2")\nOK', "AT+CUSD=?": "+CUSD: (0-2)\nOK"}


def examined(**changes):
    return Peer(WELL | changes).play(examine())


def judged(heard=(), **changes):
    return {finding.step: finding for finding in doctor.judge(examined(**changes), heard)}


def test_a_modem_that_is_well_is_said_to_be():
    findings = judged()
    assert {finding.health for finding in findings.values()} == {Health.FINE}
    told = doctor.report(tuple(findings.values()))
    assert told["fine"]
    assert told["verdict"].startswith("Fine")


@pytest.mark.parametrize("changes, step, health, word", [
    ({"AT+CPIN?": "+CPIN: SIM PIN\nOK"}, "SIM", Health.TROUBLE, "sim_pin"),
    ({"AT+CPIN?": "+CPIN: SIM PIN\nOK", "AT+CPINR": "+CPINR: SIM PIN,1,3\nOK"}, "SIM", Health.TROUBLE, "phone"),
    ({"AT+CPIN?": "+CPIN: SIM PUK\nOK"}, "SIM", Health.TROUBLE, "unblock"), ({"AT+CPIN?": "+CME ERROR: 10"}, "SIM", Health.TROUBLE, "contacts"),
    ({"AT+CPIN?": "+CME ERROR: 14"}, "SIM", Health.TROUBLE, "Wait"), ({"AT+CPINR": "+CPINR: SIM PIN,1,3\nOK"}, "SIM", Health.NOTE, "phone"),
    ({"AT+CFUN?": "+CFUN: 4\nOK"}, "radio", Health.TROUBLE, "CFUN=1"), ({"AT+CFUN?": "ERROR"}, "radio", Health.FINE, ""),
    ({"AT+CREG?": "+CREG: 0,2\nOK"}, "network", Health.TROUBLE, "aerial"), ({"AT+CREG?": "+CREG: 0,3\nOK"}, "network", Health.TROUBLE, "paid"),
    ({"AT+CREG?": "+CREG: 0,11\nOK"}, "network", Health.TROUBLE, "Limited"), ({"AT+CREG?": "+CREG: 0,0\nOK"}, "network", Health.TROUBLE, "COPS=0"),
    ({"AT+CREG?": "+CREG: 0,0\nOK", "AT+CEREG?": "+CEREG: 0,1\nOK"}, "network", Health.FINE, ""), ({"AT+CREG?": "+CREG: 0,6\nOK"}, "network", Health.FINE, ""),
    ({"AT+CSQ": "+CSQ: 3,0\nOK"}, "signal", Health.NOTE, "aerial"), ({"AT+CSQ": "+CSQ: 4,0\nOK"}, "signal", Health.FINE, ""), ({"AT+CSQ": "+CSQ: 99,99\nOK"}, "signal", Health.NOTE, ""),
    ({"AT+CSCA?": '+CSCA: "",129\nOK'}, "SMS centre", Health.TROUBLE, "sms_center"), ({"AT+CPMS?": '+CPMS: "SM",25,25,"SM",25,25\nOK'}, "store", Health.TROUBLE, "remove"),
    ({"AT+CPMS?": '+CPMS: "SM",23,25\nOK'}, "store", Health.NOTE, "Remove"), ({"AT+CPMS?": "+CMS ERROR: 500"}, "store", Health.NOTE, ""),
    ({"AT+CNMI=?": "+CNMI: (0-2),(0,1),(0),(0),(0,1)\nOK"}, "messages", Health.NOTE, ""), ({"AT+CNMI=?": "ERROR"}, "messages", Health.NOTE, ""),
    ({"AT+CMGF=?": "+CMGF: (1)\nOK"}, "messages", Health.TROUBLE, "PDU"), ({"AT+CUSD=?": "ERROR"}, "USSD", Health.NOTE, ""), ({"AT+CGSN": "490154203237519\nOK"}, "modem", Health.NOTE, "label"),
    ({"AT+CFUN?": SILENCE}, "answers", Health.TROUBLE, "power"), ({"AT+CSQ": LOST}, "answers", Health.TROUBLE, "power"),
])
def test_each_trouble_is_found_with_its_mend(changes, step, health, word):
    findings = judged(**changes)
    assert findings[step].health is health
    assert word in findings[step].mend
    told = doctor.report(tuple(findings.values()))
    assert told["fine"] is (health is not Health.TROUBLE)
    assert findings[step].mend in told["verdict"] or told["fine"]


@pytest.mark.parametrize("heard, word", [(["UNDER-VOLTAGE WARNNING"], "hub"), (["RDY"], "supply"), (["NORMAL POWER DOWN"], "supply")])
def test_a_weak_supply_is_heard(heard, word):
    power = judged(heard)["power"]
    assert power.health is Health.TROUBLE
    assert word in power.mend


def test_chatter_is_noted():
    assert judged(["^RSSI: 12"] * 30)["chatter"].health is Health.NOTE
    assert "chatter" not in judged(["^RSSI: 12"] * 3)


def test_a_sim_that_is_not_open_is_not_asked_for_its_network():
    peer = Peer(WELL | {"AT+CPIN?": "+CPIN: SIM PIN\nOK"})
    assert isinstance(peer.play(examine()), Exam)
    assert not set(peer.said) & {"AT+CREG?", "AT+CSCA?", "AT+CPMS?"}


def test_what_does_not_speak_at_is_told_as_such():
    assert examined(AT=SILENCE) == Silent("")


def test_the_examination_changes_nothing():
    peer = Peer(WELL)
    peer.play(examine())
    assert not [line for line in peer.said if "=" in line and not line.endswith("=?") and line not in {"AT+CMEE=1", 'AT+CLCK="SC",2'}]


def test_the_report_names_no_person():
    exam = examined(**{"AT+CIMI": f"{IMSI}\nOK", "AT+CGMR": f"rev {IMEI}\nOK"})
    told = json.dumps(doctor.report(doctor.judge(exam)))
    assert not [secret for secret in (IMEI, IMSI, ICCID, "6281100000") if secret in told or secret in repr(exam.sim)]
    assert "6281100XXX" in told


@pytest.mark.parametrize("profile, coding", [("huawei", "packed"), ("Quectel", "UCS-2")])
def test_the_coding_of_ussd_is_told(profile, coding):
    assert coding in judged(**{"AT+CGMI": f"{profile}\nOK"})["USSD"].said


def test_stores_are_read():
    assert examined().stores == (Store("SM", 3, 25),) * 3
