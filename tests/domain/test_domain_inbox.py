"""The inbox's book on pages in RAM: what is listed, marked, deleted and forgotten, and that another life finds it so."""

import json

import pytest
from doubles.clock import NOON

from otppi.domain.errors import Mistake, StoreError
from otppi.domain.inbox import DATELESS_S, MOST, InboxBook
from otppi.domain.received import Filling, Message, masked, replyable

DAY_S = 86_400.0


class RamPages:
    """Implements domain.inbox.Pages. ``broken`` fails everything that writes."""

    def __init__(self):
        self.days = {}
        self.broken = False
        self.reads = 0

    def read(self):
        self.reads += 1
        for day in sorted(self.days):
            yield from ((day, place, payload) for place, payload in self.scan(day))

    def scan(self, day):
        yield from enumerate(list(self.days.get(day, ())))

    def get(self, day, place):
        return self.days[day][place]

    def append(self, payload, at):
        self._may_fail()
        day = max([f"{int(at // DAY_S):06}", *self.days])
        self.days.setdefault(day, []).append(payload)
        return day, len(self.days[day]) - 1

    def sync(self):
        self._may_fail()

    def rewrite(self, day, payloads):
        self._may_fail()
        self.days[day] = list(payloads)

    def drop_before(self, unix):
        self._may_fail()
        gone = frozenset(day for day in self.days if day < f"{int(unix // DAY_S):06}")
        for day in gone:
            del self.days[day]
        return gone

    def close(self):
        pass

    def _may_fail(self):
        if self.broken:
            raise StoreError("The disk is full.")

    def text(self):
        return b"\n".join(payload for day in self.days.values() for payload in day).decode()


class Shelf:
    """A book and its pages; names of messages are given by the test."""

    def __init__(self):
        self.pages = RamPages()
        self.book = InboxBook(self.pages)

    def keep(self, name, text="hello", *, at=NOON, modem="m", sender="628123456789", print_="", of=(), forward=False, **more):
        self.book.keep(Message(name, at, "", modem, sender, text, **more), print_=print_ or ("" if of else name), of=of, forward=forward)

    def part(self, name, at=NOON):
        self.book.keep_part(name, at, "m", f"PDU-{name}", f"print-{name}")

    def again(self):
        self.book = InboxBook(self.pages)
        return self.book

    def ids(self, **words):
        return [one["id"] for one in self.book.listing(**words)["messages"]]


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def filled(shelf):
    shelf.keep("a", "Your invoice", at=NOON, modem="m", sender="628123456789")
    shelf.keep("b", 'Straße \\ "1"\n€', at=NOON + 1, modem="n", sender="INFO")
    shelf.keep("c", "invoice again", at=NOON + DAY_S, modem="n", sender="3636")
    shelf.book.show("a")
    return shelf


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("words, ids", [
    ({}, "cba"), ({"search": "INVOICE"}, "ca"), ({"search": "strasse"}, "b"), ({"search": '\\ "1"'}, "b"), ({"search": "€"}, "b"), ({"search": "info"}, "b"), ({"search": "6"}, "ca"),
    ({"search": " 3636 "}, "c"), ({"search": "nothing"}, ""), ({"modem": "n"}, "cb"), ({"modem": "x"}, ""), ({"unread": True}, "cb"),
    ({"unread": True, "search": "invoice", "modem": "n"}, "c"), ({"limit": 2}, "cb"), ({"limit": 2, "page": 2}, "a"), ({"limit": 2, "page": 3}, ""), ({"search": "PDU"}, ""),
], ids=str)
def test_messages_are_listed_by_what_was_asked_for_the_newest_first(filled, words, ids, again):
    if again:
        filled.again()
    assert "".join(filled.ids(**words)) == ids


def test_a_page_says_how_many_there_are_beyond_it(filled):
    found = filled.book.listing(limit=1, search="invoice")
    assert {key: found[key] for key in ("total", "page", "limit", "unread")} == {"total": 2, "page": 1, "limit": 1, "unread": 2}


@pytest.mark.parametrize("words", [{"limit": 0}, {"limit": MOST + 1}, {"limit": "5"}, {"limit": True}, {"page": 0}, {"page": 1.5}, {"search": 7}, {"modem": None}, {"unread": "yes"}], ids=str)
def test_nonsense_is_refused(filled, words):
    with pytest.raises(Mistake):
        filled.book.listing(**words)


def test_a_message_is_shown_as_it_came_and_is_read_from_then_on(shelf):
    shelf.keep("a", "x\ny", sender="INFO", parts=3, missing=(2,), flash=True)
    first = shelf.book.show("a")
    assert first == {"id": "a", "at": NOON, "sent_at": "", "modem": "m", "sender": "INFO", "text": "x\ny", "parts": 3, "missing": [2], "flash": True, "raw": "", "read": False}
    assert shelf.again().show("a") == {**first, "read": True}
    assert shelf.book.figures() == {"messages": 1, "unread": 0}
    with pytest.raises(Mistake, match="no message with this id"):
        shelf.book.show("b")


def test_a_message_can_be_read_while_the_disk_takes_nothing(shelf):
    shelf.keep("a")
    shelf.pages.broken = True
    assert shelf.book.show("a")["text"] == "hello"
    assert shelf.book.figures()["unread"] == 0


def test_what_was_heard_is_known_again_in_this_life_and_the_next(shelf):
    shelf.keep("a", print_="p")
    shelf.part("q")
    for book in (shelf.book, shelf.again()):
        assert [book.heard(print_, NOON + 80 * DAY_S, dated=True) for print_ in ("p", "print-q", "other")] == [True, True, False]
        assert [book.heard("p", NOON + late, dated=False) for late in (0, DATELESS_S, DATELESS_S + 1)] == [True, True, False]


def test_parts_are_open_until_they_are_in_a_message_or_shut(shelf):
    for name in ("1", "2", "3"):
        shelf.part(name)
    assert [(part.id, part.pdu, part.modem, part.at) for part in shelf.again().open_parts()] == [(name, f"PDU-{name}", "m", NOON) for name in "123"]
    shelf.keep("whole", of=["1", "3"])
    shelf.book.shut(["2"], NOON)
    for book in (shelf.book, shelf.again()):
        assert book.open_parts() == []
        assert all(book.heard(f"print-{name}", NOON, dated=True) for name in "123")


def test_deleted_is_gone_from_the_disk_with_its_parts_over_several_days_and_stays_gone(shelf):
    shelf.part("1", NOON)
    shelf.keep("other", "stays", at=NOON)
    shelf.book.show("other")
    shelf.part("open", NOON)
    shelf.part("2", NOON + DAY_S)
    shelf.keep("long", "secret text", at=NOON + DAY_S, of=["1", "2"])
    shelf.keep("last", at=NOON + DAY_S)
    assert shelf.book.delete(["long", "never", "long"]) == {"deleted": 1}
    for word in ("secret", "PDU-1", "PDU-2"):
        assert word not in shelf.pages.text()
    for book in (shelf.book, shelf.again()):
        assert [one["id"] for one in book.listing()["messages"]] == ["last", "other"]
        assert (book.message("other").text, book.message("last").text) == ("stays", "hello")
        assert book.figures() == {"messages": 2, "unread": 1}
        assert [part.id for part in book.open_parts()] == ["open"]
        assert book.heard("print-1", NOON, dated=True)
        assert book.heard("print-2", NOON, dated=True)
    assert shelf.book.delete(["long"]) == {"deleted": 0}


def test_a_deletion_that_stops_between_two_days_brings_nothing_back(shelf):
    shelf.part("1", NOON)
    shelf.part("2", NOON + DAY_S)
    shelf.keep("long", "secret text", at=NOON + DAY_S, of=["1", "2"])
    first, second = sorted(shelf.pages.days)
    rewrite = shelf.pages.rewrite

    def once(day, payloads):
        shelf.pages.broken = day == second
        rewrite(day, payloads)

    shelf.pages.rewrite = once
    with pytest.raises(StoreError):
        shelf.book.delete(["long"])
    shelf.pages.broken, shelf.pages.rewrite = False, rewrite
    assert first in shelf.pages.days
    assert shelf.ids() == ["long"]
    assert shelf.book.open_parts() == []
    assert shelf.book.delete(["long"]) == {"deleted": 1}
    assert shelf.again().listing()["messages"] == []


def test_deleting_leaves_the_records_that_no_message_needs_any_more_behind(shelf):
    for number in range(20):
        shelf.keep(str(number), "x" * 100)
        shelf.book.show(str(number))
    before = len(shelf.pages.text())
    shelf.book.delete([str(number) for number in range(20)])
    assert len(shelf.pages.text()) < before / 3


@pytest.mark.parametrize("ids", ["a", 7, None])
def test_what_is_no_list_of_ids_deletes_nothing(shelf, ids):
    shelf.keep("a")
    with pytest.raises((Mistake, TypeError)):
        shelf.book.delete(ids)
    assert shelf.ids() == ["a"]


def test_old_messages_go_with_their_prints_and_young_ones_stay(shelf):
    for day in range(4):
        shelf.keep(str(day), at=NOON + day * DAY_S)
    assert shelf.book.retire(NOON + 2 * DAY_S) == 2
    for book in (shelf.book, shelf.again()):
        assert [one["id"] for one in book.listing()["messages"]] == ["3", "2"]
        assert not book.heard("0", NOON, dated=True)
        assert book.heard("2", NOON, dated=True)
    assert shelf.book.retire(NOON) == 0


def test_who_was_told_and_what_was_published_is_known_in_another_life(shelf):
    shelf.keep("whole", forward=True)
    shelf.keep("broken", missing=(1,), parts=2)
    shelf.keep("raw", raw="00FF")
    shelf.keep("old", at=NOON - 3 * DAY_S, forward=True)
    assert (shelf.book.untold(NOON - 2 * DAY_S), shelf.book.unpublished()) == (["whole"], ["whole", "old"])
    shelf.book.mark("whole", "told", NOON)
    shelf.book.mark("old", "published", NOON)
    shelf.book.mark("never was", "told", NOON)
    for book in (shelf.book, shelf.again()):
        assert (book.untold(0), book.unpublished()) == (["old"], ["whole"])


def test_a_mark_is_written_once(shelf):
    shelf.keep("a")
    for _ in range(5):
        shelf.book.show("a")
    assert shelf.pages.text().count('"read"') == 1


def test_records_of_another_version_are_passed_over_and_survive_a_deletion(shelf):
    shelf.keep("a")
    shelf.keep("b")
    [day] = shelf.pages.days.values()
    strange = [b'{"r":"later","id":"x"}', b"[1]", b'{"r":"sms","id":"no more"}', b'{"no":"kind"}', b"\xff"]
    day[1:1] = strange
    shelf.again()
    assert shelf.ids() == ["b", "a"]
    assert shelf.book.strange == len(strange)
    shelf.book.delete(["a"])
    assert [payload for payload in shelf.pages.days.popitem()[1] if payload in strange] == strange


def test_what_could_not_be_written_is_not_there(shelf):
    shelf.keep("a")
    shelf.pages.broken = True
    with pytest.raises(StoreError):
        shelf.keep("b")
    assert shelf.ids() == ["a"]
    with pytest.raises(StoreError):
        shelf.book.retire(NOON + 9 * DAY_S)
    assert shelf.ids() == ["a"]


def test_the_files_are_read_when_they_are_needed_and_once(shelf):
    assert shelf.pages.reads == 0
    shelf.keep("a")
    shelf.ids()
    shelf.book.show("a")
    assert (shelf.pages.reads, shelf.book.generation) == (1, 1)
    shelf.book.forget()
    shelf.ids()
    assert (shelf.pages.reads, shelf.book.generation) == (2, 2)


def test_texts_stay_on_the_disk():
    shelf = Shelf()
    shelf.keep("a", "a text like no other")
    assert "like no other" not in repr(vars(shelf.book))
    assert "like no other" in json.loads(shelf.pages.text())["text"]


def test_neither_number_nor_text_is_printed():
    shown = repr(Message("id", NOON, "", "m", "628123456789", "a secret", raw="00AA"))
    assert not any(word in shown for word in ("6281", "secret", "00AA"))


@pytest.mark.parametrize("sender, can", [("628123456789", True), ("3636", True), ("INFO", False), ("", False), ("*123#", False), ("٣٦", False), ("62 81", False)])
def test_a_name_cannot_be_replied_to(sender, can):
    assert replyable(Message("id", NOON, "", "m", sender, "")) is can


@pytest.mark.parametrize("sender, shown", [("628123456789", "628123456XXX"), ("3636", "3XXX"), ("INFO", "INFO"), ("", ""), ("Call 08123456789", "Call 08123456XXX")])
def test_logs_show_names_and_masked_numbers(sender, shown):
    assert masked(sender) == shown


def test_a_store_is_full_from_nine_tenths_until_it_is_below_eight():
    filling = Filling()
    steps = [filling.seen("m", "SM", used, 20) for used in (0, 17, 18, 20, 16, 17, 15, 16, 18)]
    assert steps == [None, None, True, None, None, None, False, None, True]
    assert filling.seen("m", "ME", 9, 10) is True
    assert filling.seen("n", "SM", 0, 0) is None
    assert filling.without(["n"]) == [("m", "ME"), ("m", "SM")]
    assert filling.seen("m", "SM", 20, 20) is True
