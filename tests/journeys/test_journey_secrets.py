"""After a day of mixed work no code, password, PIN, text or whole number lies anywhere where it need not (O5, X3)."""

import json
import re
import secrets
import stat

import pytest
from doubles.network import VirtualNetwork
from doubles.service import PASSWORD, Arrivals, Service

PIN = "7391"
BLOCKED = "628123450001"
API_PASSWORD, ADMIN_PASSWORD, WRONG_PASSWORD = "pw-api-Zm4k1q", "pw-admin-Xk2q9", "pw-wrong-Gq7w2"
APN_PASSWORD = "pw-apn-Hq8w1"


class Day:
    """What was said on that day: secrets, and everything that came back."""

    def __init__(self):
        self.numbers, self.texts, self.codes = set(), set(), set()
        self.replies, self.outputs = [], []


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A run with everything that can happen to a message, a code and a setting; the service is stopped at the end."""
    day = Day()
    folder = tmp_path_factory.mktemp("service")
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=2, extra=["--pin", PIN]) as network:
        modems = [{"sim_pin": PIN, "default": True}, {"sim_pin": PIN, "apn": {"name": "internet", "password": APN_PASSWORD}}]
        settings = {"api": {"reply_timeout_s": 5}}
        with Service(folder, network, modems=modems, settings=settings, environment={"OTPPI_LOG_LEVEL": "debug"}) as service:
            _work(service, network, day)
            day.run = {path: path.read_bytes() for path in service.run.rglob("*") if path.is_file()}
            day.modes = {path: stat.S_IMODE(path.stat().st_mode) for top in (service.data, service.run) for path in [top, *top.rglob("*")]}
        day.data = {path.relative_to(service.data): path.read_bytes() for path in service.data.rglob("*") if path.is_file()}
        day.log = service.log.read_bytes()
    return day


def _number(day):
    number = "62812" + "".join(secrets.choice("0123456789") for _ in range(8))
    day.numbers.add(number)
    return number


def _text(day):
    text = "text-" + secrets.token_hex(8)
    day.texts.add(text)
    return text


def _send(service, day, **data):
    reply = service.post("send-sms", **{"receiver": _number(day), "message": _text(day), **data})
    day.replies.append(json.dumps(reply))
    return reply["response_code"]


def _work(service, network, day):
    arrivals = Arrivals(network)
    assert _send(service, day) == "0000"
    for number in range(4):
        to, reference = _number(day), f"reference-{number}"
        assert service.post("request-otp", receiver=to, message=f"{_text(day)} %s", reference=reference)["response_code"] == "0000"
        code = re.search(r" (\d{6})$", arrivals.messages(2 + number)[-1]["text"])[1]
        day.codes.add(code)
        guess = code if number % 2 else code[::-1] + "0"
        day.outputs.append(json.dumps(service.post("verify-otp", receiver=to, otp=guess, reference=reference)["response_code"]))
    for fault in ({"kind": "cms", "code": 28}, {"kind": "cms", "code": 500}, {"kind": "cms", "code": 331}, {"kind": "error"}, {"kind": "double_cmgs"}):
        network.fault(fault.pop("kind"), **fault)
        _send(service, day)
    network.clear_faults()
    assert _send(service, day, receiver="12" + _text(day)) == "1102"
    assert _send(service, day, expiration=1) == "1203"
    assert _send(service, day, message=_text(day) * 200) == "1102"
    blocked = {"receiver": BLOCKED, "message": _text(day)}
    day.outputs.append(json.dumps(service.post("block-msisdn", receiver=BLOCKED)))
    day.outputs.append(json.dumps(service.post("send-sms", **blocked)))
    day.outputs.append(service.send(b'{"command": "send-sms", "data": {"message": "' + _text(day).encode() + b'", "receiver": "' + _number(day).encode()).text)
    service.session.auth = ("shop", WRONG_PASSWORD)
    day.outputs.append(service.send({"command": "send-sms", "data": {"receiver": _number(day), "message": _text(day)}}).text)
    service.session.auth = ("shop", PASSWORD)
    network.fault("unplug", when="after_body", modem=0)
    network.fault("unplug", when="after_body", modem=1)
    _send(service, day)
    network.replug(0)
    network.replug(1)
    for words, given in (
        (("user", "add-api", "second", "--password-stdin"), API_PASSWORD),
        (("user", "add-admin", "chief", "--email", "chief@example.org", "--password-stdin"), ADMIN_PASSWORD),
        (("user", "add-admin", "chief", "--password-stdin"), ADMIN_PASSWORD),
        (("user", "list", "--json"), ""),
        (("user", "list"), ""),
        (("status",), ""),
        (("status", "--json"), ""),
        (("modem", "list", "--json"), ""),
        (("settings", "show", "modems"), ""),
        (("settings", "show", "api"), ""),
        (("settings", "set", "modems", "-"), json.dumps([{**service.modems[0], "sim_pin": PIN, "bogus": 1}])),
        (("route", _number(day)), ""),
        (("check",), ""),
    ):
        done = service.cli(*words, stdin=given)
        day.outputs.append(done.stdout + done.stderr)


def _places(day):
    yield "log", day.log
    yield from day.data.items()
    yield from day.run.items()
    yield from ((f"output {number}", output.encode()) for number, output in enumerate(day.outputs))
    yield from ((f"reply {number}", reply.encode()) for number, reply in enumerate(day.replies))


def _found(day, words, but=()):
    return [str(name) for name, content in _places(day) for word in words if word.encode() in content and str(name) not in but]


def test_no_code_is_anywhere(day):
    assert len(day.codes) >= 3
    assert _found(day, day.codes) == []


def test_no_text_of_a_message_is_anywhere(day):
    assert len(day.texts) >= 15
    assert _found(day, day.texts) == []


def test_no_number_is_anywhere_in_full(day):
    national = {"0" + number[2:] for number in day.numbers}
    assert _found(day, day.numbers | national) == []


def test_a_blocked_number_stands_in_the_blocklist_alone(day):
    assert set(_found(day, [BLOCKED])) <= {"state/blocklist.json", "state/blocklist.json.last"}


def test_no_password_is_anywhere(day):
    settings = {"settings/modems.json", "settings/modems.json.last"}
    assert _found(day, [PASSWORD, API_PASSWORD, ADMIN_PASSWORD, WRONG_PASSWORD]) == []
    assert set(_found(day, [APN_PASSWORD])) == {"settings/modems.json"} <= settings


def test_no_pin_is_anywhere_but_in_the_modems_settings(day):
    said = re.compile(rb"(?<![0-9a-zA-Z])" + PIN.encode() + rb"(?![0-9a-zA-Z])")  # four digits are in many a time and hash
    assert [str(name) for name, content in _places(day) if said.search(content)] == ["settings/modems.json"]


def test_the_log_shows_masked_numbers(day):
    assert re.search(rb"to 62812\d{5}XXX: sent", day.log)


def test_every_file_is_closed_to_other_users(day):
    open_ones = {str(path): oct(mode) for path, mode in day.modes.items() if mode & 0o077}
    assert open_ones == {}
