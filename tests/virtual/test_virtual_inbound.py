import pytest

from otppi.at import pdu
from otppi.at.concatenation import Joiner


def stored(port, index):
    return pdu.decode_deliver(bytes.fromhex(port.lines(f"AT+CMGR={index}")[1]))


def test_a_message_is_stored_and_announced(network, port):
    port.ask("AT+CNMI=2,1,0,0,0")

    network.inbound("+62811111", "Halo, apa kabar? ñ€")

    port.until(r'\+CMTI: "SM",1\r\n')
    message = stored(port, 1)
    assert (message.sender, message.text) == ("62811111", "Halo, apa kabar? ñ€")


def test_a_message_comes_silently_without_cnmi(network, port):
    network.inbound("62811111", "hush")

    assert port.lines("AT+CMGL=4")[0].startswith("+CMGL: 1,0,,")


def test_a_message_may_be_shown_directly_and_not_stored(network, port):
    port.ask("AT+CNMI=2,2,0,0,0")

    network.inbound("TELKOM", "Selamat 😀")

    message = pdu.decode_deliver(bytes.fromhex(port.until(r"\+CMT: ,\d+\r\n\w+\r\n").split()[-1]))
    assert (message.sender, message.text) == ("TELKOM", "Selamat 😀")
    assert port.lines("AT+CMGL=4") == ["OK"]


def test_a_long_message_comes_in_parts_in_the_order_ordered(network, port):
    text = "Pesan panjang. " * 30
    assert network.inbound("62811111", text, order=[3, 1, 2], reference=300, wide=True) == 3

    joiner, whole = Joiner(), []
    for index in (1, 2, 3):
        part = stored(port, index)
        whole.append(joiner.add(part.sender, part.concat, part.text, 0))
        assert part.concat.reference == 300
    assert whole == [None, None, text]


def test_listing_marks_as_read_and_deleting_by_flag_takes_what_was_read(network, port):
    network.inbound("62811111", "one")
    network.inbound("62811111", "two")
    port.ask("AT+CMGR=2")

    assert [line[:10] for line in port.lines("AT+CMGL=0") if line.startswith("+CMGL")] == ["+CMGL: 1,0"]
    network.inbound("62811111", "three")
    assert port.lines("AT+CMGD=1,1") == ["OK"]

    assert network.state()["stores"]["SM"] == [3]


def test_text_mode_lists_in_words(network, port):
    port.ask('AT+CMGF=1;+CSCS="IRA"')
    network.inbound("62811111", "hello")

    head, text, final = port.lines('AT+CMGL="ALL"')

    assert head.startswith('+CMGL: 1,"REC UNREAD","+62811111",,"')
    assert (text, final) == ("hello", "OK")


def test_the_network_keeps_what_an_unplugged_modem_cannot_take(network, port, open_port):
    network.unplug()
    network.inbound("62811111", "wait for me")
    assert network.state()["kept_by_network"] == 1

    network.replug()

    again = open_port(network.links[0])
    assert again.lines("AT+CMGL=4")[0].startswith("+CMGL: 1,0")
    assert network.state()["kept_by_network"] == 0


def test_the_network_keeps_what_a_full_store_cannot_take_until_something_is_deleted(network, port):
    port.ask("AT+CNMI=2,1,0,0,0")
    for number in range(32):
        network.inbound("62811111", f"message {number}")
    assert network.state()["kept_by_network"] == 2
    assert port.lines("AT+CPMS?")[-2] == '+CPMS: "SM",30,30,"SM",30,30,"SM",30,30'
    port.heard = ""

    assert port.lines("AT+CMGD=5") == ['+CMTI: "SM",5', "OK"]

    assert stored(port, 5).text == "message 30"


def test_stores_are_chosen_for_reading_and_for_receiving(network, port):
    assert port.lines('AT+CPMS="ME","SM","ME"') == ["+CPMS: 0,100,0,30,0,100", "OK"]
    network.inbound("62811111", "into the modem")

    assert network.state()["stores"] == {"SM": [], "ME": [1], "SR": []}
    assert stored(port, 1).text == "into the modem"
    assert port.lines('AT+CPMS="MT";+CMGR=31')[1].startswith("+CMGR: 1,,")


@pytest.mark.parametrize("line", ['AT+CPMS="XX"', 'AT+CPMS="SM","SR"', 'AT+CPMS="SM","SM","SR"'])
def test_a_store_that_cannot_be_used_so_is_refused(port, line):
    assert port.lines(line) == ["+CMS ERROR: 302"]
    assert port.lines("AT+CPMS?")[0] == '+CPMS: "SM",0,30,"SM",0,30,"SM",0,30'


def test_places_of_a_huawei_are_counted_from_0(start, open_port):
    network = start(profile="huawei")
    port = open_port(network.links[0])
    port.ask("AT^CURC=0;+CNMI=2,1,0,0,0")

    network.inbound("62811111", "hello")

    port.until(r'\+CMTI: "SM",0\r\n')
    assert stored(port, 0).text == "hello"
    assert port.lines("AT+CMGR=20") == ["+CMS ERROR: 321"]


def test_a_message_for_no_modem_or_without_text_is_told_to_the_one_who_asks(network):
    assert not network.ask("inbound", must=False, modem=7, text="x", **{"from": "62811"})["ok"]
    assert not network.ask("inbound", must=False, modem=0, **{"from": "62811"})["ok"]
    assert "inbound" in network.ask("nonsense", must=False)["error"]
