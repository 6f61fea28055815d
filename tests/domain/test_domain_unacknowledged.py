"""Messages without an id whose broker delivers them again (B7)."""

from otppi.domain.outcome import Fate, Outcome
from otppi.domain.unacknowledged import MOST, Unacknowledged

SENT, UNKNOWN, FAILED = Outcome(Fate.SENT, "sent"), Outcome(Fate.UNKNOWN, "unknown"), Outcome(Fate.FAILED, "failed")


def test_what_was_sent_is_claimed_once_and_forgotten_when_it_is_acknowledged():
    book = Unacknowledged()
    book.begin("p", "one")
    assert book.claim("p").outcome is None
    assert book.claim("p") is None
    book.end("p", "one", SENT)
    assert book.acknowledged("p") == "one"
    assert (book.acknowledged("p"), len(book)) == ("", 0)


def test_equal_payloads_are_told_apart_by_their_number():
    book = Unacknowledged()
    for name, outcome in (("one", SENT), ("two", UNKNOWN)):
        book.begin("p", name)
        book.end("p", name, outcome)
    assert [book.claim("p").outcome, book.claim("p").outcome, book.claim("p")] == [SENT, UNKNOWN, None]


def test_what_failed_may_be_sent_again_and_its_acknowledgement_takes_no_others_place():
    book = Unacknowledged()
    for name, outcome in (("sent", SENT), ("failed", FAILED)):
        book.begin("p", name)
        book.end("p", name, outcome)
    assert book.acknowledged("p") == "failed"
    assert book.claim("p").message_id == "sent"


def test_what_was_refused_leaves_nothing():
    book = Unacknowledged()
    book.begin("p", "one")
    book.end("p", "one", Outcome(Fate.REFUSED, "failed"))
    assert (len(book), book.claim("p")) == (0, None)


def test_it_does_not_grow_for_ever():
    book = Unacknowledged()
    for number in range(MOST + 10):
        book.begin(str(number), str(number))
    assert len(book) == MOST
