"""The SIM's PIN: at most one wrong try of ours, noted before it is made."""

import pytest

from otppi.domain.errors import StoreError
from otppi.domain.pin import PinBook


class Shelf:
    def __init__(self):
        self.stored = None
        self.broken = False

    def save(self, value):
        if self.broken:
            raise StoreError("disk full")
        self.stored = value


@pytest.fixture
def shelf():
    return Shelf()


def opened(shelf, key=b"key"):
    return PinBook(lambda: shelf.stored, shelf.save, key)


def test_a_fresh_pin_may_be_tried(shelf):
    assert opened(shelf).why_not("1234", 3) == ""
    assert opened(shelf).why_not("1234", None) == ""


def test_without_a_pin_a_person_is_asked(shelf):
    assert "Enter it" in opened(shelf).why_not("", 3)


@pytest.mark.parametrize("left", [2, 1, 0])
def test_with_fewer_than_three_tries_left_none_is_used_up(shelf, left):
    assert f"{left} of 3 tries left" in opened(shelf).why_not("1234", left)


@pytest.mark.parametrize("left", [3, None])
def test_a_refused_pin_is_never_tried_again_but_another_one_is(shelf, left):
    opened(shelf).refused("1234")
    assert "refused the PIN" in opened(shelf).why_not("1234", left)
    assert opened(shelf).why_not("4321", left) == ""


def test_a_try_is_on_disk_before_it_is_made(shelf):
    opened(shelf).trying("1234")
    assert shelf.stored["state"] == "trying"
    shelf.broken = True
    book = opened(shelf)
    with pytest.raises(StoreError):
        book.trying("4321")


def test_a_note_that_could_not_be_written_is_not_believed(shelf):
    book = opened(shelf)
    shelf.broken = True
    with pytest.raises(StoreError):
        book.refused("1234")
    assert book.why_not("1234", 3) == ""


def test_a_try_that_was_cut_short_is_repeated_only_when_the_sim_tells_that_none_was_used_up(shelf):
    opened(shelf).trying("1234")
    assert opened(shelf).why_not("1234", 3) == ""
    assert "cut short" in opened(shelf).why_not("1234", None)
    assert opened(shelf).why_not("4321", None) == ""


def test_an_accepted_pin_may_be_entered_at_every_start(shelf):
    book = opened(shelf)
    book.trying("1234")
    book.accepted("1234")
    assert book.why_not("1234", None) == opened(shelf).why_not("1234", 3) == ""


def test_what_is_kept_is_a_keyed_hash(shelf):
    opened(shelf).refused("1234")
    assert "1234" not in repr(shelf.stored)
    first = shelf.stored["pin"]
    opened(shelf, key=b"other").refused("1234")
    assert len(first) == 64
    assert shelf.stored["pin"] != first
