import pytest
from doubles.peer import ESC, LOST, OK, SILENCE, Peer

from otppi.at.identify import identify

IMEI = "867962041234567"


@pytest.mark.parametrize("answers,found", [
    ({"AT": OK, "ATE0": OK, "AT+CGSN": f"{IMEI}\nOK"}, IMEI),
    ({"AT": OK, "ATE0": OK, "AT+CGSN": f'+CGSN: "{IMEI}"\nOK'}, IMEI),
    ({"AT": OK, "ATE0": OK, "AT+CGSN": f"+CREG: 1\n{IMEI}01\nOK"}, ""),
    ({"AT": OK, "ATE0": OK, "AT+CGSN": f"^RSSI:18\n{IMEI}6\nOK"}, f"{IMEI}6"),
    ({"AT": OK, "ATE0": "ERROR", "AT+CGSN": "ERROR", "AT+GSN": f"{IMEI}\nOK"}, IMEI),
    ({"AT": (SILENCE, OK), "ATE0": OK, "AT+CGSN": ("OK", f"{IMEI}\nOK")}, IMEI),
    ({"AT": OK, "ATE0": OK, "AT+CGSN": "ERROR"}, ""),
    ({"AT": SILENCE}, None),
    ({"AT": "login:"}, None),
    ({"AT": "AT"}, None),
    ({"AT": LOST}, None),
])
def test_whoever_answers_is_known_by_the_digits_of_its_imei(answers, found):
    assert Peer(answers).play(identify()) == found


def test_an_open_prompt_is_left_before_anything_that_could_become_a_message():
    peer = Peer({"AT": (SILENCE, OK), "ATE0": OK, "AT+CGSN": f"{IMEI}\nOK"})
    peer.play(identify())

    assert peer.said[:3] == ["AT", ESC, "AT"]


def test_a_port_that_says_nothing_is_given_up_in_two_seconds():
    peer = Peer({"AT": SILENCE})
    peer.play(identify())

    assert peer.seconds <= 2
