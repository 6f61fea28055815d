"""Every command by every door, from an application's payload to the network and back to its callback topic (A12, B3, B4, B8; section 13: 2, 4, 8, 10)."""

import json
import re
import secrets
import time

import pytest
from doubles.service import Arrivals, until

TO = "08126666666"
BLOCK = """{
    "command": "block-msisdn",
    "data": {
        "date_time": 1629685778,
        "receiver": "08126666666",
    }
}"""
UNBLOCK = BLOCK.replace("block-msisdn", "unblock-msisdn")


def unique():
    return secrets.token_hex(8)


def number():
    return f"0812{secrets.randbelow(10**8):08}"


def test_an_sms_is_sent_and_its_publisher_hears_of_the_outcome(door, arrivals):
    text = f"Your order {unique()}"
    reply = door.ask("send-sms", {"id": unique(), "receiver": TO, "message": text}, callback_delay=50)
    assert (reply["response_code"], reply["data"]["status"]) == ("0000", "sent")
    assert text in [message["text"] for message in arrivals.messages(1)]


def test_without_a_callback_it_is_sent_as_well(door, arrivals):
    text = f"Your order {unique()}"
    door.tell({"command": "send-sms", "data": {"receiver": TO, "message": text}})
    assert [message["text"] for message in arrivals.messages(1)] == [text]


@pytest.mark.parametrize("delay", [50, "50"])
def test_a_code_is_created_sent_and_verified(door, arrivals, delay):
    data = {"receiver": TO, "reference": unique(), "param1": "100000"}
    reply = door.ask("request-otp", {**data, "message": "Your OTP is %s"}, callback_delay=delay)
    assert reply == {"command": "request-otp", "response_code": "0000", "data": {"receiver": TO, "reference": data["reference"]}}
    code = re.search(r"\d{6}", arrivals.messages(1)[-1]["text"])[0]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert door.ask("verify-otp", {**data, "otp": wrong}, callback_delay=delay)["response_code"] == "1202"
    assert door.ask("verify-otp", {**data, "otp": code}, callback_delay=delay)["response_code"] == "0000"
    assert door.ask("verify-otp", {**data, "otp": code}, callback_delay=delay)["response_code"] == "1202"


def test_the_seeds_blocking_with_its_trailing_comma_and_the_end_of_it(door, house):
    door.tell(BLOCK.encode())
    until(lambda: house.service.post("send-sms", receiver=TO, message="x")["data"].get("status") == "blocked")
    assert door.ask("send-sms", {"receiver": "+628126666666", "message": "x"})["data"]["status"] == "blocked"
    door.tell(UNBLOCK.encode())
    until(lambda: house.service.post("send-sms", receiver=TO, message="x")["response_code"] == "0000")


def test_blocking_is_confirmed_where_one_asks(door):
    receiver = number()
    for command in ("block-msisdn", "unblock-msisdn"):
        assert door.ask(command, {"msisdn": receiver})["response_code"] == "0000"


def test_the_list_of_modems_comes_to_the_callback(door):
    reply = door.ask("get-modem-list", {"date_time": int(time.time())}, "random_topic", callback_delay=50)
    assert reply["response_code"] == "0000"
    assert {"id", "name", "port", "active", "connected", "defaultModem", "imei", "signalStrength"} <= set(reply["data"]["modem_list"]["modem0"])


@pytest.mark.parametrize("delay", [50, "50"])
def test_a_ussd_code_is_answered_with_where_and_when_its_reply_was_wanted(door, delay):
    data = {"date_time": 1629685778, "modem_id": "modem0", "ussd_code": "*888#"}
    topic = f"random_topic-{unique()}"
    reply = door.ask("request-ussd", data, topic, callback_delay=delay)
    assert (reply["callback_topic"], reply["callback_delay"], reply["response_code"]) == (topic, 50, "0000")
    assert reply["data"] == {**reply["data"], **data, "ussd_response": "Sisa pulsa Anda adalah Rp 12345"}


def test_what_this_version_cannot_do_is_answered_with_a_sentence(door):
    reply = door.ask("send-email", {"receiver": "somebody@example.org", "message": "x"})
    assert (reply["response_code"], reply["error"][:12]) == ("1102", "This version")


def test_an_echo_returns_the_request(door):
    data = {"a": [1, 2, {"b": "ü€😀"}], "date_time": 5}
    assert door.ask("echo", data)["data"] == data


def test_the_state_of_a_message_can_be_asked_by_the_same_door(door):
    sent = door.ask("send-sms", {"id": unique(), "receiver": TO, "message": "x"})
    told = door.ask("get-message-status", {"id": sent["data"]["id"]})
    assert (told["response_code"], told["data"]["status"]) == ("0000", "sent")


def test_the_same_id_again_is_not_sent_again(door, arrivals):
    body = {"id": unique(), "receiver": TO, "message": f"once {unique()}"}
    first, second = (door.ask("send-sms", body) for _ in range(2))
    assert first == second
    door.ask("send-sms", {"receiver": TO, "message": "the end"})
    assert [message["text"] for message in arrivals.messages(2)] == [body["message"], "the end"]


HOSTILE = (
    b"{", b"[]", b"null", b"[" * 5000, b'{"command": "fly", "data": {}}', b'{"command": "send-sms"}',
    b'{"command": "send-sms", "data": {"receiver": {}, "message": []}}', b'{"command": "send-sms", "data": {"receiver": "08126666666\\u0000", "message": "x"}}',
)
NO_TEXT = (b"", b"\x00\x01\x02", b"\xff" * 100)
BIG = json.dumps({"command": "send-sms", "data": {"receiver": TO, "message": "y" * 70_000}}).encode()


def hostile(door):
    """What the door's kind of broker takes: a text message cannot hold every byte, and our WebSocket broker has a limit."""
    texts = door.kind in {"stomp", "activemq", "websocket"}
    return (*HOSTILE, *(() if texts else NO_TEXT), *(() if door.kind == "websocket" else (BIG,)))


def test_hostile_payloads_are_counted_and_the_next_message_goes_its_way(door, house, arrivals):
    before = door.settled(house.service)
    door.tell(*hostile(door))
    text = f"after them {unique()}"
    assert door.ask("send-sms", {"receiver": TO, "message": text})["response_code"] == "0000"
    after = door.settled(house.service)
    assert after["broken"] > before["broken"]
    assert after["received"] == before["received"] + len(hostile(door)) + 1
    assert [message["text"] for message in arrivals.messages(1)] == [text]


def test_a_reply_never_comes_back_in_by_a_door(door, house):
    own = door.settings["topic"]
    before = door.settled(house.service)
    door.tell(*({"command": "echo", "data": {"n": 1}, "callback_topic": own + suffix} for suffix in ("", " x", "#")))
    for _ in range(2):  # time enough for a reply to come round
        door.ask("echo", {})
    after = door.settled(house.service)
    assert after["broken"] == before["broken"] + 3
    assert after["received"] == before["received"] + 5


def test_the_same_message_by_every_door_at_once_is_sent_once(houses, door):
    house, body = houses[door.name], {"command": "send-sms", "data": {"id": unique(), "receiver": TO, "message": f"once {unique()}"}}
    arrivals, others = Arrivals(house.network), house.doors.values()
    for other in others:
        other.tell(body)
    for other in others:
        other.settled(house.service)
    door.ask("send-sms", {"receiver": TO, "message": "the end"})
    texts = [message["text"] for message in arrivals.messages(2)]
    assert sorted(texts) == sorted([body["data"]["message"], "the end"])


def test_a_delay_of_one_request_does_not_hold_up_the_next(door, house):
    slow = f"answers-{unique()}"
    door.tell({"command": "echo", "data": {}, "callback_topic": slow, "callback_delay": 60_000})
    assert door.ask("echo", {})["response_code"] == "0000"
    until(lambda: (facts := door.facts(house.service))["received"] == door.published and facts["in_hand"] == 1)
