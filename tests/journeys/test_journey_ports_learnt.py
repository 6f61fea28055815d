"""Modems that the settings know by their ports alone: whoever answered there last is known, and found again."""

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Service


@pytest.fixture
def dev(tmp_path):
    (tmp_path / "dev").mkdir()
    return tmp_path / "dev"


@pytest.fixture
def network(dev):
    with VirtualNetwork(dev, count=2, name="ttyUSB") as network:
        yield network


@pytest.fixture
def service(tmp_path, network, dev):
    with Service(tmp_path / "gateway", network, environment={"OTPPI_PATHS_DEVICES": str(dev)}) as service:
        for number in range(2):
            service.until_modem(f"modem{number}", "ready")
        yield service


def test_two_modems_that_changed_their_names_while_the_gateway_was_down_send_as_before(service, network, dev):
    imeis = [network.state(number)["imei"] for number in range(2)]
    service.terminate()
    for number in range(2):
        network.unplug(number)
    for number in range(2):
        network.replug(number, dev / f"ttyUSB{1 - number}")
    service.start()
    for number in range(2):
        service.until_modem(f"modem{number}", "ready")
        assert service.modem(f"modem{number}")["imei"] == imeis[number]
        assert service.modem(f"modem{number}")["port"] == str(dev / f"ttyUSB{1 - number}")
