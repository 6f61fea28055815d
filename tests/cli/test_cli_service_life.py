"""The life of `otppi run`: the ready line, draining, signals, death and return, ports and folders that are taken."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from doubles.broker import free_port
from doubles.network import VirtualNetwork
from doubles.service import PASSWORD, Arrivals, Service, otppi, until

TO = "08126666666"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture(autouse=True)
def _fast(network):
    yield
    network.clear_faults()
    network.latency(0)


@pytest.fixture
def arrivals(network):
    return Arrivals(network)


@pytest.fixture
def clients():
    with ThreadPoolExecutor(4) as clients:
        yield clients


def ends(service):
    """Start a service that does not come up; its exit code, standard output and what it said on standard error."""
    before = service.log.stat().st_size if service.log.exists() else 0
    out, _ = service.begin().communicate(timeout=30)
    return service.process.returncode, out, service.log.read_text()[before:]


def one_sentence(text):
    assert text.count("\n") == 1, text
    assert text.startswith("otppi: "), text
    assert text.endswith(".\n"), text
    return text


def test_the_ready_line_names_the_real_urls_and_the_doors_answer(tmp_path, network):
    with Service(tmp_path, network) as service:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", service.admin)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", service.api)
        for url in (service.admin, service.api):
            assert requests.get(url + "/healthz", timeout=5).status_code == 200
        ready = requests.get(service.admin + "/readyz", timeout=5)
        assert (ready.status_code, ready.text) == (200, "Ready.\n")
        assert stat.S_IMODE(service.run.stat().st_mode) == 0o700
        assert stat.S_IMODE((service.run / "control.sock").stat().st_mode) == 0o600


def test_without_an_api_the_ready_line_says_none(tmp_path):
    with Service(tmp_path, settings={"api": {"http_enabled": False}}) as service:
        assert service.api == "none"
        assert service.terminate() == 0


def test_sigterm_lets_a_modem_finish_and_answers_while_new_requests_get_503(tmp_path, network, arrivals, clients):
    network.latency(2000)
    with Service(tmp_path, network) as service:
        sending = clients.submit(service.post, "send-sms", receiver=TO, message="the last one")
        until(lambda: service.modem("modem0").get("state") == "sending")
        queued = clients.submit(service.send, {"command": "send-sms", "data": {"receiver": TO, "message": "too late"}})
        service.until_in_hand(2)
        service.process.terminate()
        [refused] = until(lambda: (said := service.send({"command": "echo", "data": {}})).status_code == 503 and [said])
        assert refused.json()["response_code"] == "1102"
        assert int(refused.headers["Retry-After"]) > 0
        assert requests.get(service.admin + "/readyz", timeout=5).status_code == 503
        assert queued.result(30).status_code == 503
        assert sending.result(30)["response_code"] == "0000"
        assert service.wait() == 0
    assert [message["text"] for message in arrivals.messages(1)] == ["the last one"]


def test_a_second_sigterm_ends_at_once_with_1(tmp_path, network, clients):
    network.latency(15_000)
    with Service(tmp_path, network) as service:
        clients.submit(pytest.raises, requests.ConnectionError, service.post, "send-sms", receiver=TO, message="held")
        until(lambda: service.modem("modem0").get("state") == "sending")
        service.process.terminate()
        until(lambda: service.send({"command": "echo", "data": {}}).status_code == 503)
        service.process.terminate()
        assert service.process.wait(2) == 1
        service.wait()
    network.unplug()  # what the modem still holds must not reach the next test
    network.replug()


def test_sigint_ends_as_sigterm_does(tmp_path):
    with Service(tmp_path) as service:
        service.process.send_signal(signal.SIGINT)
        assert service.wait() == 0


def test_after_sigkill_codes_still_verify_and_ports_and_lock_are_free(tmp_path, network, arrivals):
    with Service(tmp_path, network, settings={"api": {"http_port": free_port()}}) as service:
        api = service.api
        for reference in ("survives", "guessed", "used"):
            assert service.post("request-otp", receiver=TO, message="%s", reference=reference)["response_code"] == "0000"
        survives, guessed, used = (message["text"] for message in arrivals.messages(3))
        verify = lambda reference, code: service.post("verify-otp", receiver=TO, reference=reference, otp=code)["response_code"]  # noqa: E731
        assert verify("used", used) == "0000"
        assert {verify("guessed", "no") for _ in range(5)} == {"1202"}
        service.kill()

        assert otppi("user", "list", data=service.data, env=service.environment).returncode == 0
        service.start()

        assert service.api == api
        assert service.post("request-otp", receiver=TO, message="%s", reference="survives")["response_code"] == "1201"
        assert verify("used", used) == "1202"
        assert verify("guessed", guessed) == "1202"
        assert verify("survives", survives) == "0000"
        assert service.post("send-sms", receiver=TO, message="again")["response_code"] == "0000"


def test_after_the_power_was_lost_codes_are_gone_and_the_service_starts(tmp_path, network, arrivals):
    with Service(tmp_path, network) as service:
        service.post("request-otp", receiver=TO, message="%s", reference="power")
        service.kill()
        (service.run / "otp.key").unlink()  # it lay in RAM
        service.start()
        assert service.post("verify-otp", receiver=TO, reference="power", otp=arrivals.code())["response_code"] == "1202"
        assert service.post("request-otp", receiver=TO, message="%s", reference="power")["response_code"] == "0000"


@pytest.mark.parametrize("door", ["API", "administrator"])
def test_a_port_that_is_taken_ends_with_1_and_a_sentence_that_names_it(tmp_path, door):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings, environment = ({"api": {"http_port": port}}, {}) if door == "API" else ({}, {"OTPPI_ADMIN_PORT": str(port)})
        service = Service(tmp_path, settings=settings, environment=environment)
        service.set_up()
        code, out, log = ends(service)
    assert (code, out) == (1, "")
    assert str(port) in one_sentence(log)
    assert door in log
    assert otppi("user", "list", data=service.data, env=service.environment).returncode == 0


def test_a_wrong_site_file_tells_every_error_at_once_with_its_place(tmp_path):
    site = tmp_path / "otppi.toml"
    site.write_text('[admin]\nport = "eighty"\nhots = "x"\n[log]\nlevel = "loud"\n[nothing]\n')
    done = otppi("run", "--site", str(site), data=tmp_path / "data", env={"OTPPI_GATES_IMEI_WRITE": "perhaps"})
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 5
    for place in (f"{site}: [admin] port", f"{site}: [admin] hots", f"{site}: [log] level", f"{site}: [nothing]", "OTPPI_GATES_IMEI_WRITE"):
        assert any(line.startswith(f"otppi: {place}: ") for line in lines), place
    assert not (tmp_path / "data").exists()


def test_settings_that_went_wrong_on_disk_end_with_2_and_every_error(tmp_path):
    service = Service(tmp_path)
    service.set_up()
    (service.data / "settings" / "sms.json").write_text('{"max_parts": 1000}')
    (service.data / "settings" / "otp.json").write_text('{"length": "six", "colour": 1}')
    code, out, log = ends(service)
    assert (code, out) == (2, "")
    assert [line.split(": ")[1:3] for line in log.splitlines()] == [["settings/sms", "max_parts"], ["settings/otp", "colour"], ["settings/otp", "length"]]
    check = service.cli("check")
    assert (check.returncode, check.stdout) == (2, "")
    assert check.stderr == log


def test_settings_cut_short_on_disk_fall_back_to_the_last_good_ones(tmp_path):
    with Service(tmp_path) as service:
        service.do("settings.set", section="sms", value={"max_parts": 3})
        service.do("settings.set", section="sms", value={"max_parts": 4})
        service.kill()
        file = service.data / "settings" / "sms.json"
        file.write_bytes(file.read_bytes()[:20])
        service.start()
        assert service.do("settings.show", section="sms")["max_parts"] == 3
        assert "sms" in service.log.read_text()


def test_without_a_modem_at_its_port_the_service_is_ready_and_says_what_it_found(tmp_path):
    (tmp_path / "file").write_text("no terminal")
    modems = [{"id": "gone", "port": "/dev/otppi-no-such-port"}, {"id": "file", "port": str(tmp_path / "file")}]
    with Service(tmp_path, settings={"modems": modems}) as service:
        done = service.cli("status")
        assert done.returncode == 0
        rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith(("gone", "file"))}
        assert set(rows) == {"gone", "file"}
        for name, row in rows.items():
            why = service.modem(name)["why"]
            assert why.endswith("."), why
            assert why in row
            assert why in service.log.read_text()


def test_a_second_gateway_on_the_same_folder_ends_with_1_and_a_sentence(tmp_path):
    with Service(tmp_path) as service:
        second = Service(tmp_path)
        code, out, log = ends(second)
        assert (code, out) == (1, "")
        assert str(service.process.pid) in one_sentence(log)
        assert str(service.data) in log
        assert service.cli("status").returncode == 0


def test_two_gateways_differ_in_site_file_and_data_folder_alone(tmp_path, network):
    with Service(tmp_path / "one", network) as one, Service(tmp_path / "two") as two:
        assert one.do("settings.show", section="modems") != two.do("settings.show", section="modems")
        assert {one.terminate(), two.terminate()} == {0}


def test_while_the_clock_is_before_the_last_saved_time_nothing_expires_and_the_log_says_so(tmp_path, network, arrivals):
    service = Service(tmp_path, network)
    service.set_up()
    (service.data / "time").write_text("4000000000.000\n")
    try:
        service.start()
        reply = service.post("send-sms", receiver=TO, message="late but sent", expiration=1629685838)
        assert reply["response_code"] == "0000"
        assert service.post("request-otp", receiver=TO, message="%s", reference="old clock", expiration=1629685838)["response_code"] == "0000"
        assert "the clock is wrong" in service.log.read_text()
        assert service.terminate() == 0
    finally:
        service.__exit__(None, None, None)
    assert len(arrivals.messages(2)) == 2
    assert (service.data / "time").read_text() == "4000000000.000\n"


def test_the_log_goes_to_a_folder_too_when_the_site_file_says_so(tmp_path):
    with Service(tmp_path, environment={"OTPPI_PATHS_LOG": str(tmp_path / "logs")}) as service:
        service.terminate()
    assert (tmp_path / "logs" / "otppi.log").read_text() == service.log.read_text()
    assert stat.S_IMODE((tmp_path / "logs" / "otppi.log").stat().st_mode) == 0o600


def test_no_core_file_can_hold_codes_files_are_ours_alone_and_no_argument_holds_a_password(tmp_path):
    with Service(tmp_path) as service:
        about = Path(f"/proc/{service.process.pid}")
        assert re.search(r"Max core file size\s+0\s+0", (about / "limits").read_text())
        assert re.search(r"Umask:\s+0077", (about / "status").read_text())
        assert PASSWORD.encode() not in (about / "cmdline").read_bytes()


def test_the_service_needs_no_terminal_and_survives_a_closed_standard_output(tmp_path):
    service = Service(tmp_path)
    service.set_up()
    read, write = os.pipe()
    os.close(read)
    with service.log.open("a") as log:
        process = subprocess.Popen([sys.executable, "-m", "otppi", "run", "--data-dir", str(service.data)], stdin=subprocess.DEVNULL, stdout=write, stderr=log, env=service.environment)
    os.close(write)
    try:
        assert process.wait(20) == 1
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in service.log.read_text()
