import select
import socket
from contextlib import ExitStack
from time import monotonic

import pytest
from web.house import SIGNED, SMS, call, chunked, dial, everything, head, order

from otppi.web import listener as listener_module
from otppi.web import streams as streams_module


def served_within(house, seconds):
    began = monotonic()
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert call(house.admin, "GET", "/healthz").status == 200
    return monotonic() - began < seconds


def test_silent_clients_cost_nobody_anything(house):
    with ExitStack() as stack:
        for url in [house.url] * 100 + [house.admin] * 20:
            stack.enter_context(dial(url))
        assert served_within(house, 1)


@pytest.mark.parametrize("begun", [b"P", b"POST /api/otp HTTP/1.1\r\nHost: x\r\n"], ids=["first letter", "half a head"])
def test_clients_that_stop_in_their_head_give_way_when_others_queue(house, begun):
    with ExitStack() as stack:
        for url in [house.url] * 30 + [house.admin] * 6:
            stack.enter_context(dial(url)).sendall(begun)
        assert served_within(house, 5)


def test_clients_that_stop_in_their_body_give_way_too_and_are_told_408(house):
    with ExitStack() as stack:
        slow = [stack.enter_context(dial(house.url)) for _ in range(30)]
        assert call(house.url, body=order(), headers=SIGNED).status == 200
        for sock in slow:
            sock.sendall(head(Content_Length=len(SMS), **SIGNED) + SMS[:10])
        assert served_within(house, 5)
        given_up = select.select(slow, [], [], 5)[0]
        assert given_up
        assert all(b" 408 " in everything(sock) for sock in given_up)
    assert len(house.gateway.requests) == 2


def test_clients_without_a_user_cannot_hold_a_thread_with_a_body_that_does_not_come(house):
    with dial(house.url) as sock:
        began = monotonic()
        sock.sendall(head(Content_Length=1000))
        assert b" 401 " in sock.recv(65536)
        assert monotonic() - began < 1


def test_a_request_that_takes_too_long_is_ended_though_nobody_waits(house, monkeypatch):
    monkeypatch.setattr(streams_module, "REQUEST_LIMIT_S", 0.1)
    with dial(house.url) as sock:
        sock.sendall(b"POST /api")
        assert everything(sock).startswith(b"HTTP/1.1 408 ")


def test_a_chunked_request_gives_its_thread_back_at_once(build):
    house = build(waiting=1).open()  # nine threads
    with ExitStack() as stack:
        for _ in range(20):
            sock = stack.enter_context(dial(house.url))
            sock.sendall(head(Transfer_Encoding="chunked", **SIGNED) + chunked(order()))
            assert b" 200 " in sock.recv(65536)
        assert served_within(house, 0.9)


def test_a_client_that_does_not_read_its_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(streams_module, "WRITE_LIMIT_S", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(TimeoutError):
            streams_module.Writer(ours).write(b"x" * 10_000_000)


def test_more_connections_than_the_door_keeps_are_hung_up_and_the_others_go_on(house, monkeypatch):
    monkeypatch.setattr(listener_module, "MAX_CONNECTIONS", 5)
    with ExitStack() as stack:
        first = [stack.enter_context(dial(house.url)) for _ in range(5)]
        for _ in range(20):
            assert stack.enter_context(dial(house.url)).recv(1) == b""
        first[0].sendall(head("GET", "/healthz"))
        assert b" 200 " in first[0].recv(65536)


def test_a_client_that_leaves_in_the_middle_is_no_news(house, caplog):
    for wire in (b"POST /api", head(Content_Length=500, **SIGNED) + b"{"):
        with dial(house.url) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leave with a reset
            sock.sendall(wire)
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert caplog.records == []
