"""A client written for the original, unmodified over REST: its bytes, its headers, its reading of the reply (SPEC A12; reference 1.3, 1.4, 3.1).

It is Java's: a request of HTTP/1.1 written to a socket with ``Connection: close``, ``User-agent`` and a computed ``Content-length``, keys in the
order of a hash map, pretty with four spaces. One URL serves for every command, as the PHP client has it.
"""

import base64
import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from doubles.service import PASSWORD

LIMIT_S = 30
MODEM_KEYS = {"internetConnected": bool, "active": bool, "imsi": str, "smsCenter": str, "copsOperator": str, "connected": bool, "iccid": str,
              "defaultModem": bool, "internetAccess": bool, "port": str, "name": str, "imei": str, "id": str}
KINDS = {"seed": "application/json", "php": "application/x-www-form-urlencoded"}


class OriginalClient:
    """What the original's users run. It knows status 200 and a body of ``Content-Length``, and nothing of chunks."""

    def __init__(self, url, user, password):
        self._to = urlsplit(url)
        self._credential = base64.b64encode(f"{user}:{password}".encode()).decode()

    def request(self, body, path="/api/otp", *, method="POST", kind=KINDS["seed"]):
        """Send the bytes in one piece; give status, headers (names in lower case) and the parsed body."""
        raw = json.dumps(body, indent=4).encode()
        head = (f"{method} {path} HTTP/1.1\r\nHost: {self._to.netloc}\r\nConnection: close\r\nUser-agent: KSPS\r\nContent-type: {kind}\r\n"
                f"Content-length: {len(raw)}\r\nAuthorization: Basic {self._credential}\r\n\r\n")
        with socket.create_connection((self._to.hostname, self._to.port), LIMIT_S) as connection:
            connection.sendall(head.encode() + raw)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        lines, _, content = answer.partition(b"\r\n\r\n")
        first, *fields = lines.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        assert "transfer-encoding" not in headers
        assert int(headers["content-length"]) == len(content)
        return int(first.split(" ")[1]), headers, json.loads(content)

    def code_of(self, body, path="/api/otp", **how):
        """The response code of a reply that is as the client expects one: 200, JSON, the command as it was sent."""
        status, headers, reply = self.request(body, path, **how)
        assert (status, headers["content-type"], reply["command"]) == (200, "application/json", body["command"])
        assert isinstance(reply["response_code"], str)
        return reply["response_code"]
NETWORK = {"count": 2}


@pytest.fixture(scope="module")
def client(service):
    return OriginalClient(service.api, "shop", PASSWORD)


def times(*, text=False):
    """``date_time`` and ``expiration`` of now, as numbers or as the texts that some clients write."""
    now = int(time.time())
    return {"date_time": str(now) if text else now, "expiration": str(now + 60) if text else now + 60}


@pytest.mark.parametrize("text", [False, True], ids=["numbers", "texts"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_code_is_created_at_any_path_and_verified_and_both_replies_echo_what_was_sent(client, arrivals, kind, method, text):
    bound = {"reference": f"{method}-{kind}-{text}", "receiver": "08126666666", **times(text=text)}
    params = {"param4": "674527846556468254", "param1": 100000, "param3": "987654", "param2": "1234567890"}
    echoed = {key: bound[key] for key in ("reference", "receiver", "date_time")}
    how = {"method": method, "kind": kind}

    status, _, created = client.request({"data": {"message": "Your OTP is %s", **bound, **params}, "command": "request-otp"}, "/api/sms", **how)
    assert (status, created) == (200, {"command": "request-otp", "response_code": "0000", "data": echoed})
    verify = {"data": {"otp": arrivals.code(), **bound, **params}, "command": "verify-otp"}
    assert client.request(verify, **how)[2] == {"command": "verify-otp", "response_code": "0000", "data": echoed}
    assert client.code_of(verify, **how) == "1202"


def test_a_reference_in_use_and_one_past_its_time_are_told_by_the_codes_that_the_client_knows(client, arrivals):
    create = {"data": {"receiver": "08126666666", "message": "%s", "reference": "twice", **times()}, "command": "request-otp"}
    assert [client.code_of(create) for _ in range(2)] == ["0000", "1201"]
    assert len(arrivals.messages(1)) == 1
    late = {**create, "data": {**create["data"], "reference": "late", "date_time": 1629685778, "expiration": 1629685838}}
    assert client.code_of(late) == "1203"


def test_a_text_is_sent_and_the_modem_that_sent_it_is_told_under_the_originals_keys(client, arrivals):
    data = {"receiver": "08126666666", "id": 123456, "message": "Your OTP is 1234", **times()}
    reply = client.request({"data": data, "command": "send-sms"}, "/api/sms")[2]
    assert reply["response_code"] == "0000"
    assert (reply["data"]["modemID"] in {"modem0", "modem1"}, type(reply["data"]["result"])) == (True, str)
    assert client.code_of({"data": {**data, "id": "2"}, "command": "send-message"}, "/api/message") == "0000"
    assert [message["text"] for message in arrivals.messages(2)] == ["Your OTP is 1234"] * 2


def test_a_number_is_blocked_and_unblocked_with_a_delay_of_callbacks_that_is_a_text(client, arrivals):
    change = {"data": {"receiver": "08127777777", "date_time": int(time.time())}, "callback_topic": "random_topic", "callback_delay": "50"}
    sent = {"data": {"receiver": "+628127777777", "message": "hello", **times()}, "command": "send-sms"}
    assert client.code_of({**change, "command": "block-msisdn"}, "/api/blocking") == "0000"
    assert client.code_of(sent) == "1102"
    assert client.code_of({**change, "command": "unblock-msisdn"}, "/api/unblocking") == "0000"
    assert client.code_of(sent) == "0000"
    assert len(arrivals.messages(1)) == 1


def test_the_modem_list_has_every_key_of_the_original_in_its_type_and_echo_gives_back_what_came(client):
    listed = client.request({"data": {"date_time": 1629685778}, "command": "get-modem-list"}, "/api/modem")[2]["data"]["modem_list"]
    assert set(listed) == {"modem0", "modem1"}
    for name, modem in listed.items():
        assert {key: type(modem[key]) for key in MODEM_KEYS} == MODEM_KEYS
        assert modem["id"] == name
    echo = {"data": {"z": [1, "2", None], "a": {"ü": 1.5}}, "command": "echo"}
    assert client.request(echo, "/api/echo")[2] == {**echo, "response_code": "0000"}


def test_a_wrong_password_and_an_unknown_user_with_an_empty_one_get_401(service, client):
    echo = {"data": {}, "command": "echo"}
    assert client.request(echo)[0] == 200
    assert [OriginalClient(service.api, *who).request(echo)[0] for who in (("shop", "wrong"), ("anyone", ""))] == [401, 401]
