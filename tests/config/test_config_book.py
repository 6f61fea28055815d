import pytest
from doubles.files import FailingDisk

from otppi.config import Change, General, Otp, SettingsBook
from otppi.domain.errors import BadSettings, Mistake, StoreError
from otppi.domain.operations import OPERATIONS
from otppi.domain.secret import Secret
from otppi.store import FileSections

MODEM = {"id": "a", "port": "/dev/ttyUSB0"}


@pytest.fixture
def store(tmp_path):
    return FileSections(tmp_path / "settings")


@pytest.fixture
def book(store):
    return SettingsBook(store)


def test_without_files_every_section_has_its_defaults(book):
    assert book.get("otp") == Otp()
    assert book.get("general") == General()
    assert book.get("modems") == ()


def test_a_section_that_was_set_is_there_after_a_restart(book, store):
    book.set("otp", {"length": 8})
    book.set("modems", [MODEM])
    again = SettingsBook(store)
    assert again.get("otp") == book.get("otp") == Otp(length=8)
    assert again.get("modems") == book.get("modems")
    assert again.get("modems")[0].id == "a"


def test_set_replaces_the_section_so_that_keys_left_out_take_their_defaults(book):
    book.set("otp", {"length": 8, "max_attempts": 3})
    change = book.set("otp", {"length": 4})
    assert change == Change("otp", Otp(length=8, max_attempts=3), Otp(length=4))


def test_a_change_is_told_once_it_is_safe_and_not_when_it_was_refused(store):
    told = []
    book = SettingsBook(store, changed=lambda change: told.append((change, store.load(change.section)["length"])))
    with pytest.raises(BadSettings):
        book.set("otp", {"length": 99})
    book.set("otp", {"length": 8})
    assert told == [(Change("otp", Otp(), Otp(length=8)), 8)]


def test_nothing_is_written_or_changed_unless_all_of_it_is_right(book, store):
    with pytest.raises(BadSettings) as caught:
        book.set("otp", {"length": 8, "max_attempts": 0, "lenght": 1})
    assert dict(caught.value.problems) == {
        "settings/otp: max_attempts": "must be a whole number from 1 to 100.",
        "settings/otp: lenght": 'is not known; did you mean "length"?',
    }
    assert book.get("otp") == Otp()
    assert store.load("otp") is None


def test_a_full_disk_is_told_and_changes_nothing(book, monkeypatch):
    FailingDisk(monkeypatch).room = 5
    with pytest.raises(StoreError):
        book.set("otp", {"length": 8})
    assert book.get("otp") == Otp()


def test_a_secret_is_shown_as_set_kept_when_sent_back_and_cleared_by_null(book, store):
    book.set("modems", [MODEM | {"sim_pin": "2468", "apn": {"password": "geheim"}}])
    shown = book.show("modems")
    assert shown[0]["sim_pin"] == shown[0]["apn"]["password"] == {"secret": "set"}
    assert "2468" not in str(shown)
    book.set("modems", shown)
    book.set("modems", [MODEM])
    kept = SettingsBook(store).get("modems")[0]
    assert (kept.sim_pin, kept.apn.password) == (Secret("2468"), Secret("geheim"))
    book.set("modems", [MODEM | {"sim_pin": None}])
    assert not SettingsBook(store).get("modems")[0].sim_pin
    assert book.show("modems")[0]["sim_pin"] is None


def test_a_secret_goes_with_its_modem_and_does_not_come_back_with_a_new_one_of_that_id(book):
    book.set("modems", [MODEM | {"sim_pin": "2468"}])
    book.set("modems", [])
    book.set("modems", [MODEM])
    assert not book.get("modems")[0].sim_pin


def test_stored_sections_that_cannot_be_used_are_told_all_at_once(store):
    store.save("sms", {"country_code": "x"})
    store.save("otp", {"length": 99, "old_key": 1})
    store.save("modems", [MODEM, MODEM])
    with pytest.raises(BadSettings) as caught:
        SettingsBook(store)
    assert [path for path, _ in caught.value.problems] == [
        "settings/sms: country_code", "settings/otp: old_key", "settings/otp: length", "settings/modems: [a].id"]
    assert "settings/sms: country_code: must be 1 to 3 digits" in str(caught.value)


def test_an_unknown_section_is_a_mistake_with_the_nearest_name_and_all_names(book):
    for attempt in (lambda: book.show("modem"), lambda: book.set("modem", []), lambda: book.get("modem")):
        with pytest.raises(Mistake, match='no section "modem"; did you mean "modems"\\? Sections are: general, api, sms, otp, modems'):
            attempt()
    for odd in (None, [], "zzz"):
        with pytest.raises(Mistake, match="Sections are"):
            book.show(odd)


def test_the_operations_are_those_of_the_table_with_the_names_of_their_arguments(book):
    assert set(book.operations) == {name for name, operation in OPERATIONS.items() if operation.owner == "settings"}
    saved = book.operations["settings.set"](section="otp", value={"length": 8})
    assert saved == {"section": "otp", "saved": True}
    assert book.operations["settings.show"](section="otp") == {"length": 8, "expiration_ms": 300000, "max_attempts": 5}
