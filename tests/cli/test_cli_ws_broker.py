"""`otppi ws-broker`: who gets in, who hears what, and who is sent away."""

import asyncio
import base64
import contextlib
import signal
import socket
import subprocess
import sys
import threading

import pytest
import websocket
from doubles.service import otppi
from hypothesis import given
from hypothesis import strategies as st

from otppi.adapters.htpasswd import Users, matches
from otppi.adapters.ws_frames import MOST_BYTES, Kind, Reader, Violation, closing, frame
from otppi.adapters.ws_server import Limits, WsBroker
from otppi.domain.errors import Mistake

PASSWORD = "p:ass wörd"
USERS = f"""# three kinds
sha:{{SHA}}EO7r1Pr5ciKpUv9eJgP8KvWvJ6Y=
apr1:$apr1$abcdefgh$tpigOiS19h0/b1.kI5Lp10

bcrypt:$2y$05$CCCCCCCCCCCCCCCCCCCCC.rfgbIrLHu5PQqoPYzbnWr6e2vMeuXRe
quick:{{SHA}}{"qUqP5cyxm6YcTAhz05Hph5gvu9M="}
"""
QUICK = "test"
MASK = b"\1\2\3\4"


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text(USERS)
    return path


@contextlib.contextmanager
def process(users, *words):
    running = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "otppi", "ws-broker", "--port", "0", "--users", str(users), *words],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        ready = running.stdout.readline()
        assert ready.startswith("otppi ws-broker ready ws://"), ready + running.stderr.read()
        running.port = int(ready.rstrip("/\n").rpartition(":")[2])
        yield running
    finally:
        running.kill()
        running.communicate()


@pytest.fixture(scope="module")
def port(users):
    with process(users, "--host", "127.0.0.1") as running:
        yield running.port


@contextlib.contextmanager
def broker(users, **limits):
    """The server in a thread of its own, with other limits; gives its port."""
    started = threading.Event()
    found = {}

    async def serve():
        stop = asyncio.Event()
        found["end"] = lambda: found["loop"].call_soon_threadsafe(stop.set)
        found["loop"] = asyncio.get_running_loop()

        def ready(bound):
            found["port"] = bound
            started.set()

        await WsBroker(Users.read(users), Limits(**limits)).serve("127.0.0.1", 0, ready, stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(10)
        yield found["port"]
    finally:
        found["end"]()
        thread.join(10)
    assert not thread.is_alive()


def basic(name="quick", password=QUICK):
    return "Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@contextlib.contextmanager
def member(port, topic="t", path="/", header=None):
    opened = websocket.create_connection(f"ws://127.0.0.1:{port}{path}?topic={topic}", timeout=10, header=[header or basic()])
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def raw(port, first=b"", topic="t"):
    """A socket that has shaken hands and then says ``first``."""
    with socket.create_connection(("127.0.0.1", port), 10) as stream:
        stream.sendall(handshake(topic) + first)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += stream.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head, "RFC 6455, section 1.3"
        yield stream


def handshake(topic="t"):
    return (f"GET /chat?topic={topic} HTTP/1.1\r\nHost: h\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n{basic()}\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()


def masked(kind, payload, *, last=True, length=None):
    size = len(payload) if length is None else length
    head = bytes([(0x80 if last else 0) | kind])
    head += bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2) if size < 65536 else bytes([0xFF]) + size.to_bytes(8)
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))


def everything(stream):
    """What comes until the end."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while more := stream.recv(1 << 20):
            data += more
    return data


def status(port, request):
    with socket.create_connection(("127.0.0.1", port), 10) as stream:
        stream.sendall(request)
        return everything(stream)


@pytest.mark.parametrize("name", ["sha", "apr1", "bcrypt"])
def test_the_three_kinds_of_records_let_in_and_keep_out(port, name):
    for _ in range(2):
        with member(port, topic=name, header=basic(name, PASSWORD)) as one, member(port, topic=name) as other:
            one.send("hello")
            assert other.recv() == "hello"
        with pytest.raises(websocket.WebSocketBadStatusException) as refused, member(port, header=basic(name, PASSWORD + "!")):
            pass
        assert refused.value.status_code == 401


@pytest.mark.parametrize("word", ["", "Basic", "Basic !!!", "Basic cXVpY2s=", "Bearer " + base64.b64encode(b"quick:test").decode(), "Basic " + base64.b64encode(b":test").decode(),
                                  "Basic " + base64.b64encode(b"nobody:test").decode(), "Basic " + base64.b64encode(b"quick:te\0st").decode(), "Basic //79"])
def test_without_a_right_password_the_answer_is_401(port, word):
    answer = status(port, handshake().replace(basic().encode(), f"Authorization: {word}".encode()))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'\r\nWWW-Authenticate: Basic realm="' in answer


@pytest.mark.parametrize("request_, code", [
    (b"\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 426), (b"POST / HTTP/1.1\r\n\r\n", 405),
    (handshake().replace(b"Version: 13", b"Version: 8"), 426), (handshake().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), 400),
    (handshake().replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"AAAA"), 400), (b"GET /" + b"x" * 20_000, 431), (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 4000, 431)])
def test_garbage_is_answered_and_let_go(port, request_, code):
    assert status(port, request_).startswith(f"HTTP/1.1 {code} ".encode())


def test_each_message_goes_to_all_others_of_its_topic_at_any_path_and_not_back(port):
    with member(port, "a", "/x") as sender, member(port, "a", "/y") as one, member(port, "a") as two, member(port, "b") as stranger, member(port, "b") as friend:
        sender.send("grüße")
        sender.send_binary(b"\0\xff")
        for receiver in (one, two):
            assert receiver.recv() == "grüße"
            assert receiver.recv() == b"\0\xff"
        one.send("back")
        friend.send("among b")
        assert sender.recv() == "back", "nothing of its own before"
        assert two.recv() == "back"
        assert stranger.recv() == "among b", "nothing of the other topic before"


def test_nothing_is_kept_and_a_topic_is_decoded_and_may_be_empty(port):
    with member(port, "a%2Fb%20%C3%BC") as sender:
        sender.send("to nobody")
        with raw(port, topic="a/b+%c3%bc") as stream:
            sender.send("heard")
            assert stream.recv(100) == frame(Kind.TEXT, b"heard")
    with member(port, "") as one, member(port, "") as other:
        one.send("x")
        assert other.recv() == "x"


def test_a_message_in_pieces_arrives_whole_and_a_ping_between_them_is_answered(port):
    with member(port, "pieces") as other, raw(port, topic="pieces") as stream:
        for byte in masked(Kind.TEXT, b"one", last=False) + masked(Kind.PING, b"?") + masked(Kind.MORE, b"two", last=False) + masked(Kind.MORE, b"three"):
            stream.sendall(bytes([byte]))
        assert other.recv() == "onetwothree"
        assert stream.recv(100) == frame(Kind.PONG, b"?")


def test_the_largest_message_passes_and_a_larger_one_ends_its_sender_alone(port):
    with member(port, "large") as other, member(port, "large") as fine:
        with raw(port, masked(Kind.BINARY, b"x" * MOST_BYTES), topic="large") as stream:
            assert other.recv() == b"x" * MOST_BYTES
            stream.sendall(masked(Kind.BINARY, b"x" * (MOST_BYTES + 1)))
            assert everything(stream) == closing(1009)
        fine.recv()
        fine.send("next")
        assert other.recv() == "next"


@pytest.mark.parametrize("said, code", [
    (frame(Kind.TEXT, b"not masked"), 1002), (masked(3, b""), 1002), (masked(Kind.MORE, b"of nothing"), 1002), (masked(Kind.PING, b"", last=False), 1002),
    (masked(Kind.PING, b"x" * 126), 1002), (b"\xf1\x80" + MASK, 1002), (masked(Kind.TEXT, b"a", last=False) + masked(Kind.TEXT, b"b"), 1002),
    (masked(Kind.TEXT, b"\xff"), 1007), (masked(Kind.BINARY, b"", length=1 << 62), 1009),
    ((masked(Kind.TEXT, b"x" * 60_000, last=False) + masked(Kind.MORE, b"x" * 60_000, last=False)), 1009),
    (masked(Kind.CLOSE, b"\x03\xe9bye"), 1001), (masked(Kind.CLOSE, b""), 1000), (masked(Kind.CLOSE, b"\x03\xed"), 1000)])
def test_who_breaks_the_rules_or_leaves_gets_the_code(port, said, code):
    with raw(port, said) as stream:
        assert everything(stream) == closing(code)


def test_a_slow_receiver_is_dropped_and_the_others_get_everything(users):
    with broker(users) as port, member(port, "busy") as sender, member(port, "busy") as quick, raw(port, topic="busy") as slow:
        large = b"x" * 60_000
        for _ in range(300):
            sender.send_binary(large)
            assert quick.recv() == large
        got = everything(slow)
        assert len(got) < 300 * 60_000
        assert got == got[:4] + large + got[60_004:]
        sender.send("still here")
        assert quick.recv() == "still here"


def test_a_slow_receiver_that_reads_in_time_is_told(users):
    with broker(users, unread_bytes=1000, parting_s=10) as port, member(port, "busy") as sender, member(port, "busy") as quick, raw(port, topic="busy") as slow:
        large = b"x" * 60_000
        for _ in range(300):
            sender.send_binary(large)
            quick.recv()
        got = b""
        while not got.endswith(closing(1013)):
            more = slow.recv(1 << 20)
            assert more
            got += more
        assert len(got) < 300 * 60_000


def test_the_dead_are_pinged_and_dropped_and_the_quiet_are_not(users):
    with broker(users, idle_s=0.2, parting_s=0.2) as port, raw(port) as dead, raw(port) as quiet:
        for _ in range(4):
            assert quiet.recv(100) == frame(Kind.PING)
            quiet.sendall(masked(Kind.PONG, b""))
        assert everything(dead) == frame(Kind.PING)
        quiet.sendall(masked(Kind.CLOSE, b""))
        assert everything(quiet).endswith(closing(1000))


def test_who_does_not_finish_the_handshake_is_let_go(users):
    with broker(users, handshake_s=0.2) as port, socket.create_connection(("127.0.0.1", port), 10) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\n")
        assert everything(stream) == b""


def test_one_too_many_is_sent_away_until_another_leaves(users):
    with broker(users, connections=1) as port:
        with raw(port):
            assert status(port, handshake()).startswith(b"HTTP/1.1 503 ")
        answers = iter(lambda: status(port, handshake() + masked(Kind.CLOSE, b""))[:13], b"HTTP/1.1 101 ")
        assert sum(1 for _ in answers) < 100


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_says_goodbye(users, number):
    with process(users) as running, raw(running.port) as stream:
        running.send_signal(number)
        assert stream.recv(4) == closing(1001)
        stream.sendall(masked(Kind.CLOSE, b"\x03\xe9"))
        assert everything(stream) == b""
        assert running.wait(10) == 0
        assert "unencrypted" in running.stderr.read()


def test_on_loopback_there_is_nothing_to_warn_of(users):
    with process(users, "--host", "127.0.0.1") as running:
        running.terminate()
        assert running.wait(10) == 0
        assert running.stderr.read() == ""


def command(*words):
    return subprocess.run([sys.executable, "-m", "otppi", "ws-broker", *words], capture_output=True, text=True, timeout=30, check=False)


def test_what_is_wrong_is_told_in_a_line(users, tmp_path, port):
    (tmp_path / "md5").write_text("one:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\ntwo:plain-secret\n")
    (tmp_path / "empty").write_text("# nobody\n")
    for words, code, said in [
        (["--users", str(tmp_path / "none")], 2, "could not be read"), (["--users", str(tmp_path / "md5")], 2, "line 2"), (["--users", str(tmp_path / "empty")], 2, "no user"),
        (["--users", str(users), "--port", "70000"], 2, "--port"), ([], 2, "--users"),
        (["--users", str(users), "--host", "127.0.0.1", "--port", str(port)], 1, "Address already in use"), (["--users", str(users), "--host", "no.such.invalid"], 1, "could not be opened"),
    ]:
        done = command(*words)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert done.stderr.count("\n") == 1
        assert said in done.stderr
        assert "plain-secret" not in done.stderr


def test_help_has_an_example(tmp_path):
    shown = command("--help")
    assert shown.returncode == 0
    assert "example:\n  htpasswd -Bc users shop" in shown.stdout
    assert "ws-broker" in otppi("status", "--help", data=tmp_path).stdout or "ws-broker" in subprocess.run([sys.executable, "-m", "otppi", "--help"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("password, record", [
    ("", "$apr1$x$tMwYqBfQwi3FYAr0aJc8M/"), ("a" * 100, "$apr1$saltsalt$tF07OxMra7y7RbAtnAh6M/"), ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"), ("password", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")])
def test_records_that_others_made(password, record):
    assert matches(password, record)
    assert not matches(password + "x", record)


def test_what_was_right_is_remembered_and_what_was_wrong_is_not(users):
    known = Users.read(users)
    assert not known.remembers("bcrypt", PASSWORD)
    assert known.verify("bcrypt", PASSWORD)
    assert known.remembers("bcrypt", PASSWORD)
    assert not known.verify("bcrypt", "wrong")
    assert not known.remembers("bcrypt", "wrong")
    assert not known.verify("nobody", PASSWORD)


def test_a_file_that_is_no_text_is_a_mistake(tmp_path):
    (tmp_path / "users").write_bytes(b"\xff\xfe")
    with pytest.raises(Mistake, match="UTF-8"):
        Users.read(tmp_path / "users")


@given(st.lists(st.tuples(st.sampled_from([Kind.TEXT, Kind.BINARY, Kind.PING]), st.text(max_size=30)), max_size=6), st.integers(1, 9))
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages, step):
    wanted = [(kind, text.encode()) for kind, text in messages]
    data = b"".join(masked(kind, payload) for kind, payload in wanted)
    reader = Reader()
    assert [message for place in range(0, len(data), step) for message in reader.feed(data[place:place + step])] == wanted


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_violation(data):
    with contextlib.suppress(Violation):
        Reader().feed(data)
