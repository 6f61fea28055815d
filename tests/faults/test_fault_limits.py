"""Limits of a SIM, service turned on and off, a full queue and a silent blocklist, on the real service (S8, R4, A4)."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.house import House
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, Service, until

from otppi.domain.blocklist import Blocklist

NUMBERS = (f"62811{number:04d}567" for number in itertools.count())
API = {"reply_timeout_s": 0.3}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=2) as network:
        yield network


@pytest.fixture
def arrivals(network):
    yield Arrivals(network)
    network.latency(0)
    network.clear_faults()


@pytest.fixture
def clients():
    with ThreadPoolExecutor(8) as clients:
        yield clients


def send(service, to=None, **data):
    return service.post("send-sms", receiver=to or next(NUMBERS), message="hello", **data)


def test_a_modem_at_its_limit_lets_the_next_one_send_and_when_all_are_messages_wait_also_over_a_kill(tmp_path, network, arrivals):
    modems = [{"default": True, "limits": {"per_minute": 2}}, {"limits": {"per_minute": 1}}]
    with Service(tmp_path, network, modems=modems, settings={"api": API}) as service:
        assert [send(service)["data"]["modemID"] for _ in range(3)] == ["modem0", "modem0", "modem1"]
        waiting = send(service)
        assert (waiting["response_code"], waiting["data"]["status"]) == ("1111", "queued")
        service.kill()
        service.start()
        again = send(service)
        assert (again["response_code"], again["data"]["status"]) == ("1111", "queued")
        assert [submit["modem"] for submit in arrivals.submits()] == [0, 0, 1]
        service.do("settings.set", section="modems", value=[{**modem, "limits": {}} for modem in service.modems])
        assert len(arrivals.submits(5)) == 5
        for reply in (waiting, again):
            until(lambda reply=reply: service.post("get-message-status", id=reply["data"]["id"])["data"]["status"] == "sent")


def test_a_long_message_counts_by_its_parts(tmp_path, network, arrivals):
    with Service(tmp_path, network, modems=[{"default": True, "limits": {"per_hour": 3}}, {}], settings={"api": API}) as service:
        assert service.post("send-sms", receiver=next(NUMBERS), message="p" * 400)["data"]["modemID"] == "modem0"
        assert send(service)["data"]["modemID"] == "modem1"
        assert [submit["modem"] for submit in arrivals.submits(4)] == [0, 0, 0, 1]


def test_a_modem_taken_out_of_service_finishes_its_message_and_what_waits_for_it_goes_by_another(tmp_path, network, arrivals, clients):
    with Service(tmp_path, network, modems=[{"default": True}, {}]) as service:
        network.latency(1500)
        held = clients.submit(send, service)
        arrivals.submits(1)
        waits = clients.submit(send, service)
        service.until_in_hand(2)
        network.latency(0, modem=1)
        out = [{**service.modems[0], "active": False}, service.modems[1]]
        service.do("settings.set", section="modems", value=out)
        assert held.result(20)["data"]["modemID"] == "modem0"
        assert waits.result(20)["data"]["modemID"] == "modem1"
        assert send(service)["data"]["modemID"] == "modem1"
        service.until_modem("modem0", "inactive")
        service.do("settings.set", section="modems", value=service.modems)
        service.until_modem("modem0", "ready")
        network.latency(0)
        assert send(service)["data"]["modemID"] == "modem0"
        assert [submit["modem"] for submit in arrivals.submits(4)] == [0, 1, 1, 0]


def test_a_full_queue_refuses_with_503_and_takes_again_when_there_is_room(tmp_path, network, arrivals, clients):
    with Service(tmp_path, network, settings={"sms": {"queue_limit": 3}}) as service:
        network.latency(1000)
        inside = [clients.submit(send, service) for _ in range(3)]
        service.until_in_hand(3)
        to = next(NUMBERS)
        body = {"command": "send-sms", "data": {"receiver": to, "message": "hello", "id": "mine"}}
        refused = service.send(body)
        assert (refused.status_code, refused.json()["response_code"]) == (503, "1102")
        assert refused.json()["error"] == "The queue is full; try again in a moment."
        assert int(refused.headers["Retry-After"]) > 0
        otp = service.send({"command": "request-otp", "data": {"receiver": to, "message": "%s", "reference": "full"}})
        assert otp.status_code == 503
        network.latency(0)
        assert {reply.result(20)["response_code"] for reply in inside} == {"0000"}
        assert service.send(body).json()["response_code"] == "0000"
        assert service.post("request-otp", receiver=to, message="%s", reference="full")["response_code"] == "0000"
        assert [submit["to"] for submit in arrivals.submits(5)].count(to) == 2


def test_a_silent_blocklist_lets_nothing_pass_and_what_was_answered_in_hand_is_failed_too(tmp_path, network, arrivals, monkeypatch):
    silent = threading.Event()
    true = Blocklist.blocks

    def blocks(self, number):
        silent.wait(3)  # longer than it may take
        return true(self, number)

    with House(tmp_path, network, api=API) as house:
        monkeypatch.setattr(Blocklist, "blocks", blocks)
        reply = send(house, id="mine")
        assert (reply["response_code"], reply["data"]["status"]) == ("1111", "queued")
        until(lambda: house.traffic()["failed"] == 1)
        told = house.status(reply["data"]["id"])
        assert (told["status"], told["error"]) == ("failed", "The blocklist did not answer, so nothing was sent.")
        silent.set()
        monkeypatch.undo()
        assert send(house, id="mine")["response_code"] == "0000"
        assert len(arrivals.submits(1)) == 1


def test_a_refused_third_part_is_given_to_the_same_modem_again_or_ends_the_message_and_no_other_modem_goes_on(tmp_path, network, arrivals, clients):
    with Service(tmp_path, network, modems=[{"default": True}, {}]) as service:
        for busy_or_barred, code, sent in ((314, "0000", 3), (10, "1102", 2)):
            network.fault("slow_prompt", modem=0, count=3, seconds=0.2)
            told = clients.submit(service.post, "send-sms", receiver=next(NUMBERS), message="p" * 400)
            before = len(arrivals.submits())
            arrivals.submits(before + 2)
            network.fault("cms", code=busy_or_barred, modem=0)
            reply = told.result(40)
            assert (reply["response_code"], reply["data"]["parts"]) == (code, {"sent": sent, "total": 3})
            network.clear_faults()
        assert [(submit["modem"], submit["part"]) for submit in arrivals.submits(5)] == [(0, 1), (0, 2), (0, 3), (0, 1), (0, 2)]
