"""A disk that fills up or cannot be written: nothing is sent that could not be accounted for, and it goes on by itself (Q1, A4)."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, Service, until

TO = "62811{:04d}567"
SIZE = "3m"


@pytest.fixture
def network(tmp_path):
    with VirtualNetwork(tmp_path, count=1) as network:
        yield network


@pytest.fixture
def clients():
    with ThreadPoolExecutor(4) as clients:
        yield clients


@contextmanager
def small_disk(folder):
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "otppi-test", folder], capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def service(disk, network):
    with Service(disk, network) as service:
        yield service


class Ballast:
    """Takes all room that is left, and gives it back."""

    def __init__(self, disk):
        self._path = disk / "ballast"

    def fill(self):
        with self._path.open("ab", buffering=0) as file:
            for piece in (4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(piece))

    def empty(self):
        self._path.unlink()


@pytest.fixture
def ballast(disk):
    return Ballast(disk)


def send(service, number):
    return service.send({"command": "send-sms", "data": {"receiver": TO.format(number), "message": "hello", "id": number}})


def until_halted(service):
    """Send until the journal's last page is full; gives the first refusal and its number."""
    for number in range(1, 200):
        if (reply := send(service, number)).status_code == 503:
            return reply, number
    raise AssertionError("the disk is not full")


def test_a_full_disk_refuses_what_is_sent_says_so_and_goes_on_by_itself(service, network, ballast):
    assert send(service, 0).json()["response_code"] == "0000"
    ballast.fill()
    refused, number = until_halted(service)
    assert refused.json()["response_code"] == "1102"
    assert "No space left on device" in refused.json()["error"] or "disk is full" in refused.json()["error"]
    assert int(refused.headers["Retry-After"]) > 0
    until(lambda: "NOTHING IS SENT" in service.cli("status").stdout)
    assert service.post("echo")["response_code"] == "0000"
    assert send(service, number).status_code == 503
    ballast.empty()
    until(lambda: "NOTHING IS SENT" not in service.cli("status").stdout)
    assert {send(service, again).json()["response_code"] for again in range(number + 1)} == {"0000"}
    numbers = [submit["to"] for submit in network.logged("submit")]
    assert sorted(numbers) == sorted({TO.format(again) for again in range(number + 1)})
    assert "the journal can be written again" in service.log.read_text()


@pytest.mark.parametrize("room", ["room again", "still full"])
def test_what_a_modem_held_when_the_disk_filled_up_is_accounted_for_in_this_life_and_the_next(service, network, ballast, clients, room):
    service.post("block-msisdn", receiver=TO.format(9))
    arrivals = Arrivals(network)
    network.latency(2000)
    held = clients.submit(send, service, 0)
    arrivals.submits(1)
    ballast.fill()
    for _ in range(50):  # each takes the room of an outcome
        if send(service, 9).status_code == 503:
            break
    told = held.result(20).json()
    assert told["response_code"] == "0000"
    until(lambda: service.do("status")["traffic"]["router"]["halted"])
    network.latency(0)
    service.kill()
    if room == "room again":
        ballast.empty()
        service.start()
    else:
        service.start()
        assert send(service, 1).status_code == 503
        ballast.empty()
        until(lambda: send(service, 1).status_code == 200)
    again = send(service, 0).json()
    assert (again["response_code"], again["data"]["id"]) == ("0000", told["data"]["id"])
    assert service.post("get-message-status", id=told["data"]["id"])["data"]["status"] == "sent"
    assert send(service, 1).json()["response_code"] == "0000"
    assert [submit["to"] for submit in network.logged("submit")] == [TO.format(0), TO.format(1)]
