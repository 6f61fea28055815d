"""What waits when the gateway is killed, loses its power or is asked to end: kept, refused, failed or unknown, by the table (Q2, O4, B7, A4)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from doubles.mortal import Mortal, ended
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, until

from otppi.domain.msisdn import mask

API = {"host": "127.0.0.1", "http_port": 0}
HOLDING, KEPT_CODE = "6281100000567", "6281140000567"
WAITING = [f"628112000{number}567" for number in range(3)]  # of one modem two are armed ahead, of each priority
KEPT = [f"628113000{number}567" for number in range(3)]  # bulk: none is armed while a better one is not
REFERENCE = "kept"


@pytest.fixture
def network(tmp_path):
    with VirtualNetwork(tmp_path, count=1) as network:
        yield network


@pytest.fixture
def clients():
    with ThreadPoolExecutor(8) as clients:
        yield clients


@pytest.fixture
def service(tmp_path, network):
    with Mortal(tmp_path, network) as service:
        yield service


class Crowd:
    """One message with the modem, three whose clients wait, three and a code that were answered "in hand"."""

    def __init__(self, service, network, clients, latency_ms):
        self.service, self.network = service, network
        network.latency(latency_ms)
        self.waiting = [clients.submit(self.raw, to) for to in [HOLDING]]
        until(lambda: service.modem("modem0").get("state") == "sending")
        for number, to in enumerate(WAITING):
            self.waiting.append(clients.submit(self.raw, to))
            service.until_in_hand(2 + number)
        service.do("settings.set", section="api", value={**API, "reply_timeout_s": 0.2})
        self.told = {to: self.send(to) for to in KEPT}
        code = service.post("request-otp", receiver=KEPT_CODE, message="%s", reference=REFERENCE)
        assert {(reply["response_code"], reply["data"]["status"]) for reply in [code, *self.told.values()]} == {("1111", "queued")}
        self.told[KEPT_CODE] = code

    def body(self, to):
        return {"command": "send-sms", "data": {"receiver": to, "message": "hello", "id": to, "priority": "bulk" if to in KEPT else "single"}}

    def raw(self, to):
        try:
            return self.service.send(self.body(to))
        except requests.ConnectionError:
            return None

    def send(self, to):
        return self.service.send(self.body(to)).json()

    def fates(self):
        """What is written down, by number."""
        stories = self.service.stories()
        return {to: ended(stories.get(mask(to))) for to in (HOLDING, *WAITING, *KEPT, KEPT_CODE)}

    def reached(self):
        """How many SMS the network took, by number."""
        taken = [submit["to"] for submit in self.network.logged("submit")]
        return {to: taken.count(to) for to in (HOLDING, *WAITING, *KEPT, KEPT_CODE)}

    def renew_modem(self):
        """Let the modem forget that it waits for the network, which it does for longer than a test may take."""
        self.network.latency(0)
        self.network.unplug()
        self.network.replug()

    def status(self, to):
        return self.service.post("get-message-status", id=self.told[to]["data"]["id"])["data"]

    def go_on(self):
        """Start the next life and wait until nothing is in hand."""
        self.renew_modem()
        self.service.start()
        self.service.until_all_ended()


def test_after_a_kill_what_was_answered_in_hand_goes_out_once_and_what_was_not_may_come_again(service, network, clients):
    crowd = Crowd(service, network, clients, 30_000)
    arrivals = Arrivals(network)
    service.kill()
    assert [reply.result(10) for reply in crowd.waiting] == [None] * 4
    crowd.go_on()
    assert crowd.fates() == {HOLDING: "unknown", WAITING[0]: "failed", WAITING[1]: "failed", WAITING[2]: None,
                             **dict.fromkeys(KEPT, "sent"), KEPT_CODE: "sent"}
    assert crowd.reached() == {HOLDING: 1, **dict.fromkeys(WAITING, 0), **dict.fromkeys(KEPT, 1), KEPT_CODE: 1}
    assert [message["to"] for message in arrivals.messages(4)] == [KEPT_CODE, *KEPT]  # codes go first in every life
    for to in KEPT:
        assert (crowd.status(to)["status"], crowd.status(to)["modemID"]) == ("sent", "modem0")
        assert crowd.send(to)["data"]["id"] == crowd.told[to]["data"]["id"]
    assert crowd.send(HOLDING)["data"]["status"] == "unknown"
    assert [crowd.send(to)["response_code"] for to in WAITING] == ["0000"] * 3
    code = next(message["text"] for message in arrivals.messages() if message["to"] == KEPT_CODE)
    assert service.post("request-otp", receiver=KEPT_CODE, message="%s", reference=REFERENCE)["response_code"] == "1201"
    assert service.post("verify-otp", receiver=KEPT_CODE, reference=REFERENCE, otp=code)["response_code"] == "0000"
    assert set(crowd.reached().values()) == {1}


def test_after_a_power_cut_what_may_have_left_is_unknown_what_cannot_is_failed_and_codes_are_gone(service, network, clients):
    crowd = Crowd(service, network, clients, 30_000)
    service.kill()
    service.lose_power()
    crowd.go_on()
    assert crowd.fates() == {HOLDING: "unknown", WAITING[0]: "unknown", WAITING[1]: "unknown", WAITING[2]: None,
                             **dict.fromkeys(KEPT, "failed"), KEPT_CODE: "unknown"}
    assert {(crowd.status(to)["status"], crowd.status(to)["error"]) for to in KEPT} == {("failed", "Power was lost before the message was sent.")}
    assert "Power was lost" in service.log.read_text()
    assert list((service.data / "spool").iterdir()) == []
    assert crowd.reached() == {HOLDING: 1, **dict.fromkeys((*WAITING, *KEPT, KEPT_CODE), 0)}
    assert {(reply["response_code"], reply["data"]["status"]) for reply in map(crowd.send, (HOLDING, *WAITING[:2]))} == {("1111", "unknown")}
    assert [crowd.send(to)["response_code"] for to in (WAITING[2], *KEPT)] == ["0000"] * 4
    assert crowd.reached() == {HOLDING: 1, WAITING[0]: 0, WAITING[1]: 0, WAITING[2]: 1, **dict.fromkeys(KEPT, 1), KEPT_CODE: 0}
    assert service.post("verify-otp", receiver=KEPT_CODE, reference=REFERENCE, otp="123456")["response_code"] == "1202"
    assert service.post("request-otp", receiver=KEPT_CODE, message="%s", reference=REFERENCE)["response_code"] == "0000"


def test_a_second_power_cut_before_anything_happened_changes_nothing_that_was_told(service, network, clients):
    crowd = Crowd(service, network, clients, 30_000)
    service.kill()
    service.lose_power()
    crowd.renew_modem()
    service.start()
    fates = crowd.fates()
    service.kill()
    service.lose_power()
    crowd.go_on()
    assert crowd.fates() == fates
    assert sum(crowd.reached().values()) == 1


def test_asked_to_end_the_gateway_refuses_who_waits_keeps_what_it_promised_and_lets_the_modem_finish(service, network, clients):
    crowd = Crowd(service, network, clients, 4000)
    assert service.terminate() == 0
    assert [reply.result(10).status_code for reply in crowd.waiting] == [200, 503, 503, 503]
    assert crowd.waiting[0].result().json()["response_code"] == "0000"
    assert crowd.reached() == {HOLDING: 1, **dict.fromkeys((*WAITING, *KEPT, KEPT_CODE), 0)}
    crowd.go_on()
    assert crowd.reached() == {HOLDING: 1, **dict.fromkeys(WAITING, 0), **dict.fromkeys(KEPT, 1), KEPT_CODE: 1}
    assert {crowd.status(to)["status"] for to in KEPT} == {"sent"}
    assert [crowd.send(to)["response_code"] for to in WAITING] == ["0000"] * 3
    assert set(crowd.reached().values()) == {1}


def test_killed_in_every_life_before_it_can_send_a_kept_message_goes_out_once_all_the_same(service, network, clients):
    crowd = Crowd(service, network, clients, 30_000)
    service.kill()
    crowd.renew_modem()
    for step in ("arming", "handed over", "handed over"):
        service.die_at(step)
        service.begin()
        service.until_dead()
    crowd.go_on()
    assert crowd.reached() == {HOLDING: 1, **dict.fromkeys(WAITING, 0), **dict.fromkeys(KEPT, 1), KEPT_CODE: 1}
    assert {crowd.status(to)["status"] for to in KEPT} == {"sent"}


@pytest.fixture(scope="module")
def long_network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture(scope="module")
def long_service(tmp_path_factory, long_network):
    with Mortal(tmp_path_factory.mktemp("service"), long_network) as service:
        yield service


@pytest.mark.parametrize("step, times, kept", [
    ("code noted", 1, False), ("handed over", 1, False), ("marking", 1, False), ("marking", 2, True), ("settling a code", 1, True),
])
def test_killed_at_each_step_a_code_that_may_have_left_can_be_verified_and_any_other_frees_its_reference(
    long_service, long_network, step, times, kept,
):
    service, data = long_service, {"receiver": "6281150000567", "reference": f"{step} {times}"}
    service.alive()
    arrivals = Arrivals(long_network)
    service.die_at(step, times)
    assert service.ask("request-otp", message="%s", **data) is None
    service.until_dead()
    service.start()
    again = service.post("request-otp", message="%s", **data)
    assert again["response_code"] == ("1201" if kept else "0000")
    assert len(arrivals.messages(1)) == 1
    assert service.post("verify-otp", otp=arrivals.code(), **data)["response_code"] == "0000"
    assert service.post("verify-otp", otp=arrivals.code(), **data)["response_code"] == "1202"


@pytest.mark.parametrize("seconds", [1, 30])
def test_killed_at_the_prompt_the_next_life_leaves_it_and_the_message_never_left(long_service, long_network, clients, seconds):
    service = long_service
    service.alive()
    arrivals = Arrivals(long_network)
    long_network.fault("slow_prompt", seconds=seconds)
    asked = sum(line.startswith("AT+CMGS") for line in long_network.commands())
    told = clients.submit(service.ask, "send-sms", receiver="6281160000567", message="hello", id=seconds)
    long_network.wait_command("AT+CMGS", count=asked + 1, timeout_s=10)
    service.kill()
    assert told.result(10) is None
    service.start()
    service.until_modem("modem0", "ready")
    assert ended(service.story("6281160000567")) == "failed"
    assert service.post("send-sms", receiver="6281160000567", message="hello", id=seconds)["response_code"] == "0000"
    assert len(arrivals.submits(1)) == 1
