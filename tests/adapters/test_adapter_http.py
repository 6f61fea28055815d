"""Posting to real servers on loopback: good, slow, broken and badly encrypted ones (S15)."""

import socket
import threading
import time

import pytest
from doubles.authority import pair
from doubles.ears import Ears
from doubles.receiver import Receiver, status

from otppi.adapters import http
from otppi.adapters.http import HttpPoster
from otppi.domain.webhooks import Answer, Post

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def poster():
    made = HttpPoster()
    yield made
    assert made.stop(5)


def posted(poster, url, *, body=b'{"id":"1"}', **words):
    heard = Ears()
    poster.post(Post(url, {"Content-Type": "application/json", "X-Otppi-Id": "1"}, body, **words), heard)
    return heard.wait_for(Answer)


def place(receiver):
    return f"127.0.0.1:{receiver.port}"


def test_a_post_arrives_whole_and_the_status_comes_back(poster):
    with Receiver() as receiver:
        assert posted(poster, receiver.url, body=b"x" * 200_000) == Answer(200)
        [request] = receiver.requests()
        assert request.line == "POST /hook/T0KEN?key=T0KEN HTTP/1.1"
        assert request.headers["X-Otppi-Id"] == "1"
        assert request.headers["Host"] == place(receiver)
        assert request.body == b"x" * 200_000


@pytest.mark.parametrize("answer, told", [
    (status(204), 204), (status(410), 410), (status(500), 500),
    (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000, 200),  # no more of it is read than 64 KiB
])
def test_whatever_the_answer_holds_its_status_counts(poster, answer, told):
    with Receiver(answer) as receiver:
        assert posted(poster, receiver.url).status == told


@pytest.mark.parametrize("answer", [
    b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
])
def test_an_answer_that_is_cut_short_is_none(poster, answer):
    with Receiver(answer) as receiver:
        assert posted(poster, receiver.url) == Answer(0, f"{place(receiver)} closed the connection before its answer was whole.")


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000])
def test_what_does_not_speak_http_is_told_so(poster, answer):
    with Receiver(answer) as receiver:
        assert posted(poster, receiver.url) == Answer(0, f"{place(receiver)} did not answer as an HTTP server does.")


def test_a_redirect_is_not_followed(poster):
    with Receiver() as other, Receiver(status(307, Location=other.url)) as receiver:
        assert posted(poster, receiver.url) == Answer(307, f"{place(receiver)} answered with status 307; redirects are not followed.")
        assert other.accepted == 0


def test_a_silent_server_and_one_that_drips_are_left_in_time(poster, monkeypatch):
    monkeypatch.setattr(http, "ANSWER_S", 0.3)
    drips = (b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n" for _ in range(90)))
    with Receiver(None) as silent, Receiver(drips, pause_s=0.05) as dripping:
        for receiver in (silent, dripping):
            began = time.monotonic()
            assert posted(poster, receiver.url) == Answer(0, f"{place(receiver)} did not answer in time.")
            assert time.monotonic() - began < 2


def test_a_server_that_does_not_take_the_connection_is_left_in_time(poster, monkeypatch):
    monkeypatch.setattr(http, "CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:  # its system takes the connection, nobody shakes hands
        port = mute.getsockname()[1]
        assert posted(poster, f"https://127.0.0.1:{port}/") == Answer(0, f"127.0.0.1:{port} did not answer in time.")
    assert posted(poster, f"http://127.0.0.1:{port}/T0KEN") == Answer(0, f"Nothing listens at 127.0.0.1:{port}.")


def test_a_certificate_is_checked_against_the_authorities_and_the_name(poster, tmp_path):
    (tmp_path / "ca.pem").write_text(pair()[0])
    (tmp_path / "nothing.pem").write_text("nothing")
    with Receiver(pair=pair()) as receiver:
        trusted = {"ca_file": str(tmp_path / "ca.pem")}
        assert posted(poster, receiver.url).error.startswith(f"The certificate of {place(receiver)} is not trusted: self-signed certificate")
        assert posted(poster, receiver.url.replace("127.0.0.1", "localhost"), **trusted).error.startswith(f"The certificate of localhost:{receiver.port} is not trusted: ")
        assert posted(poster, receiver.url, ca_file=str(tmp_path / "nothing.pem")).error.endswith("nothing.pem holds no certificates that can be read (PEM).")
        assert receiver.heard.told == [], "nothing was said to who could not be trusted"
        assert posted(poster, receiver.url, **trusted) == Answer(200)
        assert posted(poster, receiver.url, verify=False) == Answer(200)
    with Receiver(pair=pair(begins=-9, ends=-1)) as late:
        (tmp_path / "ca.pem").write_text(pair(begins=-9, ends=-1)[0])  # a file that changed is read anew
        assert "certificate has expired" in posted(poster, late.url, **trusted).error


def test_credentials_of_the_address_go_as_basic_authentication(poster):
    with Receiver() as receiver:
        assert posted(poster, receiver.url.replace("//", "//shop:p%40ss@")) == Answer(200)
        [request] = receiver.requests()
        assert request.headers["Authorization"] == "Basic c2hvcDpwQHNz"
        assert "shop" not in request.line


def test_two_at_a_time_and_threads_end_by_themselves(poster, monkeypatch):
    monkeypatch.setattr(http, "IDLE_S", 0.05)
    heard, most = Ears(), []
    with Receiver((b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n"), pause_s=0.05) as receiver:
        for _ in range(6):
            poster.post(Post(receiver.url, {}, b""), lambda answer: (most.append(_threads()), heard(answer)))
        heard.wait_for(Answer, 6)
        assert max(most) == 2
        for thread in threading.enumerate():
            if thread.name == "webhook post":
                thread.join(5)
        assert _threads() == 0
        assert posted(poster, receiver.url) == Answer(200), "another one begins when there is work"


def _threads():
    return sum(thread.name == "webhook post" for thread in threading.enumerate())


def test_stopping_breaks_off_what_is_on_its_way_at_once_and_tells_nobody():
    poster, heard = HttpPoster(), Ears()
    with Receiver(None) as silent:
        for _ in range(4):
            poster.post(Post(silent.url, {}, b""), heard)
        silent.requests(2)
        began = time.monotonic()
        assert poster.stop(5)
        assert time.monotonic() - began < 2
    poster.post(Post("http://127.0.0.1:1/", {}, b""), heard)
    assert heard.told == []


def test_a_resolver_that_hangs_holds_up_neither_a_post_nor_the_stop(monkeypatch):
    hanging, addresses = threading.Event(), http._addresses
    monkeypatch.setattr(http, "CONNECT_S", 0.2)

    def hang(name, port, flags=0):
        if not flags:
            hanging.wait(20)
        return addresses(name, port, http.AI_NUMERICHOST)

    monkeypatch.setattr(http, "_addresses", hang)
    poster = HttpPoster()
    try:
        for number in range(http.MOST_LOOKING + 2):
            answer = posted(poster, f"http://slow{number}.example/T0KEN")
            assert answer == Answer(0, f"slow{number}.example:80 did not answer in time.")
        assert sum(thread.name == "webhook address" for thread in threading.enumerate()) == http.MOST_LOOKING, "no more than these are left behind"
        monkeypatch.setattr(http, "CONNECT_S", 30)
        poster.post(Post("http://slow.example/", {}, b""), Ears())
        began = time.monotonic()
        assert poster.stop(5)
        assert time.monotonic() - began < 2
    finally:
        hanging.set()


def test_a_name_that_is_none_is_told_so(poster, monkeypatch):
    monkeypatch.setattr(http, "getaddrinfo", _nobody)
    assert posted(poster, "http://nowhere.example/T0KEN") == Answer(0, "The address of nowhere.example:80 could not be found.")
    assert posted(poster, f"http://{'x' * 70}.example/") == Answer(0, f"The address of {'x' * 70}.example:80 could not be found.")


def _nobody(name, *_, **words):
    if name.startswith("x"):
        name.encode("idna")
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_the_proxy_of_the_environment_is_used_and_its_exceptions_too(poster, monkeypatch, tmp_path):
    (tmp_path / "ca.pem").write_text(pair()[0])
    with Receiver() as proxy, Receiver(pair=pair()) as secure:
        monkeypatch.setenv("http_proxy", f"http://me:word@127.0.0.1:{proxy.port}")
        assert posted(poster, "http://hooks.example/in?key=1") == Answer(200)
        [request] = proxy.requests()
        assert request.line == "POST http://hooks.example:80/in?key=1 HTTP/1.1"
        assert request.headers["Proxy-Authorization"] == "Basic bWU6d29yZA=="
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        proxy.answers = [status(403)]
        answer = posted(poster, secure.url, ca_file=str(tmp_path / "ca.pem"))
        assert answer == Answer(0, f"There is no way to 127.0.0.1 through the proxy. {place(proxy)} closed the connection.")
        assert proxy.requests(2)[1].line.startswith(f"CONNECT {place(secure)} HTTP/1.")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert posted(poster, secure.url, ca_file=str(tmp_path / "ca.pem")) == Answer(200)
