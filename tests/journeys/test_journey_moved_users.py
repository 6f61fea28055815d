"""Users who were moved over from the original, on the real service: their password, or the hash of it as the original took it (X1)."""

import hashlib
import json

import pytest
import requests
from doubles.service import Service, until

PASSWORD = "an old password"
HASH = hashlib.sha256(PASSWORD.encode()).hexdigest()


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path)
    service.set_up()
    file = service.data / "state" / "accounts.json"
    accounts = json.loads(file.read_text())
    accounts["api"][0] |= {"name": "moved", "record": f"sha256${HASH}"}
    file.write_text(json.dumps(accounts))
    service.start()
    yield service
    assert service.terminate() == 0


def log_in(service, given):
    return requests.post(service.api + "/api/echo", json={"command": "echo", "data": {}}, auth=("moved", given), timeout=10).status_code


def listed(service):
    [user] = service.do("user.list")
    return user["password"], user["sends_hash"]


def test_a_client_that_sends_the_hash_gets_in_again_and_again_and_the_list_tells_of_it(service):
    assert listed(service) == ("hash of the original", False)
    assert log_in(service, HASH) == 200
    until(lambda: listed(service) == ("set", True))
    assert HASH not in (service.data / "state" / "accounts.json").read_text()
    assert [log_in(service, given) for given in (HASH, HASH.upper(), "wrong", "")] == [200, 200, 401, 401]
    assert "set, client sends the hash" in service.cli("user", "list").stdout
    service.terminate()
    service.start()
    assert log_in(service, HASH) == 200
    assert listed(service) == ("set", True)


def test_who_comes_with_the_password_has_a_record_as_all_others_from_then_on(service):
    assert log_in(service, PASSWORD) == 200
    until(lambda: listed(service) == ("set", False))
    until(lambda: log_in(service, HASH) == 401)
    assert log_in(service, PASSWORD) == 200


def test_who_turned_from_the_hash_to_the_password_is_not_listed_any_more(service):
    assert log_in(service, HASH) == 200
    until(lambda: listed(service) == ("set", True))
    assert log_in(service, PASSWORD) == 200
    until(lambda: listed(service) == ("set", False))
