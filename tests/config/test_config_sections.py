import pytest

from otppi.config import SECTIONS, Api, ApiPaths, General, Modem, Otp, Sms
from otppi.config.fields import Group, Rows, kinds
from otppi.domain.secret import Secret


def read(name, value, old=None):
    problems = []
    made = SECTIONS[name].read(value, problems, old)
    return made, dict(problems)


def refused(name, value):
    made, problems = read(name, value)
    assert made is None
    return problems


def modem(**keys):
    return {"id": "a", "port": "/dev/ttyUSB0"} | keys


_COMMON = {"enabled": False, "tls": {"enabled": False, "ca_file": "", "verify": True}, "host": "localhost", "port": 0, "username": "",
           "password": None, "topic": "sms", "timeout_ms": 10000, "reconnect_delay_ms": 5000, "refresh_s": 0, "commands": []}


def test_the_sections_of_this_stage_have_these_names_and_defaults():
    assert list(SECTIONS) == ["general", "api", "sms", "otp", "modems", "routing", "subscribers", "certificates", "webhooks"]
    assert {name: section.to_json(section.default, masked=False) for name, section in SECTIONS.items()} == {
        "general": {"device_name": "OTP-Pi", "drop_expired": True, "time_zone": "", "ntp_servers": [], "inspect_modems_s": 1},
        "api": {
            "host": "0.0.0.0", "http_enabled": True, "http_port": 8899, "https_enabled": False, "https_port": 10443,
            "paths": {"otp": ["/api/otp"], "message": ["/api/message"], "sms": ["/api/sms"], "email": ["/api/email"],
                      "block": ["/api/block", "/api/blocking"], "unblock": ["/api/unblock", "/api/unblocking"],
                      "modem": ["/api/modem"], "ussd": ["/api/ussd"], "echo": ["/api/echo"]},
            "reply_timeout_s": 25, "overload": "accept"},
        "sms": {"country_code": "62", "recipient_prefix_length": 0, "log_outgoing": True, "monitor": True, "max_parts": 10,
                "max_wait_s": {"rest": 300, "broker": 1200}, "queue_limit": 10000, "remember_h": 24, "inbox_days": 90,
                "inbox_forward": {"subscriber": "", "topic": ""}},
        "otp": {"length": 6, "expiration_ms": 300000, "max_attempts": 5},
        "modems": [],
        "routing": {"tariffs": []},
        "subscribers": {
            "amqp": {**_COMMON, "version": "0-9-1", "vhost": "/", "durable": True},
            "mqtt": {**_COMMON, "client_id": "", "qos": 1, "protocol": "3.1.1"},
            "redis": {**_COMMON, "mode": "pubsub", "group": "otppi"},
            "stomp": {**_COMMON, "destination": "topic"},
            "activemq": {**_COMMON, "destination": "topic", "client_id": "", "time_to_live_ms": 60000},
            "websocket": {**_COMMON, "path": "/"}},
        "certificates": [],
        "webhooks": [],
    }


def test_a_modem_needs_an_id_and_a_port_alone_and_has_these_defaults():
    (made,), problems = read("modems", [modem()])
    assert not problems
    assert made == Modem(id="a", port="/dev/ttyUSB0")
    assert SECTIONS["modems"].to_json((made,), masked=True) == [{
        "id": "a", "name": "", "port": "/dev/ttyUSB0", "active": True, "default": False, "send_from_api": True,
        "recipient_prefixes": [], "sim_pin": None, "manufacturer": "", "model": "", "revision": "", "imei": "", "imsi": "",
        "iccid": "", "operator": "", "msisdn": "", "sms_center": "", "baud_rate": 115200, "parity": "N", "start_bits": 1,
        "stop_bits": 1, "delete_sent": False, "limits": {"per_minute": 0, "per_hour": 0, "per_day": 0}, "tariff": "",
        "balance": {"ussd": "", "pattern": "", "every_h": 0, "low": 0}, "internet_access": False,
        "apn": {"name": "", "username": "", "password": None},
        "dial": {"number": "*99#", "init": [], "command": "ATDT", "auto": False}}]
    assert refused("modems", [{}]) == {"settings/modems: [0].id": "is missing.", "settings/modems: [0].port": "is missing."}


def test_every_default_passes_its_own_check():
    for section in SECTIONS.values():
        made, problems = read(section.name, section.to_json(section.default, masked=False))
        assert (made, problems) == (section.default, {})


def test_every_field_has_a_label():
    def labels(cls):
        for kind in kinds(cls).values():
            yield kind.label
            if isinstance(kind, Group | Rows):
                yield from labels(kind.cls)

    assert all(label.strip() for section in SECTIONS.values() for label in (section.label, *labels(section.cls)))


@pytest.mark.parametrize("port", ["/dev/ttyUSB0", "/dev/serial/by-id/usb-HUAWEI_Mobile-if00-port0", "imei:123456789012345",
                                  "usb:1-1.4", "usb:3-2.1.4:1.2", "/srv/demo/modem 1"])
def test_a_port_is_a_device_path_an_imei_or_a_bus_path(port):
    assert read("modems", [modem(port=port)])[0][0].port == port


@pytest.mark.parametrize("port", ["ttyUSB0", "/", "/dev/../etc/passwd", "imei:12345", "imei:1234567890123456", "usb:", "usb:x", "COM3"])
def test_another_port_is_refused_with_the_three_forms(port):
    assert "imei:<15 digits> or usb:<bus path>" in refused("modems", [modem(port=port)])["settings/modems: [a].port"]


def test_two_active_modems_on_one_port_are_refused_and_an_inactive_one_is_not():
    pair = [modem(), modem(id="b", port="/dev//ttyUSB0")]
    assert refused("modems", pair) == {
        "settings/modems: [b].port": 'is the port of modem "a" too; make one of them inactive or move it.'}
    made, problems = read("modems", [pair[0], pair[1] | {"active": False}])
    assert [one.id for one in made] == ["a", "b"]
    assert not problems


def test_an_id_that_is_there_twice_is_refused():
    assert refused("modems", [modem(), modem(port="/dev/ttyUSB1")]) == {
        "settings/modems: [a].id": "is there twice; give each its own."}


@pytest.mark.parametrize("keys, path", [
    ({"id": ""}, "[0].id"), ({"id": "a b"}, "[a b].id"), ({"id": "a" * 65}, f"[{'a' * 65}].id"), ({"id": 5}, "[0].id"),
    ({"recipient_prefixes": ["62x"]}, "[a].recipient_prefixes"), ({"sim_pin": "123"}, "[a].sim_pin"),
    ({"sim_pin": "123456789"}, "[a].sim_pin"), ({"imei": "12"}, "[a].imei"), ({"msisdn": "my own"}, "[a].msisdn"),
    ({"baud_rate": 299}, "[a].baud_rate"), ({"parity": "X"}, "[a].parity"), ({"stop_bits": 3}, "[a].stop_bits"),
    ({"limits": {"per_day": -1}}, "[a].limits.per_day"), ({"balance": {"pattern": "("}}, "[a].balance.pattern"),
    ({"balance": {"ussd": "AT+CFUN"}}, "[a].balance.ussd"), ({"dial": {"init": ["AT"] * 6}}, "[a].dial.init"),
    ({"dial": {"number": "1\x1a"}}, "[a].dial.number"), ({"dial": {"command": "rm"}}, "[a].dial.command"),
])
def test_a_wrong_key_of_a_modem_is_refused_under_its_id(keys, path):
    assert list(refused("modems", [modem(**keys)])) == [f"settings/modems: {path}"]


def test_the_numbers_of_a_sim_stay_out_of_the_repr():
    (made,), _ = read("modems", [modem(msisdn="+628126661001", imsi="510101234567890", iccid="8962101234567890123", sim_pin="2468")])
    for number in ("62812666", "51010123", "89621012", "2468"):
        assert number not in repr(made)


def test_a_list_keeps_the_secret_of_the_modem_with_the_same_id_wherever_it_stands():
    old, _ = read("modems", [modem(sim_pin="1111"), modem(id="b", port="/dev/ttyUSB1", sim_pin="2222")])
    made, _ = read("modems", [modem(id="b", port="/dev/ttyUSB1"), modem(id="c", port="/dev/ttyUSB2"), modem()], old)
    assert [one.sim_pin for one in made] == [Secret("2222"), Secret(""), Secret("1111")]


def test_a_path_may_be_a_text_or_a_list_and_replaces_its_default_alone():
    made, _ = read("api", {"paths": {"otp": "/v2/otp", "block": ["/b"]}})
    assert made.paths == ApiPaths(otp=("/v2/otp",), block=("/b",))
    assert refused("api", {"paths": {"otp": ["/ok", "api/otp"]}})["settings/api: paths.otp"].startswith("entry 2 must be a path that begins with /")


@pytest.mark.parametrize("name, value, path", [
    ("general", {"device_name": ""}, "device_name"), ("general", {"time_zone": "../etc"}, "time_zone"),
    ("general", {"ntp_servers": ["a b"]}, "ntp_servers"), ("general", {"inspect_modems_s": -1}, "inspect_modems_s"),
    ("api", {"http_port": 65536}, "http_port"), ("api", {"host": ""}, "host"), ("api", {"overload": "drop"}, "overload"),
    ("api", {"https_enabled": True, "https_port": 8899}, "https_port"), ("api", {"reply_timeout_s": 0}, "reply_timeout_s"),
    ("sms", {"country_code": "+62"}, "country_code"), ("sms", {"country_code": "0"}, "country_code"),
    ("sms", {"country_code": ""}, "country_code"), ("sms", {"country_code": 62}, "country_code"),
    ("sms", {"max_parts": 256}, "max_parts"), ("sms", {"max_wait_s": {"broker": 1800}}, "max_wait_s.broker"),
    ("sms", {"inbox_forward": {"subscriber": "mqtt"}}, "inbox_forward.topic"),
    ("sms", {"inbox_forward": {"subscriber": "kafka", "topic": "x"}}, "inbox_forward.subscriber"),
    ("otp", {"length": 3}, "length"), ("otp", {"length": 11}, "length"), ("otp", {"expiration_ms": 999}, "expiration_ms"),
    ("otp", {"expiration_ms": 86_400_001}, "expiration_ms"), ("otp", {"max_attempts": 0}, "max_attempts"),
    ("otp", {"max_attempts": 101}, "max_attempts"),
])
def test_a_value_out_of_its_range_is_refused_where_it_stands(name, value, path):
    assert list(refused(name, value)) == [f"settings/{name}: {path}"]


@pytest.mark.parametrize("name, value, made", [
    ("general", {"time_zone": "Asia/Jakarta", "inspect_modems_s": 0}, General(time_zone="Asia/Jakarta", inspect_modems_s=0)),
    ("api", {"http_port": 0, "https_port": 0, "https_enabled": True}, Api(http_port=0, https_port=0, https_enabled=True)),
    ("sms", {"country_code": "1", "remember_h": 0}, Sms(country_code="1", remember_h=0)),
    ("otp", {"length": 10, "expiration_ms": 86_400_000, "max_attempts": 100}, Otp(length=10, expiration_ms=86_400_000, max_attempts=100)),
])
def test_a_value_at_the_end_of_its_range_is_taken(name, value, made):
    assert read(name, value) == (made, {})


@pytest.mark.parametrize("name, value", [("modems", {}), ("otp", []), ("modems", ["a"])])
def test_a_section_of_the_wrong_shape_is_refused(name, value):
    assert "must be a" in next(iter(refused(name, value).values()))
