import http.client
import json
from contextlib import closing

import pytest
from web.house import SIGNED, SMS, answer, call, chunked, dial, everything, head, order


def test_chunked_bodies_are_read_with_extensions_and_trailers(house):
    body = order(n=1)
    torn = b"5;name=value\r\n" + body[:5] + b"\r\n" + b"%X\r\n" % len(body[5:]) + body[5:] + b"\r\n0\r\nX-Sum: 1\r\n\r\n"
    with dial(house.url) as sock:
        for wire in (chunked(body[:3], body[3:]), torn):
            sock.sendall(head(**SIGNED, Transfer_Encoding="chunked") + wire)
            with closing(http.client.HTTPResponse(sock)) as response:
                response.begin()
                assert answer(response).json["data"] == {"n": 1}


def padded(size):
    empty = len(order(text=""))
    return order(text="x" * (size - empty))


@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: iter([body[:100], body[100:]])], ids=["sized", "chunked"])
def test_64_kib_are_taken_and_one_byte_more_is_413(house, wrap):
    assert call(house.url, body=wrap(padded(65536)), headers=SIGNED).status == 200
    said = call(house.url, body=wrap(padded(65537)), headers=SIGNED)
    assert (said.status, said.json["response_code"]) == (413, "1102")
    assert len(house.gateway.requests) == 1


def test_a_client_that_sends_far_too_much_still_reads_the_413(house):
    assert call(house.url, body=b"x" * 900_000, headers=SIGNED).status == 413


def test_a_monstrous_chunk_is_refused_by_its_size_alone(house):
    with dial(house.url) as sock:
        sock.sendall(head(**SIGNED, Transfer_Encoding="chunked") + b"ffffffff\r\n")
        assert b" 413 " in everything(sock)


def test_a_refused_body_is_not_taken_for_the_next_request(house):
    hidden = head("GET", "/healthz")
    with dial(house.url) as sock:  # sized: dropped, the connection goes on
        sock.sendall(head(Content_Length=len(hidden)) + hidden + head("GET", "/nothing", Connection="close"))
        said = everything(sock)
        assert (said.count(b"HTTP/1.1"), said.count(b" 401 "), said.count(b" 404 ")) == (2, 1, 1)
    with dial(house.url) as sock:  # chunked: the connection ends
        sock.sendall(head(Transfer_Encoding="chunked") + chunked(hidden) + hidden)
        said = everything(sock)
        assert (said.count(b"HTTP/1.1"), said.count(b" 401 ")) == (1, 1)


@pytest.mark.parametrize("length", ["-5", "+5", "5_0", "five", "9" * 30])
def test_a_nonsense_content_length_is_refused(house, length):
    with dial(house.url) as sock:
        sock.sendall(head(Content_Length=length, **SIGNED) + order())
        said = everything(sock)
    assert b"HTTP/1.1 4" in said
    assert json.loads(said.partition(b"\r\n\r\n")[2])["response_code"] == "1102"
    assert house.gateway.requests == []


@pytest.mark.parametrize("wire", [b"zz\r\n", b"-1\r\n", b"0x5\r\n", b"5\r\nab", b"2\r\nabcd", b"0\r\n" + b"a: b\r\n" * 40, b"1" * 2000])
def test_broken_chunks_are_refused(house, wire):
    with dial(house.url) as sock:
        sock.sendall(head(Transfer_Encoding="chunked", **SIGNED) + wire)
        sock.shutdown(1)
        assert b"HTTP/1.1 400" in everything(sock)
    assert house.gateway.requests == []


def test_a_body_that_ends_early_never_reaches_the_gateway(house):
    with dial(house.url) as sock:
        sock.sendall(head(Content_Length=len(SMS) + 5, **SIGNED) + SMS)
        sock.shutdown(1)
        assert b"HTTP/1.1 400" in everything(sock)
    assert house.gateway.requests == []


@pytest.mark.parametrize("wire, status", [(b"POST /api/otp\r\n\r\n", 400), (head(X="y" * 20_000), 413), (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 414)],
                         ids=["broken line", "oversized header", "oversized path"])
def test_heads_that_nobody_can_serve_are_answered_in_json_too(house, wire, status):
    with dial(house.url) as sock:
        sock.sendall(wire)
        first, _, body = everything(sock).partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["response_code"] == "1102"


def test_expect_100_continue_is_honoured(house):
    with dial(house.url) as sock:
        sock.sendall(head(Content_Length=len(SMS), Expect="100-continue", Connection="close", **SIGNED))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(SMS)
        assert b" 200 " in everything(sock)
