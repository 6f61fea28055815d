import pytest


def test_a_modem_echoes_what_is_typed_until_it_is_told_not_to(network, open_port):
    port = open_port(network.links[0], bare=True)

    assert port.ask("AT") == "AT\r\r\nOK\r\n"
    assert port.ask("ATE0") == "ATE0\r\r\nOK\r\n"
    assert port.ask("AT") == "\r\nOK\r\n"


def test_commands_of_one_line_run_in_their_order_and_end_with_one_ok(port):
    assert port.lines("at+cmgf=1;+cmgf?;+cmgf=0;+cmgf?") == ["+CMGF: 1", "+CMGF: 0", "OK"]


def test_basic_commands_stand_unseparated_before_an_extended_one(port):
    assert port.lines("ATE0V1Q0&D2+CMEE=1;+CMEE?") == ["+CMEE: 1", "OK"]


def test_an_error_ends_the_line_and_what_follows_does_not_run(port):
    assert port.lines("AT+CMGF=1;+NOSUCH;+CMGF=0") == ["ERROR"]
    assert port.lines("AT+CMGF?") == ["+CMGF: 1", "OK"]


@pytest.mark.parametrize(
    "mode,answer",
    [(0, "ERROR"), (1, "+CME ERROR: 50"), (2, "+CME ERROR: incorrect parameters")],
)
def test_errors_are_told_as_cmee_asks(port, mode, answer):
    port.ask(f"AT+CMEE={mode}")

    assert port.lines("AT+CMEE=9") == [answer]


def test_message_errors_are_numbers_whatever_cmee_says(port):
    assert port.lines("AT+CMGR=9999") == ["+CMS ERROR: 321"]


def test_without_words_results_are_digits(port):
    port.write("ATV0\r")
    assert port.until("0\r$") == "0\r"
    port.write("AT+NOSUCH\r")
    assert port.until("4\r$") == "4\r"


def test_a_typing_error_can_be_mended_with_backspace(port):
    assert port.lines("AT+CMGX\bF?") == ["+CMGF: 0", "OK"]


def test_octets_arriving_one_by_one_are_a_line_all_the_same(port):
    for char in "AT+CMGF?":
        port.write(char)
    assert port.lines("") == ["+CMGF: 0", "OK"]


def test_noise_before_at_and_lines_without_it_are_not_answered(port):
    port.write("hello\rxxAT+CMGF?\r")

    assert port.until("OK\r\n") == "\r\n+CMGF: 0\r\n\r\nOK\r\n"


def test_settings_are_taken_back_by_atz(port):
    port.ask("AT+CMGF=1;+CNMI=2,1,0,1,0")
    port.ask("ATZE0")

    assert port.lines("AT+CMGF?;+CNMI?") == ["+CMGF: 0", "+CNMI: 0,0,0,0,0", "OK"]


def test_a_program_that_opens_the_port_does_not_meet_lines_of_an_earlier_one(network, open_port):
    first = open_port(network.links[0])
    first.write("ATI\r")
    network.wait_command("ATI")
    first.close()
    network.urc("+NOBODY: 1")

    second = open_port(network.links[0])

    assert second.ask("AT") == "\r\nOK\r\n"


def _luhn_holds(digits):
    values = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in values) % 10 == 0


def test_every_modem_is_somebody_else_and_the_same_in_the_next_run(start, open_port):
    first = start(count=3, name="a")
    second = start(count=3, name="b")
    asked = "AT+CGSN;+CIMI;+CCID;+CNUM"

    answers = [open_port(link).lines(asked) for link in first.links]

    assert [open_port(link).lines(asked) for link in second.links] == answers
    assert len({tuple(answer) for answer in answers}) == 3
    for imei, imsi, iccid, msisdn, _ in answers:
        assert len(imei) == 15
        assert _luhn_holds(imei)
        assert imsi.startswith("00101")
        assert _luhn_holds(iccid.removeprefix("+CCID: "))
        assert msisdn.startswith('+CNUM: "","+62')


def test_imeis_can_be_given(start, open_port):
    network = start(count=2, extra=["--imei", "490154203237518"])

    assert open_port(network.links[0]).lines("AT+CGSN")[0] == "490154203237518"
    assert open_port(network.links[1]).lines("AT+CGSN")[0].startswith("00101300")


def test_registration_is_told_as_creg_asks_and_when_it_changes(network, port):
    assert port.lines("AT+CREG?") == ["+CREG: 0,1", "OK"]
    assert port.lines("AT+CREG=2;+CREG?") == ['+CREG: 2,1,"1A2B","0000C3D4",2', "OK"]
    assert port.lines("AT+CEREG?") == ["+CEREG: 0,1", "OK"]

    network.fault("not_registered", count=None, stat=3)
    port.until(r"\+CREG: 3\r\n")
    assert port.lines("AT+CREG?;+CSQ;+COPS?") == ["+CREG: 2,3", "+CSQ: 99,99", "+COPS: 0", "OK"]

    network.clear_faults()
    port.until(r"\+CREG: 1\r\n")


def test_the_operator_is_told_in_the_format_asked_for(port):
    assert port.lines("AT+COPS=3,2;+COPS?;+COPS=3,0;+COPS?") == [
        '+COPS: 0,2,"00101",2',
        '+COPS: 0,0,"OTPPI Test",2',
        "OK",
    ]


def test_a_modem_without_radio_is_not_registered_until_it_is_switched_on(port):
    assert port.lines("AT+CFUN=4;+CREG?") == ["+CREG: 0,0", "OK"]
    assert port.lines("AT+CFUN=1;+CREG?") == ["+CREG: 0,1", "OK"]


def test_a_reset_brings_the_modem_up_again_on_the_same_port(start, open_port):
    port = open_port(start(profile="sim800").links[0])
    port.ask("AT+CMGF=1")

    port.ask("AT+CFUN=1,1")

    port.until("RDY\r\n")
    port.until("SMS Ready\r\n")
    assert port.lines("AT+CMGF?")[-2:] == ["+CMGF: 0", "OK"]


@pytest.mark.parametrize(
    "profile,line,answers",
    [
        ("huawei", "AT+NOSUCH", ["COMMAND NOT SUPPORT"]),
        ("huawei", "AT^ICCID?", ["^ICCID: 8962000000000000011", "OK"]),
        ("sim800", "AT+CCID", ["8962000000000000011", "OK"]),
        ("sim800", "AT+CLAC", ["ERROR"]),
        ("quectel", "AT+QCCID", ["+QCCID: 8962000000000000011", "OK"]),
        ("zte", "AT+ZCDRUN=8", ["OK"]),
        ("sierra", "AT!ICCID?", ["!ICCID: 8962000000000000011", "OK"]),
        ("generic", "AT+CRSM=176,12258,0,0,10", ['+CRSM: 144,0,"982600000000000010F1"', "OK"]),
    ],
)
def test_makes_differ_in_their_own_commands(start, open_port, profile, line, answers):
    port = open_port(start(profile=profile).links[0])

    assert port.lines(line) == answers


def test_a_wavecom_answers_the_question_for_the_pin_without_ok(start, open_port):
    port = open_port(start(profile="wavecom").links[0])
    port.write("AT+CPIN?\r")

    port.until("READY\r\n")

    assert port.ask("AT+CMEE=1") == "\r\nOK\r\n"
