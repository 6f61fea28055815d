"""Modems that are put into other sockets: each is found by its IMEI, whatever its port is called, and says so."""

import time

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Service, until

NOTICED_S = 2.0  # SPEC S3
KEYS = {"usb", "vid", "pid", "product", "interface", "imei", "modem", "since"}


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    return tmp_path_factory.mktemp("dev")


@pytest.fixture(scope="module")
def network(dev):
    with VirtualNetwork(dev, count=4, name="ttyUSB") as network:
        yield network


@pytest.fixture(scope="module")
def service(tmp_path_factory, network, dev):
    """modem0 is named by its IMEI and sits at ttyUSB2; modem1 where it is set; modem2 and modem3 sit at each other's port."""
    imeis = [network.state(number)["imei"] for number in range(4)]
    modems = [{"port": f"imei:{imeis[2]}"}, {"imei": imeis[1], "recipient_prefixes": ["62811"]},
              {"imei": imeis[3], "port": str(dev / "ttyUSB0"), "recipient_prefixes": ["62812"]}, {"imei": imeis[0]}]
    with Service(tmp_path_factory.mktemp("service"), network, modems=modems, environment={"OTPPI_PATHS_DEVICES": str(dev)}) as service:
        yield service


def ports(service):
    """What is told of ports, by the ends of their paths."""
    return {path.rpartition("/")[2]: facts for path, facts in service.do("status")["port"].items() if "ttyS" not in path}


def test_a_modem_named_by_its_imei_and_two_that_changed_places_all_find_their_own(service, network):
    for number in range(4):
        service.until_modem(f"modem{number}", "ready")

    assert {name: facts["modem"] for name, facts in ports(service).items()} == {"ttyUSB0": "modem3", "ttyUSB1": "modem1", "ttyUSB2": "modem0", "ttyUSB3": "modem2"}
    assert {name: facts["imei"] for name, facts in ports(service).items()} == {f"ttyUSB{number}": network.state(number)["imei"] for number in range(4)}
    assert all(facts.keys() >= KEYS for facts in ports(service).values())
    assert service.modem("modem2")["port"].endswith("ttyUSB3")
    reply = service.post("send-sms", receiver="628123456789", message="by the port that it has now")
    assert reply["response_code"] == "0000"
    assert network.submits(1)[0]["modem"] == 3


def test_ports_are_seen_to_go_and_come_and_the_modem_is_used_under_its_new_name(service, network, dev):
    service.until_modem("modem1", "ready")
    network.unplug(1)
    began = time.monotonic()
    until(lambda: "ttyUSB1" not in ports(service))
    assert time.monotonic() - began < NOTICED_S
    network.replug(1, dev / "ttyUSB9")
    began = time.monotonic()
    until(lambda: "ttyUSB9" in ports(service))
    assert time.monotonic() - began < NOTICED_S
    until(lambda: ports(service)["ttyUSB9"]["modem"] == "modem1")
    service.until_modem("modem1", "ready")

    assert service.post("send-sms", receiver="628113456789", message="from elsewhere")["response_code"] == "0000"
    listed = {port["path"]: port["modem"] for port in service.do("ports.list")}
    assert listed[str(dev / "ttyUSB9")] == "modem1"
    shown = service.cli("status").stdout
    assert [line.split()[0] for line in shown.splitlines() if "ttyUSB9" in line] == ["modem1", str(dev / "ttyUSB9")]
    assert f"port {dev / 'ttyUSB9'} came" in service.log.read_text()


def test_a_changed_pace_is_followed_at_once_and_zero_means_never(service, network, dev):
    general = service.do("settings.show", section="general")
    service.do("settings.set", section="general", value={**general, "inspect_modems_s": 0})
    (dev / "ttyUSB20").symlink_to("/dev/null")
    (dev / "ttyUSB21").symlink_to("/dev/null")
    assert "ttyUSB20" not in ports(service)
    (dev / "ttyUSB20").unlink()
    service.do("settings.set", section="general", value={**general, "inspect_modems_s": 0.05})
    until(lambda: "ttyUSB21" in ports(service))
    (dev / "ttyUSB21").unlink()

    until(lambda: "ttyUSB21" not in ports(service))
    assert "ttyUSB20" not in service.log.read_text()
