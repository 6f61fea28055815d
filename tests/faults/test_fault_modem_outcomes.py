"""What a client is told, and what the network got, when modems fail: the table of outcomes (A4, S5), seen from outside."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, Service, until

FIRST = "62811"  # numbers with this prefix try modem0 first, then modem1
TO = FIRST + "1234567"
NAMES = map(str, itertools.count())


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=2) as network:
        yield network


@pytest.fixture(scope="module")
def service(tmp_path_factory, network):
    with Service(tmp_path_factory.mktemp("service"), network, modems=[{"recipient_prefixes": [FIRST]}, {}]) as service:
        yield service


@pytest.fixture(autouse=True)
def _all_is_well_again(service, network):
    """Each test finds both modems at work; one that rests after its trouble is started anew by a change of its name."""
    yield
    network.clear_faults()
    network.latency(0)
    for number in range(2):
        if not network.state(number)["plugged"]:
            network.replug(number)
    service.until_in_hand(0)
    if any(service.modem(modem["id"]).get("state") != "ready" for modem in service.modems):
        renew(service, service.modems)


def renew(service, modems):
    """Give every modem another name, which starts it anew, and wait until they are ready."""
    named = [{**modem, "name": next(NAMES)} for modem in modems]
    service.do("settings.set", section="modems", value=named)
    for modem in named:
        until(lambda modem=modem: (now := service.modem(modem["id"])).get("name") == modem["name"] and now["state"] == "ready")


@pytest.fixture
def arrivals(network):
    return Arrivals(network)


@pytest.fixture
def clients():
    with ThreadPoolExecutor(8) as clients:
        yield clients


def send(service, to=TO, **data):
    return service.post("send-sms", receiver=to, message="hello", **data)


def tries(network, modem):
    return sum(line.startswith("AT+CMGS=") for line in network.commands(modem))


@pytest.mark.parametrize("fault", [{"kind": "cms", "code": 1}, {"kind": "cms", "code": 28}, {"kind": "cms", "code": 69}, {"kind": "cms", "code": 97},
                                   {"kind": "cms", "code": 304}, {"kind": "cms", "code": 205}, {"kind": "error"}], ids=str)
def test_a_clear_no_of_the_network_is_1102_and_no_other_modem_is_bothered(service, network, arrivals, fault):
    before = tries(network, 1)
    network.fault(**fault, modem=0)
    reply = send(service)
    assert reply["response_code"] == "1102"
    assert reply["data"]["status"] == "failed"
    assert reply["data"]["parts"] == {"sent": 0, "total": 1}
    assert reply["error"].endswith(".")
    assert arrivals.submits() == []
    assert tries(network, 1) == before


@pytest.mark.parametrize("fault", [
    {"kind": "cms", "code": 8}, {"kind": "cms", "code": 10}, {"kind": "cms", "code": 29}, {"kind": "cms", "code": 310}, {"kind": "cms", "code": 330},
    {"kind": "cms", "code": 38}, {"kind": "cms", "code": 42}, {"kind": "cms", "code": 331}, {"kind": "cms", "code": 332}, {"kind": "cms", "code": 322},
    {"kind": "cme", "code": 13, "at": "prompt"}, {"kind": "cms", "code": 330, "at": "prompt"},
], ids=str)
def test_what_is_the_sims_or_the_networks_trouble_goes_by_another_modem(service, network, arrivals, fault):
    network.fault(**fault, modem=0)
    reply = send(service)
    assert reply["response_code"] == "0000"
    assert reply["data"]["modemID"] == "modem1"
    assert [submit["modem"] for submit in arrivals.submits(1)] == [1]


@pytest.mark.parametrize("code", [314, 512])
def test_a_busy_modem_is_given_time_and_sends_itself(service, network, arrivals, code):
    network.fault("cms", code=code, modem=0)
    reply = send(service)
    assert reply["response_code"] == "0000"
    assert reply["data"]["modemID"] == "modem0"
    assert len(arrivals.submits(1)) == 1


@pytest.mark.parametrize("received", [True, False])
@pytest.mark.parametrize("code", [500, 350, 513, 700])
def test_a_code_that_says_nothing_is_unknown_and_never_sent_again(service, network, arrivals, code, received):
    network.fault("cms", code=code, modem=0, received=received)
    reply = send(service)
    assert reply["response_code"] == "1111"
    assert reply["data"]["status"] == "unknown"
    assert reply["data"]["id"]
    assert send(service, to="628991234567")["response_code"] == "0000"  # life goes on
    assert len(arrivals.submits()) == 1 + received


@pytest.mark.parametrize("received", [True, False])
def test_a_modem_pulled_out_right_after_the_body_is_unknown_and_never_sent_again(service, network, arrivals, received):
    network.fault("unplug", when="after_body", modem=0, received=received)
    reply = send(service)
    assert reply["response_code"] == "1111"
    assert reply["data"]["status"] == "unknown"
    network.replug(0)
    renew(service, service.modems)
    assert send(service)["response_code"] == "0000"
    assert len(arrivals.submits()) == 1 + received


def test_a_modem_pulled_out_in_the_middle_of_the_body_is_not_known_to_have_sent(service, network, arrivals):
    network.fault("unplug", when="body_bytes", bytes=10, modem=0)
    assert send(service)["response_code"] == "1111"
    assert arrivals.submits() == []


def test_a_modem_pulled_out_before_the_body_costs_nothing_and_another_sends(service, network, arrivals):
    network.fault("unplug", when="prompt", modem=0)
    reply = send(service)
    assert reply["response_code"] == "0000"
    assert reply["data"]["modemID"] == "modem1"
    assert len(arrivals.submits(1)) == 1


def test_an_answer_twice_or_without_ok_or_in_pieces_is_one_message_sent(service, network, arrivals):
    network.fault("double_cmgs", modem=0)
    assert send(service)["response_code"] == "0000"
    network.fault("lost_ok", modem=0)
    assert send(service)["response_code"] == "0000"
    network.fault("urc_storm", modem=0)
    assert send(service)["response_code"] == "0000"
    network.fault("one_byte", modem=0, count=None)
    assert send(service)["response_code"] == "0000"
    assert len(arrivals.submits(4)) == 4


def test_when_the_second_of_three_parts_is_refused_the_client_hears_how_many_left_and_no_other_modem_goes_on(service, network, arrivals):
    before = tries(network, 1)
    network.fault("slow_prompt", seconds=0.3, modem=0, count=3)
    body = {"command": "send-sms", "data": {"receiver": TO, "message": "p" * 400}}
    with ThreadPoolExecutor(1) as client:
        waiting = client.submit(service.send, body)
        arrivals.submits(1)
        network.fault("cms", code=10, modem=0)
        reply = waiting.result(30).json()
    sent = reply["data"]["parts"]["sent"]
    assert (reply["response_code"], reply["data"]["parts"]["total"]) == ("1102", 3)
    assert sent == len(arrivals.submits()) > 0
    assert tries(network, 1) == before


def test_a_message_waits_for_a_modem_that_was_there_a_moment_ago(service, network, arrivals, clients):
    for number in range(2):
        network.unplug(number)
        service.until_modem(f"modem{number}", "no port")
    waiting = clients.submit(send, service)
    service.until_in_hand(1)
    network.replug(0)  # the driver looks for it again by itself
    assert waiting.result(30)["response_code"] == "0000"
    assert len(arrivals.submits(1)) == 1


def test_a_number_blocked_while_its_message_waits_is_refused_at_the_hand_over(service, network, arrivals, clients):
    network.latency(1500)
    first = [clients.submit(send, service, to=f"62899000000{number}") for number in range(2)]
    service.until_in_hand(2)
    waiting = clients.submit(send, service)
    service.until_in_hand(3)
    service.do("blocklist.add", numbers=[TO])
    try:
        reply = waiting.result(30)
        assert [future.result(30)["response_code"] for future in first] == ["0000", "0000"]
    finally:
        service.do("blocklist.delete", numbers=[TO])
    assert (reply["response_code"], reply["data"]["status"]) == ("1102", "blocked")
    assert TO not in [submit["to"] for submit in arrivals.submits(2)]


def test_codes_overtake_texts_and_texts_overtake_bulk(service, network, arrivals, clients):
    network.latency(3000)
    holding = [clients.submit(send, service, to=f"62899000000{number}") for number in range(2)]
    service.until_in_hand(2)
    waiting = []
    for number, (command, to, more) in enumerate((("send-sms", TO[:-1] + "1", {"priority": "bulk"}), ("send-sms", TO[:-1] + "2", {}),
                                                  ("request-otp", TO[:-1] + "3", {"reference": "overtakes"}))):
        waiting.append(clients.submit(service.post, command, receiver=to, message="%s", **more))
        service.until_in_hand(3 + number)
    network.latency(0)
    assert {future.result(30)["response_code"] for future in waiting} == {"0000"}
    assert {future.result(30)["response_code"] for future in holding} == {"0000"}
    assert [submit["to"][-1] for submit in arrivals.submits(5) if submit["to"].startswith(FIRST)] == ["3", "2", "1"]


def test_while_all_modems_are_busy_the_reply_is_in_hand_with_an_id_and_the_message_leaves_once(service, network, arrivals, clients):
    service.do("settings.set", section="api", value={"host": "127.0.0.1", "http_port": 0, "reply_timeout_s": 0.4})
    try:
        network.latency(1200)
        holding = [clients.submit(send, service, to=f"62899000000{number}") for number in range(2)]
        service.until_in_hand(2)
        waiting = clients.submit(send, service)
        sending, queued = holding[0].result(30), waiting.result(30)
    finally:
        network.latency(0)
        service.do("settings.set", section="api", value={"host": "127.0.0.1", "http_port": 0})
    assert (sending["response_code"], sending["data"]["status"]) == ("1111", "sending")
    assert (queued["response_code"], queued["data"]["status"]) == ("1111", "queued")
    assert len({sending["data"]["id"], queued["data"]["id"]}) == 2
    service.until_in_hand(0)
    assert sorted(submit["to"] for submit in arrivals.submits(3)) == sorted([TO, "628990000000", "628990000001"])


def test_a_message_that_expires_while_it_waits_is_1203_and_never_leaves(service, network, arrivals, clients):
    network.latency(1500)
    holding = [clients.submit(send, service, to=f"62899000000{number}") for number in range(2)]
    service.until_in_hand(2)
    reply = send(service, expiration=time.time() + 0.5)
    assert (reply["response_code"], reply["data"]["status"]) == ("1203", "expired")
    assert {future.result(30)["response_code"] for future in holding} == {"0000"}
    assert TO not in [submit["to"] for submit in arrivals.submits(2)]


@pytest.mark.parametrize("modems", [[], [{"id": "gone", "port": "/dev/otppi-no-such-port"}], [{"id": "off", "port": "/dev/ttyS9", "active": False}]],
                         ids=["none", "none at its port", "inactive"])
def test_without_a_usable_modem_the_reply_is_1101_at_once(service, network, arrivals, modems):
    before = service.do("settings.show", section="modems")
    service.do("settings.set", section="modems", value=modems)
    try:
        until(lambda: set(service.do("status").get("modem", {})) == {modem["id"] for modem in modems})
        if modems and modems[0].get("active", True):
            service.until_modem("gone", "no port")
        start = time.monotonic()
        reply = send(service)
        otp = service.post("request-otp", receiver=TO, message="%s", reference=str(modems))
        assert time.monotonic() - start < 2
    finally:
        service.do("settings.set", section="modems", value=before)
    assert (reply["response_code"], reply["data"]["status"]) == ("1101", "failed")
    assert reply["error"].endswith(".")
    assert otp["response_code"] == "1101"
    renew(service, service.modems)
    assert service.post("request-otp", receiver=TO, message="%s", reference=str(modems))["response_code"] == "0000"
    assert len(arrivals.submits(1)) == 1
