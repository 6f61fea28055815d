"""The tools beside a running gateway: a modem that it cannot open is mended by a person, and the gateway takes it from there."""

import json

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Service, until

PIN, NEW = "5791", "86420"


@pytest.fixture
def network(tmp_path):
    with VirtualNetwork(tmp_path, extra=["--pin", PIN]) as network:
        yield network


def test_a_pin_that_the_settings_lack_is_entered_by_hand_and_the_gateway_goes_on_without_a_second_try(network, tmp_path):
    with Service(tmp_path, network) as service:
        service.until_modem("modem0", "PIN wanted")
        told = service.cli("modem", "sim", "enter", "modem0", "--pin-stdin", stdin=f"{PIN}\n")
        assert (told.returncode, told.stderr) == (0, "")
        assert "took the PIN" in told.stdout
        assert "sim_pin" in told.stdout
        service.until_modem("modem0", "ready")
        assert len([line for line in network.commands() if line.startswith('AT+CPIN="')]) == 1
        trail = [json.loads(line) for line in (service.data / "audit.log").read_text().splitlines()]
        assert [(entry["operation"], entry["target"]) for entry in trail] == [("modem.tool", "modem0 sim-enter")]
        kept = "".join(path.read_text(errors="replace") for path in (*service.data.rglob("*"), service.log) if path.is_file())
        assert PIN not in kept + told.stdout


def test_a_pin_that_a_person_found_wrong_is_not_tried_by_the_gateway(network, tmp_path):
    with Service(tmp_path, network, modems=[{"sim_pin": "1111", "active": False}]) as service:
        wrong = service.cli("modem", "sim", "enter", "modem0", "--pin-stdin", stdin="1111\n")
        assert wrong.returncode == 1
        service.do("settings.set", section="modems", value=[{**service.modems[0], "sim_pin": "1111", "active": True}])
        service.until_modem("modem0", "PIN wanted")
        assert network.state()["pin_tries"] == 2
        until(lambda: "2 of 3 tries left" in service.log.read_text() or "refused the PIN" in service.log.read_text())
