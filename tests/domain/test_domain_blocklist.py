"""The blocklist: numbers and prefixes, in any spelling, all or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain import blocklist
from otppi.domain.blocklist import Blocklist, BlocklistBook
from otppi.domain.errors import BadNumber, Mistake, StoreError
from otppi.domain.operations import OPERATIONS

NUMBER = "628126666666"


class Shelf:
    def __init__(self):
        self.stored = None
        self.saves = 0
        self.broken = False

    def save(self, value):
        if self.broken:
            raise StoreError("disk full")
        self.stored = value
        self.saves += 1


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def book(shelf):
    return BlocklistBook(lambda: shelf.stored, shelf.save, lambda: "62")


@pytest.mark.parametrize("text", ["08126666666", "+628126666666", "628126666666", "0062 812-6666-666"])
def test_a_number_is_blocked_in_whatever_spelling_it_was_written(book, text):
    assert not book.list.blocks(NUMBER)
    book.change([text], blocked=True)
    assert book.list.blocks(NUMBER)
    assert not book.list.blocks("628126666667")
    book.change([text], blocked=False)
    assert not book.list.blocks(NUMBER)


@pytest.mark.parametrize("text", ["0812*", "62812*", "+62812*", " 0812 *"])
def test_a_star_blocks_all_that_begins_so(book, text):
    book.change([text], blocked=True)
    assert book.list.blocks(NUMBER)
    assert book.list.blocks("62812")
    assert not book.list.blocks("628136666666")
    assert not book.list.blocks("6281")


def test_the_longest_pattern_wins_and_the_number_itself_over_all():
    listed = Blocklist({"62*": True, "62812*": False, "6281266*": True, NUMBER: False})
    assert listed.blocks("6281000000")
    assert not listed.blocks("6281255555")
    assert listed.blocks("6281266555")
    assert not listed.blocks(NUMBER)


@given(st.dictionaries(st.from_regex(r"6[0-3]{1,5}\*?", fullmatch=True), st.booleans(), max_size=12), st.from_regex(r"6[0-3]{1,6}", fullmatch=True))
def test_the_list_says_what_a_search_through_all_of_it_would_say(entries, number):
    fitting = [(pattern == number, len(pattern), blocked) for pattern, blocked in entries.items()
               if pattern == number or (pattern.endswith("*") and number.startswith(pattern[:-1]))]
    assert Blocklist(entries).blocks(number) is (max(fitting)[2] if fitting else False)


def test_a_number_let_through_stays_listed_and_a_deleted_one_does_not(book):
    book.change(["0812666666"], blocked=True)
    book.change(["0812666666"], blocked=False)
    assert book.listing() == [{"pattern": "62812666666", "blocked": False}]
    assert book.delete(["62812666666", "0899999999"]) == {"changed": 1}
    assert book.listing() == []


def test_deleting_the_last_prefix_unblocks(book):
    book.change(["0812*"], blocked=True)
    book.delete(["0812*"])
    assert not book.list.blocks(NUMBER)


@pytest.mark.parametrize("search,found", [("", 3), ("0812", 2), ("+62812", 2), ("62 812", 0), ("666", 1), ("*", 1), ("99", 1), ("0", 3), ("7777", 0), ("x", 0), ("0x", 0)])
def test_a_search_finds_digits_anywhere_and_a_number_in_its_spellings(book, search, found):
    book.change(["08126666666", "0812*", "0899999999"], blocked=True)
    assert len(book.listing(search)) == found


def test_the_list_survives_a_restart(book, shelf):
    book.change(["0812*", "0899999999"], blocked=True)
    book.change(["08126666666"], blocked=False)
    again = BlocklistBook(lambda: shelf.stored, shelf.save, lambda: "62")
    assert again.listing() == book.listing()
    assert again.list.blocks("6289999999" + "9")
    assert not again.list.blocks(NUMBER)


def test_only_what_changes_is_counted_and_saved(book, shelf):
    assert book.change(["08126666666", "+628126666666"], blocked=True) == {"changed": 1}
    assert book.change(["08126666666"], blocked=True) == {"changed": 0}
    assert book.delete(["0899999999"]) == {"changed": 0}
    assert shelf.saves == 1


def test_a_failed_save_leaves_the_list_as_it_was(book, shelf):
    book.change(["0899999999"], blocked=True)
    before, shelf.broken = book.listing(), True
    for change in (lambda: book.change(["0812*"], blocked=True), lambda: book.delete(["0899999999"]), lambda: book.take([{"pattern": "0812*", "blocked": True}])):
        with pytest.raises(StoreError):
            change()
    assert book.listing() == before
    assert not book.list.blocks(NUMBER)


@pytest.mark.parametrize("bad", ["hello", "", "*", "0812**", "12", 12, None])
def test_one_wrong_number_among_many_changes_nothing_and_is_named_by_its_place(book, shelf, bad):
    with pytest.raises(BadNumber, match=r"^Entry 2: "):
        book.change(["08126666666", bad, "0899999999"], blocked=True)
    with pytest.raises(BadNumber, match=r"^Entry 2: "):
        book.take([{"pattern": "08126666666"}, {"pattern": bad}])
    assert book.listing() == []
    assert shelf.saves == 0


@pytest.mark.parametrize("bad", ["0812", None, [], {"pattern": "08126666666", "blocked": "no"}])
def test_an_import_of_another_shape_is_refused(book, bad):
    with pytest.raises(Mistake, match=r"^Entry 1 must be"):
        book.take([bad])


def test_numbers_that_json_wrote_as_numbers_are_read(book):
    book.change([628126666666], blocked=True)
    assert book.list.blocks(NUMBER)


def test_what_was_exported_can_be_imported(book, shelf):
    book.change(["0812*"], blocked=True)
    book.change(["08126666666"], blocked=False)
    exported = book.operations["blocklist.export"]()
    other = BlocklistBook(lambda: None, shelf.save, lambda: "62")
    assert other.take(exported) == {"changed": 2}
    assert other.listing() == exported


def test_an_entry_without_a_state_is_blocked(book):
    book.take([{"pattern": "08126666666"}])
    assert book.list.blocks(NUMBER)


def test_a_full_list_takes_no_more_but_what_it_holds_can_still_be_changed(monkeypatch):
    monkeypatch.setattr(blocklist, "MAX_ENTRIES", 2)
    listed = Blocklist({"1": True, "2": True})
    with pytest.raises(Mistake, match="at most 2"):
        listed.put(["3"], blocked=True)
    assert listed.put(["1", "2"], blocked=False) == 2


def test_the_country_code_of_the_moment_counts(shelf):
    code = ["62"]
    book = BlocklistBook(lambda: None, shelf.save, lambda: code[0])
    code[0] = "49"
    book.change(["0171 2345678"], blocked=True)
    assert book.list.blocks("491712345678")


def test_the_book_does_what_the_table_of_operations_offers(book):
    assert set(book.operations) == {name for name, operation in OPERATIONS.items() if operation.owner == "blocklist"}
