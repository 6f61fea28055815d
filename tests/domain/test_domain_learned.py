import pytest

from otppi.domain.errors import NotDone, StoreError
from otppi.domain.learned import MOST, MOST_TEXT, Learned, LearnedBook

IMEI = "001013000000018"


@pytest.fixture
def files():
    return {}


@pytest.fixture
def learned(files):
    return Learned(files.get, files.__setitem__)


def test_what_was_found_is_known_for_this_imei_and_firmware_alone(learned):
    assert learned.of(IMEI, "1.0") is None
    assert learned.note(IMEI, "1.0", {"a": 1}) == ""
    assert learned.of(IMEI, "1.0") == {"a": 1}
    assert learned.of(IMEI, "1.1") is None
    assert learned.of("001013000000026", "1.0") is None


def test_the_same_findings_are_not_written_again(files):
    saved = []
    learned = Learned(files.get, lambda name, value: (saved.append(name), files.update({name: value})))
    for _ in range(3):
        learned.note(IMEI, "1.0", {"a": 1})
    learned.note(IMEI, "1.1", {"a": 1})
    assert len(saved) == 2


@pytest.mark.parametrize("stored", [[], "x", {"revision": "1.0"}, {"found": {}}])
def test_a_file_of_another_shape_says_nothing(files, learned, stored):
    files[f"learned_{IMEI}"] = stored
    assert learned.of(IMEI, "1.0") is None


def test_a_disk_that_fails_costs_an_exploration_and_no_modem():
    def fail(*_):
        raise StoreError("The disk is full.")

    assert Learned(lambda name: None, fail).note(IMEI, "1.0", {}) == "The disk is full."
    assert Learned(fail, fail).of(IMEI, "1.0") is None


@pytest.mark.parametrize("imei", ["", "../../etc", "abc"])
def test_what_is_no_imei_is_not_kept(learned, files, imei):
    assert learned.note(imei, "1.0", {}) == ""
    assert learned.of(imei, "1.0") is None
    assert files == {}


# all of them


@pytest.fixture
def book(files):
    return LearnedBook(files.get, lambda prefix: [name for name in files if name.startswith(prefix)], files.pop)


def test_what_was_found_is_told_with_who_the_modem_is(learned, book):
    learned.note(IMEI, "1.0", {"a": 1}, at=1700000000.5, manufacturer="Maker", model="M1")
    learned.note("001013000000026", "x" * 500, {"b": 2})

    assert book.export() == [
        {"imei": IMEI, "revision": "1.0", "manufacturer": "Maker", "model": "M1", "at": 1700000000, "capabilities": {"a": 1}},
        {"imei": "001013000000026", "revision": "x" * MOST_TEXT, "manufacturer": "", "model": "", "at": 0, "capabilities": {"b": 2}},
    ]
    assert [entry["imei"] for entry in book.export(IMEI)] == [IMEI]
    assert book.export("1") == []
    assert learned.of("001013000000026", "x" * 500) == {"b": 2}


def test_what_is_forgotten_is_explored_again_and_the_others_stay(learned, book):
    learned.note(IMEI, "1.0", {"a": 1})
    learned.note("001013000000026", "1.0", {"b": 2})
    book.forget(IMEI)

    assert learned.of(IMEI, "1.0") is None
    assert [entry["imei"] for entry in book.export()] == ["001013000000026"]
    with pytest.raises(NotDone):
        book.forget(IMEI)
    with pytest.raises(NotDone):
        book.forget("../pin_m1")


def test_the_modem_that_was_explored_longest_ago_makes_room(learned, book):
    for number in range(MOST + 3):
        learned.note(str(number), "1.0", {}, at=1000.0 - number)
    assert book.trim() == ""
    assert len(book.export()) == MOST
    assert not book.export(str(MOST + 2))
    assert book.export("0")


def test_other_sections_and_broken_ones_are_nobody_s_findings(files, book):
    files.update({"pin_m1": {"found": 1}, "learned_1": [], "learned_2": {"revision": 5, "found": {}, "at": "x"}})
    assert book.export() == [{"imei": "2", "revision": "5", "manufacturer": "", "model": "", "at": 0, "capabilities": {}}]


def test_a_disk_that_fails_while_room_is_made_is_told():
    def fail(*_):
        raise StoreError("The disk is full.")

    assert LearnedBook(fail, fail, fail).trim() == "The disk is full."
