"""A modem is explored once; what was found is kept as JSON and set again without exploring."""

import json

import pytest
from doubles.peer import LOST, OK, SILENCE, Peer
from hypothesis import given
from hypothesis import strategies as st

from otppi.at.bringup import prepare
from otppi.at.capabilities import CODINGS, LIST, MOST_TEXT, Capabilities, explore, listen
from otppi.at.profiles import FAMILIES, GENERIC, choose
from otppi.at.profiles.profile import DIRECT, STORED
from otppi.at.results import Kind

CPMS = "+CPMS: 1,30,1,30,1,30\nOK"
WELL = {"AT+CPMS=?": '+CPMS: ("SM","ME","SR"),("SM","ME"),("SM","ME","MT")\nOK', "AT+CPMS=*": CPMS, "AT+CSMS=0": "+CSMS: 1,1,1\nOK", "AT+CSMS?": "+CSMS: 0,1,1,1\nOK",
        "AT+CNMI=*": OK, "AT+CPMS?": '+CPMS: "SM",1,30,"SM",1,30,"SM",1,30\nOK', "AT+CMGL=4": OK, "AT+CMGD=?": "+CMGD: (0-29),(0-4)\nOK"}


def explored(profile=GENERIC, **changes):
    peer = Peer({**changes, **{key: value for key, value in WELL.items() if key not in changes}})
    return peer.play(explore(profile)), peer


def test_a_modem_by_the_book_shows_reports_and_stores_messages():
    assert explored()[0] == Capabilities("2,1,0,1,0", "direct", ("SM", "ME"), "SR", 0, "SM", acknowledge=False, family="generic")


@pytest.mark.parametrize("accepted,reports", [("2,1,2,1,0", "direct"), ("2,1,0,2,0", "stored"), ("2,1,0,0,0", ""), ("1,1,0,0,0", "")])
def test_the_best_way_to_hear_of_messages_and_reports_is_tried_for(accepted, reports):
    found, _ = explored(**{f"AT+CNMI={accepted}": OK, "AT+CNMI=*": "+CMS ERROR: 303"})
    assert (found.cnmi, found.reports) == (accepted, reports)


def test_a_modem_that_tells_of_nothing_is_only_swept():
    found, _ = explored(**{"AT+CNMI=*": "ERROR"})
    assert (found.cnmi, found.reports) == ("", "")
    assert found.stores == ("SM", "ME")


def test_a_modem_without_a_store_for_reports_is_not_asked_for_one():
    assert explored(**{"AT+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")\nOK'})[0].report_store == ""
    assert explored(**{"AT+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")\nOK'})[0].stores == ("SM",)
    assert explored(**{"AT+CPMS=?": "ERROR"})[0].stores == ("SM", "ME")


def test_the_first_store_that_takes_what_arrives_is_taken():
    found, _ = explored(choose("Cinterion"), **{'AT+CPMS="SM","SM","SM"': "+CMS ERROR: 302", 'AT+CPMS="MT","MT","MT"': CPMS})
    assert found.receive_store == "MT"


def test_a_modem_that_stays_in_service_one_wants_acknowledgements():
    assert explored(**{"AT+CSMS=0": "ERROR", "AT+CSMS?": "+CSMS: 1,1,1,1\nOK"})[0].acknowledge


def test_a_modem_that_says_ok_and_does_not_keep_it_is_not_believed():
    kept = ("+CNMI: 2,1,0,0,0\nOK", "+CNMI: 2,1,2,0,0\nOK", "+CNMI: 2,1,0,2,0\nOK")
    found, peer = explored(**{"AT+CNMI?": kept})
    assert (found.cnmi, found.reports) == (STORED, "stored")
    assert list(peer.commands("AT+CNMI=")) == ["AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1,2,1,0", "AT+CNMI=2,1,0,2,0"]


def test_what_a_modem_keeps_of_all_it_said_ok_to_is_gone_by():
    found, _ = explored(**{"AT+CNMI?": "+CNMI: 2,2,0,0,0\nOK"})
    assert (found.cnmi, found.reports) == ("2,2,0,0,0", "")


@pytest.mark.parametrize("answer", ["ERROR", OK, "+CNMI: (0-2),(0-3)\nOK", "+CNMI: 2\nOK"])
def test_a_modem_that_does_not_tell_what_it_keeps_is_believed(answer):
    assert explored(**{"AT+CNMI?": answer})[0].cnmi == DIRECT


def test_a_modem_that_is_busy_is_not_taken_for_one_that_refuses():
    found, peer = explored(**{"AT+CNMI=*": ("+CMS ERROR: 314", "+CMS ERROR: 301", OK)})
    assert found.cnmi == DIRECT
    assert peer.seconds >= 2


def test_a_modem_that_takes_one_store_only_is_told_one():
    answers = {'AT+CPMS="SM"': CPMS, "AT+CPMS=?": "ERROR", "AT+CPMS=*": "ERROR"}
    found, peer = explored(**answers)
    assert found.receive_store == "SM"
    assert peer.said.index('AT+CPMS="MT","MT","MT"') < peer.said.index('AT+CPMS="SM"')
    again = Peer({**WELL, **answers})
    assert again.play(listen(found)).ok
    assert 'AT+CPMS="SM"' in again.said


def test_where_messages_arrive_is_swept_too():
    found, _ = explored(**{"AT+CPMS=?": '+CPMS: ("SM"),("SM"),("ME")\nOK', 'AT+CPMS="SM","SM","SM"': "+CMS ERROR: 302"})
    assert (found.receive_store, found.stores) == ("ME", ("SM", "ME"))


@pytest.mark.parametrize("said,first", [("+CMGD: (0-22),(0-4)", 0), ("+CMGD: (1-30),(0-4)", 1), ("+CMGD: (0,3,7),(0-4)", 0), ("+CMGD: (3,7),(0-4)", 1), ("+CMGD: (),(0-4)", 1), ("ERROR", 1), ("+CMGD: x", 1)])
def test_where_counting_starts_is_asked_and_else_known_by_the_family(said, first):
    assert explored(choose("SIMCOM_Ltd", "SIM800"), **{"AT+CMGD=?": f"{said}\nOK"})[0].first_index == first


def test_a_modem_that_refuses_to_list_is_not_asked_to():
    assert explored(**{"AT+CMGL=4": "+CMS ERROR: 303"})[0].list_command == ""
    assert explored()[0].list_command == LIST


@pytest.mark.parametrize("maker,model,expected", [
    ("Quectel", "EC25", {"report_store": "SR", "stores": ("SM", "ME")}), ("Quectel", "EP06-E", {"family": "quectel EP06", "report_store": "SR"}),
    ("Quectel", "EC200A", {"stores": ("SM",), "receive_store": "SM", "report_store": ""}), ("ZTE CORPORATION", "MF667", {"report_store": "SR"}),
    ("NEOWAY", "M590", {"stores": ("SM",)}), ("huawei", "E173", {"ussd": "packed", "report_store": ""}), ("Sierra Wireless", "SL8084", {"family": "sierra 2G"}),
])
def test_what_a_family_is_known_for_is_gone_by(maker, model, expected):
    found, _ = explored(choose(maker, model), **{"AT+CPMS=?": '+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")\nOK'})
    assert {name: found.to_json()[name] for name in expected} == {name: list(value) if isinstance(value, tuple) else value for name, value in expected.items()}


def test_stores_that_sleep_are_woken_once():
    found, peer = explored(choose("Foxconn", "T77W968"))
    chosen = [line.split('"')[1] for line in peer.commands('AT+CPMS="')]
    assert chosen[:4] == ["ME", "MT", "SM", "ME"]
    assert found.receive_store == "ME"
    again = Peer(WELL)
    again.play(listen(found))
    assert len(list(again.commands('AT+CPMS="'))) == 1


def test_stores_that_are_not_ready_are_waited_for_by_the_family_s_line():
    peer = Peer({**WELL, "AT+CPMS?": "ERROR\nCall Ready\nSMS Ready"})
    assert peer.play(explore(choose("SIMCOM_Ltd", "SIM800"))).receive_store == "SM"
    assert peer.seconds == 0


@pytest.mark.parametrize("end", [SILENCE, LOST])
@pytest.mark.parametrize("at", ["AT+CPMS=*", "AT+CPMS?", "AT+CNMI=*", "AT+CNMI?", "AT+CMGL=4"])
def test_silence_is_told(at, end):
    assert explored(**{at: end})[0].kind in {Kind.TIMEOUT, Kind.LOST}


def test_what_was_found_is_set_again_without_exploring():
    peer = Peer(WELL)
    found = Capabilities("2,1,0,2,0", "stored", receive_store="ME")
    assert peer.play(listen(found)).ok
    assert peer.said == ['AT+CPMS="ME","ME","ME"', "AT+CSMS=0", "AT+CNMI=2,1,0,2,0"]


def test_a_modem_that_refuses_what_it_was_known_for_is_explored_anew():
    answers = {**WELL, "AT+CMGF=0": OK, "AT+CREG=1": OK, "AT+CREG?": "+CREG: 1,1\nOK", "AT+CNMI=2,1,0,1,1": "+CMS ERROR: 303"}
    subscriber = Peer(answers).play(prepare(GENERIC, "", Capabilities("2,1,0,1,1", family="generic")))
    assert subscriber.capabilities.cnmi == "2,1,0,1,0"


def test_a_modem_that_is_known_is_asked_less():
    answers = {**WELL, "AT+CMGF=0": OK, "AT+CREG=1": OK, "AT+CREG?": "+CREG: 1,1\nOK", "AT+CCID": "+CCID: 8962001234567890123\nOK"}
    first = Peer(answers)
    found = first.play(prepare(GENERIC, "")).capabilities
    again = Peer(answers)
    assert again.play(prepare(GENERIC, "", found)).capabilities == found
    assert len(again.said) < len(first.said)
    assert "AT+CPMS=?" not in again.said


@given(st.builds(Capabilities, cnmi=st.sampled_from(["", "2,1,0,1,0"]), reports=st.sampled_from(["", "direct", "stored"]), stores=st.sampled_from([(), ("SM",), ("SM", "ME")]),
                 report_store=st.sampled_from(["", "SR"]), first_index=st.integers(0, 1), receive_store=st.sampled_from(["SM", "MT"]), acknowledge=st.booleans(),
                 ussd=st.sampled_from(["", *CODINGS]), iccid=st.sampled_from(["", "AT^ICCID?"]), list_command=st.sampled_from(["", LIST]), family=st.text(max_size=MOST_TEXT)))
def test_findings_survive_json(found):
    assert Capabilities.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("change", [{"cnmi": "1;AT"}, {"cnmi": 5}, {"reports": "by post"}, {"stores": ['SM"']}, {"stores": "SM"}, {"stores": None}, {"receive_store": ""}, {"first_index": 7},
                                    {"acknowledge": "yes"}, {"stores": ["SM"] * 50}, {"more": 1}, {"first_index": True}, {"first_index": "0"}, {"iccid": "ATD112;"*9}, {"iccid": "x"}, {"list_command": "AT\r"}, {"ussd": "morse"},
                                    {"family": None}, {"family": "x" * 99}, {"stores": {"SM": 1}}, {"stores": [1]}])
def test_findings_that_make_no_sense_are_none(change):
    assert Capabilities.from_json({**Capabilities().to_json(), **change}) is None


def test_findings_that_lack_something_are_none():
    for name in Capabilities().to_json():
        assert Capabilities.from_json({key: value for key, value in Capabilities().to_json().items() if key != name}) is None


@pytest.mark.parametrize("value", [None, [], 5, "x", {}])
def test_what_is_no_finding_is_none(value):
    assert Capabilities.from_json(value) is None


def test_families_are_told_by_maker_then_model_then_usb():
    assert choose("SIMCOM INCORPORATED", "SIMCOM_SIM7600E-H").name == "simcom LTE"
    assert choose("SIMCOM_Ltd", "SIMCOM_SIM800C").name == "simcom"
    assert choose("", usb="12D1:1506").name == "huawei"
    assert choose("nobody", usb="ffff:0001") is GENERIC
    assert choose("") is GENERIC


def test_the_families_are_told_apart_and_their_data_is_sound():
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    for family in (*FAMILIES, GENERIC):
        assert all(text.startswith("AT") for text in (*family.start, *family.hear, *family.restart, *(text for text, _ in family.iccid), *(cure for _, cure in family.cures)))
        assert all(Capabilities.from_json({**Capabilities().to_json(), "cnmi": notify}) for notify in family.notify)
        assert set(family.receive_stores) <= {"SM", "ME", "MT"}
