import pytest
from doubles.gateway import RecordingGateway
from web.house import SIGNED, call, order

from otppi.domain.errors import Mistake
from otppi.web.client_address import ClientAddress


@pytest.mark.parametrize("trusted, peer, forwarded, client", [
    ((), "192.0.2.1", "203.0.113.9", "192.0.2.1"),
    (("10.0.0.0/8",), "192.0.2.1", "203.0.113.9", "192.0.2.1"),
    (("10.0.0.0/8",), "10.1.1.1", "203.0.113.9", "203.0.113.9"),
    (("10.0.0.0/8",), "10.1.1.1", "6.6.6.6, 203.0.113.9, 10.2.2.2", "203.0.113.9"),
    (("10.0.0.0/8",), "10.1.1.1", "10.3.3.3, 10.2.2.2", "10.3.3.3"),
    (("10.0.0.0/8",), "10.1.1.1", "203.0.113.9, nonsense", "10.1.1.1"),
    (("10.0.0.0/8",), "10.1.1.1", "", "10.1.1.1"),
    (("10.1.1.1",), "::ffff:10.1.1.1", "203.0.113.9:4711", "203.0.113.9"),
    (("::1",), "::1", "[2001:db8::1]:4711", "2001:db8::1"),
])
def test_the_client_is_the_right_most_address_that_is_no_trusted_proxy(trusted, peer, forwarded, client):
    assert ClientAddress(trusted).of({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}) == client


def test_a_proxy_that_is_no_address_is_a_mistake():
    with pytest.raises(Mistake, match=r"proxy\.trusted"):
        ClientAddress(["the proxy"])


def test_the_gateway_hears_of_the_client_behind_a_trusted_proxy(build):
    house = build(gateway=RecordingGateway(), trusted=("127.0.0.0/8",)).open()
    call(house.url, body=order(), headers=SIGNED | {"X-Forwarded-For": "203.0.113.9"})
    assert house.gateway.origins[0].address == "203.0.113.9"


def test_a_header_with_an_underscore_cannot_pose_as_the_proxys(build):
    house = build(trusted=("127.0.0.0/8",)).open()
    call(house.url, body=order(), headers=SIGNED | {"X-Forwarded-For": "203.0.113.9", "X_Forwarded_For": "6.6.6.6"})
    assert house.gateway.origins[0].address == "203.0.113.9"
