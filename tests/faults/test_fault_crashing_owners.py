"""An owner of state that fails at one message goes on with the next; what it fails at is answered by the table and never sent later (Q3, A4)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.house import House
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, until

from actors.archive import Archive
from actors.blocklist import BlocklistOwner
from actors.modem import ModemOwner
from actors.otp_desk import OtpDesk
from actors.router import Router
from actors.syncer import Syncer
from otppi.config.book import SettingsBook
from otppi.domain.dispatch import Dispatch
from otppi.domain.errors import StoreError
from otppi.domain.ledger import Ledger
from otppi.store.days import DayJournals
from otppi.store.marks import MarkFile
from otppi.web.control_client import NotDone

TO, OTHER = "628126666666", "628127777777"


class Crash(Exception):
    """What the failing part raises."""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=2) as network:
        yield network


@pytest.fixture
def house(tmp_path, network):
    with House(tmp_path, network, api={"reply_timeout_s": 3}) as house:
        yield house


@pytest.fixture
def arrivals(network):
    return Arrivals(network)


@pytest.fixture
def clients():
    with ThreadPoolExecutor(4) as clients:
        yield clients


@pytest.fixture
def crash(monkeypatch):
    """Makes a method fail so often, before or after it did its work."""

    def install(cls, name, *, times=1, after=False, error=Crash):
        true, left, failed = getattr(cls, name), [times], threading.Event()

        def failing(self, *args, **more):
            fail = left[0] > 0
            result = true(self, *args, **more) if after or not fail else None
            if fail:
                left[0] -= 1
                failed.set()
                raise error("as the test wants it")
            return result

        monkeypatch.setattr(cls, name, failing)
        return failed

    return install


def send(house, to=TO, message="hello", **data):
    return house.post("send-sms", receiver=to, message=message, **data)


def reached(arrivals, to=TO):
    return [submit["to"] for submit in arrivals.submits()].count(to)


def works(house):
    """What waits two seconds for a journal, or for a driver that starts anew, works after that."""
    until(lambda: send(house, OTHER)["response_code"] == "0000")
    assert house.post("request-otp", receiver=OTHER, message="%s", reference="works")["response_code"] == "0000"


IN_THE_ROUTER = [  # whose method, and whether it fails after its work rather than before
    (Router, "screened", False), (Router, "_publish", False), (Dispatch, "accept", False), (Dispatch, "armed", False),
    (Ledger, "arm", False), (Ledger, "arm", True), (Ledger, "syncing", False), (Ledger, "begun", False), (Ledger, "settled", False), (Ledger, "settled", True),
]


@pytest.mark.parametrize("cls, name, after", IN_THE_ROUTER, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_router_that_fails_anywhere_answers_within_its_limit_sends_at_most_once_and_goes_on(house, arrivals, crash, cls, name, after):
    failed = crash(cls, name, after=after)
    body = f"{name} {after}"
    reply = house.post("send-sms", receiver=TO, message=body, id=body)
    assert failed.wait(5)
    code, told = reply["response_code"], reply["data"].get("status")
    works(house)
    until(lambda: house.traffic()["in_hand"] == 0)
    texts = [message["text"] for message in arrivals.messages(2)]
    assert texts.count(body) <= 1
    if code == "0000":
        assert texts.count(body) == 1
    elif code != "1111":
        assert (code, told) in {("1102", None), ("1102", "failed")}
        assert body not in texts
    if code == "1111" and told != "unknown":
        assert house.status(reply["data"]["id"])["status"] in {"sent", "failed", "unknown"}


def test_a_promise_that_cannot_be_kept_by_an_error_of_ours_is_1102_and_never_sent(house, network, arrivals, clients, crash):
    network.latency(4500)
    holding = [clients.submit(send, house, f"62899000000{number}") for number in range(2)]
    arrivals.submits(2)
    failed = crash(Ledger, "keep", times=3)
    reply = send(house)
    assert failed.is_set()
    assert reply["response_code"] == "1102"
    assert {one.result(20)["response_code"] for one in holding} <= {"1111", "1102"}
    network.latency(0)
    works(house)
    assert reached(arrivals) == 0


def test_a_mark_that_cannot_be_written_keeps_the_body_back_and_the_driver_starts_anew(house, network, arrivals, crash):
    crash(MarkFile, "write", error=StoreError)
    assert send(house, id="mine")["response_code"] == "0000"
    assert reached(arrivals) == 1
    works(house)


def test_a_sync_that_cannot_be_asked_for_sends_nothing_and_goes_on_by_itself(house, arrivals, crash):
    crash(DayJournals, "syncing", error=StoreError)
    assert house.raw("send-sms", receiver=TO, message="hello", id="mine").status_code == 503
    assert reached(arrivals) == 0
    works(house)
    assert send(house, id="mine")["response_code"] == "0000"
    assert reached(arrivals) == 1


def test_a_syncer_an_archive_and_settings_that_fail_answer_and_go_on(house, arrivals, crash):
    sent = send(house)
    crash(Syncer, "sync")
    refused = house.raw("send-sms", receiver=TO, message="hello")
    assert refused.status_code == 503
    works(house)
    crash(Archive, "ask_status")
    assert house.post("get-message-status", id=sent["data"]["id"])["response_code"] == "1102"
    assert house.status(sent["data"]["id"])["status"] == "sent"
    crash(SettingsBook, "set")
    with pytest.raises(NotDone, match="its log says more"):
        house.do("settings.set", section="sms", value={"max_parts": 2})
    crash(BlocklistOwner, "screen")
    assert send(house)["response_code"] == "1102"
    assert send(house)["response_code"] == "0000"
    assert reached(arrivals) == 2


def test_an_otp_desk_that_fails_while_it_settles_answers_and_leaves_no_code_that_was_not_sent(house, arrivals, crash):
    crash(OtpDesk, "settled")
    assert house.post("request-otp", receiver=TO, message="%s", reference="r")["response_code"] == "0000"
    assert house.post("verify-otp", receiver=TO, reference="r", otp=arrivals.code())["response_code"] == "0000"
    crash(Ledger, "arm")
    assert house.post("request-otp", receiver=TO, message="%s", reference="s")["response_code"] == "1102"
    assert house.post("request-otp", receiver=TO, message="%s", reference="s")["response_code"] == "0000"
    works(house)


def test_a_modems_driver_that_fails_again_and_again_leaves_its_message_to_another(house, arrivals, crash):
    crash(ModemOwner, "assign", times=2)
    assert send(house)["response_code"] in {"0000", "1111"}
    until(lambda: all(modem["state"] == "ready" for modem in house.do("modem.list")))
    works(house)
    assert reached(arrivals) <= 1
