"""The tools for one modem as a person types them, over a real pseudo-terminal: SIM, IMEI, probe, doctor."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from doubles.network import VirtualNetwork

from otppi.cli import main
from otppi.virtual.profiles import identity
from otppi.virtual.sim import DEFAULT_PUK

PIN = "5791"
IDENTITIES = [identity(number) for number in range(2)]
GOOD_IMEI = "490154203237518"


class Bench:
    """Modems on pseudo-terminals, a data folder, and the command line in this process."""

    def __init__(self, folder, network, run):
        self.data, self.network, self._run, self.shown = folder / "data", network, run, ""

    def __call__(self, *words, stdin=""):
        code, out, err = self._run("modem", *words, "--data-dir", str(self.data), stdin=stdin)
        self.shown += out + err
        return code, out, err

    def port(self, number=0):
        return str(self.network.links[number])

    def sim(self, action, *lines, modem=None):
        return self("sim", action, modem or self.port(), "--pin-stdin", stdin="".join(f"{line}\n" for line in lines))

    def trail(self):
        log = self.data / "audit.log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """A virtual modem answers at once: it need not be listened to as long as a real one."""
    monkeypatch.setattr("otppi.at.dialogue.DRAIN_S", 0.05)
    monkeypatch.setattr("otppi.at.examination.LISTEN_S", 0.0)


@pytest.fixture
def otppi(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("OTPPI_PATHS_RUN", str(tmp_path / "run"))

    def run(*words, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
        out, err = capfd.readouterr()
        return code or 0, out, err

    return run


@pytest.fixture
def locked(tmp_path, otppi):
    with VirtualNetwork(tmp_path, extra=["--pin", PIN]) as network:
        yield Bench(tmp_path, network, otppi)


@pytest.fixture(scope="module")
def open_network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("open"), count=2, profile=["generic", "quectel"]) as network:
        yield network


@pytest.fixture
def bench(tmp_path, open_network, otppi):
    yield Bench(tmp_path, open_network, otppi)
    open_network.clear_faults()


def findings(bench, *words):
    code, out, _ = bench("doctor", bench.port(), "--json", *words)
    return code, {finding["step"]: finding for finding in json.loads(out)["findings"]}, out


# SIM


def test_a_sim_is_entered_changed_disabled_and_enabled_with_its_pin_alone(locked):
    assert "asks for its PIN" in locked("sim", "state", locked.port())[1]
    for action, lines in (("enter", [PIN]), ("change", [PIN, "2468"]), ("disable", ["2468"]), ("enable", ["2468"])):
        code, out, err = locked.sim(action, *lines)
        assert (code, err) == (0, ""), action
        assert "left: 3 tries" in out
    assert locked.network.state()["pin_asked"]
    assert [entry["target"].rpartition(" ")[2] for entry in locked.trail()] == ["sim-enter", "sim-change", "sim-disable", "sim-enable"]
    assert all(entry["who"].startswith("cli:") and entry["operation"] == "modem.tool" for entry in locked.trail())


def test_a_wrong_pin_is_given_once_and_the_last_try_never(locked):
    tries = []
    for wrong in ("1111", "1111", "2222", "3333", PIN):
        code, out, err = locked.sim("enter", wrong)
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        tries.append(locked.network.state()["pin_tries"])
    assert tries == [2, 2, 1, 1, 1]
    assert "1 try is left" in err
    assert len([line for line in locked.network.commands() if line.startswith('AT+CPIN="')]) == 2
    assert locked.trail() == []


def test_a_blocked_sim_is_unblocked_by_its_puk(locked):
    with Path(locked.port()).open("w+b", buffering=0) as line:
        for number in range(3):
            line.write(f'AT+CPIN="999{number}"\r'.encode())
            locked.network.wait_command('AT+CPIN="999', count=number + 1)
    assert "PUK" in locked("sim", "state", locked.port())[1]
    assert "PUK" in locked.sim("enter", PIN)[2]
    assert locked.sim("unblock", "00000000", "2468")[0] == 1
    assert locked.sim("unblock", "00000000", "2468")[0] == 1
    assert locked.network.state()["puk_tries"] == 9
    code, out, _ = locked.sim("unblock", DEFAULT_PUK, "2468")
    assert code == 0
    assert "new PIN" in out
    assert locked.network.state()["sim"] == "READY"


def test_no_pin_is_shown_or_kept(locked, tmp_path):
    locked.sim("enter", "8642")
    locked.sim("enter", PIN)
    locked.sim("change", PIN, "97531")
    locked.sim("change", "13579", "97531")
    secrets = ("8642", PIN, "97531", "13579")
    kept = b"".join(path.read_bytes() for path in locked.data.rglob("*") if path.is_file())
    assert kept
    assert not [secret for secret in secrets if secret in locked.shown or secret.encode() in kept]


@pytest.mark.parametrize("lines", [["12"], ["12a4"], [""], ['1234"'], ["123456789"]])
def test_what_is_no_pin_does_not_reach_the_modem(bench, lines):
    code, _, err = bench.sim("enable", *lines)
    assert (code, err) == (2, "otppi: A PIN has 4 to 8 digits.\n")


def test_a_modem_of_the_settings_is_named_by_its_id_and_told_of_its_settings_pin(bench, otppi):
    value = json.dumps([{"id": "first", "port": bench.port()}])
    assert otppi("settings", "set", "modems", "-", "--data-dir", str(bench.data), stdin=value)[0] == 0
    assert "never asks" in bench("sim", "state", "first")[1]
    code, out, _ = bench.sim("enable", "1234", modem="first")
    assert code == 0
    assert "sim_pin" in out
    assert bench.trail()[-1]["target"] == "first sim-enable"
    assert bench.sim("disable", "1234", modem="first")[0] == 0


@pytest.mark.parametrize("words", [["sim", "state", "nobody"], ["imei", "show", "nobody"], ["probe", "nobody"], ["doctor", "nobody"]])
def test_a_modem_that_is_not_known_is_a_mistake(bench, words):
    code, out, err = bench(*words)
    assert (code, out) == (2, "")
    assert 'no modem "nobody"' in err


def test_a_port_that_is_held_is_not_taken(bench):
    held = os.open(bench.port(), os.O_RDWR | os.O_NOCTTY)
    other = subprocess.Popen([sys.executable, "-c", "import serial, sys; p = serial.Serial(sys.argv[1], exclusive=True); print(flush=True); sys.stdin.read()", bench.port()],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        other.stdout.readline()
        code, _, err = bench("sim", "state", bench.port())
        assert (code, err) == (1, f"otppi: Another program holds {bench.port()}.\n")
        code, found, _ = findings(bench)
        assert code == 1
        assert str(other.pid) in found["port"]["said"]
    finally:
        other.communicate(timeout=10)
        os.close(held)


def test_a_pin_at_the_prompt_is_not_echoed(bench):
    terminal, side = os.openpty()
    asked = subprocess.Popen([sys.executable, "-m", "otppi", "modem", "sim", "enable", bench.port(), "--data-dir", str(bench.data)], stdin=side, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    prompt = b""
    while not prompt.endswith(b"PIN: ") and (more := asked.stdout.read(1)):
        prompt += more
    os.write(terminal, b"1234\n")
    out, _ = asked.communicate(timeout=30)
    os.write(side, b"end")  # the terminal shows what was echoed, then this
    echoed = os.read(terminal, 100)
    os.close(terminal)
    os.close(side)
    assert (asked.returncode, b"1234" in out, b"1234" in echoed, echoed[-3:]) == (0, False, False, b"end")
    assert bench.sim("disable", "1234")[0] == 0


# IMEI


def test_the_imei_is_shown(bench):
    code, out, _ = bench("imei", "show", bench.port())
    assert code == 0
    assert out.startswith(IDENTITIES[0].imei)
    assert "cannot be written" in out
    assert json.loads(bench("imei", "show", bench.port(1), "--json")[1]) | {"said": ""} == {
        "imei": IDENTITIES[1].imei, "tac": "00101300", "valid": True, "said": "", "manufacturer": "Quectel", "model": "EC25", "writable": True}


@pytest.mark.parametrize("gate, imei, again, code, word", [
    (False, GOOD_IMEI, f"{GOOD_IMEI}\n", 2, "imei_write"), (True, "490154203237519", "490154203237519\n", 2, "check digit"), (True, GOOD_IMEI, "", 2, "not typed again"),
    (True, GOOD_IMEI, "356938035643809\n", 2, "another one"), (True, GOOD_IMEI, f"{GOOD_IMEI}\n", 1, "cannot be written"),
])
def test_an_imei_is_written_only_where_allowed_and_after_it_was_typed_twice(bench, monkeypatch, gate, imei, again, code, word):
    monkeypatch.setenv("OTPPI_GATES_IMEI_WRITE", str(gate).lower())
    before = len(bench.network.commands())
    found, _, err = bench("imei", "write", bench.port(), imei, stdin=again)
    assert found == code
    assert word in err
    assert ("law" in err) is (gate and imei == GOOD_IMEI)
    assert not [line for line in bench.network.commands()[before:] if imei in line]
    assert bench.trail() == []


# probe and doctor


def test_what_a_port_answers_is_shown_masked_or_whole(bench):
    code, out, _ = bench("probe", bench.port())
    assert code == 0
    assert "AT+CNMI=?" in out
    assert IDENTITIES[0].imei not in out
    assert IDENTITIES[0].imei in bench("probe", bench.port(), "--show-numbers")[1]
    told = json.loads(bench("probe", bench.port(), "--json")[1])
    assert told["baud_rate"] == 115200
    assert {"command": "AT+CGMI", "lines": ["OTTPI"], "end": "OK"} in told["answers"]


def test_a_silent_port_is_tried_at_other_rates_and_then_said_to_be_silent(bench, monkeypatch):
    monkeypatch.setattr("otppi.at.probe.BAUD_RATES", (115200, 9600))
    monkeypatch.setattr("otppi.at.probe.GREET_LIMIT_S", 0.2)
    bench.network.fault("hang", count=None)
    code, out, err = bench("probe", bench.port())
    assert (code, out) == (1, "")
    assert "trying 9600" in err
    assert "at any usual baud rate" in err
    code, found, _ = findings(bench)
    assert code == 1
    assert "other ports" in found["answers"]["mend"]


def test_a_modem_that_is_well_is_fine_and_the_report_may_be_shared(bench):
    code, out, err = bench("doctor", bench.port())
    assert (code, err) == (0, "")
    assert "Fine" in out.splitlines()[-1]
    one = IDENTITIES[0]
    assert not [secret for secret in (one.imei, one.imsi, one.iccid, one.msisdn.lstrip("+"), bench.network.state()["sms_center"].lstrip("+")) if secret in out]
    assert bench.network.submits() == []


@pytest.mark.parametrize("fault, step, word", [
    ({"kind": "sim_absent"}, "SIM", "contacts"), ({"kind": "not_registered"}, "network", "aerial"), ({"kind": "not_registered", "stat": 3}, "network", "paid"),
])
def test_each_trouble_is_told_with_its_mend_and_code_1(bench, fault, step, word):
    bench.network.fault(count=None, **fault)
    code, found, _ = findings(bench)
    assert code == 1
    assert found[step]["health"] == "trouble"
    assert word in found[step]["mend"]


def test_a_locked_sim_is_trouble_and_its_pin_is_not_guessed(locked):
    code, found, _ = findings(locked)
    assert code == 1
    assert "sim_pin" in found["SIM"]["mend"]
    assert locked.network.state()["pin_tries"] == 3


def test_a_port_that_is_not_there_is_trouble(bench, tmp_path):
    code, out, _ = bench("doctor", str(tmp_path / "ttyUSB9"))
    assert code == 1
    assert "nothing at" in out


def test_a_test_sms_goes_out_only_when_it_is_asked_for_and_its_report_is_waited_for(bench):
    bench.network.reports(automatic=True, delay_s=0.1)
    code, found, out = findings(bench, "--loop", "self")
    assert (code, found["test SMS"]["health"]) == (0, "fine")
    assert "delivered" in found["test SMS"]["said"]
    assert len(bench.network.submits()) == 1
    assert IDENTITIES[0].msisdn.lstrip("+") not in out


def test_a_blocked_number_gets_no_test_sms(bench, otppi):
    otppi("blocklist", "add", "6281234567890", "--data-dir", str(bench.data))
    before = len(bench.network.submits())
    (bench.data / "settings").mkdir(exist_ok=True)
    code, _, err = bench("doctor", bench.port(), "--loop", "081234567890")
    assert code == 2
    assert "blocked" in err
    assert bench("doctor", bench.port(), "--loop", "hello")[0] == 2
    assert len(bench.network.submits()) == before
