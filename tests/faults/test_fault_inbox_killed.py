"""Killed at each step of a received message's way, the gateway has it once, and the SIM is emptied of nothing else (Q1, S9, S12)."""

import pytest
from doubles.mortal import Mortal
from doubles.network import VirtualNetwork
from doubles.service import until

from otppi.domain.errors import NotDone

LIMIT_S = 20
LONG = "p" * 400


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture(scope="module")
def service(tmp_path_factory, network):
    service = Mortal(tmp_path_factory.mktemp("service"), network)
    service.module = "doubles.killed_inbox"
    with service:
        service.until_modem("modem0", "ready")
        yield service


def texts(service):
    return [one["text"] for one in service.do("inbox.list", limit=1000)["messages"]]


@pytest.mark.parametrize("step, times", [("part kept", 1), ("writing", 4), ("synced", 1), ("removing", 1)])  # all steps: tests/actors/test_actor_inbox.py
def test_killed_at_any_step_a_message_is_there_once_and_gone_from_the_sim(service, network, step, times):
    text = f"{step} {times} " + LONG
    service.die_at(step, times)
    network.inbound("628123456789", text)
    service.until_dead()
    assert network.state()["stores"]["SM"], "nothing was called safe yet"
    service.alive()
    until(lambda: texts(service).count(text) == 1 and not network.state()["stores"]["SM"], LIMIT_S)
    assert service.do("inbox.list")["total"] == len(set(texts(service)))


def test_killed_after_a_message_was_deleted_before_its_administrator_heard_so_it_is_gone(service, network):
    network.inbound("628123456789", f"delete me {LONG}")
    until(lambda: f"delete me {LONG}" in texts(service), LIMIT_S)
    before = texts(service)
    service.die_at("deleted")
    with pytest.raises(NotDone):
        service.do("inbox.delete", ids=[service.do("inbox.list", limit=1)["messages"][0]["id"]])
    service.until_dead()
    service.alive()
    assert texts(service) == before[1:]
