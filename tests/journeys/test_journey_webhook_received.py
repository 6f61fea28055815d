"""A received SMS is told to a webhook with its text once it is safe, and again in the next life until it is taken (S9, S15)."""

import json

import pytest
from doubles.network import VirtualNetwork
from doubles.receiver import Receiver, status
from doubles.service import Service, until

SENDER, SECRET = "628126666666", "a secret of both"
TEXT = "The parts of a long message come in any order. " * 6


@pytest.fixture
def receiver():
    with Receiver(status(503)) as receiver:
        yield receiver


def test_a_received_sms_is_told_whole_and_outlives_the_gateway_until_it_is_taken(tmp_path, receiver):
    hooks = [{"id": "shop", "url": receiver.url, "secret": SECRET, "events": ["sms.received"]}]
    with VirtualNetwork(tmp_path, count=1) as network, Service(tmp_path, network, settings={"webhooks": hooks}) as service:
        network.inbound(SENDER, TEXT, order=[2, 1])
        first = receiver.requests(1)[0]
        body = json.loads(first.body)
        kept = service.do("inbox.list")["messages"]
        assert (body["event"], body["data"]["text"], body["data"]["modem"], body["data"]["id"]) == ("sms.received", TEXT, "modem0", kept[0]["id"])
        until(lambda: service.do("status")["webhook"]["shop"]["failed"] == 1)

        service.kill()
        receiver.answers = [status(204)]
        service.start()
        again = receiver.requests(2)[1]
        assert (again.headers["X-Otppi-Id"], again.body) == (first.headers["X-Otppi-Id"], first.body)
        until(lambda: service.do("status")["webhook"]["shop"]["delivered"] == 1)

        service.kill()
        service.start()
        network.inbound(SENDER, "the next one")
        assert json.loads(receiver.requests(3)[2].body)["data"]["text"] == "the next one", "what was taken is not told a third time"
        assert TEXT[:20] not in service.log.read_text()
