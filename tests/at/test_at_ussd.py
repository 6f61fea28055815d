"""USSD: what goes out, what comes back in each coding, and the script between (TS 27.007 section 7.15, TS 23.038 section 5)."""

import pytest

from otppi.at import gsm7, ussd
from otppi.at.dialogue import Dialogue, Done, Unsolicited, Write
from otppi.at.ussd import ANSWER_LIMIT_S, Cancelled, NotSaid, Said

WIDE = "Saldo: Rp 5 €".encode("utf-16-be").hex().upper()
MENU = "Menu:\n1. Pulsa\n2. Paket"


class Talk:
    """A script on a line: gives what is written, hears answers, holds the result."""

    def __init__(self, script):
        self.now, self.dialogue = 100.0, Dialogue()
        self.effects = self.dialogue.run(script, self.now)

    def hear(self, *answers):
        for answer in answers:
            self.effects += self.dialogue.feed(answer.encode("latin-1"), self.now)
        return self

    def wait(self, seconds):
        self.now += seconds
        self.effects += self.dialogue.wake(self.now)
        return self

    @property
    def written(self):
        return [effect.data.decode() for effect in self.effects if isinstance(effect, Write)]

    @property
    def result(self):
        results = [effect.result for effect in self.effects if isinstance(effect, Done)]
        assert len(results) == 1, self.written
        return results[0]


def packed(text):
    return gsm7.pack(gsm7.encode(text)).hex().upper()


OK, REFUSED = "\r\nOK\r\n", "\r\nERROR\r\n"


def test_codes_and_answers_go_in_ucs2_and_the_alphabet_is_put_back():
    talk = Talk(ussd.dial("*888#", packed=False)).hear(OK, OK, f'\r\n+CUSD: 0,"{WIDE}",72\r\n', OK)
    assert talk.written == ['AT+CSCS="UCS2"\r', 'AT+CUSD=1,"002A0038003800380023",15\r', 'AT+CSCS="GSM"\r']
    assert talk.result == Said("Saldo: Rp 5 €", WIDE, open=False)


def test_an_answer_before_the_ok_is_the_answer():
    assert Talk(ussd.dial("*1#", packed=False)).hear(OK, f'\r\n+CUSD: 1,"{WIDE}",72\r\n\r\nOK\r\n', OK).result.open


def test_a_modem_without_ucs2_is_asked_in_plain_text_and_its_answer_has_several_lines():
    talk = Talk(ussd.dial("*123#", packed=False)).hear(REFUSED, OK, '\r\n+CUSD: 1,"Menu:\r\n1. Pulsa', '\r\n^RSSI:12\r\n2. Paket",15\r\n')
    assert talk.written == ['AT+CSCS="UCS2"\r', 'AT+CUSD=1,"*123#",15\r']
    assert talk.result == Said("Menu:\n1. Pulsa\n^RSSI:12\n2. Paket", "Menu:\n1. Pulsa\n^RSSI:12\n2. Paket", open=True)


NO_TEXT = "\r\n+CME ERROR: 25\r\n"


def test_a_modem_that_calls_ucs2_no_text_is_asked_in_packed_septets_and_it_is_told_what_worked():
    talk = Talk(ussd.dial("*888#", packed=False)).hear(OK, NO_TEXT, OK, OK, f'\r\n+CUSD: 0,"{packed("Rp 12345")}",15\r\n')
    assert talk.written == ['AT+CSCS="UCS2"\r', 'AT+CUSD=1,"002A0038003800380023",15\r', 'AT+CSCS="GSM"\r', f'AT+CUSD=1,"{packed("*888#")}",15\r']
    assert (talk.result.text, talk.result.coding) == ("Rp 12345", "packed")


def test_a_modem_that_takes_neither_is_asked_in_plain_text_and_then_no_more():
    talk = Talk(ussd.dial("*888#", packed=False)).hear(OK, NO_TEXT, OK, NO_TEXT, NO_TEXT)
    assert talk.written[-1] == 'AT+CUSD=1,"*888#",15\r'
    assert talk.result == NotSaid("The modem refused it (+CME ERROR 25).")


@pytest.mark.parametrize("answer", ["\r\nERROR\r\n", "\r\n+CME ERROR: 30\r\n", "\r\n+CME ERROR: 100\r\n", f'\r\n+CUSD: 0,"{WIDE}",72\r\n\r\n+CME ERROR: 25\r\n'])
def test_a_code_that_may_have_reached_the_network_is_not_sent_in_another_way(answer):
    talk = Talk(ussd.dial("*888#", packed=False)).hear(OK, answer, OK)
    assert len([line for line in talk.written if "+CUSD" in line]) == 1
    assert isinstance(talk.result, NotSaid)


def test_what_is_said_meanwhile_is_unasked():
    talk = Talk(ussd.dial("*1#", packed=False)).hear(OK, OK, "\r\n+CREG: 1\r\n", f'\r\n+CUSD: 0,"{WIDE}",72\r\n', OK)
    assert [effect.line for effect in talk.effects if isinstance(effect, Unsolicited)] == ["+CREG: 1"]
    assert isinstance(talk.result, Said)


@pytest.mark.parametrize("code", ["*888#", "*101*4#"])
def test_packed_codes_are_padded_where_seven_bits_are_free(code):
    talk = Talk(ussd.dial(code, packed=True)).hear(OK, f'\r\n+CUSD: 0,"{packed("Rp 12345")}",1\r\n')
    sent = bytes.fromhex(talk.written[0].split('"')[1])
    assert gsm7.decode(gsm7.unpack(sent, len(sent) * 8 // 7)).rstrip("\r") == code
    assert talk.result.text == "Rp 12345"


def test_nobody_answers_and_the_session_is_ended():
    talk = Talk(ussd.dial("*1#", packed=True)).hear(OK).wait(ANSWER_LIMIT_S)
    assert talk.written[-1] == "AT+CUSD=2\r"
    assert talk.hear(OK).result == NotSaid("The network did not answer in time.")


@pytest.mark.parametrize("answer, why", [("\r\nERROR\r\n", "The modem refused it (ERROR)."), ("\r\n+CME ERROR: 30\r\n", "The modem refused it (+CME ERROR 30).")])
def test_a_refusal_is_told(answer, why):
    assert Talk(ussd.dial("*1#", packed=True)).hear(answer).result == NotSaid(why)


def test_a_lost_line_is_told():
    talk = Talk(ussd.dial("*1#", packed=True))
    talk.effects += talk.dialogue.lost(talk.now)
    assert talk.result.dead


def test_a_session_is_ended():
    assert Talk(ussd.cancel()).hear(OK).result == Cancelled()


@pytest.mark.parametrize("value, packed_, wide, expected", [
    (' 0,"Sisa pulsa Rp 1",15', False, False, Said("Sisa pulsa Rp 1", "Sisa pulsa Rp 1", open=False)),
    (f' 1,"{WIDE}",72', False, True, Said("Saldo: Rp 5 €", WIDE, open=True)),
    (f' 0,"{WIDE}",17', True, False, Said("Saldo: Rp 5 €", WIDE, open=False)),
    (f' 0,"{packed("seven77")}0D",15', True, False, None),
    (' 0,"12345678"', False, False, Said("12345678", "12345678", open=False)),
    (' 0,"12345678",15', False, True, Said("12345678", "12345678", open=False)),
    (f' 0,"{packed("Sisa Rp 5")}",15', False, True, Said("Sisa Rp 5", packed("Sisa Rp 5"), open=False)),
    (f' 0,"{packed("Sisa pulsa")}",15', False, True, Said("Sisa pulsa", packed("Sisa pulsa"), open=False)),
    (f' 0,"{"Привет".encode("utf-16-be").hex()}",72', False, True, Said("Привет", "Привет".encode("utf-16-be").hex(), open=False)),
    (' 0,"ABC",72', False, True, Said("ABC", "ABC", open=False)),
    (' 0,"D83D",72', False, True, Said("D83D", "D83D", open=False)),
    (' 0,"say ""yes""",15', False, False, Said('say ""yes""', 'say ""yes""', open=False)),
    (" 0", False, False, Said("", "", open=False)),
    (" 2", False, False, NotSaid("The network ended the session.")),
    (' 2,"Bye",15', False, False, Said("Bye", "Bye", open=False)),
    (" 4", False, False, NotSaid("The network does not support this USSD operation.")),
    (' 5,"",15', False, False, NotSaid("The network did not answer in time.")),
    ("", False, False, NotSaid("The modem's answer could not be read.")),
    (' 0,"half', False, False, NotSaid("The modem's answer could not be read.")),
])
def test_what_comes_back(value, packed_, wide, expected):
    found = ussd.read(value, packed=packed_, wide=wide)
    assert isinstance(found, Said) if expected is None else found == expected


@pytest.mark.parametrize("code, fits", [("*888#", True), ("1", True), ("ya, saya mau €", True), ("", False), ("\r", False), ("a\x1a", False), ("1" * 182, True), ("1" * 183, False)])
def test_what_can_be_sent(code, fits):
    assert ussd.sendable(code) is fits


def test_a_quote_cannot_leave_the_string():
    assert Talk(ussd.dial('1",15;+CMGD=1', packed=False)).hear(REFUSED).result == NotSaid("The modem takes letters of its plain alphabet only.")
    assert '"' not in Talk(ussd.dial('1"', packed=False)).hear(OK).written[1].removeprefix('AT+CUSD=1,"').removesuffix('",15\r')
