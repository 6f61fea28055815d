"""Replies: the table of outcomes, and the shape that clients rely on."""

import json

import pytest

from otppi.domain import replies
from otppi.domain.outcome import Fate, Outcome
from otppi.domain.requests import parse

SMS = parse(b'{"command": "send-sms", "data": {"receiver": "0812666666", "message": "text", "id": 123456}}').request
OTP = parse(b'{"command": "request-otp", "data": {"date_time": 1629685778, "receiver": "0812666666", "reference": "r", "message": "%s"}}').request
ECHOED = {"date_time": 1629685778, "receiver": "0812666666", "reference": "r"}

# outcome, status, code, HTTP, whether the record of an OTP stays
TABLE = [
    (Fate.SENT, "sent", "0000", 200, True),
    (Fate.NO_MODEM, "failed", "1101", 200, False),
    (Fate.FAILED, "failed", "1102", 200, False),
    (Fate.EXPIRED, "expired", "1203", 200, False),
    (Fate.UNKNOWN, "unknown", "1111", 200, True),
    (Fate.IN_HAND, "queued", "1111", 200, True),
    (Fate.IN_HAND, "sending", "1111", 200, True),
    (Fate.REFUSED, "failed", "1102", 503, False),
]


@pytest.mark.parametrize("fate,status,code,http,keeps_otp", TABLE)
def test_an_outcome_has_the_code_of_the_table(fate, status, code, http, keeps_otp):
    outcome = Outcome(fate, status, "why" if code != "0000" else "", "A", (1, 2), (7, 8), "raw")
    reply = replies.of_outcome(SMS, "ID", SMS.client_id, outcome)
    body = reply.body()
    assert (body["command"], body["response_code"], reply.status) == ("send-sms", code, http)
    assert fate.keeps_otp is keeps_otp
    assert outcome.final is (fate is not Fate.IN_HAND)
    assert body.get("error", "") == outcome.error
    if fate is Fate.REFUSED:
        assert reply.retry_after_s > 0
        assert body["data"] == {}
    else:
        assert reply.retry_after_s == 0
        assert body["data"] == {
            "id": "ID", "client_id": 123456, "modemID": "A", "parts": {"sent": 1, "total": 2}, "reference": [7, 8], "status": status, "result": "raw",
        }


def test_the_table_names_every_outcome():
    assert {row[0] for row in TABLE} == set(Fate)


@pytest.mark.parametrize("fate,status,code,http,keeps_otp", TABLE)
def test_the_reply_to_an_otp_request_repeats_what_was_sent_and_says_more_only_when_the_outcome_is_open(fate, status, code, http, keeps_otp):
    body = replies.of_outcome(OTP, "ID", None, Outcome(fate, status, "", "A", (0, 1))).body()
    assert body["response_code"] == code
    if fate is Fate.REFUSED:
        assert body["data"] == {}
    elif code == "1111":
        assert body["data"] == {**ECHOED, "id": "ID", "status": status}
    else:
        assert body["data"] == ECHOED


def test_the_reply_to_the_seed_s_creation_is_the_seed_s_key_for_key():
    seed = {"command": "request-otp", "response_code": "0000", "data": ECHOED}
    assert json.loads(replies.of_outcome(OTP, "ID", None, Outcome(Fate.SENT, "sent")).encode()) == seed


def test_a_body_that_was_not_understood_is_a_bad_request():
    reply = replies.not_understood(replies.NotUnderstood("Why."))
    assert (reply.status, reply.body()) == (400, {"command": "", "response_code": "1102", "data": {}, "error": "Why."})


def test_a_misread_value_is_answered_with_its_sentence():
    with pytest.raises(replies.Misread) as caught:
        parse(b'{"command": "request-otp", "data": {"reference": "r", "message": []}}')
    reply = replies.misread(caught.value)
    assert reply.status == 200
    assert reply.body() == {"command": "request-otp", "response_code": "1102", "data": {"reference": "r"},
                            "error": "data.message must be a text, not a list or an object."}


def test_a_failure_repeats_what_an_otp_request_sent():
    assert replies.failed(OTP, "Why.").body() == {"command": "request-otp", "response_code": "1102", "data": ECHOED, "error": "Why."}
    assert replies.failed(SMS, "Why.").body()["data"] == {}


def test_a_refusal_says_when_to_come_back():
    reply = replies.refused("send-sms", "Full.")
    assert (reply.status, reply.code, reply.retry_after_s) == (503, "1102", replies.RETRY_AFTER_S)


def test_echo_returns_the_request_with_a_code():
    body = {"command": "echo", "data": {"a": [1]}, "callback_topic": "t", "callback_delay": "50", "response_code": "9999"}
    reply = replies.echo(parse(json.dumps(body).encode()).request)
    assert reply.body() == {**body, "response_code": "0000"}


def test_a_reply_is_utf_8_and_its_repr_shows_no_data():
    reply = replies.Reply("echo", "0000", data={"a": "é \N{GRINNING FACE}"}, extra={"b": "secret"})
    assert "é \N{GRINNING FACE}" in reply.encode().decode()
    assert "é" not in repr(reply)
    assert "secret" not in repr(reply)
