"""What became of a message, and messages that come twice, on the real service and over its restarts (A10, B7, Q2)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from doubles.network import VirtualNetwork
from doubles.service import PASSWORD, Arrivals, Service, until

TO = "08126666666"
NONE_OF_YOURS = "There is no message of yours with this id; states are kept for 30 days."


@pytest.fixture
def network(tmp_path):
    with VirtualNetwork(tmp_path, count=1) as network:
        yield network


@pytest.fixture
def service(tmp_path, network):
    with Service(tmp_path, network, settings={"api": {"reply_timeout_s": 1}}) as service:
        yield service


@pytest.fixture
def arrivals(network):
    return Arrivals(network)


def send(service, text="hello", **data):
    return service.post("send-sms", receiver=TO, message=text, **data)


def status(service, message_id):
    reply = service.post("get-message-status", id=message_id)
    assert reply["response_code"] == "0000", reply
    return reply["data"]


def until_sent(service, message_id):
    return until(lambda: (found := status(service, message_id))["status"] == "sent" and found)


def test_the_story_of_a_message_is_told_to_its_owner_alone_also_in_another_life(service):
    before = time.time()
    sent = send(service, text="x" * 200)["data"]
    told = status(service, sent["id"])
    assert (told["id"], told["status"], told["modemID"], told["parts"]) == (sent["id"], "sent", "modem0", {"sent": 2, "total": 2})
    assert [entry["status"] for entry in told["history"]] == ["queued", "sending", "sent"]
    moments = [entry["at"] for entry in told["history"]]
    assert before - 1 <= moments[0] <= moments[1] <= moments[2] <= time.time() + 1
    assert "error" not in told

    service.do("user.add", kind="api", name="other", password=PASSWORD)
    ask = {"command": "get-message-status", "data": {"id": sent["id"]}}
    others = requests.post(service.api + "/api/sms", json=ask, auth=("other", PASSWORD), timeout=10).json()
    assert others == service.post("get-message-status", id="nonsense")
    assert (others["response_code"], others["error"]) == ("1102", NONE_OF_YOURS)

    service.terminate()
    service.start()
    assert status(service, sent["id"]) == told


def test_a_message_that_failed_is_told_with_its_reason(service, network):
    network.fault("cms", count=None, code=28)
    reply = send(service)
    told = status(service, reply["data"]["id"])
    assert (reply["response_code"], told["status"], told["error"]) == ("1102", "failed", reply["error"])


def test_a_message_in_hand_is_followed_from_its_first_reply_to_its_end(service, network):
    network.latency(2500)
    reply = send(service)
    assert (reply["response_code"], reply["data"]["status"]) == ("1111", "sending")
    told = status(service, reply["data"]["id"])
    assert (told["status"], told["modemID"], [entry["status"] for entry in told["history"]]) == ("sending", "modem0", ["queued", "sending"])
    assert until_sent(service, reply["data"]["id"])["parts"] == {"sent": 1, "total": 1}


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_the_same_request_with_an_id_is_sent_once_and_gets_the_same_reply_also_in_another_life(service, arrivals, end):
    first = send(service, id="order-7")
    assert first["response_code"] == "0000"
    assert send(service, id="order-7") == first
    getattr(service, end)()
    service.start()
    assert send(service, id="order-7") == first
    assert send(service, id="order-8")["data"]["id"] != first["data"]["id"]
    assert send(service)["data"]["id"] != send(service)["data"]["id"]
    assert len(arrivals.messages(4)) == 4


def test_of_many_that_send_the_same_at_once_one_message_leaves_and_all_hear_its_id(service, arrivals, network):
    network.latency(300)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: send(service, id=4711), range(8)))
    assert {reply["response_code"] for reply in replies} <= {"0000", "1111"}
    assert [reply["response_code"] for reply in replies].count("0000") >= 1
    assert len({reply["data"]["id"] for reply in replies}) == 1
    until_sent(service, replies[0]["data"]["id"])
    assert len(arrivals.messages(1)) == 1


def test_what_failed_may_be_sent_again_under_the_same_id(service, network, arrivals):
    network.fault("cms", count=1, code=28)
    assert send(service, id="again")["response_code"] == "1102"
    assert send(service, id="again")["response_code"] == "0000"
    assert len(arrivals.messages(1)) == 1


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_what_was_told_to_be_in_hand_leaves_in_the_next_life_and_its_story_goes_on(service, network, arrivals, end):
    network.latency(4000)
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda number: send(service, text=f"text {number}", id=f"order {number}"), range(3)))
    assert {reply["response_code"] for reply in replies} == {"1111"}
    waiting = [reply for reply in replies if reply["data"]["status"] == "queued"]
    assert len(waiting) == 2
    network.latency(0)
    getattr(service, end)()
    service.start()
    for reply in waiting:
        told = until_sent(service, reply["data"]["id"])
        assert [entry["status"] for entry in told["history"]] == ["queued", "sending", "sent"]
    again = send(service, text=f"text {replies.index(waiting[0])}", id=waiting[0]["data"]["client_id"])
    assert (again["response_code"], again["data"]["id"]) == ("0000", waiting[0]["data"]["id"])
    sent = sorted(message["text"] for message in arrivals.messages(2))
    assert len(sent) == len(set(sent))  # the one that a modem had when the gateway was killed may have left or not; none left twice
