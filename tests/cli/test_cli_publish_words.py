"""``otppi publish`` to a real gateway over HTTP, its words and its password."""

import io
import json
import os
import pty
import sys
from urllib.parse import urlsplit

import pytest
from cli.publish_peers import Hub
from doubles.service import PASSWORD, Service

from otppi.cli import main
from otppi.cli.publish import PASSWORD as VARIABLE

WRONG = "not-that-one"


@pytest.fixture
def publish(capfd, monkeypatch):
    """Runs the command in this process; gives exit code, standard output and standard error."""
    def publish(*words, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            code = main(["publish", *words])
        except SystemExit as end:
            code = end.code
        return code, *capfd.readouterr()

    return publish


def one_sentence(err):
    assert err.count("\n") == 1, err
    assert err.startswith("otppi: "), err
    return err


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def rest(service):
    """Gives the URL of the API for a user."""
    return lambda path="", password=PASSWORD: f"http://shop:{password}@{urlsplit(service.api).netloc}{path}"


def test_a_gateway_answers_over_http(rest, publish):
    code, out, err = publish(rest("/api/echo"), "echo", "a=b", "n:=[1, true]", "url=x:=y")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"command": "echo", "response_code": "0000", "data": {"a": "b", "n": [1, True], "url": "x:=y"}}
    code, out, err = publish(rest(), "get-message-status", "id=none", "--callback")
    assert (code, json.loads(out)["response_code"]) == (1, "1102")
    assert "The gateway answered 1102: " in one_sentence(err)


def test_a_gateway_refuses_a_wrong_password_and_tells_so(rest, publish):
    code, out, err = publish(rest(password=WRONG), "echo")
    assert (code, json.loads(out)["response_code"]) == (1, "1100")
    assert "1100" in one_sentence(err)
    assert WRONG not in out + err


def test_what_is_no_gateway_is_told(publish):
    with Hub() as hub:
        code, out, err = publish(f"http://127.0.0.1:{hub.port}/", "echo")
    assert (code, out) == (1, "")
    assert "status 401" in one_sentence(err)


def test_a_path_may_hold_any_character(rest, publish):
    code, out, _ = publish(rest("/api/größ e?x=ü"), "echo")
    assert (code, json.loads(out)["response_code"]) == (1, "1102")


def test_the_data_come_as_an_object_too(rest, publish):
    for words, stdin in ((["--data", '{"a": {"b": [1,]}}'], ""), (["-"], '{"a": {"b": [1]}}'), ([], "")):
        code, out, _ = publish(rest(), "echo", *words, stdin=stdin)
        assert (code, json.loads(out)["data"]) == (0, {"a": {"b": [1]}} if words else {})


def test_the_password_may_stand_in_the_environment(service, publish, monkeypatch):
    monkeypatch.setenv(VARIABLE, PASSWORD)
    assert publish(f"http://shop@{urlsplit(service.api).netloc}", "echo")[0] == 0
    monkeypatch.setenv(VARIABLE, WRONG)
    assert publish(f"http://shop@{urlsplit(service.api).netloc}", "echo")[0] == 1


def test_at_a_terminal_the_password_is_asked_for_and_the_reply_is_laid_out(service):
    child, terminal = pty.fork()
    if not child:
        os.execv(sys.executable, [sys.executable, "-m", "otppi", "publish", f"http://shop@{urlsplit(service.api).netloc}", "echo", "a=b"])
    heard = b""
    with os.fdopen(terminal, "r+b", buffering=0) as line:
        while b"Password of shop: " not in heard:
            heard += line.read(1000)
        line.write(PASSWORD.encode() + b"\n")
        try:
            while more := line.read(1000):
                heard += more
        except OSError:  # the other end of a terminal is gone
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert PASSWORD.encode() not in heard
    assert b'\r\n    "a": "b"\r\n' in heard


@pytest.mark.parametrize("words, hint", [
    (["htp://h", "echo"], 'did you mean "http"'), (["gopher+x://h", "echo"], "http://, https://"), (["host", "echo"], "must begin with"), (["http://", "echo"], "no host"),
    (["http://u:secret@h:99999", "echo"], "cannot be read"), (["http://u:secret@[h", "echo"], "cannot be read"), (["http://h", "send_sms"], 'did you mean "send-sms"'),
    (["http://h", "sendsms"], 'did you mean "send-sms"'), (["http://h", "frob"], "known ones: "), (["http://h", "echo", "--data", "{"], "--data is not JSON"),
    (["http://h", "echo", "--data", "[]"], "--data must be a JSON object"), (["http://h", "echo", "-"], "Standard input is not JSON"),
    (["http://h", "echo", "a"], "KEY=VALUE"), (["http://h", "echo", "=a"], "KEY=VALUE"), (["http://h", "echo", "a=1", "a=2"], "a is given twice"),
    (["http://h", "echo", "a:=x"], "The value of a is not JSON"), (["http://h", "echo", "a=1", "--data", "{}"], "two ways"), (["http://h", "echo", "a=1", "-"], "single -"),
    (["redis://h?mode=streem", "echo"], 'did you mean "stream"'), (["redis://h?mod=stream", "echo"], 'did you mean "mode"'), (["mqtt://h/a/%23", "echo"], "without # and +"),
    (["mqtt://h/sms", "echo", "--callback", "sms"], "another one"), (["mqtt://h", "--callback", "echo", "a=1"], "Put a bare --callback last"),
    (["mqtt://h", "echo", "--callback", "a=1"], "put a bare --callback last"), (["mqtt://h", "echo", "--callback", "-"], "put a bare --callback last"),
    (["mqtt://h", "echo", "--timeout", "0"], "--timeout"), (["mqtt://h", "echo", "--timeout", "nan"], "--timeout"), (["mqtt://h", "echo", "--callback", "--callback-delay", "-1"], "0 to 60000"),
    (["mqtt://h", "echo", "--callback-delay", "1"], "goes with --callback"), (["http://a..b", "echo"], "cannot be read"), (["http://u\udcff@h", "echo"], "cannot be read"),
    (["mqtt://h", "echo", "--topic", "a b"], "without spaces"), (["amqp://h", "echo", "--topic", "x" * 256], "The topic"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_words_end_with_2_and_say_what_is_right(publish, words, hint):
    code, out, err = publish(*words)
    assert (code, out) == (2, "")
    assert hint in one_sentence(err)
    assert "secret" not in err
