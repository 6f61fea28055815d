"""USSD over REST, on modems that speak UCS-2 and packed septets, and beside what is sent (A7, S10; section 13: 3)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.service import otppi, until

TO = "08123456789"
PLAIN, PACKED = "modem0", "modem1"
NETWORK = {"count": 2, "profile": ["generic", "huawei"]}


def ussd(service, modem=PLAIN, code="", **more):
    return service.post("request-ussd", modem_id=modem, **({"ussd_code": code} if code else {}), **more)


@pytest.mark.parametrize("modem", [PLAIN, PACKED])
def test_the_seeds_example(service, modem):
    asked = {"date_time": 1629685778, "modem_id": modem, "ussd_code": "*888#"}
    reply = service.post("request-ussd", **asked)
    said = "Sisa pulsa Anda adalah Rp 12345"
    raw = reply["data"].pop("ussd_content_raw")
    assert reply == {"command": "request-ussd", "response_code": "0000", "data": {**asked, "ussd_response": said, "ussd_content": said, "replyable": False}}
    assert bytes.fromhex(raw)
    until(lambda: service.modem(modem)["state"] == "ready")


@pytest.mark.parametrize("modem", [PLAIN, PACKED])
def test_a_menu_is_walked_through_and_left_and_the_modem_sends_again(service, arrivals, modem):
    menu = ussd(service, modem, "*123#")["data"]
    assert (menu["ussd_response"].splitlines()[0], menu["replyable"]) == ("Menu:", True)
    assert ussd(service, modem, "2")["data"]["ussd_response"].startswith("Paket:")
    last = ussd(service, modem, "1")["data"]
    assert (last["ussd_response"], last["replyable"]) == ("Paket Harian: 500 MB, Rp 2000", False)
    until(lambda: service.modem(modem)["state"] == "ready")
    assert service.post("send-sms", receiver=TO, message="after it")["response_code"] == "0000"
    assert len(arrivals.messages(1)) == 1


def test_while_a_session_is_open_the_other_modem_sends_and_cancelling_ends_it(service, network, arrivals):
    assert ussd(service, PLAIN, "*123#")["data"]["replyable"]
    assert service.modem(PLAIN)["state"] == "USSD"
    assert {service.post("send-sms", receiver=TO, message=f"number {number}")["data"]["modemID"] for number in range(3)} == {PACKED}
    assert ussd(service, PLAIN, cancel=True)["response_code"] == "0000"
    until(lambda: service.modem(PLAIN)["state"] == "ready")
    assert network.commands(0)[-1] == "AT+CUSD=2"
    assert ussd(service, PLAIN, cancel=True)["error"] == "No USSD session is open."
    assert len(arrivals.messages(3)) == 3


def test_a_code_waits_for_the_message_that_is_being_sent(service, network, arrivals):
    network.latency(400)
    try:
        with ThreadPoolExecutor(3) as threads:
            sending = [threads.submit(service.post, "send-sms", receiver=TO, message=f"long {number}") for number in range(2)]
            network.wait_command("AT+CMGS", modem=0, count=len([one for one in network.commands(0) if one.startswith("AT+CMGS")]) or 1)
            assert ussd(service, PLAIN, "*888#")["response_code"] == "0000"
            assert all(sent.result()["response_code"] == "0000" for sent in sending)
    finally:
        network.latency(0)
    assert len(arrivals.messages(2)) == 2


@pytest.mark.parametrize("fields, error", [
    ({"modem_id": "nobody", "ussd_code": "*888#"}, "There is no such modem, or it is not in service."),
    ({"ussd_code": "*888#"}, "data.modem_id is missing: there is more than one modem."),
    ({"modem_id": PLAIN}, "data.ussd_code must have 1 to 182 printable characters."),
    ({"modem_id": PLAIN, "ussd_code": "1\x1a"}, "data.ussd_code must have 1 to 182 printable characters."),
])
def test_what_cannot_be_asked_is_told(service, fields, error):
    reply = service.post("request-ussd", **fields)
    assert (reply["response_code"], reply["error"]) == ("1102", error)


def test_a_modem_that_is_lost_meanwhile_is_told_and_comes_back(service, network):
    network.latency(60_000, modem=0)
    try:
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(ussd, service, PLAIN, "*888#")
            until(lambda: service.modem(PLAIN)["state"] == "USSD" and network.commands(0)[-1].startswith("AT+CUSD=1"))
            network.unplug(0)
            assert asked.result()["response_code"] == "1102"
    finally:
        network.latency(0)
        network.replug(0)
    until(lambda: service.modem(PLAIN)["state"] == "ready", 20)


def test_the_command_line_walks_through_a_menu_and_an_empty_line_ends_it(service):
    done = otppi("ussd", PACKED, "*123#", data=service.data, stdin="2\n1\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Menu:\n1. Pulsa\n2. Paket\n3. Lainnya\nPaket:\n1. Harian\n2. Bulanan\n0. Kembali\nPaket Harian: 500 MB, Rp 2000\n"
    assert otppi("ussd", PACKED, "*123#", data=service.data, stdin="\n").returncode == 0
    until(lambda: service.modem(PACKED)["state"] == "ready")


def test_the_command_line_says_what_cannot_be_done(service):
    done = otppi("ussd", "nobody", "*123#", data=service.data)
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no such modem" in done.stderr
