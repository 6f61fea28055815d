import socket
import ssl
from contextlib import closing
from threading import Semaphore, Thread

import pytest
from doubles.authority import careless, chain, pair, trusting
from doubles.gateway import HeldGateway
from web.house import (
    SIGNED,
    SMS,
    answer,
    api,
    call,
    certificate,
    connect,
    dial,
    everything,
    head,
    held_requests,
    order,
    speak,
)

from otppi.domain.errors import NotDone
from otppi.domain.secret import Secret
from otppi.web.answers import send
from otppi.web.api import Api
from otppi.web.server import HTTPS

OLD, NEW = certificate(*pair("old"), name="old"), certificate(*pair("new"), name="new")


@pytest.fixture
def house(build):
    return build(https_enabled=True, certificates=(OLD,)).open()


def shown(url):
    """Give the certificate that a door shows, as PEM."""
    with closing(speak(url)) as sock:
        return ssl.DER_cert_to_PEM_cert(sock.getpeercert(binary_form=True))


def port(url):
    return int(url.rpartition(":")[2])


def test_the_api_answers_under_https_beside_http_to_a_client_that_checks_the_certificate(house):
    plain, secure = house.opened.api
    assert (plain[:17], secure[:18], house.opened.trouble) == ("http://127.0.0.1:", "https://127.0.0.1:", "")
    assert call(secure, body=SMS, headers=SIGNED, context=trusting(OLD.certificate)).status == 200
    assert call(plain, body=SMS, headers=SIGNED).status == 200
    assert [origin.address for origin in house.gateway.origins] == ["127.0.0.1"] * 2


def test_what_stands_behind_the_door_is_told_which_way_a_request_came(house, monkeypatch):
    schemes = []
    monkeypatch.setattr(Api, "__call__", lambda self, environ, start: schemes.append(environ["wsgi.url_scheme"]) or send(environ, start, 200, b""))
    for url in house.opened.api:
        call(url)
    assert schemes == ["http", "https"]


def test_a_chain_is_sent_whole_so_that_a_client_needs_the_root_alone(build):
    text, key, root = chain()
    house = build(https_enabled=True, certificates=(certificate(text, key),)).open()
    assert call(house.url, body=order(), headers=SIGNED, context=trusting(root)).status == 200


def test_the_administrators_port_speaks_https_once_a_certificate_is_active_and_http_before_and_after(build):
    house = build().open()
    listener = house.doors._admin.socket
    assert house.admin.startswith("http://")
    house.take(house.doors.apply(house.section, (OLD,)))
    assert house.admin.startswith("https://")
    assert call(house.admin, "GET", "/healthz", context=trusting(OLD.certificate)).body == b"OK\n"
    house.take(house.doors.apply(house.section, ()))
    assert house.admin.startswith("http://")
    assert call(house.admin, "GET", "/healthz").body == b"OK\n"
    assert house.doors._admin.socket is listener


def test_another_certificate_is_taken_live_and_open_connections_go_on(house):
    socket_before = house.doors._ports.live[HTTPS].socket
    with closing(connect(house.url)) as connection:
        connection.request("POST", "/api/echo", order(), SIGNED)
        answer(connection.getresponse())
        line = connection.sock
        assert shown(house.url) == shown(house.admin) == OLD.certificate
        house.doors.apply(house.section, (NEW,))
        assert shown(house.url) == shown(house.admin) == NEW.certificate
        connection.request("POST", "/api/echo", order(), SIGNED)
        assert answer(connection.getresponse()).status == 200
        assert connection.sock is line
    assert house.doors._ports.live[HTTPS].socket is socket_before


def test_only_the_active_certificate_is_shown(house):
    house.doors.apply(house.section, (certificate(*pair("old"), active=False), NEW))
    assert shown(house.url) == NEW.certificate


def test_a_pair_that_cannot_serve_is_not_done_and_never_breaks_the_running_one(house):
    bad = certificate(pair("old")[0], pair("new")[1], name="bad")
    with pytest.raises(NotDone, match=r'^The certificate "bad" cannot serve: its key does not belong to the certificate'):
        house.doors.apply(api(https_enabled=True, http_port=port(house.opened.api[0])), (bad,))
    assert shown(house.url) == shown(house.admin) == OLD.certificate


def test_https_without_an_active_certificate_is_told_and_http_goes_on(build):
    house = build(https_enabled=True, certificates=(certificate(active=False),)).open()
    assert house.opened.trouble == "The API's HTTPS is not open: no certificate is active."
    assert [url[:5] for url in house.opened.api] == ["http:"]
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    house.take(house.doors.apply(house.section, (OLD,)))
    assert (house.opened.trouble, shown(house.url)) == ("", OLD.certificate)


def closed(url):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port(url))) != 0


def test_https_is_opened_and_closed_live_by_its_switch_and_with_its_certificate(house):
    plain, secure = house.opened.api
    assert house.doors.apply(api(), (OLD,)).api[0] == plain
    assert closed(secure)
    house.take(house.doors.apply(house.section, (OLD,)))
    assert shown(house.url) == OLD.certificate
    assert house.doors.apply(house.section, ()).trouble
    assert closed(house.url)
    assert not closed(plain)


def test_https_alone_is_possible(build):
    house = build(http_enabled=False, https_enabled=True, certificates=(OLD,)).open()
    assert [url[:6] for url in house.opened.api] == ["https:"]
    assert call(house.url, body=order(), headers=SIGNED).status == 200


def test_an_https_port_that_is_taken_leaves_http_where_it_was(build, house):
    other = build(host="127.0.0.2").open()
    plain, secure = house.opened.api
    with pytest.raises(NotDone, match=rf"^The HTTPS API's port {port(other.url)} is taken by another program\.$"):
        house.doors.apply(api(host="127.0.0.2", http_port=port(plain), https_enabled=True, https_port=port(other.url)), (NEW,))
    assert call(plain, body=order(), headers=SIGNED).status == 200
    house.doors.apply(house.section, (OLD,))
    assert shown(secure) == shown(house.admin) == OLD.certificate


def test_an_https_address_that_cannot_be_had_leaves_the_old_one_with_the_old_certificate(house):
    plain, secure = house.opened.api
    with pytest.raises(NotDone, match="no address of this machine"):
        house.doors.apply(api(host="192.0.2.77", http_port=port(plain), https_enabled=True, https_port=port(secure)), (NEW,))
    assert shown(secure) == shown(house.admin) == OLD.certificate


def test_http_and_https_can_change_places(house):
    plain, secure = house.opened.api
    house.take(house.doors.apply(api(http_port=port(secure), https_enabled=True, https_port=port(plain)), (OLD,)))
    assert house.opened.api == (f"http://127.0.0.1:{port(secure)}", f"https://127.0.0.1:{port(plain)}")
    assert shown(house.url) == OLD.certificate
    assert call(house.opened.api[0], body=order(), headers=SIGNED).status == 200


@pytest.mark.parametrize("begins, ends, words", [(-20, -10, "has expired"), (10, 20, "is not valid yet")])
def test_a_certificate_out_of_its_dates_serves_with_one_warning(build, caplog, begins, ends, words):
    odd = certificate(*pair("odd", begins=begins, ends=ends), name="odd")
    house = build(https_enabled=True, certificates=(odd,)).open()
    house.doors.apply(house.section, (odd,))
    assert [record.message for record in caplog.records] == [f'The certificate "odd" {words}; clients will refuse it.']
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        speak(house.url, trusting(odd.certificate))


def test_dates_are_not_judged_by_a_clock_that_cannot_be_right(build, caplog):
    house = build(https_enabled=True, certificates=(certificate(*pair("odd", begins=-20, ends=-10)),))
    house.clock.plausible = False
    house.open()
    assert caplog.records == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_older_than_1_2_is_refused(house):
    context = careless()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        speak(house.url, context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with closing(speak(house.url, context)) as sock:
        assert sock.version() == "TLSv1.2"


def test_draining_and_closing_with_open_tls_connections_is_quick_and_answers_who_waits(build):
    house = build(gateway=HeldGateway(Semaphore(0)), https_enabled=True, certificates=(OLD,)).open()
    finish = held_requests(house, SMS)
    with closing(speak(house.url)) as idle, dial(house.url), closing(speak(house.url)) as stalled:
        stalled.sendall(b"POST /api")
        house.doors.drain()
        assert call(house.url, body=SMS, headers=SIGNED).status == 503
        closing_doors = Thread(target=house.doors.close, args=(5,))
        closing_doors.start()
        assert idle.recv(1) == b""
        assert [one.status for one in finish()] == [200]
        closing_doors.join(5)
        assert not closing_doors.is_alive()
    assert closed(house.url)


def test_a_connection_ends_with_a_goodbye_so_that_the_client_knows_that_nothing_was_cut(house):
    context = careless()
    with closing(context.wrap_socket(dial(house.url), suppress_ragged_eofs=False)) as sock:
        sock.sendall(head("GET", "/healthz", Connection="close"))
        assert everything(sock).endswith(b"OK\n")


def test_neither_key_nor_certificate_reaches_a_log(house, caplog):
    caplog.set_level("DEBUG")
    house.doors.apply(house.section, (NEW,))
    with pytest.raises(NotDone) as caught:
        house.doors.apply(house.section, (certificate(OLD.certificate, pair("new")[1]),))
    for text in (caplog.text, str(caught.value), repr(OLD), repr(house.doors)):
        assert "BEGIN" not in text
    assert isinstance(OLD.key, Secret)
