"""The SIM tool's book: no wrong PIN twice, never the last try, and gateway and people know what the other tried."""

import json

import pytest

from otppi.domain.errors import Mistake, StoreError
from otppi.domain.pin import PinBook
from otppi.domain.secret import Secret
from otppi.domain.sim_card import CardBook, pin, puk

CARD, OTHER = "8962001234567890123", "8962001234567890999"
WRONG, RIGHT, NEW = Secret("0000"), Secret("1234"), Secret("4321")


class Shelf(dict):
    broken = False

    def save(self, name, value):
        if self.broken:
            raise StoreError("disk full")
        self[name] = json.loads(json.dumps(value))


@pytest.fixture
def shelf():
    return Shelf()


def opened(shelf, own=None):
    pins = PinBook(lambda: shelf.get("pin_m"), lambda value: shelf.save("pin_m", value), b"key") if own is not None else None
    return CardBook(shelf.get, shelf.save, b"key", own, pins)


@pytest.mark.parametrize("left, allowed", [(3, True), (2, True), (1, False), (0, False), (None, True)])
def test_the_last_try_is_not_used_up(shelf, left, allowed):
    assert (opened(shelf).why_not(CARD, RIGHT, left) == "") is allowed


def test_a_refused_pin_is_never_given_to_that_sim_again(shelf):
    opened(shelf).refused(CARD, WRONG)
    assert "refused it before" in opened(shelf).why_not(CARD, WRONG, 3)
    assert opened(shelf).why_not(CARD, RIGHT, 3) == ""
    assert opened(shelf).why_not(OTHER, WRONG, 3) == ""


def test_several_refused_ones_are_remembered(shelf):
    for wrong in ("0000", "1111", "2222"):
        opened(shelf).refused(CARD, Secret(wrong))
    assert all(opened(shelf).why_not(CARD, Secret(wrong), 3) for wrong in ("0000", "1111", "2222"))


@pytest.mark.parametrize("after", ["trying", "refused"])
def test_where_the_modem_does_not_tell_there_is_one_try_until_a_success(shelf, after):
    getattr(opened(shelf), after)(CARD, WRONG)
    assert "does not tell" in opened(shelf).why_not(CARD, RIGHT, None)
    assert opened(shelf).why_not(CARD, RIGHT, 2) == ""
    opened(shelf).accepted(CARD, RIGHT)
    assert opened(shelf).why_not(CARD, RIGHT, None) == ""
    assert (opened(shelf).why_not(CARD, WRONG, None) == "") is (after == "trying")


def test_a_try_that_did_not_reach_the_sim_counts_for_nothing(shelf):
    book = opened(shelf)
    book.trying(CARD, RIGHT)
    book.untried(CARD)
    assert opened(shelf).why_not(CARD, RIGHT, None) == ""


def test_after_a_change_an_old_wrong_pin_may_be_the_right_one(shelf):
    book = opened(shelf)
    book.refused(CARD, WRONG)
    book.accepted(CARD, RIGHT, WRONG)
    assert book.why_not(CARD, WRONG, 3) == ""


def test_a_try_is_on_disk_before_it_is_made(shelf):
    opened(shelf).trying(CARD, RIGHT)
    assert any(value["trying"] for value in shelf.values())
    shelf.broken = True
    with pytest.raises(StoreError):
        opened(shelf).trying(CARD, RIGHT)


def test_nothing_that_is_kept_tells_pin_or_sim(shelf):
    book = opened(shelf, RIGHT)
    book.refused(CARD, WRONG)
    book.trying(CARD, RIGHT)
    kept = repr(dict(shelf))
    assert shelf
    assert not [secret for secret in ("0000", "1234", CARD) if secret in kept]


# what the gateway itself tried


def gateways(shelf):
    return PinBook(lambda: shelf.get("pin_m"), lambda value: shelf.save("pin_m", value), b"key")


def test_the_gateways_refused_pin_is_not_given_by_a_person_either(shelf):
    gateways(shelf).refused("1234")
    assert "refused it before" in opened(shelf, RIGHT).why_not(CARD, RIGHT, 3)
    assert opened(shelf, RIGHT).why_not(CARD, NEW, 3) == ""


def test_the_gateway_does_not_try_what_a_person_found_wrong_even_if_it_runs_already(shelf):
    running = gateways(shelf)
    assert running.why_not("1234", 3) == ""
    opened(shelf, RIGHT).refused(CARD, RIGHT)
    assert "refused" in running.why_not("1234", 3)


def test_a_wrong_guess_of_a_person_leaves_the_gateways_own_knowledge_alone(shelf):
    gateways(shelf).refused("1234")
    opened(shelf, RIGHT).refused(CARD, WRONG)
    assert "refused" in gateways(shelf).why_not("1234", 3)


@pytest.mark.parametrize("own, secret, new, tried", [(RIGHT, RIGHT, NEW, False), (NEW, RIGHT, NEW, True), (RIGHT, RIGHT, None, True), (RIGHT, NEW, None, False)])
def test_after_a_success_the_gateway_enters_its_pin_only_if_it_is_the_right_one(shelf, own, secret, new, tried):
    opened(shelf, own).accepted(CARD, secret, new)
    assert (gateways(shelf).why_not(own.reveal(), 3) == "") is tried


@pytest.mark.parametrize("own, differ", [(None, False), (Secret(""), True), (RIGHT, True), (NEW, False)])
def test_settings_that_hold_another_pin_are_told_apart(shelf, own, differ):
    assert opened(shelf, own).settings_differ(NEW) is differ


@pytest.mark.parametrize("make, text, fits", [(pin, "1234", True), (pin, "12345678", True), (pin, "123", False), (pin, "123456789", False), (pin, '12"4', False), (pin, "١٢٣٤", False),
                                              (pin, "", False), (puk, "12345678", True), (puk, "1234567", False)])
def test_the_shape_is_checked_and_what_is_wrong_is_not_repeated(make, text, fits):
    if fits:
        assert make(text).reveal() == text
    else:
        with pytest.raises(Mistake) as caught:
            make(text)
        assert not text or text not in str(caught.value)
