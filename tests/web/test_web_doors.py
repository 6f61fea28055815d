import logging
import threading
from threading import Semaphore, Thread
from time import monotonic

import pytest
from doubles.broker import free_port
from doubles.gateway import HeldGateway
from web.house import SIGNED, SMS, api, call, dial, everything, head, order

from otppi.config.sections import ApiPaths
from otppi.domain.errors import NotDone
from otppi.web import control_client
from otppi.web.server import HTTP, Opened


def port(url):
    return int(url.rpartition(":")[2])


def test_all_doors_open_quickly_and_tell_their_real_ports(build):
    house = build()
    began = monotonic()
    opened = house.doors.open(house.section)
    assert monotonic() - began < 0.5
    assert port(opened.admin)
    assert len(opened.api) == 1
    assert port(opened.api[0])
    assert call(opened.admin, "GET", "/healthz").body == call(opened.api[0], "GET", "/healthz").body == b"OK\n"


def test_the_wildcard_address_is_told_as_one_that_can_be_clicked(build):
    house = build(host="0.0.0.0").open()
    assert house.url.startswith("http://127.0.0.1:")
    assert call(house.url, "GET", "/healthz").status == 200


def test_readiness_is_what_control_says(house):
    assert (call(house.admin, "GET", "/readyz").status, call(house.admin, "GET", "/readyz").body) == (200, b"Everything works.\n")
    house.control.state = (False, "Modem 2 is not found.")
    said = call(house.admin, "GET", "/readyz")
    assert (said.status, said.body) == (503, b"Modem 2 is not found.\n")
    house.control.state = None
    assert call(house.admin, "GET", "/readyz").status == 503


def test_the_administrators_page_is_guarded_and_everything_else_is_404(house):
    page = call(house.admin, "GET", "/")
    assert page.status == 200
    assert b"<h1>otppi</h1>" in page.body
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (page.headers["x-frame-options"], page.headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert call(house.admin, "POST", "/").status == 405
    assert call(house.admin, "POST", "/api/otp", order(), SIGNED).status == 404
    assert call(house.url, "GET", "/readyz").status == 404


@pytest.mark.parametrize("door", ["admin", "api"])
def test_a_busy_port_is_named_and_nothing_stays_open(build, house, door):
    other = build(http_port=port(house.url) if door == "api" else 0)
    if door == "admin":
        other.doors._admin.bind_addr = other.doors._admin.asked = ("127.0.0.1", port(house.admin))
    name, busy = ("API", house.url) if door == "api" else ("administrator's page", house.admin)
    threads = threading.active_count()
    with pytest.raises(NotDone, match=rf"^The {name}'s port {port(busy)} is taken by another program\.$"):
        other.doors.open(other.section)
    assert threading.active_count() == threads
    assert not other.socket.exists()


def test_an_address_that_this_machine_has_not_is_named(build):
    other = build(host="192.0.2.77")
    with pytest.raises(NotDone, match=r"^The API cannot listen at 192\.0\.2\.77: that is no address of this machine\.$"):
        other.doors.open(other.section)


def test_the_api_can_be_left_closed(build):
    house = build(http_enabled=False).open()
    assert house.url == ""
    assert call(house.admin, "GET", "/healthz").status == 200


def refused(url):
    try:
        call(url, "GET", "/healthz")
    except ConnectionRefusedError:
        return True
    return False


def test_another_port_is_opened_live_and_the_old_one_closed(house):
    new = free_port()
    assert house.doors.apply(api(http_port=new)) == Opened(house.admin, (f"http://127.0.0.1:{new}",))
    assert call(f"http://127.0.0.1:{new}", body=order(), headers=SIGNED).status == 200
    assert refused(house.url)
    assert call(house.admin, "GET", "/healthz").status == 200
    assert control_client.ask(house.socket, "status", {}) == {"done": "status"}


def test_another_address_on_the_same_port_is_taken_over(house):
    moved = house.doors.apply(api(host="127.0.0.2", http_port=port(house.url)))
    assert moved.api == (f"http://127.0.0.2:{port(house.url)}",)
    assert call(moved.api[0], body=order(), headers=SIGNED).status == 200
    assert refused(house.url)


def test_a_port_that_is_taken_leaves_the_old_one_as_it_was(build, house):
    other = build().open()
    with pytest.raises(NotDone, match="taken by another program"):
        house.doors.apply(api(http_port=port(other.url), paths=ApiPaths(otp=("/new",))))
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert call(house.url, path="/new", body=order(), headers=SIGNED).status == 404


def test_an_address_that_cannot_be_had_on_the_same_port_leaves_the_old_one_as_it_was(house):
    with pytest.raises(NotDone, match="no address of this machine"):
        house.doors.apply(api(host="192.0.2.77", http_port=port(house.url)))
    assert call(house.url, body=order(), headers=SIGNED).status == 200


def test_other_paths_come_without_a_new_listener_and_replace_the_defaults(house):
    before = house.doors._ports.live[HTTP]
    house.doors.apply(api(paths=ApiPaths(otp=("/otp", "/código/"))))
    assert house.doors._ports.live[HTTP] is before
    assert call(house.url, path="/otp/", body=order(), headers=SIGNED).status == 200
    assert call(house.url, path="/c%C3%B3digo", body=order(), headers=SIGNED).status == 200
    assert call(house.url, path="/api/otp", body=order(), headers=SIGNED).status == 404
    assert call(house.url, path="/api/sms", body=order(), headers=SIGNED).status == 200


def test_the_api_is_closed_and_opened_by_its_switch(house):
    assert house.doors.apply(api(http_enabled=False)).api == ()
    assert refused(house.url)
    (url,) = house.doors.apply(api()).api
    assert call(url, body=order(), headers=SIGNED).status == 200


def waiting_request(house, answers):
    thread = Thread(target=lambda: answers.append(call(house.url, body=SMS, headers=SIGNED)))
    thread.start()
    assert house.gateway.arrived.acquire(timeout=5)
    return thread


def test_a_request_that_waits_while_the_port_moves_gets_its_reply(build):
    house = build(gateway=HeldGateway(Semaphore(0))).open()
    answers = []
    thread = waiting_request(house, answers)
    began = monotonic()
    house.doors.apply(api(http_port=free_port()))
    assert monotonic() - began < 2
    house.gateway.let_go()
    thread.join(5)
    assert [one.status for one in answers] == [200]


def test_draining_refuses_new_requests_and_lets_waiting_ones_have_their_reply(build):
    house = build(gateway=HeldGateway(Semaphore(0))).open()
    answers = []
    thread = waiting_request(house, answers)
    house.doors.drain()
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json["response_code"]) == (503, "1102")
    assert int(said.headers["retry-after"]) > 0
    assert call(house.url, "GET", "/healthz").status == 200
    assert call(house.url, "GET", "/nothing").status == 404
    house.gateway.let_go()
    thread.join(5)
    assert (answers[0].status, answers[0].json["response_code"]) == (200, "0000")
    assert len(house.gateway.requests) == 1


def test_closing_tells_who_still_waits_that_the_outcome_is_unknown(build):
    house = build(gateway=HeldGateway(Semaphore(0))).open()
    answers = []
    thread = waiting_request(house, answers)
    began = monotonic()
    house.doors.close(1.2)
    thread.join(5)
    assert monotonic() - began < 2
    assert (answers[0].json["response_code"], answers[0].json["data"]) == ("1111", {"status": "unknown"})


def test_closing_is_quick_with_idle_and_stalled_connections_open(house):
    with dial(house.url) as silent, dial(house.url) as stalled, dial(house.url) as kept:
        stalled.sendall(b"POST /api")
        kept.sendall(head("GET", "/healthz"))
        kept.recv(65536)
        began = monotonic()
        house.doors.close(5)
        assert monotonic() - began < 3
        assert everything(silent) == b""
    assert refused(house.url)
    assert not house.socket.exists()


def test_a_thread_that_does_not_end_is_an_error_with_a_name(build):
    stuck, go = threading.Event(), threading.Event()

    class Stuck(HeldGateway):
        def submit(self, request, origin):
            stuck.set()
            go.wait(10)
            return super().submit(request, origin)

    house = build(gateway=Stuck(Semaphore(0))).open()
    thread = Thread(target=lambda: call(house.url, body=SMS, headers=SIGNED))
    thread.start()
    assert stuck.wait(5)
    with pytest.raises(NotDone, match="API"):
        house.doors.close(0.1)
    go.set()
    thread.join(5)


def test_a_connection_that_comes_back_after_the_door_closed_is_hung_up(house):
    handed_back = []
    put = house.doors._ports.live[HTTP].put_conn
    held, go = threading.Event(), threading.Event()

    def late(conn):
        held.set()
        assert go.wait(10)
        handed_back.append(conn)
        put(conn)

    house.doors._ports.live[HTTP].put_conn = late
    with dial(house.url) as sock:
        sock.sendall(head("GET", "/healthz"))
        assert held.wait(5)
        house.doors._ports.live[HTTP].stop()
        house.doors._ports.live[HTTP].ready = True  # as a thread saw it that looked a moment ago
        go.set()
        assert b" 200 " in everything(sock)
    house.doors._ports.live[HTTP].ready = False
    assert len(handed_back) == 1


def test_after_closing_nothing_is_opened_any_more(house):
    house.doors.close(2)
    with pytest.raises(NotDone):
        house.doors.apply(api())


def test_servers_that_are_gone_leave_nothing_in_cheroots_global_table(build):
    before = len(logging.statistics)
    house = build().open()
    house.doors.apply(api(http_port=free_port()))
    house.doors.close(2)
    assert len(logging.statistics) == before
