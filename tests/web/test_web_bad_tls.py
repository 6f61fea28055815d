import socket

import pytest
from doubles.authority import client_hello
from web.house import SIGNED, call, certificate, dial, everything, head, order, speak

from otppi.web import streams as streams_module


def test_a_handshake_that_takes_too_long_is_hung_up(build, monkeypatch):
    monkeypatch.setattr(streams_module, "REQUEST_LIMIT_S", 0.1)
    house = build(https_enabled=True, certificates=(certificate(),)).open()
    with dial(house.url) as sock:
        sock.sendall(client_hello()[:50])
        assert everything(sock) == b""


@pytest.mark.parametrize("begun", [b"POST /api", head(Content_Length=500, **SIGNED) + b"{"], ids=["head", "body"])
def test_what_is_no_tls_in_the_middle_of_a_request_is_no_news(build, caplog, begun):
    house = build(https_enabled=True, certificates=(certificate(),)).open()
    call(house.url, body=order(), headers=SIGNED)
    with speak(house.url) as sock:
        sock.sendall(begun)
        with socket.socket(fileno=sock.detach()) as raw:
            raw.settimeout(10)
            raw.sendall(b"y" * 100)
            everything(raw)
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert caplog.records == []


def test_a_hello_that_turns_to_nonsense_is_no_news(build, caplog):
    house = build(https_enabled=True, certificates=(certificate(),)).open()
    with dial(house.url) as sock:
        sock.sendall(client_hello()[:5] + b"x" * 1000)
        assert b"HTTP" not in everything(sock)
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert caplog.records == []
