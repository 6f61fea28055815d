"""A receiver of events beside a real gateway: told of an SMS, over HTTPS and signed, also when the gateway is killed in between (S15, Q1)."""

import hashlib
import hmac
import json

import pytest
from doubles.authority import pair
from doubles.network import VirtualNetwork
from doubles.receiver import Receiver, status
from doubles.service import Service, until

TO, SECRET, TEXT = "08126666666", "a secret of both", "the text of nobody else"


@pytest.fixture
def receiver():
    with Receiver(status(500), pair=pair()) as receiver:
        yield receiver


@pytest.fixture
def service(tmp_path, receiver):
    authority = tmp_path / "ca.pem"
    authority.write_text(pair()[0])
    hooks = [{"id": "shop", "url": receiver.url, "secret": SECRET, "events": ["message.sent"], "ca_file": str(authority)},
             {"id": "other", "url": "http://127.0.0.1:1/T0KEN", "secret": SECRET, "events": ["sms.received"]}]
    with VirtualNetwork(tmp_path, count=1) as network, Service(tmp_path, network, settings={"webhooks": hooks}) as service:
        yield service


def ours(request):
    signed = request.headers["X-Otppi-Timestamp"].encode() + b"." + request.body
    return request.headers["X-Otppi-Signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


def test_an_event_outlives_the_gateway_and_is_told_once_it_is_taken(service, receiver):
    sent = service.post("send-sms", receiver=TO, message=TEXT)["data"]
    first = receiver.requests(1)[0]
    body = json.loads(first.body)
    assert (body["event"], body["data"]["id"], body["data"]["modem"]) == ("message.sent", sent["id"], "modem0")
    facts = until(lambda: (found := service.do("status")["webhook"]["shop"])["failed"] and found)
    assert (facts["state"], facts["waiting"], facts["last_error"]) == ("failing", 1, f"127.0.0.1:{receiver.port} answered with status 500.")

    service.kill()
    receiver.answers = [status(204)]
    service.start()
    second = receiver.requests(2)[1]
    assert (second.headers["X-Otppi-Id"], second.body) == (first.headers["X-Otppi-Id"], first.body) == (body["id"], first.body)
    assert ours(first)
    assert ours(second)
    until(lambda: service.do("status")["webhook"]["shop"]["delivered"] == 1)
    assert list((service.data / "webhooks").iterdir()) == []

    tried = service.cli("webhook", "test", "shop")
    assert (tried.returncode, tried.stdout) == (0, "shop took the test (status 204).\n"), tried.stderr
    tried = service.cli("webhook", "test", "other")
    assert (tried.returncode, tried.stdout, tried.stderr) == (1, "", "otppi: Nothing listens at 127.0.0.1:1.\n")
    assert json.loads(service.cli("webhook", "test", "other", "--json").stdout)["taken"] is False
    listed = service.cli("webhook", "list").stdout.splitlines()
    assert [line.split()[:7] for line in listed[1:]] == [["shop", f"127.0.0.1:{receiver.port}", "ready", "0", "1", "0", "0"],
                                                         ["other", "127.0.0.1:1", "ready", "0", "0", "0", "0"]]
    assert json.loads(receiver.requests(3)[2].body)["event"] == "test"
    service.do("settings.set", section="webhooks", value=[{**hook, "active": False} for hook in service.do("settings.show", section="webhooks")])
    until(lambda: not service.do("status").get("webhook"))
    service.post("send-sms", receiver=TO, message=TEXT)
    assert service.do("webhook.test", id="shop")["taken"], "a change keeps address and secret"
    assert [json.loads(request.body)["event"] for request in receiver.requests(4)] == ["message.sent", "message.sent", "test", "test"]
    assert ours(receiver.requests(4)[3])
    assert service.terminate() == 0
    seen = service.log.read_text()
    assert not [word for word in (SECRET, TEXT, "T0KEN", "did not end") if word in seen]
