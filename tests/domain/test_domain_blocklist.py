"""The blocklist: numbers and prefixes, in any spelling, all or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain import blocklist
from otppi.domain.blocklist import Blocklist, BlocklistBook
from otppi.domain.errors import BadNumber, Mistake, StoreError
from otppi.domain.operations import OPERATIONS

NUMBER = "628126666666"
PASSING = {"pattern": NUMBER, "blocked": False}


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
    book.block([text])
    assert book.list.blocks(NUMBER)
    assert not book.list.blocks("628126666667")
    book.unblock([text])
    assert not book.list.blocks(NUMBER)


@pytest.mark.parametrize("text", ["0812*", "62812*", "+62812*", " 0812 *"])
def test_a_star_blocks_all_that_begins_so(book, text):
    book.block([text])
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


def test_unblocking_frees_what_is_listed_as_blocked_and_nothing_else(book, shelf):
    book.block(["0812666666", "0813*"])
    book.take([PASSING])
    assert book.unblock(["62812666666", "0899999999", "08131111111", "08126666666"]) == {"changed": 1, "still_blocked": 1}
    assert book.listing() == [PASSING, {"pattern": "62813*", "blocked": True}]
    saves = shelf.saves
    assert book.unblock(["62812666666"]) == {"changed": 0, "still_blocked": 0}
    assert shelf.saves == saves


def test_a_number_below_a_blocked_prefix_stays_blocked_also_when_it_was_listed_itself(book):
    book.block(["0812*", "08126666666"])
    assert book.unblock(["08126666666"]) == {"changed": 1, "still_blocked": 1}
    assert book.list.blocks(NUMBER)
    assert book.unblock(["0812*"]) == {"changed": 1, "still_blocked": 0}
    assert not book.list.blocks(NUMBER)


def test_only_an_import_makes_an_exception_and_only_a_deletion_or_a_block_ends_it(book):
    book.block(["0812*"])
    book.take([PASSING])
    assert not book.list.blocks(NUMBER)
    book.unblock(["08126666666"])
    assert not book.list.blocks(NUMBER)
    assert book.delete(["08126666666"]) == {"changed": 1}
    assert book.list.blocks(NUMBER)
    book.take([PASSING])
    book.block(["08126666666"])
    assert book.list.blocks(NUMBER)


def test_a_client_blocks_and_unblocks_one_number_and_hears_when_a_prefix_stands_above_it(book):
    book.change_one("0812 666 6666", blocked=True)
    assert book.list.blocks(NUMBER)
    book.change_one("+628126666666", blocked=False)
    assert book.listing() == []
    book.change_one("+628126666666", blocked=False)
    book.block(["0812*"])
    with pytest.raises(Mistake, match="prefix that an administrator"):
        book.change_one("08126666666", blocked=False)
    assert book.list.blocks(NUMBER)


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize("text", ["0812*", "62812*", "*", "nobody", ""])
def test_a_client_cannot_touch_a_prefix(book, text, blocked):
    book.block(["0812*"])
    with pytest.raises(BadNumber):
        book.change_one(text, blocked=blocked)
    assert book.listing() == [{"pattern": "62812*", "blocked": True}]


def test_deleting_the_last_prefix_unblocks(book):
    book.block(["0812*"])
    book.delete(["0812*"])
    assert not book.list.blocks(NUMBER)


@pytest.mark.parametrize("search,found", [("", 3), ("0812", 2), ("+62812", 2), ("62 812", 0), ("666", 1), ("*", 1), ("99", 1), ("0", 3), ("7777", 0), ("x", 0), ("0x", 0)])
def test_a_search_finds_digits_anywhere_and_a_number_in_its_spellings(book, search, found):
    book.block(["08126666666", "0812*", "0899999999"])
    assert len(book.listing(search)) == found


def test_the_list_survives_a_restart(book, shelf):
    book.block(["0812*", "0899999999"])
    book.take([PASSING])
    again = BlocklistBook(lambda: shelf.stored, shelf.save, lambda: "62")
    assert again.listing() == book.listing()
    assert again.list.blocks("6289999999" + "9")
    assert not again.list.blocks(NUMBER)


def test_only_what_changes_is_counted_and_saved(book, shelf):
    assert book.block(["08126666666", "+628126666666"]) == {"changed": 1}
    assert book.block(["08126666666"]) == {"changed": 0}
    assert book.delete(["0899999999"]) == {"changed": 0}
    assert shelf.saves == 1


def test_a_failed_save_leaves_the_list_as_it_was(book, shelf):
    book.block(["0899999999"])
    before, shelf.broken = book.listing(), True
    for change in (lambda: book.block(["0812*"]), lambda: book.unblock(["0899999999"]), lambda: book.delete(["0899999999"]), lambda: book.take([{"pattern": "0812*", "blocked": True}])):
        with pytest.raises(StoreError):
            change()
    assert book.listing() == before
    assert not book.list.blocks(NUMBER)


@pytest.mark.parametrize("bad", ["hello", "", "*", "0812**", "12", 12, None])
def test_one_wrong_number_among_many_changes_nothing_and_is_named_by_its_place(book, shelf, bad):
    with pytest.raises(BadNumber, match=r"^Entry 2: "):
        book.block(["08126666666", bad, "0899999999"])
    with pytest.raises(BadNumber, match=r"^Entry 2: "):
        book.take([{"pattern": "08126666666"}, {"pattern": bad}])
    assert book.listing() == []
    assert shelf.saves == 0


@pytest.mark.parametrize("bad", ["0812", None, [], {"pattern": "08126666666", "blocked": "no"}])
def test_an_import_of_another_shape_is_refused(book, bad):
    with pytest.raises(Mistake, match=r"^Entry 1 must be"):
        book.take([bad])


def test_numbers_that_json_wrote_as_numbers_are_read(book):
    book.block([628126666666])
    assert book.list.blocks(NUMBER)


def test_what_was_exported_can_be_imported(book, shelf):
    book.block(["0812*"])
    book.take([PASSING])
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
    book.block(["0171 2345678"])
    assert book.list.blocks("491712345678")


def test_the_book_does_what_the_table_of_operations_offers(book):
    assert set(book.operations) == {name for name, operation in OPERATIONS.items() if operation.owner == "blocklist"}
