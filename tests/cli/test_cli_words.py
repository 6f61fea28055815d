"""Each command as a newcomer types it: wrong words end with 2 and one line, help has an example, nothing shows a traceback."""

import io
import json
import os
import subprocess
import sys

import pytest

from otppi.cli import COMMANDS, main

COMMAND_WORDS = ["run", "check", "status", "settings", "user", "blocklist", "route", "modem", "ussd", "inbox", "webhook", "publish", "virtual-modem", "ws-broker", "demo"]
ACTIONS = ["list", "add-api", "add-admin", "passwd", "remove", "block", "unblock", "activate", "deactivate"]

MODEM_ACTIONS = [["modem", action] for action in ("list", "probe", "doctor", "sim", "imei", "learned", "forget")] + [
    *(["modem", "sim", action] for action in ("state", "enable", "disable", "change", "enter", "unblock")), ["modem", "imei", "show"], ["modem", "imei", "write"]]


@pytest.fixture
def otppi(tmp_path, capfd, monkeypatch):
    """Runs a command in this process on a folder of the test's; gives exit code, standard output and standard error."""
    monkeypatch.setenv("OTPPI_PATHS_DATA", str(tmp_path / "data"))
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


def one_sentence(err):
    assert err.count("\n") == 1, err
    assert err.startswith("otppi"), err
    return err


def test_every_command_is_in_the_table_of_help(otppi):
    code, out, _ = otppi("--help")
    assert code == 0
    assert len(COMMANDS) == len(COMMAND_WORDS)
    for command in COMMAND_WORDS:
        assert f"\n    {command} " in out or f"\n    {command}\n" in out


@pytest.mark.parametrize("words", [[command] for command in COMMAND_WORDS] + [["user", action] for action in ACTIONS] + MODEM_ACTIONS
                         + [["inbox", action] for action in ("list", "show", "reply", "delete")]
                         + [["webhook", "list"], ["webhook", "test"]], ids=" ".join)
def test_help_explains_and_has_an_example(otppi, words):
    code, out, err = otppi(*words, "--help")
    assert (code, err) == (0, "")
    assert "example" in out
    assert "otppi " + " ".join(words) in out.split("example", 1)[1]
    assert "--data-dir" in out or words[0] in {"virtual-modem", "publish", "ws-broker"}


@pytest.mark.parametrize("words", [
    [], ["frob"], ["--frob"], ["run", "now"], ["settings"], ["settings", "show"], ["settings", "frob", "sms"], ["settings", "set", "sms"],
    ["settings", "show", "smss"], ["settings", "show", "sms", "file"], ["user"], ["user", "frob"], ["user", "add-api"], ["user", "block", "api"],
    ["user", "block", "somebody", "shop"], ["user", "block", "api", "nobody"], ["user", "add-api", "shop"], ["user", "passwd", "api", "shop"],
    ["blocklist"], ["blocklist", "frob"], ["blocklist", "add"], ["blocklist", "add", "hello"], ["blocklist", "export", "0812"],
    ["blocklist", "import", "a", "b"], ["blocklist", "import", "/no/such/file"], ["route"], ["ussd"], ["ussd", "modem0"], ["modem"], ["modem", "frob"], ["modem", "probe"], ["modem", "doctor"], ["modem", "sim"], ["modem", "sim", "frob", "m"], ["modem", "sim", "enter"],
    ["modem", "imei", "write", "m"], ["modem", "sim", "state", "m", "--pin-stdin"], ["modem", "sim", "enter", "/dev/ttyX"], ["inbox"], ["inbox", "frob"], ["inbox", "show"], ["inbox", "show", "nothing"], ["inbox", "reply", "nothing"], ["inbox", "delete"], ["inbox", "list", "--limit", "0"], ["webhook"], ["webhook", "frob"], ["webhook", "test"], ["status", "--jsonn"],
    ["settings", "set", "sms", "/no/such/file"], ["status", "--data"], ["virtual-modem"], ["ws-broker"], ["publish"], ["publish", "amqp://h/"], ["publish", "smoke://h/", "echo"], ["--site", "x", "status"], ["check", "--site", "/no/such/file"],
], ids=lambda words: " ".join(words) or "nothing")
def test_wrong_words_end_with_2_and_one_line(otppi, words):
    code, out, err = otppi(*words)
    assert (code, out) == (2, "")
    one_sentence(err)


@pytest.mark.parametrize("words", [["status"], ["modem", "list"], ["route", "08123456789"], ["ussd", "modem0", "*888#"], ["inbox", "reply", "ID", "Thank you."], ["webhook", "list"], ["webhook", "test", "shop"]], ids=" ".join)
def test_without_a_service_its_state_cannot_be_asked_for_and_the_sentence_says_how_to_start_it(otppi, words):
    code, out, err = otppi(*words)
    assert (code, out) == (1, "")
    assert "otppi run" in one_sentence(err)


def test_looking_creates_nothing(otppi, tmp_path):
    assert otppi("check")[0] == 0
    assert otppi("status")[0] == 1
    assert not (tmp_path / "data").exists()


def test_the_version_is_told(otppi):
    code, out, _ = otppi("--version")
    assert (code, out.split()[0]) == (0, "otppi")


@pytest.mark.parametrize("given, hint", [
    ("[", "Standard input is not JSON"), ("[]", "must be an object"), ("null", "must be an object"), ('{"maxparts": 3}', 'did you mean "max_parts"'),
    ('{"max_parts": 0}', "max_parts"), ('{"max_parts": "3"}', "max_parts"),
])
def test_settings_that_are_wrong_are_refused_with_their_path(otppi, given, hint):
    code, out, err = otppi("settings", "set", "sms", "-", stdin=given)
    assert (code, out) == (2, "")
    assert hint in one_sentence(err)


def test_all_errors_of_a_section_come_at_once_each_on_its_line(otppi):
    code, out, err = otppi("settings", "set", "sms", "-", stdin='{"max_parts": 0, "colour": 1, "country_code": 62}')
    assert (code, out) == (2, "")
    assert [line.split(": ")[:3] for line in err.splitlines()] == [
        ["otppi", "settings/sms", name] for name in ("colour", "country_code", "max_parts")]


def test_options_may_stand_before_and_after_the_action(otppi, tmp_path):
    other = tmp_path / "other"
    assert otppi("user", "--data-dir", str(other), "add-api", "one", "--password-stdin", stdin="long enough\n")[0] == 0
    assert otppi("user", "add-api", "two", "--password-stdin", "--data-dir", str(other), stdin="long enough\n")[0] == 0
    names = [[user["name"] for user in json.loads(otppi(*words)[1])] for words in (
        ["user", "--json", "list", "--data-dir", str(other)], ["user", "list", "--json", "--data-dir", str(other)], ["user", "list", "--json"])]
    assert names == [["one", "two"], ["one", "two"], []]


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_bad_password_is_refused_and_not_repeated(otppi, password):
    code, out, err = otppi("user", "add-api", "shop", "--password-stdin", stdin=password)
    assert (code, out) == (2, "")
    assert one_sentence(err) == "otppi: A password has 8 to 200 characters.\n"


def test_ctrl_d_where_the_password_is_asked_for_ends_in_a_sentence(tmp_path):
    terminal, side = os.openpty()
    asked = subprocess.Popen([sys.executable, "-m", "otppi", "user", "add-api", "shop", "--data-dir", str(tmp_path / "data")], stdin=side, stderr=subprocess.PIPE,
                             start_new_session=True, env={**os.environ, "OTPPI_PATHS_RUN": str(tmp_path / "run")})
    prompt = b""
    while not prompt.endswith(b"Password: ") and (more := asked.stderr.read(1)):
        prompt += more
    os.write(terminal, b"\x04")
    _, err = asked.communicate(timeout=30)
    os.close(terminal)
    os.close(side)
    assert (asked.returncode, err.decode()) == (2, "\notppi: No password was given.\n")


def test_the_last_administrator_stays(otppi):
    otppi("user", "add-admin", "chief", "--password-stdin", stdin="long enough")
    for action in ("remove", "block", "deactivate"):
        code, _, err = otppi("user", action, "admin", "chief")
        assert code == 2
        assert "last administrator" in one_sentence(err)


def test_a_command_that_the_api_does_not_know_cannot_be_allowed(otppi):
    code, _, err = otppi("user", "add-api", "shop", "--commands", "send-sms,fly", "--password-stdin", stdin="long enough")
    assert code == 2
    assert '"fly"' in one_sentence(err)
    assert otppi("user", "add-admin", "chief", "--commands", "echo", "--password-stdin", stdin="long enough")[0] == 2


def test_a_reader_that_goes_away_costs_no_traceback(tmp_path):
    head = subprocess.run(["sh", "-c", '"$0" -m otppi settings show api --data-dir "$1" | true', sys.executable, str(tmp_path)], capture_output=True, text=True, check=False,
                          timeout=30, env={**os.environ, "OTPPI_PATHS_RUN": str(tmp_path / "run")})
    assert head.stderr == ""
