"""A part that fails leaves the others at work: the whole service in this process, with one class made to fail (Q3, A4)."""

import logging
import secrets
import threading
import time
from pathlib import Path

import pytest
import requests
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, until

from actors.modem import ModemOwner
from actors.monitor import Monitor
from actors.otp_desk import OtpDesk
from actors.owner import Owner
from actors.router import Router
from otppi import app
from otppi.at.submit import Answered
from otppi.books import open_books
from otppi.config.site import load_site
from otppi.domain.blocklist import Blocklist
from otppi.domain.errors import StoreError
from otppi.domain.otp import OtpBook
from otppi.logs import Formatter
from otppi.store.journal import FileJournal
from otppi.store.sections import FileSections
from otppi.web.control_client import NotDone, ask

TO, OTHER = "628126666666", "628127777777"
SECRET = "7654321"
AUTH = ("shop", "long enough")


class Crash(Exception):
    """What the failing part raises; its text holds what must not be logged."""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=2) as network:
        yield network


class House:
    """The service and its doors."""

    def __init__(self, service, opened, run):
        self.service, self.opened, self.run = service, opened, run

    def post(self, command, **data):
        body = {"command": command, "data": data}
        return requests.post(self.opened.api[0] + "/api/sms", json=body, auth=AUTH, timeout=40).json()

    def send(self, to=TO, message="hello"):
        return self.post("send-sms", receiver=to, message=message)

    def do(self, name, **arguments):
        return ask(self.run / "control.sock", name, arguments)

    def works(self):
        """Everything that the API offers is answered rightly."""
        assert self.post("echo")["response_code"] == "0000"
        assert self.send(OTHER)["response_code"] == "0000"
        assert self.post("request-otp", receiver=OTHER, message="%s", reference=secrets.token_hex())["response_code"] == "0000"
        assert self.post("verify-otp", receiver=OTHER, otp="1", reference="none")["response_code"] == "1202"
        assert self.post("block-msisdn", receiver="628120000000")["response_code"] == "0000"
        assert len(self.post("get-modem-list")["data"]["modem_list"]) == 2
        assert requests.get(self.opened.admin + "/readyz", timeout=5).status_code == 200


@pytest.fixture
def house(tmp_path, network):
    run = Path("/tmp") / f"otppi-test-{secrets.token_hex(6)}"
    run.mkdir(mode=0o700)
    site = load_site(None, {"OTPPI_ADMIN_HOST": "127.0.0.1", "OTPPI_ADMIN_PORT": "0"}, tmp_path)
    operations = open_books(tmp_path).operations()
    operations["settings.set"](section="api", value={"host": "127.0.0.1", "http_port": 0})
    modems = [{"id": f"modem{number}", "port": str(link)} for number, link in enumerate(network.links)]
    operations["settings.set"](section="modems", value=modems)
    operations["user.add"](kind="api", name=AUTH[0], password=AUTH[1])
    service = app.Service(site, run)
    try:
        yield House(service, service.start(threading.Event()), run)
    finally:
        clean = service.stop()
        for file in run.iterdir():
            file.unlink()
        run.rmdir()
    assert clean


@pytest.fixture
def arrivals(network):
    return Arrivals(network)


@pytest.fixture
def crash(monkeypatch):
    """Makes a method fail where a condition on its arguments holds, so often."""

    def install(cls, name, when=lambda *_: True, times=1, error=Crash):
        true, left = getattr(cls, name), [times]

        def failing(self, *args, **more):
            if left[0] and when(*args):
                left[0] -= 1
                raise error(f"{TO} {SECRET} {args}")
            return true(self, *args, **more)

        monkeypatch.setattr(cls, name, failing)

    return install


def test_the_whole_service_starts_works_and_stops_in_one_process(house):
    house.works()


def test_a_blocklist_that_fails_lets_nothing_pass_and_answers_within_its_limit(house, crash, arrivals):
    crash(Blocklist, "blocks", when=lambda number: number == TO, times=1000)
    start = time.monotonic()
    reply = house.send()
    assert (reply["response_code"], reply["error"]) == ("1102", "The blocklist did not answer, so nothing was sent.")
    assert time.monotonic() - start < 4
    assert arrivals.messages() == []
    house.works()


def test_an_otp_desk_that_fails_answers_1102_and_goes_on(house, crash):
    crash(OtpBook, "verify")
    reply = house.post("verify-otp", receiver=TO, otp="123456", reference="r")
    assert (reply["response_code"], reply["error"]) == ("1102", "The gateway failed; its log says more.")
    crash(OtpDesk, "ask_otp")
    assert house.post("request-otp", receiver=TO, message="%s", reference="r")["response_code"] == "1102"
    house.works()


def test_a_code_whose_record_cannot_be_written_is_not_sent_and_its_reference_stays_free(house, crash, arrivals):
    crash(FileJournal, "append", error=lambda _: StoreError("The disk is full."))
    assert house.post("request-otp", receiver=TO, message="%s", reference="r")["response_code"] == "1102"
    assert arrivals.messages() == []
    assert house.post("request-otp", receiver=TO, message="%s", reference="r")["response_code"] == "0000"
    house.works()


def test_a_router_that_fails_on_a_request_answers_1102_and_goes_on(house, crash, arrivals):
    crash(Router, "ask_send")
    assert house.send()["response_code"] == "1102"
    assert arrivals.messages() == []
    house.works()


def test_a_router_that_fails_while_it_notes_an_outcome_tells_that_it_is_unknown_and_the_modem_goes_on(house, crash, arrivals):
    crash(Router, "finished")
    reply = house.send()
    assert (reply["response_code"], reply["data"]["status"]) == ("1111", "unknown")
    for _ in range(4):
        assert house.send()["response_code"] == "0000"
    assert len(arrivals.messages(5)) == 5
    house.works()


def test_a_monitor_that_fails_answers_1102_and_goes_on(house, crash):
    crash(Monitor, "ask_modems")
    assert house.post("get-modem-list")["response_code"] == "1102"
    crash(Owner, "operate")
    with pytest.raises(NotDone, match="its log says more"):
        house.do("status")
    house.works()


def test_a_modems_driver_that_dies_before_the_body_costs_nothing_and_comes_back(house, crash, arrivals):
    crash(ModemOwner, "_send")
    assert house.send()["response_code"] == "0000"
    until(lambda: [part for part in house.do("status")["part"].values() if part["restarts"] == 1 and part["state"] == "running"])
    until(lambda: all(modem["state"] == "ready" for modem in house.do("modem.list")))
    assert len(arrivals.messages(1)) == 1
    house.works()


def test_a_modems_driver_that_dies_after_the_body_is_unknown_and_never_sent_again(house, crash, arrivals):
    crash(ModemOwner, "marked", when=lambda what: isinstance(what, Answered))
    reply = house.send()
    assert (reply["response_code"], reply["data"]["status"]) == ("1111", "unknown")
    until(lambda: all(modem["state"] == "ready" for modem in house.do("modem.list")))
    assert len(arrivals.messages(1)) == 1
    house.works()


def test_a_modems_driver_that_dies_after_the_networks_answer_has_sent(house, crash, arrivals):
    crash(ModemOwner, "_submitted")
    assert house.send()["response_code"] == "0000"
    until(lambda: all(modem["state"] == "ready" for modem in house.do("modem.list")))
    assert len(arrivals.messages(1)) == 1
    house.works()


def test_settings_that_cannot_be_written_are_refused_and_stay_as_they_were(house, crash):
    crash(FileSections, "save", error=lambda _: StoreError("The disk is full."))
    with pytest.raises(NotDone, match="The disk is full"):
        house.do("settings.set", section="sms", value={"max_parts": 1})
    assert house.do("settings.show", section="sms")["max_parts"] == 10
    crash(FileSections, "save", error=lambda _: StoreError("The disk is full."))
    assert house.post("block-msisdn", receiver=TO)["response_code"] == "1102"
    assert house.send()["response_code"] == "0000"
    house.works()


def test_a_part_that_has_ended_for_good_is_told_at_readyz(house):
    ref = dict(house.service._refs)["timekeeper"]
    ref.stop()
    ready = requests.get(house.opened.admin + "/readyz", timeout=5)
    assert (ready.status_code, ready.text) == (503, "Not running: timekeeper.\n")
    assert house.post("echo")["response_code"] == "0000"


def test_the_log_of_a_failure_has_the_place_and_the_kind_but_not_its_text(house, crash, caplog):
    caplog.set_level(logging.ERROR)
    crash(OtpBook, "verify")
    house.post("verify-otp", receiver=TO, otp="123456", reference="r")
    [record] = [record for record in caplog.records if record.exc_info]
    record.exc_text = None  # what pytest's own formatter has kept
    text = Formatter().format(record)
    assert "Crash" in text
    assert "ask_verify" in text
    assert SECRET not in text
    assert TO not in text
