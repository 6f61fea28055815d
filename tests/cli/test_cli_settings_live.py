"""Settings changed while the service works: doors move, modems come, change and go, and nothing that is on its way is lost."""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from doubles.broker import free_port
from doubles.network import VirtualNetwork
from doubles.service import PASSWORD, Arrivals, Service, until

TO = "08126666666"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=2) as network:
        yield network


@pytest.fixture(scope="module")
def service(tmp_path_factory, network):
    with Service(tmp_path_factory.mktemp("service"), network) as service:
        yield service


@pytest.fixture(autouse=True)
def _as_before(service, network):
    """Each test begins with modem0 alone, at work, on a fast network."""
    set_modems(service, {})
    service.until_modem("modem0", "ready")
    yield
    network.latency(0)


@pytest.fixture
def arrivals(network):
    return Arrivals(network)


@pytest.fixture
def clients():
    with ThreadPoolExecutor(8) as clients:
        yield clients


def saved(process):
    assert (process.returncode, process.stderr) == (0, "")


def set_modems(service, *changes):
    """Set the first modems, with changes."""
    value = [{**modem, **change} for modem, change in zip(service.modems, changes, strict=False)]
    service.do("settings.set", section="modems", value=value)
    until(lambda: set(service.do("status").get("modem", {})) == {modem["id"] for modem in value})


def set_api(service, **keys):
    return service.cli("settings", "set", "api", "-", stdin=json.dumps({"host": "127.0.0.1", "http_port": 0, **keys}))


def send(service, **data):
    return service.post("send-sms", **{"receiver": TO, "message": "hello", **data})


def answers(url):
    try:
        return requests.post(url + "/api/echo", json={"command": "echo", "data": {}}, auth=("shop", PASSWORD), timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def door(service):
    return service.do("status")["door"]["api"]


@pytest.fixture
def _api_as_before(service):
    yield
    port = free_port()
    set_api(service, http_port=port)
    service.api = f"http://127.0.0.1:{port}"
    until(lambda: door(service) == {"urls": [service.api], "error": ""})


@pytest.mark.usefixtures("_api_as_before")
def test_the_api_moves_to_another_port_and_other_paths_while_a_request_waits(service, network, clients):
    network.latency(600)
    old = service.api
    waiting = clients.submit(send, service)
    service.until_in_hand(1)
    port = free_port()
    saved(set_api(service, http_port=port, paths={"otp": "/otp", "echo": ["/api/echo", "/echo"]}))
    new = f"http://127.0.0.1:{port}"
    until(lambda: answers(new))
    assert f"Door api: {new}" in service.cli("status").stdout
    assert waiting.result(30)["response_code"] == "0000"
    until(lambda: not answers(old))
    for path, status in (("/otp", 200), ("/echo", 200), ("/api/sms", 200), ("/api/otp", 404)):
        assert requests.post(new + path, json={"command": "echo", "data": {}}, auth=("shop", PASSWORD), timeout=5).status_code == status, path


@pytest.mark.usefixtures("_api_as_before")
def test_a_port_that_is_taken_stays_saved_is_shown_with_its_error_and_bound_once_it_is_free(service):
    old = service.api
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        saved(set_api(service, http_port=port))
        error = until(lambda: door(service)["error"])
        assert str(port) in error
        assert answers(old)
        assert error in service.cli("status").stdout
        assert service.do("settings.show", section="api")["http_port"] == port
    until(lambda: answers(f"http://127.0.0.1:{port}"))
    until(lambda: not door(service)["error"])


@pytest.mark.usefixtures("_api_as_before")
def test_the_api_is_closed_and_opened_again(service):
    saved(set_api(service, http_enabled=False))
    until(lambda: not answers(service.api))
    assert "Door api: closed" in service.cli("status").stdout
    saved(set_api(service))
    [url] = until(lambda: door(service)["urls"])
    assert answers(url)


def test_a_wrong_value_changes_nothing(service):
    before = service.do("settings.show", section="api")
    process = set_api(service, http_port=99_999)
    assert process.returncode == 2
    assert re.fullmatch(r"otppi: settings/api: http_port: .+\.\n", process.stderr)
    assert service.do("settings.show", section="api") == before
    assert answers(service.api)


def test_a_modem_that_is_added_works_without_a_restart_and_one_that_is_removed_does_not(service, arrivals):
    set_modems(service, {}, {"recipient_prefixes": ["62899"]})
    service.until_modem("modem1", "ready")
    assert send(service, receiver="628991234567")["data"]["modemID"] == "modem1"
    set_modems(service, {})
    assert send(service, receiver="628991234567")["data"]["modemID"] == "modem0"
    assert set(service.post("get-modem-list")["data"]["modem_list"]) == {"modem0"}
    assert len(arrivals.messages(2)) == 2


def test_a_modem_that_is_changed_while_it_sends_finishes_first_and_those_that_wait_go_by_its_successor(service, network, arrivals, clients):
    network.latency(500)
    waiting = [clients.submit(send, service, message=f"number {number}") for number in range(4)]
    service.until_in_hand(4)
    set_modems(service, {"name": "Changed"})
    replies = [future.result(30) for future in waiting]
    assert [reply["response_code"] for reply in replies] == ["0000"] * 4
    assert sorted(message["text"] for message in arrivals.messages(4)) == [f"number {number}" for number in range(4)]
    assert service.modem("modem0")["name"] == "Changed"


def test_a_modem_that_is_removed_while_it_sends_finishes_and_those_that_wait_go_by_another(service, network, arrivals, clients):
    set_modems(service, {}, {"send_from_api": True})
    service.until_modem("modem1", "ready")
    network.latency(500)
    waiting = [clients.submit(send, service, message=f"number {number}") for number in range(4)]
    service.until_in_hand(4)
    set_modems(service, {})
    replies = [future.result(30) for future in waiting]
    assert [reply["response_code"] for reply in replies] == ["0000"] * 4
    assert len(arrivals.messages(4)) == 4


def test_a_modem_made_inactive_is_shown_so_and_a_message_has_none(service):
    set_modems(service, {"active": False})
    service.until_modem("modem0", "inactive")
    assert send(service)["response_code"] == "1101"
    listed = service.post("get-modem-list")["data"]["modem_list"]["modem0"]
    assert (listed["active"], listed["connected"]) == (False, False)


def test_the_trail_of_changes_names_who_and_what_but_neither_secrets_nor_whole_numbers(service):
    saved(service.cli("settings", "set", "modems", "-", stdin=json.dumps([{**service.modems[0], "sim_pin": "7391", "msisdn": "628123450009"}])))
    saved(service.cli("blocklist", "add", "628123450009"))
    trail = service.data / "audit.log"
    last = until(lambda: (entries := [json.loads(line) for line in trail.read_text().splitlines()]) and entries[-1]["operation"] == "blocklist.add" and entries)
    assert [(entry["operation"], entry["target"]) for entry in last[-2:]] == [("settings.set", "modems"), ("blocklist.add", "1 numbers: 628123450XXX")]
    assert all(entry["who"].startswith("cli:") and entry["at"].endswith("+00:00") for entry in last)
    assert not re.search(r"7391|628123450009", trail.read_text())


def test_other_settings_concern_the_next_message_at_once(service, arrivals):
    saved(service.cli("settings", "set", "sms", "-", stdin='{"max_parts": 1, "country_code": "49"}'))
    try:
        assert send(service, message="x" * 161)["response_code"] == "1102"
        assert send(service, receiver="0171 1234567")["response_code"] == "0000"
    finally:
        saved(service.cli("settings", "set", "sms", "-", stdin="{}"))
    assert arrivals.messages(1)[0]["to"] == "491711234567"
