import time

import pytest

from otppi.at import pdu

TO = "628123456789"


def submit(port, text="hello", **options):
    return [port.submit(part.hex, part.length) for part in pdu.submit_pdus(TO, text, **options)]


def test_a_message_is_in_the_log_when_its_answer_comes(network, port):
    assert submit(port) == ["\r\n+CMGS: 0\r\n\r\nOK\r\n"]

    logged = network.logged()
    assert [event["event"] for event in logged] == ["submit", "message"]
    assert logged[0]["to"] == logged[1]["to"] == TO
    assert logged[0]["text"] == logged[1]["text"] == "hello"
    assert logged[1]["modem"] == 0


def test_the_network_reads_flash_validity_and_the_wish_for_a_report(network, port):
    submit(port, flash=True, validity_s=3600, status_report=True)

    event = network.submits(1)[0]
    assert (event["flash"], event["validity_s"], event["status_report"]) == (True, 3600, True)


def test_message_references_count_up_for_each_modem_and_begin_anew_after_255(start, open_port):
    network = start(count=2)
    port = open_port(network.links[0])
    answers = [answer for _ in range(258) for answer in submit(port, "x")]

    assert [answer.split()[1] for answer in answers[254:]] == ["254", "255", "0", "1"]
    assert "+CMGS: 0" in submit(open_port(network.links[1]), "x")[0]


def test_parts_are_joined_whatever_their_order_and_emoji_survive(network, port):
    text = "Kode 😀 " * 30
    for part in reversed(pdu.submit_pdus(TO, text, reference=7)):
        port.submit(part.hex, part.length)

    message = network.received(1)[0]
    assert message["text"] == text
    assert message["parts"] == len(network.submits())
    assert {event["reference"] for event in network.submits()} == {7}


def test_two_modems_may_use_one_reference_for_one_recipient(start, open_port):
    network = start(count=2)
    ports = [open_port(link) for link in network.links]
    texts = ["a" * 200, "b" * 200]
    for parts in zip(*(pdu.submit_pdus(TO, text, reference=1) for text in texts), strict=True):
        for port, part in zip(ports, parts, strict=True):
            port.submit(part.hex, part.length)

    assert sorted(message["text"] for message in network.received(2)) == texts


def test_esc_at_the_prompt_sends_nothing_and_is_answered_ok(network, port):
    port.write("AT+CMGS=20\r")
    port.until("> $")
    port.write("0011\x1b")

    assert port.until("OK\r\n") == "\r\nOK\r\n"
    assert network.submits() == []
    assert port.ask("AT") == "\r\nOK\r\n"


def test_a_command_typed_at_the_prompt_becomes_part_of_the_body(network, port):
    port.write("AT+CMGS=20\r")
    port.until("> $")
    port.write("AT+CSQ\r\x1a")

    assert port.until("ERROR.*\r\n") == "\r\n+CMS ERROR: 304\r\n"
    assert network.commands()[-1] == "AT+CMGS=20"


@pytest.mark.parametrize("change", [-1, 1])
def test_a_length_that_is_not_that_of_the_body_is_refused(network, port, change):
    part = pdu.submit_pdus(TO, "hello")[0]

    assert port.submit(part.hex, part.length + change) == "\r\n+CMS ERROR: 304\r\n"
    assert network.submits() == []


@pytest.mark.parametrize("body", ["", "zz", "001", "00" * 19, "0001000C9126"])
def test_a_body_that_is_no_submit_is_refused(network, port, body):
    length = max(7, len(body) // 2 - 1)

    assert port.submit(body, length) == "\r\n+CMS ERROR: 304\r\n"
    assert network.submits() == []


@pytest.mark.parametrize("length", ["", "x", "6", "500", "-1"])
def test_a_length_that_cannot_be_is_refused_without_a_prompt(port, length):
    assert port.lines(f"AT+CMGS={length}") == ["+CMS ERROR: 304"]


def test_the_answer_takes_as_long_as_the_network(start, open_port):
    network = start(latency_ms=200)
    port = open_port(network.links[0])

    begun = time.monotonic()
    submit(port)

    assert 0.2 <= time.monotonic() - begun < 1
    network.latency(0)
    begun = time.monotonic()
    submit(port)
    assert time.monotonic() - begun < 0.15


def test_a_line_typed_while_a_message_is_under_way_is_answered_after_it(start, open_port):
    port = open_port(start(latency_ms=100).links[0])
    part = pdu.submit_pdus(TO, "hello")[0]
    port.write(f"AT+CMGS={part.length}\r")
    port.until("> $")
    port.write(part.hex + "\x1aAT+CMGF?\r")

    assert port.until(r"\+CMGF: 0\r\n\r\nOK\r\n").index("+CMGS: 0") == 2


@pytest.mark.parametrize(
    "mode,urc", [("2,1,0,1,0", r"\+CDS: \d+\r\n([0-9A-F]+)\r\n"), ("2,1,0,2,0", r'\+CDSI: "SR",1\r\n')]
)
def test_a_status_report_comes_as_cnmi_asks_and_never_before_the_answer(network, port, mode, urc):
    port.ask(f"AT+CNMI={mode}")

    assert "+CMGS: 0" in submit(port, status_report=True)[0]

    head = port.until(urc)
    if "+CDSI" in head:
        assert port.lines('AT+CPMS="SR"')[-1] == "OK"
        hexes = port.lines("AT+CMGR=1")[1]
    else:
        hexes = head.split()[-1]
    report = pdu.decode_status_report(bytes.fromhex(hexes))
    assert (report.tp_mr, report.recipient, report.status) == (0, TO, 0)


def test_a_status_report_may_come_later_and_may_say_that_it_failed(network, port):
    port.ask("AT+CNMI=2,1,0,1,0")
    network.reports(automatic=False)
    submit(port, status_report=True)
    assert port.ask("AT") == "\r\nOK\r\n"

    network.status_report(0, TO, status=0x46)

    report = pdu.decode_status_report(bytes.fromhex(port.until(r"CDS: \d+\r\n\w+\r\n").split()[-1]))
    assert pdu.delivery_state(report.status) == "failed"


def test_a_quectel_announces_another_place_than_where_the_report_lies(start, open_port):
    port = open_port(start(profile="quectel").links[0])
    port.ask("AT+CNMI=2,1,0,2,0")
    submit(port, status_report=True)

    port.until(r'\+CDSI: "SM",0\r\n')

    assert port.lines("AT+CMGR=0") == ["+CMS ERROR: 321"]
    assert port.lines('AT+CPMS="SR";+CMGL=4')[1].startswith("+CMGL: 0,0,,")


def test_a_stored_message_can_be_sent_from_the_store(network, port):
    part = pdu.submit_pdus(TO, "later")[0]
    port.write(f"AT+CMGW={part.length}\r")
    port.until("> $")
    port.write(part.hex + "\x1a")
    assert port.until("OK\r\n") == "\r\n+CMGW: 1\r\n\r\nOK\r\n"
    assert network.submits() == []

    assert port.lines("AT+CMSS=1") == ["+CMSS: 0", "OK"]

    assert network.received(1)[0]["text"] == "later"


@pytest.mark.parametrize(
    "charset,number,body,text",
    [
        ("IRA", f"+{TO}", "plain text", "plain text"),
        ("GSM", TO, "at \x00 home", "at @ home"),
        ("UCS2", f"+{TO}".encode("utf-16-be").hex(), "ünï 😀".encode("utf-16-be").hex(), "ünï 😀"),
    ],
)
def test_text_mode_sends_in_the_character_set_chosen(network, port, charset, number, body, text):
    port.ask(f'AT+CSCS="{charset}";+CMGF=1;+CSMP=49,167,0,0')
    port.write(f'AT+CMGS="{number}"\r')
    port.until("> $")
    port.write(body + "\x1a")
    port.until("OK\r\n")

    event = network.submits(1)[0]
    assert event["to"] == TO
    assert event["text"] == text
    assert event["status_report"]


def test_a_message_to_another_modem_of_the_network_arrives_there(start, open_port):
    network = start(count=2)
    sender, receiver = (open_port(link) for link in network.links)
    receiver.ask("AT+CNMI=2,1,0,0,0")
    part = pdu.submit_pdus(network.state(1)["msisdn"].removeprefix("+"), "hello neighbour")[0]

    sender.submit(part.hex, part.length)

    receiver.until(r'\+CMTI: "SM",1\r\n')
    message = pdu.decode_deliver(bytes.fromhex(receiver.lines("AT+CMGR=1")[1]))
    assert message.text == "hello neighbour"
    assert message.sender == network.state(0)["msisdn"].removeprefix("+")


def test_the_terminal_shows_what_the_network_received_on_one_line(network, port):
    submit(port, "two\nlines")

    assert f"modem 0 → {TO}: two ⏎ lines\n" in network.output_until(TO.encode())
