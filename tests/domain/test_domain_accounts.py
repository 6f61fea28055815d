"""Administrators and API users."""

import hashlib
import json

import pytest

from otppi.domain import passwords
from otppi.domain.accounts import AccountsBook
from otppi.domain.errors import Mistake, StoreError
from otppi.domain.operations import OPERATIONS
from otppi.domain.passwords import Match, matches
from otppi.domain.secret import Secret

PASSWORD = "correct horse"


class Shelf:
    """A file that can be made to fail."""

    def __init__(self, stored=None):
        self.stored = stored
        self.broken = False

    def load(self):
        return json.loads(json.dumps(self.stored))

    def save(self, value):
        if self.broken:
            raise StoreError("disk full")
        self.stored = json.loads(json.dumps(value))


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(passwords, "N", 2)


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def book(shelf):
    book = AccountsBook(shelf.load, shelf.save)
    book.add("admin", "root", PASSWORD)
    book.add("api", "app", PASSWORD, email="a@example.com", phone="0812", commands=["send-sms"])
    return book


def user(book, name="app"):
    return book.snapshot().api_user(name)


def test_an_added_user_can_log_in_and_is_limited_to_its_commands(book):
    found = user(book)
    assert matches(Secret(PASSWORD), found.record) is Match.YES
    assert (found.name, found.commands, found.usable) == ("app", {"send-sms"}, True)


def test_an_administrator_is_no_api_user(book):
    assert user(book, "root") is None
    book.add("api", "root", "another password")
    assert matches(Secret(PASSWORD), user(book, "root").record) is Match.NO


def test_what_was_changed_is_on_disk(book, shelf):
    book.operations["user.block"]("api", "app")
    again = AccountsBook(shelf.load, shelf.save)
    assert again.listing() == book.listing()
    assert user(again) == user(book)


def test_a_file_holds_no_password(book, shelf):
    assert PASSWORD not in json.dumps(shelf.stored)
    assert PASSWORD not in repr(book._accounts)
    assert user(book).record not in repr(book._accounts) + repr(user(book))


def test_a_list_shows_no_record_and_no_phone(book):
    assert book.listing() == [
        {"kind": "api", "name": "app", "email": "a@example.com", "phone": "set", "commands": ["send-sms"], "blocked": False, "active": True, "password": "set",
         "sends_hash": False},
        {"kind": "admin", "name": "root", "email": "", "phone": "", "commands": [], "blocked": False, "active": True, "password": "set",
         "sends_hash": False},
    ]


@pytest.mark.parametrize("operation,usable", [("user.block", False), ("user.deactivate", False), ("user.unblock", True), ("user.activate", True)])
def test_a_blocked_or_inactive_user_is_not_usable(book, operation, usable):
    if usable:
        book.operations[{"user.unblock": "user.block", "user.activate": "user.deactivate"}[operation]]("api", "app")
    book.operations[operation]("api", "app")
    assert user(book).usable is usable


def test_a_blocked_user_that_is_activated_stays_blocked(book):
    book.operations["user.block"]("api", "app")
    book.operations["user.activate"]("api", "app")
    assert not user(book).usable


def test_a_new_password_replaces_the_old_one(book):
    book.passwd("api", "app", "battery staple")
    assert matches(Secret("battery staple"), user(book).record) is Match.YES
    assert matches(Secret(PASSWORD), user(book).record) is Match.NO


def test_a_removed_user_is_gone(book, shelf):
    book.remove("api", "app")
    assert user(book) is None
    assert "app" not in json.dumps(shelf.stored)


@pytest.mark.parametrize("operation", ["user.remove", "user.block", "user.deactivate"])
def test_the_last_administrator_who_can_log_in_stays(book, operation):
    with pytest.raises(Mistake, match="last administrator"):
        book.operations[operation]("admin", "root")
    book.add("admin", "second", PASSWORD)
    book.operations["user.block"]("admin", "second")
    with pytest.raises(Mistake, match="last administrator"):
        book.operations[operation]("admin", "root")
    book.operations["user.unblock"]("admin", "second")
    book.operations[operation]("admin", "root")
    with pytest.raises(Mistake, match="last administrator"):
        book.operations[operation]("admin", "second")


def test_the_last_api_user_need_not_stay(book):
    book.remove("api", "app")


@pytest.mark.parametrize("kind,name,password,commands,word", [
    ("api", "app", PASSWORD, [], "already"), ("robot", "x", PASSWORD, [], '"api" or "admin"'), ("api", "", PASSWORD, [], "1 to 64"), ("api", "a b", PASSWORD, [], "1 to 64"),
    ("api", "a:b", PASSWORD, [], "1 to 64"), ("api", "a\n", PASSWORD, [], "1 to 64"), ("api", "x" * 65, PASSWORD, [], "1 to 64"), ("api", "\ud800", PASSWORD, [], "1 to 64"),
    ("api", "x", "short", [], "8 to 200"), ("api", "x", PASSWORD, ["fly"], "no command"),
])
def test_a_wrong_account_is_refused_and_nothing_changes(book, kind, name, password, commands, word):
    before, version = book.listing(), book.snapshot().version()
    with pytest.raises(Mistake, match=word):
        book.add(kind, name, password, commands=commands)
    assert (book.listing(), book.snapshot().version()) == (before, version)


@pytest.mark.parametrize("operation", ["user.remove", "user.block", "user.unblock", "user.activate", "user.deactivate"])
@pytest.mark.parametrize("kind,name", [("api", "nobody"), ("admin", "app"), ("robot", "app")])
def test_an_account_that_does_not_exist_is_named(book, operation, kind, name):
    with pytest.raises(Mistake, match=name):
        book.operations[operation](kind, name)


def test_every_change_has_another_version_and_older_snapshots_stay_as_they_were(book):
    old = book.snapshot()
    book.operations["user.block"]("api", "app")
    assert book.snapshot().version() != old.version()
    assert old.api_user("app").usable


def test_a_failed_save_leaves_everything_as_it_was(book, shelf):
    before, version, shelf.broken = book.listing(), book.snapshot().version(), True
    for change in (lambda: book.add("api", "new", PASSWORD), lambda: book.remove("api", "app"), lambda: book.operations["user.block"]("api", "app"),
                   lambda: book.passwd("api", "app", "battery staple")):
        with pytest.raises(StoreError):
            change()
    assert (book.listing(), book.snapshot().version()) == (before, version)
    assert matches(Secret(PASSWORD), user(book).record) is Match.YES


HASH = hashlib.sha256(PASSWORD.encode()).hexdigest()


@pytest.fixture
def moved(book, shelf):
    """A book with a user who was moved over from the original, written before there was such a thing as sends_hash."""
    shelf.stored["api"][0]["record"] = passwords.imported(HASH)
    del shelf.stored["api"][0]["sends_hash"]
    return AccountsBook(shelf.load, shelf.save)


def log_in(book, given):
    """What a door does."""
    record = user(book).record
    match = matches(Secret(given), record)
    if match is not Match.YES:
        book.upgrade("app", record, Secret(given))
    return match


def test_an_imported_record_is_replaced_after_its_password_was_proven(moved, shelf):
    assert moved.listing()[0]["password"] == "hash of the original"
    assert log_in(moved, PASSWORD) is Match.IMPORTED
    assert log_in(moved, PASSWORD) is Match.YES
    assert shelf.stored["api"][0]["record"] == user(moved).record
    assert (moved.listing()[0]["password"], moved.listing()[0]["sends_hash"]) == ("set", False)


def test_a_client_that_sends_the_hash_goes_on_getting_in_and_is_listed(moved, shelf):
    assert log_in(moved, HASH) is Match.IMPORTED_HASH
    assert HASH not in json.dumps(shelf.stored)
    assert (moved.listing()[0]["password"], moved.listing()[0]["sends_hash"]) == ("set", True)
    again = AccountsBook(shelf.load, shelf.save)
    assert again.listing() == moved.listing()
    assert log_in(again, HASH) is Match.IMPORTED_HASH
    assert matches(Secret(PASSWORD), user(again).record) is Match.IMPORTED


def test_a_hash_that_is_sent_again_and_again_changes_nothing_more(moved, shelf):
    log_in(moved, HASH)
    version, shelf.broken = moved.snapshot().version(), True
    for given in (HASH, HASH.upper(), HASH):
        assert log_in(moved, given) is Match.IMPORTED_HASH
    assert moved.snapshot().version() == version


@pytest.mark.parametrize("how", ["logs in with it", "is given a new one"])
def test_a_user_who_turns_to_a_password_is_not_listed_any_more(moved, how):
    log_in(moved, HASH)
    if how == "logs in with it":
        log_in(moved, PASSWORD)
    else:
        moved.passwd("api", "app", PASSWORD)
    assert not moved.listing()[0]["sends_hash"]
    assert log_in(moved, PASSWORD) is Match.YES
    assert log_in(moved, HASH) is Match.NO


def test_a_record_that_changed_meanwhile_is_not_replaced(book):
    before = user(book).record
    book.upgrade("app", "sha256$" + "0" * 64, Secret("battery staple"))
    book.upgrade("nobody", before, Secret("battery staple"))
    assert user(book).record == before


def test_the_book_does_what_the_table_of_operations_offers(book):
    assert set(book.operations) == {name for name, operation in OPERATIONS.items() if operation.owner == "accounts"}


def test_a_lone_administrator_can_be_activated_and_unblocked(book):
    book.operations["user.activate"]("admin", "root")
    book.operations["user.unblock"]("admin", "root")
