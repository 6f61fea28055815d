import pytest

from otppi.virtual.commands_ussd import packed, unpacked

BALANCE = "Sisa pulsa Anda adalah Rp 12345"
CUSD = r'\+CUSD: (\d),"([^"]*)",(\d+)\r\n'


def test_the_balance_comes_after_the_ok(port):
    assert port.lines('AT+CUSD=1,"*888#",15') == ["OK"]

    assert port.until(CUSD) == f'\r\n+CUSD: 0,"{BALANCE}",15\r\n'


def test_a_menu_stays_open_until_a_choice_ends_it(port):
    port.ask('AT+CUSD=1,"*123#",15')
    assert "+CUSD: 1," in port.until(CUSD)
    port.ask('AT+CUSD=1,"2",15')
    assert "+CUSD: 1," in port.until(CUSD)
    port.ask('AT+CUSD=1,"1",15')
    assert port.until(CUSD) == '\r\n+CUSD: 0,"Paket Harian: 500 MB, Rp 2000",15\r\n'


def test_a_session_can_be_given_up_and_the_next_code_starts_afresh(port):
    port.ask('AT+CUSD=1,"*123#",15')
    port.until(CUSD)
    assert port.lines("AT+CUSD=2") == ["OK"]

    port.ask('AT+CUSD=1,"*888#",15')

    assert BALANCE in port.until(CUSD)


def test_an_unknown_code_is_told_so(port):
    port.ask('AT+CUSD=1,"*555#",15')

    assert '+CUSD: 0,"Maaf' in port.until(CUSD)


def test_strings_are_hex_of_ucs2_where_cscs_says_so(port):
    port.ask('AT+CSCS="UCS2"')
    port.ask(f'AT+CUSD=1,"{"*888#".encode("utf-16-be").hex()}",15')

    assert bytes.fromhex(port.until(CUSD).split('"')[1]).decode("utf-16-be") == BALANCE


def test_a_huawei_wants_and_gives_packed_septets(start, open_port):
    port = open_port(start(profile="huawei").links[0])
    port.ask('AT+CSCS="IRA";^CURC=0')
    port.ask(f'AT+CUSD=1,"{packed("*888#")}",15')

    assert unpacked(port.until(CUSD).split('"')[1]) == BALANCE


def test_a_modem_without_network_refuses(network, port):
    network.fault("not_registered", count=None)

    assert port.lines("AT+CMEE=1") == ["OK"]
    assert port.lines('AT+CUSD=1,"*888#",15') == ["+CME ERROR: 30"]


@pytest.mark.parametrize("text", ["*888#", "*101*4#", "12345678", "x" * 15, "x" * 16])
def test_packing_loses_nothing_at_any_length(text):
    assert unpacked(packed(text)) == text


def test_packing_is_what_a_huawei_was_seen_to_take():
    assert packed("*100#") == "AA180C3602"  # *100# as quoted in users' threads on E1550 and E173


def test_seven_characters_packed_without_padding_are_another_code_as_on_a_huawei():
    assert unpacked(packed("*101*4#")) == "*101*4#"
    assert unpacked(packed("*101*4#")[:-2] + "46") != "*101*4#"
