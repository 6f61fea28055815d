import http.client
from contextlib import closing
from threading import Semaphore

import pytest
from doubles.gateway import HeldGateway, RecordingGateway
from web.house import PASSWORD, SIGNED, SMS, answer, call, order

from otppi.domain import replies
from otppi.domain.ports import Origin
from otppi.domain.replies import Reply
from otppi.web import api as api_module
from otppi.web.streams import Writer

DEFAULT_PATHS = ["/api/otp", "/api/message", "/api/sms", "/api/email", "/api/block", "/api/blocking", "/api/unblock",
                 "/api/unblocking", "/api/modem", "/api/ussd", "/api/echo"]


def test_a_request_reaches_the_gateway_with_its_origin_and_the_reply_comes_back(house):
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json) == (200, {"command": "send-sms", "response_code": "0000", "data": {}})
    assert said.headers["content-type"] == "application/json"
    assert house.gateway.requests[0].text == "hello"
    assert house.gateway.origins == [Origin("rest", "app", "127.0.0.1")]


@pytest.mark.parametrize("path", DEFAULT_PATHS)
def test_any_path_runs_any_command(house, path):
    assert call(house.url, path=path, body=SMS, headers=SIGNED).json["command"] == "send-sms"


@pytest.mark.parametrize("path", ["/api/otp/", "/api/otp//", "/api//otp", "/api/otp?x=1"])
def test_a_trailing_slash_and_the_like_are_accepted(house, path):
    assert call(house.url, path=path, body=order(), headers=SIGNED).status == 200


@pytest.mark.parametrize("path", ["/", "/api", "/api/otp/extra", "/api/otpx", "/api/%2e%2e/otp"])
def test_other_paths_are_answered_404_in_json(house, path):
    said = call(house.url, path=path, body=order(), headers=SIGNED)
    assert (said.status, said.json["response_code"], said.json["command"], said.json["data"]) == (404, "1102", "", {})
    assert said.json["error"]


def test_put_is_as_good_as_post(house):
    assert call(house.url, "PUT", body=order(), headers=SIGNED).status == 200


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_answered_405_with_allow(house, method):
    said = call(house.url, method, headers=SIGNED)
    assert (said.status, said.headers["allow"]) == (405, "POST, PUT")
    assert said.body == b"" if method == "HEAD" else said.json["response_code"] == "1102"


def test_the_content_type_is_ignored(house):
    assert call(house.url, body=order(), headers=SIGNED | {"Content-Type": "application/x-www-form-urlencoded"}).status == 200


def test_text_is_utf_8_both_ways(house):
    assert call(house.url, body=order(text="héllo 🙂"), headers=SIGNED).json["data"] == {"text": "héllo 🙂"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"command": "echo"}', b'{"command": "echo", "data": []}',
                                  b'{"command": "fly", "data": {}}', b'{"data": {}}'])
def test_what_cannot_be_understood_is_400(house, body):
    said = call(house.url, body=body, headers=SIGNED)
    assert (said.status, said.json["response_code"]) == (400, "1102")
    assert said.json["error"]


def test_a_trailing_comma_is_forgiven(house):
    assert call(house.url, body=b'{"command": "echo", "data": {"a": 1,},}', headers=SIGNED).json["data"] == {"a": 1}


def test_a_value_that_cannot_be_used_is_200_with_1102(house):
    said = call(house.url, body=order("send-sms", receiver="0812", message="x", priority="soon"), headers=SIGNED)
    assert (said.status, said.json["command"], said.json["response_code"]) == (200, "send-sms", "1102")


def test_who_is_not_known_is_told_401_with_a_challenge(house):
    said = call(house.url, body=order())
    assert (said.status, said.json["response_code"]) == (401, "1100")
    assert said.headers["www-authenticate"] == 'Basic realm="otppi", charset="UTF-8"'


def test_path_comes_before_method_before_user_before_body(house):
    assert call(house.url, "GET", path="/nothing").status == 404
    assert call(house.url, "GET").status == 405
    assert call(house.url, body=b"x" * 70_000).status == 401


def test_a_command_that_the_user_may_not_use_is_1102_and_goes_no_further(house):
    house.accounts.change("app", commands=frozenset({"echo", "send-email"}))
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json["response_code"]) == (200, "1102")
    assert "send-sms" in said.json["error"]
    assert house.gateway.requests == []
    assert call(house.url, body=order(), headers=SIGNED).json["response_code"] == "0000"
    assert call(house.url, body=order("send-mail", receiver="a@b.c"), headers=SIGNED).json["response_code"] == "0000"


def test_the_gateways_own_refusal_keeps_its_status_and_retry_after(build):
    house = build(gateway=RecordingGateway(lambda request: replies.refused(request.command, "Full."))).open()
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.headers["retry-after"], said.json["error"]) == (503, "5", "Full.")


def test_a_reply_that_does_not_come_is_unknown(build, monkeypatch):
    monkeypatch.setattr(api_module, "GRACE_S", 0.0)
    house = build(gateway=HeldGateway(Semaphore(0)), reply_timeout_s=0.1).open()
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json["response_code"], said.json["data"]) == (200, "1111", {"status": "unknown"})


@pytest.mark.parametrize("failing", [ValueError("08126666666"), "raise", replies.Reply("echo", "0000", {"x": object()})], ids=["in the future", "at once", "no JSON"])
def test_an_unexpected_failure_is_500_and_logged_without_values(build, caplog, failing):
    def fail(request):
        if failing == "raise":
            raise KeyError(request.receiver)
        return failing

    house = build(gateway=RecordingGateway(fail)).open()
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json["response_code"], said.json["error"]) == (500, "1102", "The gateway failed; its log says more.")
    assert len(caplog.records) == 1
    assert ("KeyError" if failing == "raise" else "TypeError" if isinstance(failing, Reply) else "ValueError") in caplog.text
    assert "api.py" in caplog.text
    assert "0812" not in caplog.text


def test_nothing_is_logged_or_printed_for_ordinary_requests(house, caplog, capfd):
    caplog.set_level("DEBUG", logger="otppi")
    call(house.url, body=SMS, headers=SIGNED)
    call(house.url, body=b"{", headers=SIGNED)
    call(house.url, body=SMS)
    assert [record for record in caplog.records if record.name.startswith(("otppi", "cherrypy", "cheroot"))] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_needs_no_user(house, method):
    said = call(house.url, method, "/healthz")
    assert (said.status, said.headers["content-type"], said.body) == (200, "text/plain; charset=utf-8", b"OK\n" if method == "GET" else b"")
    assert call(house.url, "POST", "/healthz").status == 405


@pytest.mark.parametrize("method, path, headers", [("POST", "/api/otp", SIGNED), ("POST", "/api/otp", {}), ("GET", "/api/otp", {}),
                                                        ("GET", "/nothing", {}), ("GET", "/healthz", {})])
def test_no_answer_is_stored_sniffed_or_tells_what_serves_it(house, method, path, headers):
    said = call(house.url, method, path, order(), headers)
    assert (said.headers["cache-control"], said.headers["x-content-type-options"]) == ("no-store", "nosniff")
    everything_said = str(said).lower()
    assert "cherrypy" not in everything_said
    assert "cheroot" not in everything_said
    assert said.headers["server"] == "otppi"


def test_one_connection_serves_500_requests(house):
    with closing(http.client.HTTPConnection(house.url.removeprefix("http://"), timeout=10)) as connection:
        connection.connect()
        line = connection.sock
        for n in range(500):
            connection.request("POST", "/api/echo", order(n=n), SIGNED)
            assert answer(connection.getresponse()).json["data"] == {"n": n}
            assert connection.sock is line


def test_the_head_and_the_body_of_an_answer_leave_in_one_packet(house, monkeypatch):
    sent = []
    write = Writer.write
    monkeypatch.setattr(Writer, "write", lambda self, data=b"": sent.append(self._held + data) or write(self, data))
    call(house.url, body=order(), headers=SIGNED)
    assert (sent[0][:8], sent[0][-1:], b"".join(sent[1:])) == (b"HTTP/1.1", b"}", b"")


def test_no_secret_comes_back_in_an_answer(build):
    house = build(gateway=RecordingGateway(lambda request: Reply(request.command, "0000"))).open()
    assert PASSWORD not in str(call(house.url, body=SMS, headers=SIGNED))
