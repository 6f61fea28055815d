"""Plain HTTP where HTTPS is spoken, and the other way round."""

from contextlib import closing
from time import monotonic

import pytest
from web.house import SIGNED, SMS, answer, call, certificate, connect, dial, everything, speak


@pytest.fixture
def house(build):
    return build(https_enabled=True, certificates=(certificate(),)).open()


def test_a_page_asked_for_in_plain_http_is_sent_to_the_same_page_under_https(house):
    plain = house.admin.replace("https", "http")
    said = call(plain, "GET", "/?x=1")
    assert (said.status, said.headers["location"]) == (307, f"{house.admin}/?x=1")
    assert call(house.admin, "GET", "/?x=1").status == 200
    assert call(plain, "HEAD", "/").status == 307


@pytest.mark.parametrize("host", ["evil/x", "a b", "x\\y", "", "[::1]evil"])
def test_the_redirect_leads_nowhere_by_an_odd_host(house, host):
    with dial(house.admin) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        said = everything(sock)
    assert b" 400 " in said
    assert b"Location" not in said


def test_an_order_in_plain_http_to_the_https_port_is_400_and_goes_no_further(house):
    said = call(house.url.replace("https", "http"), body=SMS, headers=SIGNED)
    assert (said.status, said.json["error"]) == (400, "This port speaks HTTPS; use a URL that begins with https://.")
    assert house.gateway.requests == []


def test_a_plain_connection_from_before_the_certificate_is_not_served_on(build):
    house = build().open()
    with closing(connect(house.admin)) as connection:
        connection.request("GET", "/healthz")
        assert answer(connection.getresponse()).status == 200
        house.doors.apply(house.section, (certificate(),))
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 307


def test_tls_where_plain_http_is_spoken_is_hung_up_at_once(build):
    house = build().open()
    began = monotonic()
    with pytest.raises(OSError, match=r"EOF|reset"):
        speak(house.url.replace("http", "https"))
    assert monotonic() - began < 1
