from contextlib import closing

import pytest
from web.house import SIGNED, answer, call, certificate, chunked, connect, everything, head, order, speak


@pytest.fixture
def house(build):
    return build(https_enabled=True, certificates=(certificate(),)).open()


def test_one_tls_connection_serves_many_requests(house):
    with closing(connect(house.url)) as connection:
        connection.connect()
        line = connection.sock
        for n in range(100):
            connection.request("POST", "/api/echo", order(n=n), SIGNED)
            assert answer(connection.getresponse()).json["data"] == {"n": n}
            assert connection.sock is line


def test_requests_that_arrive_in_one_record_are_all_answered(house):
    with closing(speak(house.url)) as sock:
        one = head(Content_Length=len(order()), **SIGNED) + order()
        sock.sendall(one * 20 + head("GET", "/healthz", Connection="close"))
        said = everything(sock)
    assert said.count(b"HTTP/1.1 200 ") == 21


@pytest.mark.parametrize("size, status", [(65536, 400), (65537, 413)])
def test_bodies_over_tls_have_the_same_limit(house, size, status):
    body = b"x" * size
    assert call(house.url, body=body, headers=SIGNED).status == status
    with closing(speak(house.url)) as sock:
        sock.sendall(head(Transfer_Encoding="chunked", Connection="close", **SIGNED) + chunked(body[:40000], body[40000:]))
        assert f" {status} ".encode() in everything(sock)
