"""One network and one gateway for the tests of a file, which may say in ``NETWORK`` and ``SERVICE`` how they differ from the usual ones."""

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, Service


@pytest.fixture(scope="module")
def network(tmp_path_factory, request):
    """A network with one modem, or as the file's ``NETWORK`` has it."""
    with VirtualNetwork(tmp_path_factory.mktemp("network"), **getattr(request.module, "NETWORK", {})) as network:
        yield network


@pytest.fixture(scope="module")
def service(tmp_path_factory, network, request):
    """A gateway on that network, with what the file's ``SERVICE`` adds."""
    with Service(tmp_path_factory.mktemp("service"), network, **getattr(request.module, "SERVICE", {})) as service:
        yield service


@pytest.fixture
def arrivals(network):
    """What reaches the network from here on."""
    return Arrivals(network)
