"""The examples of the original's README, word for word, times shifted where they lie in the past (SPEC section 13, 1 and 2)."""

import json
import time

import pytest
from doubles.seed import BLOCK, BROKER_BLOCK, BROKER_UNBLOCK, CREATE, SMS, UNBLOCK, VALIDATE

WRITINGS = ["08126666666", "+628126666666", "628126666666"]


@pytest.fixture
def shifted():
    """Turns an example into one of today: every time in it moves by the same number of seconds."""
    by = int(time.time()) - 1629685778

    def shift(example, **changes):
        body = json.loads(example)
        for key in ("date_time", "expiration"):
            if key in body["data"]:
                body["data"][key] += by
        body["data"] |= changes
        return body

    return shift


def answer(service, body, path):
    """The reply of a request that HTTP found nothing wrong with."""
    response = service.send(body.encode() if isinstance(body, str) else body, path=path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


def test_a_code_is_created_and_verified_and_the_replies_are_the_seeds_key_for_key(service, arrivals, shifted):
    created = shifted(CREATE)
    echoed = {"date_time": created["data"]["date_time"], "receiver": "08126666666", "reference": "12345678901234567890"}

    assert answer(service, created, "/api/otp") == {"command": "request-otp", "response_code": "0000", "data": echoed}

    [message] = arrivals.messages(1)
    assert message["to"] == "628126666666"
    assert message["text"] == f"Your OTP is {arrivals.code()}"
    verified = answer(service, shifted(VALIDATE, otp=arrivals.code()), "/api/otp")
    assert verified == {"command": "verify-otp", "response_code": "0000", "data": echoed}


def test_each_of_the_four_parameters_changed_makes_the_right_code_wrong(service, arrivals, shifted):
    answer(service, shifted(CREATE, reference="four-params"), "/api/otp")
    right = shifted(VALIDATE, reference="four-params", otp=arrivals.code())

    for name in ("param1", "param2", "param3", "param4"):
        wrong = {**right, "data": {**right["data"], name: "changed"}}
        reply = answer(service, wrong, "/api/otp")
        assert reply["response_code"] == "1202", name
        assert reply["data"] == {key: right["data"][key] for key in ("date_time", "receiver", "reference")}
    assert answer(service, right, "/api/otp")["response_code"] == "0000"


@pytest.mark.parametrize("how", ["empty", "missing"])
def test_parameters_that_are_empty_or_missing_work_and_are_the_same(service, arrivals, shifted, how):
    none = dict.fromkeys(("param1", "param2", "param3", "param4"), "")
    created = shifted(CREATE, reference=f"no-params-{how}", **none)
    if how == "missing":
        for name in none:
            del created["data"][name]
    assert answer(service, created, "/api/otp")["response_code"] == "0000"
    verified = shifted(VALIDATE, reference=f"no-params-{how}", otp=arrivals.code(), **none)
    assert answer(service, verified, "/api/otp")["response_code"] == "0000"


def test_the_request_with_the_seeds_own_times_has_expired_and_nothing_is_sent(service, arrivals):
    reply = answer(service, CREATE.replace("12345678901234567890", "unshifted"), "/api/otp")

    assert reply["response_code"] == "1203"
    assert reply["data"] == {"date_time": 1629685778, "receiver": "08126666666", "reference": "unshifted"}
    assert answer(service, SMS, "/api/sms")["response_code"] == "1203"
    assert arrivals.messages() == []


def test_a_text_is_sent_and_its_reply_says_by_whom(service, arrivals, shifted):
    reply = answer(service, shifted(SMS), "/api/sms")

    assert reply["response_code"] == "0000"
    assert reply["data"]["client_id"] == 123456
    assert [(message["to"], message["text"]) for message in arrivals.messages(1)] == [("628126666666", "Your OTP is 1234")]


@pytest.mark.parametrize("key", ["receiver", "msisdn"])
def test_a_blocked_number_is_refused_in_every_writing_until_it_is_unblocked(service, arrivals, shifted, key):
    block, unblock = BLOCK.replace('"receiver"', f'"{key}"'), UNBLOCK.replace('"receiver"', f'"{key}"')

    assert answer(service, block, "/api/block") == {"command": "block-msisdn", "response_code": "0000", "data": {}}
    for writing in WRITINGS:
        for example in (SMS, CREATE):
            reply = answer(service, shifted(example, receiver=writing, reference=f"blocked-{key}"), "/api/sms")
            assert reply["response_code"] == "1102", (writing, reply)
            assert "blocklist" in reply["error"]
    assert arrivals.messages() == []

    assert answer(service, unblock, "/api/unblock") == {"command": "unblock-msisdn", "response_code": "0000", "data": {}}
    for writing in WRITINGS:
        sent = shifted(SMS, receiver=writing, id=f"unblocked-{key}")  # under the example's own id it would be a repetition of the one above
        assert answer(service, sent, "/api/sms")["response_code"] == "0000"
    assert len(arrivals.messages(3)) == 3


def test_the_broker_bodies_with_their_trailing_commas_work_verbatim_over_rest(service, arrivals, shifted):
    assert answer(service, BROKER_BLOCK, "/api/block")["response_code"] == "0000"
    sent = shifted(SMS, id="broker")
    assert answer(service, sent, "/api/sms")["response_code"] == "1102"
    assert answer(service, BROKER_UNBLOCK, "/api/unblock")["response_code"] == "0000"
    assert answer(service, sent, "/api/sms")["response_code"] == "0000"
    assert len(arrivals.messages(1)) == 1


def test_the_modem_list_has_the_seeds_thirteen_keys_and_the_signal(service, network):
    reply = answer(service, '{"data": {"date_time": 1629685778}, "command": "get-modem-list"}', "/api/modem")

    assert {key: reply[key] for key in ("command", "response_code")} == {"command": "get-modem-list", "response_code": "0000"}
    [(name, modem)] = reply["data"]["modem_list"].items()
    assert set(modem) == {"internetConnected", "active", "imsi", "smsCenter", "copsOperator", "connected", "iccid", "defaultModem",
                          "internetAccess", "port", "name", "imei", "id", "signalStrength"}
    assert name == modem["id"] == "modem0"
    assert modem["imei"] == network.state()["imei"]
    assert modem["connected"] is True
    assert set(modem["signalStrength"]) == {"value", "rssi", "ber", "condition"}
