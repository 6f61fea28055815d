import http.client
import json
import os
import pwd
import socket
import stat
import subprocess
import sys
from concurrent.futures import Future
from contextlib import closing

import pytest
from doubles.gateway import RecordingControl
from web.house import answer

from otppi.domain.errors import Mistake, NotDone
from otppi.web import control as control_module
from otppi.web import control_client
from otppi.web.control_client import NotAnswering, ask


def speak(house, method="POST", path="/do", body=b""):
    with closing(http.client.HTTPConnection("localhost")) as connection, closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.settimeout(10)
        sock.connect(str(house.socket))
        connection.sock = sock
        connection.request(method, path, body)
        return answer(connection.getresponse())


def test_an_operation_is_done_in_the_name_of_who_asks(house):
    assert ask(house.socket, "user.block", {"kind": "api", "name": "app"}) == {"done": "user.block"}
    who = pwd.getpwuid(os.getuid()).pw_name
    assert house.control.orders == [("user.block", {"kind": "api", "name": "app"}, f"cli:{who}")]


def test_the_socket_is_its_owners_alone(house):
    assert stat.S_IMODE(house.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.socket.parent.stat().st_mode) == 0o700


def test_other_users_are_refused_by_what_the_kernel_says_of_them(house):
    house.doors._control.wsgi_app.apps[""]._allowed = frozenset({os.getuid() + 1})
    with pytest.raises(NotDone, match="Only root"):
        ask(house.socket, "status", {})
    assert house.control.orders == []


def test_root_and_the_own_user_may_speak(house):
    assert house.doors._control.wsgi_app.apps[""]._allowed == {0, os.getuid()}


@pytest.mark.parametrize("name, arguments, sentence", [
    ("fly", {}, "no such operation"),
    ("user.block", {"kind": "api"}, '"name"'),
    ("status", {"loud": True}, '"loud"'),
])
def test_orders_that_the_table_does_not_know_are_mistakes(house, name, arguments, sentence):
    with pytest.raises(Mistake, match=sentence):
        ask(house.socket, name, arguments)
    assert house.control.orders == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"do": 5}', b'{"do": "status", "arguments": []}'])
def test_a_body_that_is_no_order_is_a_mistake(house, body):
    said = speak(house, body=body)
    assert (said.status, said.json["kind"]) == (400, "mistake")


def test_only_post_do_is_known(house):
    assert speak(house, "GET").status == 400
    assert speak(house, path="/other", body=b'{"do": "status"}').status == 400
    assert house.control.orders == []


@pytest.mark.parametrize("raised, kind, status", [(Mistake("Wrong."), "mistake", 400), (NotDone("Later."), "not-done", 503)])
def test_the_owners_refusal_reaches_the_command_line_in_its_own_words(house, raised, kind, status):
    house.control.answer = lambda name, arguments: raised
    said = speak(house, body=b'{"do": "status"}')
    assert (said.status, said.json) == (status, {"error": str(raised), "kind": kind})
    with pytest.raises(type(raised), match=str(raised)):
        ask(house.socket, "status", {})


def test_an_unexpected_failure_is_told_without_its_text_and_logged_once(house, caplog):
    house.control.answer = lambda name, arguments: RuntimeError("secret")
    with pytest.raises(NotDone, match="its log says more"):
        ask(house.socket, "status", {})
    assert len(caplog.records) == 1
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_an_owner_that_does_not_answer_is_not_waited_for_without_end(house, monkeypatch):
    monkeypatch.setattr(control_module, "ANSWER_S", 0.05)
    house.control.answer = lambda name, arguments: Future()
    with pytest.raises(NotDone, match="did not answer within"):
        ask(house.socket, "status", {})


def test_a_whole_blocklist_can_be_imported(house):
    entries = [f"6281{n:08}" for n in range(100_000)]
    ask(house.socket, "blocklist.import", {"entries": entries})
    assert house.control.orders[0][1]["entries"] == entries


def test_a_stale_socket_is_replaced(build):
    house = build()
    house.socket.parent.mkdir(mode=0o700, parents=True)
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(house.socket))
    house.open()
    assert ask(house.socket, "status", {}) == {"done": "status"}


def test_a_socket_at_which_somebody_answers_is_left_alone(build, house):
    other = build()
    other.doors._control.bind_addr = str(house.socket)
    with pytest.raises(NotDone, match="Another gateway answers"):
        other.doors.open(other.section)
    assert ask(house.socket, "status", {}) == {"done": "status"}


def test_without_a_service_the_client_says_so(tmp_path):
    with pytest.raises(NotAnswering, match="does not run"):
        ask(tmp_path / "none.sock", "status", {})
    path = tmp_path / "dead.sock"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    with pytest.raises(NotAnswering, match="does not run"):
        ask(path, "status", {})


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", b"nonsense\r\n\r\n", b""])
def test_an_answer_that_cannot_be_read_is_not_done(tmp_path, said):
    path = tmp_path / "odd.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen()
        script = f"from pathlib import Path; from otppi.web.control_client import ask; ask(Path({str(path)!r}), 'status', {{}})"
        with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) as client:
            with closing(listening.accept()[0]) as line:
                line.recv(65536)
                line.sendall(said)
            assert "NotDone" in client.communicate(timeout=10)[1]


def test_a_service_that_hangs_is_given_up(tmp_path):
    path = tmp_path / "mute.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen()
        with pytest.raises(NotDone, match="in time"):
            ask(path, "status", {}, timeout_s=0.05)


def test_the_client_needs_the_standard_library_alone():
    script = "import sys, otppi.web.control_client; print([m for m in sys.modules if m.startswith(('cherrypy', 'cheroot', 'pykka'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_a_result_is_any_json(house):
    house.control = RecordingControl()
    house.doors._control.wsgi_app.apps[""]._control = RecordingControl(lambda name, arguments: None)
    assert ask(house.socket, "status", {}) is None
    assert json.loads(speak(house, body=b'{"do": "status"}').body) == {"result": None}
    assert control_client.TIMEOUT_S > control_module.ANSWER_S
