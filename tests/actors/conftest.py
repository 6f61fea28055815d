"""Fixtures of the modem's tests: modems of a virtual network in a process of its own, and a desk at one of their ports."""

from contextlib import ExitStack
from functools import partial

import pytest
from doubles.modem_desk import Desk
from doubles.network import VirtualNetwork

MODEMS = 120
"""One for each test that takes the common network."""


class OneModem:
    """A modem of a network that it shares with those of earlier tests; it knows only what concerns itself."""

    def __init__(self, network, index):
        self.links = [network.links[index]]
        self._network = network
        self._messages = network.ask("received", count=0)["count"]
        self._submits = network.ask("submits", count=0)["count"]
        for name in ("fault", "clear_faults", "commands", "urc", "unplug", "replug", "latency", "state", "wait_command", "inbound", "status_report", "credit"):
            setattr(self, name, partial(getattr(network, name), modem=index))

    def received(self, count=0):
        return self._network.received(count + self._messages, since=self._messages) if count else self._network.received(since=self._messages)

    def submits(self, count=0):
        return self._network.submits(count + self._submits, since=self._submits) if count else self._network.submits(since=self._submits)


@pytest.fixture
def stack():
    with ExitStack() as found:
        yield found


@pytest.fixture
def start_network(stack, tmp_path):
    """Start a virtual network; it ends with the test."""
    return lambda **words: stack.enter_context(VirtualNetwork(tmp_path, **words))


@pytest.fixture
def start_desk(stack):
    """Start a modem's owner at a port; it ends with the test."""

    def started(port, disk=(), **settings):
        desk = Desk(port, **settings)
        desk.disk += disk
        stack.callback(desk.end)
        return desk.start()

    return started


@pytest.fixture(scope="session")
def fresh_modems(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("modems"), count=MODEMS) as network:
        yield (OneModem(network, index) for index in range(MODEMS))


@pytest.fixture
def network(fresh_modems):
    """A modem that no test has used, with the network behind it."""
    return next(fresh_modems)


@pytest.fixture
def desk(network, start_desk):
    return start_desk(network.links[0]).ready()
