"""What a port answers: every question is asked, nothing is changed, and what is shown to others is masked."""

import pytest
from doubles.peer import LOST, OK, SILENCE, Peer

from otppi.at import masking, probe

ANSWERS = {question.text: "OK" for question in probe.QUESTIONS} | {"ATE0": OK, "AT+CMEE=1": OK}


def played(**changes):
    peer = Peer(ANSWERS | changes)
    return peer.play(probe.probe()), peer


def test_every_question_is_asked_and_answers_come_as_they_are():
    answers, _ = played(**{"AT+CPMS=?": '+CPMS: ("SM"),("SM")\nOK', "AT+CGSN": "490154203237518\nOK", "AT+CEREG?": "+CME ERROR: 4"})
    by_text = {answer.question.text: answer for answer in answers}
    assert list(by_text) == [question.text for question in probe.QUESTIONS]
    assert by_text["AT+CPMS=?"].lines == ('+CPMS: ("SM"),("SM")',)
    assert (by_text["AT+CEREG?"].end, by_text["AT+CEREG?"].known) == ("+CME ERROR 4", False)
    assert by_text["AT+CGSN"].shown()["lines"] == ["490154XXXXXXXXX"]
    assert by_text["AT+CGSN"].shown(numbers=True)["lines"] == ["490154203237518"]
    assert "490154203237518" not in repr(answers)


def test_no_question_changes_anything():
    _, peer = played()
    assert not [line for line in peer.said if line not in {"ATE0", "AT+CMEE=1"} and "=" in line and not line.endswith("=?")]


def test_names_of_commands_in_a_list_are_no_news():
    answers, _ = played(**{"AT+CLAC": "+CMTI\n+CREG\n&F\nOK"})
    assert answers[-1].lines == ("+CMTI", "+CREG", "&F")


def test_a_modem_that_falls_silent_is_not_asked_everything():
    answers, _ = played(**dict.fromkeys(("AT+CPIN?", "AT+CSQ"), SILENCE))
    assert answers[-1].question.text == "AT+CSQ"
    assert len(played(**{"AT+CGMI": LOST})[0]) == 2


@pytest.mark.parametrize("answer, expected", [(OK, True), ((SILENCE, OK), True), (SILENCE, False), (LOST, False), ("login:", False)])
def test_who_speaks_at_is_found(answer, expected):
    peer = Peer({"AT": answer})
    assert peer.play(probe.greet()) is expected
    assert peer.seconds < 5


@pytest.mark.parametrize("line, shown, without", [
    ("490154203237518", "490154XXXXXXXXX", "490154XXXXXXXXX"), ("+CCID: 8962001234567890123", "+CCID: 896200XXXXXXXXXXXXX", "+CCID: 896200XXXXXXXXXXXXX"),
    ("IMEI: 490154203237518,01", "IMEI: 490154XXXXXXXXX,01", "IMEI: 490154XXXXXXXXX,01"), ("+CRSM: 144,0,98260021436587092143F0", None, None),
    ('+CSCA: "+6281100000",145', '+CSCA: "+6281100XXX",145', '+CSCA: "+6281100000",145'), ('+CSCA: "002B0036003200380031",145', '+CSCA: "X",145', '+CSCA: "X",145'),
    ("Revision:1418B02SIM800C24", "Revision:1418B02SIM800C24", "Revision:1418B02SIM800C24"), ("+CSQ: 21,0", "+CSQ: 21,0", "+CSQ: 21,0"),
])
def test_what_names_a_person_is_masked(line, shown, without):
    if shown is None:
        assert "98260021436587" not in masking.line(line, numbers=False)
    else:
        assert masking.line(line, numbers=True) == shown
        assert masking.line(line, numbers=False) == without
