import base64
import hashlib
import threading

import pytest
from doubles.gateway import HandClock, SnapshotAccounts, user
from web.house import PASSWORD, RECORD, SIGNED, SMS, basic, call, order

from otppi.domain import passwords
from otppi.domain.passwords import Match
from otppi.domain.replies import Reply
from otppi.domain.secret import Secret
from otppi.web import auth as auth_module
from otppi.web.auth import Gate

HERE = "192.0.2.1"


class Counting:
    """Compares as passwords.matches would with scrypt records, without the scrypt, and counts."""

    def __init__(self):
        self.records = []

    def __call__(self, password, record):
        self.records.append(record)
        if record.startswith("sha256$"):
            return passwords.matches(password, record)
        return Match.YES if password.reveal() and record == f"scrypt${password.reveal()}" else Match.NO


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def accounts():
    return SnapshotAccounts(user("app", "scrypt$right"), user("blocked", "scrypt$right", usable=False), user("a:b", "scrypt$right"))


@pytest.fixture
def matches():
    return Counting()


@pytest.fixture
def gate(accounts, clock, matches):
    return Gate(accounts, clock, matches)


def status(answer):
    return answer.status if isinstance(answer, Reply) else 200


def test_a_right_credential_is_compared_once_and_then_remembered(gate, accounts, matches):
    for _ in range(100):
        assert gate.admit(basic("app", "right"), HERE) is accounts.users["app"]
    assert len(matches.records) == 1


def test_a_remembered_credential_is_forgotten_after_five_idle_minutes_but_not_while_it_is_used(gate, clock, matches):
    gate.admit(basic("app", "right"), HERE)
    for _ in range(10):
        clock.now += 200
        gate.admit(basic("app", "right"), HERE)
    assert len(matches.records) == 1
    clock.now += 301
    gate.admit(basic("app", "right"), HERE)
    assert len(matches.records) == 2


def test_a_changed_record_ends_what_was_remembered(gate, accounts):
    assert status(gate.admit(basic("app", "right"), HERE)) == 200
    accounts.change("app", record="scrypt$new")
    assert status(gate.admit(basic("app", "right"), HERE)) == 401
    assert status(gate.admit(basic("app", "new"), HERE)) == 200


@pytest.mark.parametrize("change", [{"usable": False}, "removed"])
def test_a_user_who_is_blocked_or_removed_is_refused_at_once(gate, accounts, change):
    gate.admit(basic("app", "right"), HERE)
    if change == "removed":
        del accounts.users["app"]
    else:
        accounts.change("app", **change)
    assert status(gate.admit(basic("app", "right"), HERE)) == 401


def test_unknown_blocked_wrong_and_empty_are_refused_alike_at_the_price_of_one_comparison(gate, matches):
    said = {}
    for name, password in [("nobody", "right"), ("nobody", ""), ("blocked", "right"), ("blocked", ""), ("app", "wrong"), ("app", "")]:
        before = len(matches.records)
        said[name, password] = gate.admit(basic(name, password), HERE)
        assert len(matches.records) - before == 1, (name, password)
    assert len({id(reply) for reply in said.values()}) == 1
    assert said["app", ""].status == 401


def test_an_empty_password_is_refused_at_the_door_itself(house):
    house.accounts.users["hollow"] = user("hollow", RECORD)
    house.accounts.users["shut"] = user("shut", RECORD, usable=False)
    for name in ("nobody", "hollow", "shut"):
        assert call(house.url, body=SMS, headers={"Authorization": basic(name, "")}).status == 401
    assert house.gateway.requests == []


def test_an_imported_record_costs_a_scrypt_too_and_is_upgraded_at_the_first_success(gate, accounts, matches):
    digest = hashlib.sha256(b"old").hexdigest()
    accounts.users["old"] = user("old", passwords.imported(digest))
    assert status(gate.admit(basic("old", "wrong"), HERE)) == 401
    assert [record.partition("$")[0] for record in matches.records] == ["sha256"]
    assert accounts.upgrades == []
    assert status(gate.admit(basic("old", "old"), HERE)) == 200
    assert status(gate.admit(basic("old", digest), HERE)) == 200
    record = passwords.imported(digest)
    assert accounts.upgrades == [("old", record, "old"), ("old", record, digest)]


def test_a_user_with_our_record_is_not_upgraded(gate, accounts):
    gate.admit(basic("app", "right"), HERE)
    assert accounts.upgrades == []


@pytest.mark.parametrize("header", [
    None, "", "Basic", "Basic ", "Bearer abc", "Basic %%%", "Basic " + base64.b64encode(b"no colon").decode(),
    "Basic " + base64.b64encode(b"app\0x:right").decode(), basic("app", "x" * 1025), basic("x" * 257, "right"),
])
def test_a_header_that_is_no_credential_is_refused_without_a_comparison(gate, matches, header):
    assert status(gate.admit(header, HERE)) == 401
    assert matches.records == []


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_may_be_written_in_any_case(gate, scheme):
    assert status(gate.admit(basic("app", "right").replace("Basic", scheme), HERE)) == 200


def test_a_password_keeps_its_colons_and_may_be_missing_its_padding(house, gate):
    assert ":" in PASSWORD
    assert call(house.url, body=order(), headers=SIGNED).status == 200
    assert status(gate.admit(basic("app", "right").rstrip("="), HERE)) == 200


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_beyond_ascii_is_understood_in_both_usual_encodings(gate, accounts, encoding):
    accounts.users["é"] = user("é", "scrypt$gehören")
    assert status(gate.admit(basic("é", "gehören", encoding), HERE)) == 200


def test_ten_failures_of_a_user_stop_guessing_from_anywhere_without_a_comparison(gate, clock, matches):
    for n in range(10):
        assert status(gate.admit(basic("app", f"guess {n}"), f"192.0.2.{n}")) == 401
    said = gate.admit(basic("app", "guess"), "198.51.100.1")
    assert (said.status, said.code, len(matches.records)) == (429, "1102", 10)
    assert 0 < said.retry_after_s <= 60
    clock.now += said.retry_after_s
    assert status(gate.admit(basic("app", "right"), HERE)) == 200


def test_thirty_failures_of_an_address_stop_guessing_at_any_user(gate):
    for n in range(30):
        assert status(gate.admit(basic(f"user {n}", "guess"), HERE)) == 401
    assert status(gate.admit(basic("app", "right"), HERE)) == 429
    assert status(gate.admit(basic("app", "right"), "192.0.2.2")) == 200


def test_an_ipv6_client_is_one_client_in_all_of_its_64_bits(gate):
    for n in range(30):
        gate.admit(basic(f"user {n}", "guess"), f"2001:db8::{n:x}")
    assert status(gate.admit(basic("app", "right"), "2001:db8::ffff")) == 429


def test_a_credential_known_to_be_good_passes_while_its_name_and_address_are_throttled(gate):
    assert status(gate.admit(basic("app", "right"), HERE)) == 200
    for n in range(40):
        gate.admit(basic("app", f"guess {n}"), HERE)
        gate.admit(basic(f"user {n}", "guess"), HERE)
    assert status(gate.admit(basic("app", "guess"), HERE)) == 429
    assert status(gate.admit(basic("app", "right"), HERE)) == 200


def test_success_clears_the_failures_of_the_user(gate):
    for _ in range(3):
        for n in range(9):
            assert status(gate.admit(basic("app", f"guess {n}"), f"192.0.2.{n}")) == 401
        assert status(gate.admit(basic("app", "right"), HERE)) == 200
        gate._known.clear()


def test_throttling_reaches_the_client_as_429(house, monkeypatch):
    for n in range(10):
        call(house.url, body=SMS, headers={"Authorization": basic("app", f"guess {n}")})
    said = call(house.url, body=SMS, headers=SIGNED)
    assert (said.status, said.json["response_code"]) == (429, "1102")
    assert int(said.headers["retry-after"]) > 0


def test_tables_do_not_grow_without_bound(gate, accounts, clock, monkeypatch):
    monkeypatch.setattr("otppi.web.throttle.TABLE", 50)
    monkeypatch.setattr(auth_module, "REMEMBERED", 50)
    for n in range(200):
        accounts.users[f"user {n}"] = user(f"user {n}", "scrypt$right")
        gate.admit(basic(f"user {n}", "right"), HERE)
        gate.admit(basic(f"stranger {n}", "guess"), f"10.0.0.{n}")
    assert len(gate._known) == len(gate._of_user._counts) == len(gate._of_address._counts) == 50
    assert gate._in_line == {}


class Gated(Counting):
    """Holds comparisons, and notes how many run at once."""

    def __init__(self):
        super().__init__()
        self.running = self.most = 0
        self.lock = threading.Lock()
        self.started = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, password, record):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.started.release()
        assert self.go.wait(10)
        with self.lock:
            self.running -= 1
        return super().__call__(password, record)


def test_two_comparisons_run_at_once_and_who_waits_too_long_is_told_503(accounts, clock, monkeypatch):
    monkeypatch.setattr(auth_module, "PATIENCE_S", 0.05)
    matches = Gated()
    gate = Gate(accounts, clock, matches)
    said = []
    threads = [threading.Thread(target=lambda n=n: said.append(gate.admit(basic(f"user {n}", "x"), HERE))) for n in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert matches.started.acquire(timeout=5)
    late = gate.admit(basic("app", "right"), HERE)
    assert (late.status, late.retry_after_s) == (503, 1)
    monkeypatch.setattr(auth_module, "IN_LINE", 2)
    monkeypatch.setattr(auth_module, "PATIENCE_S", 60)
    assert gate.admit(basic("app", "right"), HERE).status == 503
    matches.go.set()
    for thread in threads:
        thread.join(5)
    assert (matches.most, [one.status for one in said]) == (2, [401, 401])


def test_many_clients_with_one_cold_credential_all_come_in_for_at_most_two_comparisons(accounts, clock):
    matches = Gated()
    gate = Gate(accounts, clock, matches)
    said = []
    threads = [threading.Thread(target=lambda: said.append(status(gate.admit(basic("app", "right"), HERE)))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        assert matches.started.acquire(timeout=5)
    matches.go.set()
    for thread in threads:
        thread.join(5)
    assert said == [200] * 24
    assert len(matches.records) == 2


def test_a_record_that_cannot_be_read_refuses_and_is_logged_without_it(accounts, clock, caplog):
    accounts.users["odd"] = user("odd", "scrypt$16384$8")
    assert status(Gate(accounts, clock).admit(basic("odd", "secret"), HERE)) == 401
    assert "ValueError" in caplog.text
    assert "16384" not in caplog.text
    assert "secret" not in caplog.text


def test_nothing_of_a_credential_is_printed(gate):
    gate.admit(basic("app", "right"), HERE)
    assert "right" not in repr(vars(gate)["_known"])


def test_real_scrypt_records_open_the_gate(clock):
    accounts = SnapshotAccounts(user("app", passwords.record(Secret("p:w"))))
    assert status(Gate(accounts, clock).admit(basic("app", "p:w"), HERE)) == 200
    assert status(Gate(accounts, clock).admit(basic("app", "p"), HERE)) == 401
