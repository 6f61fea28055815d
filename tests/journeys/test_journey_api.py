"""What a client sees of the API on the real service: paths, bodies, codes, expiry, commands of later versions (A1-A6, A8, A9, A11)."""

import base64
import json
import time

import pytest
import requests
from doubles.service import PASSWORD

SENDING = {"id", "client_id", "modemID", "parts", "reference", "status", "result"}
PATHS = ["otp", "message", "sms", "email", "block", "blocking", "unblock", "unblocking", "modem", "ussd", "echo"]


def send(service, **data):
    return service.post("send-sms", **{"receiver": "08126666666", "message": "hello", **data})


def sentence(reply):
    """The error, which is one sentence for a person."""
    error = reply["error"]
    assert error[0].isupper() or error.startswith("data."), error
    assert error.endswith("."), error
    assert "\n" not in error
    return error


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", PATHS)
def test_every_default_path_runs_the_command_in_the_body(service, path, slash):
    body = {"command": "echo", "data": {"any": ["thing", 1]}, "callback_topic": "topic"}
    assert service.send(body, path=f"/api/{path}{slash}").json() == {**body, "response_code": "0000"}


def test_put_works_as_post_and_the_content_type_of_the_request_does_not_matter(service, arrivals):
    body = json.dumps({"command": "send-sms", "data": {"receiver": "08126666666", "message": "é"}}, ensure_ascii=False).encode()
    for kind in ("application/x-www-form-urlencoded", "text/plain; charset=latin-1", "application/json"):
        reply = service.session.put(service.api + "/api/otp", data=body, headers={"Content-Type": kind})
        assert reply.json()["response_code"] == "0000"
    assert [message["text"] for message in arrivals.messages(3)] == ["é"] * 3


def test_a_chunked_body_is_read(service, arrivals):
    body = json.dumps({"command": "send-sms", "data": {"receiver": "08126666666", "message": "in chunks"}}).encode()
    reply = service.session.post(service.api + "/api/sms", data=(body[at : at + 7] for at in range(0, len(body), 7)))
    assert reply.json()["response_code"] == "0000"
    assert arrivals.messages(1)[0]["text"] == "in chunks"


def test_another_path_a_wrong_method_and_a_body_beyond_64_kib_are_told_so_in_json(service):
    for response, status in (
        (service.send({"command": "echo", "data": {}}, path="/api/nothing"), 404),
        (service.session.get(service.api + "/api/sms"), 405),
        (service.send({"command": "echo", "data": {"much": "x" * 65_536}}), 413),
    ):
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["response_code"] == "1102"
        sentence(response.json())
    assert service.session.get(service.api + "/api/sms").headers["Allow"] == "POST, PUT"


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"command": "echo"}', b'{"command": "echo", "data": []}', b'{"data": {}}',
    b'{"command": "set-gpio-value", "data": {}}', b'{"command": 7, "data": {}}', b'{"command": "echo", "data": {"a": NaN}}', b"[" * 50_000,
])
def test_what_cannot_be_understood_is_400_and_1102_with_a_sentence(service, body):
    response = service.send(body)
    assert response.status_code == 400
    assert response.json()["response_code"] == "1102"
    sentence(response.json())


@pytest.mark.parametrize("data", [
    {"receiver": ["08126666666"]}, {"receiver": {}}, {"message": {}}, {"message": ""}, {"priority": "urgent"}, {"expiration": "soon"},
    {"validity_s": "long"}, {"receiver": None}, {"id": {}},
])
def test_a_value_that_cannot_be_used_is_1102_with_a_sentence_and_nothing_is_sent(service, arrivals, data):
    reply = send(service, **data)
    assert reply["response_code"] == "1102"
    assert reply["command"] == "send-sms"
    sentence(reply)
    assert arrivals.messages() == []


def test_numbers_may_come_as_texts_and_texts_as_numbers(service, arrivals):
    assert send(service, receiver=628126666666, message=1234, expiration=str(int(time.time()) + 60))["response_code"] == "0000"
    assert [(message["to"], message["text"]) for message in arrivals.messages(1)] == [("628126666666", "1234")]


def test_the_reply_to_a_text_has_its_seven_keys_and_the_senders_id_keeps_its_type(service, arrivals):
    ours = set()
    for given in (123456, "123456", None, 1.5):
        data = send(service, **({} if given is None else {"id": given}))["data"]
        assert set(data) == SENDING
        assert data["client_id"] == given
        assert data["parts"] == {"sent": 1, "total": 1}
        assert (data["status"], data["modemID"]) == ("sent", "modem0")
        assert len(data["id"]) <= 26
        ours.add(data["id"])
    assert len(ours) == 4
    reference = send(service)["data"]["reference"]
    assert reference == [arrivals.submits(5)[-1]["tp_mr"]]


def test_a_message_expires_by_its_expiration_or_by_its_time_or_never(service, arrivals):
    now = int(time.time())
    for expired in ({"expiration": now - 1}, {"expiration": str(now - 1)}, {"expiration": (now - 1) * 1000}, {"date_time": now - 301},
                    {"date_time": now, "expiration": now - 1}):
        reply = send(service, **expired)
        assert reply["response_code"] == "1203", expired
        assert reply["data"]["status"] == "expired"
        sentence(reply)
    assert arrivals.messages() == []
    for alive in ({"expiration": now + 60}, {"expiration": (now + 60) * 1000}, {"date_time": now - 250}, {"date_time": now - 3600, "expiration": now + 60},
                  {}):
        assert send(service, **alive)["response_code"] == "0000", alive
    assert len(arrivals.messages(5)) == 5


def test_expired_messages_are_sent_when_the_administrator_says_so_but_not_expired_codes(service, arrivals):
    service.do("settings.set", section="general", value={"drop_expired": False})
    try:
        assert send(service, expiration=1629685838)["response_code"] == "0000"
        reply = service.post("request-otp", receiver="08126666666", message="%s", reference="old", expiration=1629685838)
        assert reply["response_code"] == "1203"
    finally:
        service.do("settings.set", section="general", value={})
    assert len(arrivals.messages(1)) == 1


def test_send_message_to_a_number_is_a_text_and_tells_the_true_outcome(service, arrivals):
    assert service.post("send-message", receiver="08126666666", message="plain")["response_code"] == "0000"
    reply = service.post("send-message", receiver="nobody", message="plain")
    assert (reply["command"], reply["response_code"]) == ("send-message", "1102")
    assert len(arrivals.messages(1)) == 1


@pytest.mark.parametrize("command, data", [
    ("send-email", {"receiver": "a@example.org", "subject": "s", "message": "m"}),
    ("send-mail", {"receiver": "a@example.org", "subject": "s", "message": "m"}),
    ("send-message", {"receiver": "a@example.org", "subject": "s", "message": "m"}),
    ("request-otp", {"receiver": "a@example.org", "subject": "s", "message": "%s", "reference": "by-mail"}),
])
def test_what_this_version_does_not_do_yet_is_said_in_a_sentence(service, command, data):
    response = service.send({"command": command, "data": data})
    assert response.status_code == 200
    reply = response.json()
    assert (reply["command"], reply["response_code"]) == (command, "1102")
    assert "version" in sentence(reply)


def test_only_a_known_user_with_the_right_password_gets_in_and_all_others_hear_the_same(service):
    body = json.dumps({"command": "echo", "data": {}})
    asked = [None, ("shop", "wrong"), ("shop", ""), ("nobody", ""), ("nobody", PASSWORD), ("", ""), ("", PASSWORD)]
    refused = [requests.post(service.api + "/api/sms", data=body, auth=auth, timeout=10) for auth in asked]
    assert {response.status_code for response in refused} == {401}
    assert {response.text for response in refused} == {refused[0].text}
    assert refused[0].json()["response_code"] == "1100"
    assert refused[0].headers["WWW-Authenticate"].startswith("Basic ")
    credential = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
    assert requests.post(service.api + "/api/sms", data=body, headers={"authorization": f"bAsIc {credential}"}, timeout=10).status_code == 200


def test_a_user_may_use_the_commands_given_to_him_and_no_others(service):
    service.do("user.add", kind="api", name="echo-only", password="long enough", commands=["echo"])
    post = lambda command: requests.post(service.api + "/api/sms", json={"command": command, "data": {"receiver": "0812666666", "message": "m"}},  # noqa: E731
                                         auth=("echo-only", "long enough"), timeout=10).json()
    assert post("echo")["response_code"] == "0000"
    assert post("send-sms")["response_code"] == "1102"
    assert "echo-only" not in sentence(post("send-sms"))


def test_a_password_may_hold_colons_and_letters_of_all_scripts(service):
    password = "a:b:ü密码🔑"
    service.do("user.add", kind="api", name="colons", password=password)
    credential = base64.b64encode(f"colons:{password}".encode()).decode()
    response = requests.post(service.api + "/api/echo", data='{"command": "echo", "data": {}}', headers={"Authorization": f"Basic {credential}"}, timeout=10)
    assert response.status_code == 200


def test_guessing_passwords_is_throttled_and_a_credential_known_to_be_good_passes(service):
    body = '{"command": "echo", "data": {}}'
    service.do("user.add", kind="api", name="guessed", password="long enough")
    good = lambda: requests.post(service.api + "/api/echo", data=body, auth=("guessed", "long enough"), timeout=10)  # noqa: E731
    assert good().status_code == 200
    answers = [requests.post(service.api + "/api/echo", data=body, auth=("guessed", f"guess {number}"), timeout=10) for number in range(12)]
    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert good().status_code == 200
