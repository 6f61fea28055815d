"""Users, blocklist, settings and audit trail by the command line: with a service and without one the results are the same."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from doubles.service import Service, otppi, until

import otppi as package
from otppi.cli import main

NOBODY = 65534


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(params=["with a service", "without a service"])
def run(request, tmp_path, capfd, monkeypatch):
    """Runs commands, in this process, on a folder on which a service runs, or none does."""
    monkeypatch.setenv("OTPPI_PATHS_RUN", str(tmp_path / "run"))

    def run(*words, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main([*words, "--data-dir", str(tmp_path / "data")])
        return subprocess.CompletedProcess(words, code, *capfd.readouterr())

    if request.param == "without a service":
        yield run
        return
    with Service(tmp_path) as service:
        service.do("user.remove", kind="api", name="shop")
        until((service.data / "audit.log").exists)
        (service.data / "audit.log").unlink()
        yield run


def done(process):
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return process.stdout


def test_users_blocklist_and_settings_have_the_same_results(run, tmp_path):
    assert done(run("user", "list")) == "There is no account yet; add an API user with: otppi user add-api NAME\n"
    add = run("user", "add-api", "shop", "--email", "shop@example.org", "--phone", "08120000001", "--commands", "echo, send-sms", "--password-stdin", stdin="long enough")
    assert done(add) == 'API user "shop" is added.\n'
    assert done(run("user", "add-admin", "chief", "--password-stdin", stdin="pass word, long")) == 'Administrator "chief" is added.\n'
    again = run("user", "add-api", "shop", "--password-stdin", stdin="long enough")
    assert (again.returncode, again.stdout, again.stderr) == (2, "", 'otppi: There is a user "shop" already.\n')
    assert done(run("user", "block", "api", "shop")) == 'API user "shop" is blocked.\n'
    assert done(run("user", "deactivate", "api", "shop")) == 'API user "shop" is inactive.\n'
    assert done(run("user", "passwd", "api", "shop", "--password-stdin", stdin="another one\n")) == 'API user "shop" has a new password.\n'
    assert done(run("user", "list")).splitlines() == [
        "KIND   NAME   ACTIVE  BLOCKED  E-MAIL            COMMANDS       PASSWORD",
        "api    shop   no      yes      shop@example.org  echo,send-sms  set",
        "admin  chief  yes     no       -                 all            set",
    ]
    assert "08120000001" not in done(run("user", "list", "--json"))

    assert done(run("blocklist", "list")) == "No number is listed.\n"
    assert done(run("blocklist", "add", "0812 345-6789", "62812*", "+62 899 1234567")) == "3 of 3 changed.\n"
    assert done(run("blocklist", "add", "628123456789")) == "0 of 1 changed.\n"
    assert done(run("blocklist", "unblock", "08123456789", "62899 1234567")) == "2 of 2 changed. 1 still blocked by a prefix.\n"
    assert done(run("blocklist", "unblock", "08123456789")) == "0 of 1 changed. 1 still blocked by a prefix.\n"
    assert done(run("blocklist", "import", stdin="08123456789,passing\n628991234567\n")) == "2 of 2 changed.\n"
    assert done(run("blocklist", "unblock", "08123456789")) == "0 of 1 changed.\n"
    assert done(run("blocklist", "delete", "628991234567", "628991234568")) == "1 of 2 changed.\n"
    assert done(run("blocklist", "list")).splitlines() == ["NUMBER        STATE", "62812*        blocked", "628123456789  passing"]
    assert json.loads(done(run("blocklist", "list", "3456", "--json"))) == [{"pattern": "628123456789", "blocked": False}]

    exported = done(run("blocklist", "export"))
    assert exported == "62812*,blocked\n628123456789,passing\n"
    assert done(run("blocklist", "delete", "62812*", "628123456789")) == "2 of 2 changed.\n"
    assert done(run("blocklist", "import", stdin="# from the old one\n" + exported)) == "2 of 2 changed.\n"
    (tmp_path / "more.csv").write_text("081999999\n628188888888,passing\n")
    assert done(run("blocklist", "import", str(tmp_path / "more.csv"))) == "2 of 2 changed.\n"
    bad = run("blocklist", "import", stdin="628177777777\nnobody\n")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "Entry 2" in bad.stderr
    assert done(run("blocklist", "export")) == "62812*,blocked\n628123456789,passing\n628188888888,passing\n6281999999,blocked\n"

    assert done(run("settings", "set", "sms", "-", stdin='{"max_parts": 3,}')) == "Section sms is saved.\n"
    shown = json.loads(done(run("settings", "show", "sms")))
    assert (shown["max_parts"], shown["country_code"]) == (3, "62")
    assert done(run("settings", "set", "sms", "-", stdin="{}")) == "Section sms is saved.\n"
    assert json.loads(done(run("settings", "show", "sms")))["max_parts"] == 10

    lines = lambda: (tmp_path / "data" / "audit.log").read_text().splitlines()  # noqa: E731
    until(lambda: len(lines()) == 17)  # the trail is written beside the answer, not before it
    trail = [json.loads(line) for line in lines()]
    assert [(entry["operation"], entry["target"]) for entry in trail] == [
        ("user.add", "api shop"), ("user.add", "admin chief"), ("user.block", "api shop"), ("user.deactivate", "api shop"), ("user.passwd", "api shop"),
        ("blocklist.add", "3 numbers: 0812 345-6XXX, 628XXX, +62 899 1234XXX"), ("blocklist.add", "1 numbers: 628123456XXX"),
        ("blocklist.unblock", "2 numbers: 08123456XXX, 62899 1234XXX"), ("blocklist.unblock", "1 numbers: 08123456XXX"), ("blocklist.import", "2 numbers"),
        ("blocklist.unblock", "1 numbers: 08123456XXX"), ("blocklist.delete", "2 numbers: 628991234XXX, 628991234XXX"),
        ("blocklist.delete", "2 numbers: 628XXX, 628123456XXX"), ("blocklist.import", "2 numbers"), ("blocklist.import", "2 numbers"),
        ("settings.set", "sms"), ("settings.set", "sms"),
    ]
    assert {entry["who"] for entry in trail} == {"cli:root" if os.getuid() == 0 else trail[0]["who"]}
    for secret in ("long enough", "pass word, long", "another one", "08120000001", "scrypt"):
        assert secret not in (tmp_path / "data" / "audit.log").read_text()


def test_secrets_are_masked_and_stay_when_what_was_shown_is_set_again(run, tmp_path):
    modem = {"id": "m", "port": "/dev/otppi-no-such-port", "sim_pin": "7391", "apn": {"name": "internet", "password": "apn-secret"}}
    stored = lambda: json.loads((tmp_path / "data" / "settings" / "modems.json").read_text())[0]  # noqa: E731
    done(run("settings", "set", "modems", "-", stdin=json.dumps([modem])))
    shown = done(run("settings", "show", "modems"))
    assert "7391" not in shown
    assert "apn-secret" not in shown
    assert json.loads(shown)[0]["sim_pin"] == {"secret": "set"}
    (tmp_path / "shown.json").write_text(shown)
    done(run("settings", "set", "modems", str(tmp_path / "shown.json")))
    assert (stored()["sim_pin"], stored()["apn"]["password"]) == ("7391", "apn-secret")
    left_out = {key: value for key, value in modem.items() if key not in {"sim_pin", "apn"}}
    done(run("settings", "set", "modems", "-", stdin=json.dumps([{**left_out, "name": "renamed"}])))
    assert (stored()["sim_pin"], stored()["apn"]["password"], stored()["apn"]["name"]) == ("7391", "apn-secret", "")
    done(run("settings", "set", "modems", "-", stdin=json.dumps([{**left_out, "sim_pin": None}])))
    assert stored()["sim_pin"] is None
    assert stored()["apn"]["password"] == "apn-secret"


def test_a_user_who_is_blocked_or_gets_a_new_password_is_refused_by_the_api_at_once(service):
    assert done(service.cli("user", "add-api", "live", "--password-stdin", stdin="long enough"))
    ask = lambda password="long enough": requests.post(service.api + "/api/echo", json={"command": "echo", "data": {}},  # noqa: E731
                                                       auth=("live", password), timeout=10).status_code
    assert ask() == 200
    for off, on in (("block", "unblock"), ("deactivate", "activate")):
        done(service.cli("user", off, "api", "live"))
        assert ask() == 401
        done(service.cli("user", on, "api", "live"))
        assert ask() == 200
    done(service.cli("user", "passwd", "api", "live", "--password-stdin", stdin="a new one, long"))
    assert (ask(), ask("a new one, long")) == (401, 200)
    done(service.cli("user", "remove", "api", "live"))
    assert ask("a new one, long") == 401


def test_json_is_printed_where_there_is_a_table(service):
    for words in (["status"], ["modem", "list"], ["user", "list"], ["blocklist", "list"]):
        json.loads(done(service.cli(*words, "--json")))


def test_status_without_modems_says_so_in_words(service):
    assert "No modem is set" in done(service.cli("status"))
    assert "No modem is set" in done(service.cli("modem", "list"))


def test_a_service_that_holds_the_folder_and_does_not_answer_is_told_of(tmp_path):
    with Service(tmp_path) as service:
        (service.run / "control.sock").unlink()
        said = service.cli("user", "list")
    assert (said.returncode, said.stdout) == (1, "")
    assert "does not answer" in said.stderr
    assert said.stderr.count("\n") == 1


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def theirs(tmp_path):
    """A data folder of another user, and a way to run commands as that user."""
    top = Path("/tmp") / f"otppi-{os.urandom(4).hex()}"
    (top / "data").mkdir(parents=True)
    os.chown(top / "data", NOBODY, NOBODY)
    os.chown(top, NOBODY, NOBODY)
    yield top
    shutil.rmtree(top)


@needs_root
def test_what_root_changes_without_a_service_belongs_to_the_folders_owner(theirs):
    env = {"OTPPI_PATHS_RUN": str(theirs / "run")}
    process = otppi("user", "add-api", "shop", "--password-stdin", data=theirs / "data", stdin="long enough", env=env)
    assert done(process) == 'API user "shop" is added.\n'
    files = [path for path in theirs.rglob("*") if path.name != "data"]
    assert {path.stat().st_uid for path in files} == {NOBODY}
    assert "cli:root" in (theirs / "data" / "audit.log").read_text()


@needs_root
def test_another_user_hears_in_one_sentence_that_the_folder_is_closed_to_him(tmp_path):
    with Service(tmp_path) as service:
        for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            folder.chmod(0o755)
        for words in (["status"], ["user", "list"], ["check"]):
            process = subprocess.run(
                ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-m", "otppi", *words, "--data-dir", str(service.data)],
                capture_output=True, text=True, check=False, timeout=30, env={**service.environment, "PYTHONPATH": str(Path(package.__file__).parent.parent)})
            assert (process.returncode, process.stdout) == (1, ""), words
            assert process.stderr.count("\n") == 1, process.stderr
            assert "sudo" in process.stderr
