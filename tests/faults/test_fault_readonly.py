"""A disk that becomes read-only under the gateway, as cards do when they wear out: nothing unaccounted leaves, it is said, and nothing dies of it (Q1)."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, Service, otppi, until

TO = "62811{:04d}567"
SIZE = "16M"


class Card:
    """A file system of its own in a file, which its kernel gives up at a word, as after an error of the medium."""

    def __init__(self, folder):
        self.path, self._image = folder / "card", folder / "image"

    def make(self):
        self.path.mkdir()
        self._run("truncate", "-s", SIZE, self._image)
        self._run("mkfs.ext4", "-q", "-F", self._image)
        self.mount()
        return self

    def mount(self, *options):
        self._run("mount", "-o", ",".join(("loop", *options)), self._image, self.path)

    def fail(self):
        self._run("mount", "-o", "remount,abort", self.path)  # ext4(5): becomes read-only, whoever has files open

    def check_and_mount(self, *options):
        self.leave()
        found = subprocess.run(["e2fsck", "-fy", self._image], capture_output=True, check=False)
        assert found.returncode in {0, 1}
        self.mount(*options)

    def leave(self):
        self._run("umount", self.path)

    @staticmethod
    def _run(*words):
        subprocess.run([str(word) for word in words], check=True, capture_output=True)


@pytest.fixture
def card(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a file system of its own can be mounted by root alone")
    try:
        card = Card(tmp_path).make()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("there are no loop devices, or no ext4, here")
    try:
        yield card
    finally:
        subprocess.run(["umount", "-l", card.path], check=False, capture_output=True)


@pytest.fixture
def network(tmp_path):
    with VirtualNetwork(tmp_path, count=1) as network:
        yield network


@pytest.fixture
def service(card, network, tmp_path):
    with Service(card.path, network) as service:
        service.log = tmp_path / "gateway.log"
        service.terminate()
        service.start()
        yield service


def send(service, number):
    return service.send({"command": "send-sms", "data": {"receiver": TO.format(number), "message": "hello", "id": number}})


def test_a_card_that_becomes_read_only_refuses_what_is_sent_says_so_and_after_a_check_everything_is_known(service, network, card):
    first = send(service, 0).json()
    assert first["response_code"] == "0000"
    network.latency(1500)
    arrivals = Arrivals(network)
    with ThreadPoolExecutor(1) as client:
        held = client.submit(send, service, 1)
        arrivals.submits(1)
        card.fail()
        told = held.result(20).json()
    assert told["response_code"] in {"0000", "1111"}

    refused = send(service, 2)
    assert (refused.status_code, refused.json()["response_code"]) == (503, "1102")
    assert "Read-only file system" in refused.json()["error"]
    until(lambda: "NOTHING IS SENT" in service.cli("status").stdout)
    assert service.post("echo")["response_code"] == "0000"
    until(lambda: service.modem("modem0")["state"] in {"ready", "starting"})
    network.inbound("628111222333", "kept on the SIM")
    assert service.terminate() == 0

    card.check_and_mount()
    network.latency(0)
    service.start()
    again = send(service, 0).json()
    assert (again["response_code"], again["data"]["id"]) == ("0000", first["data"]["id"])
    known = service.post("get-message-status", id=told["data"]["id"])["data"]["status"]
    assert known in {"sent", "unknown"}
    assert send(service, 2).json()["response_code"] == "0000"
    assert sorted(submit["to"] for submit in network.logged("submit")) == [TO.format(number) for number in range(3)]
    until(lambda: [message["text"] for message in service.do("inbox.list")["messages"]] == ["kept on the SIM"])


def test_on_a_card_that_is_read_only_the_gateway_does_not_start_and_says_why_in_a_sentence(service, card):
    service.terminate()
    card.check_and_mount("ro")
    ended = otppi("run", data=service.data, env=service.environment)
    assert ended.returncode == 1
    assert "Read-only file system" in ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    card.check_and_mount()
    service.start()
