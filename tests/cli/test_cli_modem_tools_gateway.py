"""The tools on modems that a running gateway drives: it does what is asked between two messages."""

import json

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Service

from otppi.virtual.profiles import identity

IMEI = "490154203237518"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("tools"), count=2, profile=["generic", "quectel"]) as network:
        yield network


@pytest.fixture(scope="module")
def service(network, tmp_path_factory):
    with Service(tmp_path_factory.mktemp("gateway"), network) as service:
        yield service


def trail(service):
    log = service.data / "audit.log"
    return [json.loads(line)["target"] for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.parametrize("named", ["modem0", "port"])
def test_a_look_at_a_modem_goes_through_the_gateway_by_id_and_by_port(service, network, named):
    name = str(network.links[0]) if named == "port" else named
    for words in (["probe"], ["doctor"], ["sim", "state"], ["imei", "show"]):
        told = service.cli("modem", *words, name, "--json")
        assert (told.returncode, told.stderr) == (0, ""), words
        assert json.loads(told.stdout)
    assert service.modem("modem0")["state"] == "ready"
    assert trail(service) == []


def test_the_doctors_report_may_be_shared_and_messages_go_on(service, network):
    told = service.cli("modem", "doctor", "modem1")
    assert (told.returncode, told.stderr) == (0, "")
    one = identity(1)
    assert not [secret for secret in (one.imei, one.imsi, one.iccid, one.msisdn.lstrip("+")) if secret in told.stdout]
    assert service.post("send-sms", receiver="08123456789", message="after it")["response_code"] == "0000"


def test_a_doctors_test_sms_needs_the_modem_out_of_service(service):
    told = service.cli("modem", "doctor", "modem0", "--loop", "self")
    assert told.returncode == 2
    assert "out of service" in told.stderr


def test_a_pin_is_handled_by_the_gateway_is_in_the_trail_and_nowhere_in_the_clear(service, network):
    wrong = service.cli("modem", "sim", "enable", "modem1", "--pin-stdin", stdin="8642\n")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    again = service.cli("modem", "sim", "enable", "modem1", "--pin-stdin", stdin="8642\n")
    assert "second time" in again.stderr
    assert network.state(1)["pin_tries"] == 2
    enabled = service.cli("modem", "sim", "enable", "modem1", "--pin-stdin", stdin="1234\n")
    assert (enabled.returncode, enabled.stderr) == (0, "")
    assert "sim_pin" in enabled.stdout
    assert network.state(1)["pin_asked"]
    assert service.cli("modem", "sim", "change", "modem1", "--pin-stdin", stdin="1234\n97531\n").returncode == 0
    assert service.cli("modem", "sim", "disable", "modem1", "--pin-stdin", stdin="97531\n").returncode == 0
    assert trail(service) == ["modem1 sim-enable", "modem1 sim-change", "modem1 sim-disable"]
    kept = "".join(path.read_text(errors="replace") for path in (*service.data.rglob("*"), *service.run.rglob("*"), service.log) if path.is_file())
    assert not [secret for secret in ("8642", "97531") if secret in kept + wrong.stderr + enabled.stdout]


def test_an_imei_is_not_written_by_a_gateway_whose_site_file_does_not_allow_it(service):
    service.environment["OTPPI_GATES_IMEI_WRITE"] = "true"  # of the command alone: the gateway was started without
    try:
        told = service.cli("modem", "imei", "write", "modem1", IMEI, stdin=f"{IMEI}\n")
    finally:
        del service.environment["OTPPI_GATES_IMEI_WRITE"]
    assert told.returncode == 2
    assert "imei_write" in told.stderr


def test_what_was_found_out_is_shown_exported_played_and_forgotten(service, network, tmp_path):
    imei = service.modem("modem1")["imei"]
    shown = service.cli("modem", "learned")
    assert shown.returncode == 0
    assert imei in shown.stdout
    told = service.cli("modem", "learned", imei, "--json")
    [found] = json.loads(told.stdout)
    assert (found["imei"], found["manufacturer"], found["capabilities"]["reports"]) == (imei, "Quectel", "direct")

    findings = tmp_path / "findings.json"
    findings.write_text(told.stdout)
    with VirtualNetwork(tmp_path, name="played", profile=str(findings)) as played:
        assert json.loads(service.cli("modem", "probe", str(played.links[0]), "--json").stdout)

    assert service.cli("modem", "forget", imei).returncode == 0
    assert service.cli("modem", "learned", imei).returncode == 1
    again = service.cli("modem", "forget", imei)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
