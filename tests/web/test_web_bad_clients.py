import select
import socket
import ssl
from contextlib import ExitStack
from time import monotonic

import pytest
from doubles.authority import client_hello
from web.house import SIGNED, SMS, call, certificate, chunked, dial, everything, head, order, speak, wait_for

from otppi.web import listener as listener_module
from otppi.web import streams as streams_module
from otppi.web.connection import Connection

PROMPT_S = 0.8  # below the second for which a stalled body may hold a thread while others queue
HALF_A_HEAD = b"POST /api/otp HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(params=["http", "https"])
def house(request, build):
    if request.param == "http":
        return build().open()
    return build(https_enabled=True, certificates=(certificate(),)).open()


@pytest.fixture
def crowd():
    """Open many connections; all are closed in the end."""
    with ExitStack() as stack:
        yield lambda count, make, url: [stack.enter_context(make(url)) for _ in range(count)]


def slowest(house, url="", times=20):
    """Give the time of the slowest of some honest requests, each on its own connection."""
    call(house.url, body=order(), headers=SIGNED)  # the first one pays for the password
    took = []
    for _ in range(times):
        began = monotonic()
        if url:
            assert call(url, "GET", "/healthz").status == 200
        else:
            assert call(house.url, body=order(), headers=SIGNED).status == 200
        took.append(monotonic() - began)
    return max(took)


def test_silent_clients_cost_nobody_anything(house, crowd):
    crowd(100, dial, house.url)
    crowd(20, dial, house.admin)
    assert slowest(house) < PROMPT_S
    assert slowest(house, house.admin, 3) < PROMPT_S


@pytest.mark.parametrize("size", [1, 3, 100], ids=["first byte", "half a record's head", "half a hello"])
def test_clients_that_stop_in_their_handshake_cost_nobody_anything(build, crowd, size):
    house = build(https_enabled=True, certificates=(certificate(),)).open()
    for sock in crowd(50, dial, house.url) + crowd(20, dial, house.admin):
        sock.sendall(client_hello()[:size])
    assert slowest(house) < PROMPT_S
    assert slowest(house, house.admin, 3) < PROMPT_S


def test_clients_that_shake_hands_and_fall_silent_cost_nobody_anything(build, crowd):
    house = build(https_enabled=True, certificates=(certificate(),)).open()
    crowd(40, speak, house.url)
    crowd(10, speak, house.admin)
    assert slowest(house) < PROMPT_S
    assert slowest(house, house.admin, 3) < PROMPT_S


@pytest.mark.parametrize("begun", [b"P", HALF_A_HEAD], ids=["first letter", "half a head"])
def test_clients_that_stop_in_their_head_cost_nobody_anything(house, crowd, begun):
    for sock in crowd(30, speak, house.url) + crowd(8, speak, house.admin):
        sock.sendall(begun)
    assert slowest(house) < PROMPT_S
    assert slowest(house, house.admin, 3) < PROMPT_S


def test_half_a_head_makes_no_work_until_more_of_it_comes(house, monkeypatch):
    turns = []
    communicate = Connection.communicate
    monkeypatch.setattr(Connection, "communicate", lambda self: turns.append(self) or communicate(self))
    with speak(house.url) as sock:
        sock.sendall(HALF_A_HEAD)
        wait_for(lambda: turns and turns[0].midway)
        slowest(house, times=5)
        assert turns.count(turns[0]) < 10


def test_a_head_in_many_pieces_is_served_when_it_is_whole(house):
    with speak(house.url) as sock:
        wire = head(Content_Length=len(SMS), **SIGNED) + SMS
        for at in range(0, len(wire), 7):
            sock.sendall(wire[at:at + 7])
        assert b" 200 " in sock.recv(65536)
        sock.sendall(wire)
        assert b" 200 " in sock.recv(65536)


def test_a_client_that_stalls_in_its_body_does_not_delay_the_others(house, crowd):
    for sock in crowd(3, speak, house.url):
        sock.sendall(head(Content_Length=len(SMS), **SIGNED) + SMS[:10])
    assert slowest(house) < PROMPT_S


def test_clients_that_stop_in_their_body_give_way_when_others_queue_and_are_told_408(house, crowd):
    slow = crowd(30, speak, house.url)
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    for sock in slow:
        sock.sendall(head(Content_Length=len(SMS), **SIGNED) + SMS[:10])
    began = monotonic()
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert monotonic() - began < 5
    given_up = select.select(slow, [], [], 5)[0]
    assert given_up
    assert all(b" 408 " in everything(sock) for sock in given_up)
    assert len(house.gateway.requests) == 2


def test_refused_clients_whose_body_does_not_come_are_told_at_once_and_hold_no_thread(house, crowd):
    strangers = crowd(40, speak, house.url)
    call(house.url, body=order(), headers=SIGNED)
    began = monotonic()
    for sock in strangers:
        sock.sendall(head(Content_Length=1000))
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert monotonic() - began < PROMPT_S
    for sock in strangers:
        assert b" 401 " in sock.recv(65536)
    assert monotonic() - began < PROMPT_S


@pytest.mark.parametrize("begun", [b"POST /api", HALF_A_HEAD])
def test_a_head_that_takes_too_long_is_ended_with_408_though_nobody_waits(house, monkeypatch, begun):
    monkeypatch.setattr(streams_module, "REQUEST_LIMIT_S", 0.1)
    with speak(house.url) as sock:
        sock.sendall(begun)
        assert everything(sock).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_comes_byte_by_byte_has_the_same_limit(house, monkeypatch):
    monkeypatch.setattr(streams_module, "REQUEST_LIMIT_S", 0.1)
    until = monotonic() + 5
    with speak(house.url) as sock:
        sock.setblocking(False)
        while not select.select([sock], [], [], 0.02)[0]:
            assert monotonic() < until
            sock.send(b"x")
        try:
            assert sock.recv(65536).startswith(b"HTTP/1.1 408 ")
        except ConnectionResetError:
            assert monotonic() < until


def test_a_header_bomb_is_refused_and_the_others_go_on(house, crowd):
    for sock in crowd(20, speak, house.url):
        try:
            sock.sendall(b"POST /api/otp HTTP/1.1\r\n" + b"X-A: " + b"x" * 100_000 + b"\r\n")
            assert b" 413 " in sock.recv(65536)
        except (ConnectionError, ssl.SSLError):
            continue
    assert slowest(house) < PROMPT_S
    with speak(house.url) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 2800)
        assert b" 413 " in sock.recv(65536)


def test_a_chunked_request_gives_its_thread_back_at_once(house, crowd):
    for sock in crowd(20, speak, house.url):
        sock.sendall(head(Transfer_Encoding="chunked", **SIGNED) + chunked(order()))
        assert b" 200 " in sock.recv(65536)
    assert slowest(house, times=3) < PROMPT_S


def test_a_client_that_does_not_read_its_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(streams_module, "WRITE_LIMIT_S", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(TimeoutError):
            streams_module.Writer(ours).write(b"x" * 10_000_000)


def test_more_connections_than_the_door_keeps_are_hung_up_and_the_others_go_on(house, monkeypatch, crowd):
    monkeypatch.setattr(listener_module, "MAX_CONNECTIONS", 5)
    first = crowd(5, speak, house.url)
    for sock in first:
        sock.sendall(head("GET", "/healthz"))
        assert b" 200 " in sock.recv(65536)
    waiting = house.doors._ports.live[house.name]._connections
    wait_for(lambda: waiting._num_connections == 5)
    for sock in crowd(20, dial, house.url):
        assert sock.recv(1) == b""
    first[0].sendall(head("GET", "/healthz"))
    assert b" 200 " in first[0].recv(65536)


def leave_with_a_reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def test_a_client_that_leaves_in_the_middle_is_no_news(house, caplog):
    for wire in (b"POST /api", head(Content_Length=500, **SIGNED) + b"{", head(Content_Length=500)):
        sock = speak(house.url)
        sock.sendall(wire)
        leave_with_a_reset(sock)
    for wire in (b"", b"P", client_hello()[:100], client_hello()):
        sock = dial(house.url)
        sock.sendall(wire)
        leave_with_a_reset(sock)
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert caplog.records == []


def test_who_is_refused_before_the_body_has_come_can_still_read_why(house):
    with speak(house.url) as sock:
        sock.sendall(head(Content_Length=500_000))
        assert select.select([sock], [], [], 5)[0]
        for _ in range(4):
            sock.sendall(b"x" * 100_000)
        assert b" 401 " in everything(sock)
