"""The senders as the router sees them: their word, their limits, their ends."""

import pytest

from otppi.domain.limits import limits
from otppi.domain.senders import Senders
from otppi.domain.states import Standing

USABLE, COMING, RESTING, AWAY = Standing.USABLE, Standing.COMING, Standing.RESTING, Standing.AWAY


def deaf(message):
    return False


def listening(message):
    return None


@pytest.fixture
def senders():
    senders = Senders()
    senders.expect({"a": "first", "b": "first"}, {"a": limits(2, 0, 0), "b": ()})
    return senders


def test_a_sender_that_is_expected_is_coming_until_it_says_a_word_and_an_unknown_one_is_away(senders):
    assert [senders.standing(name, 0.0) for name in ("a", "nobody")] == [COMING, AWAY]
    assert not senders.started()
    assert senders.said("a", USABLE, listening, 0.0) is USABLE
    assert not senders.started()
    assert senders.said("b", AWAY, listening, 0.0) is AWAY
    assert senders.started()


def test_without_senders_all_have_started():
    assert Senders().started()


def test_only_those_that_have_not_said_a_word_are_new(senders):
    assert senders.expect({"a": "first", "b": "first", "c": "first"}, {}) == ["a", "b", "c"]
    senders.said("a", USABLE, listening, 0.0)
    assert senders.expect({"a": "first", "d": "first"}, {}) == ["d"]


# limits


def test_a_usable_sender_rests_from_the_moment_its_limit_is_reached_until_it_may_send_again(senders):
    senders.said("a", USABLE, listening, 0.0)
    senders.note("a", 1, 0.0)
    assert senders.standing("a", 1.0) is USABLE
    senders.note("a", 1, 10.0)
    assert (senders.standing("a", 10.0), senders.free_at("a", 10.0)) == (RESTING, 60.0)
    assert senders.standing("a", 59.9) is RESTING
    assert senders.standing("a", 60.0) is USABLE


@pytest.mark.parametrize("word", [COMING, AWAY])
def test_a_sender_that_cannot_send_does_not_rest(senders, word):
    senders.note("a", 2, 0.0)
    assert senders.said("a", word, listening, 0.0) is word


def test_a_sender_without_limits_never_rests_and_an_unknown_one_is_not_counted(senders):
    senders.said("b", USABLE, listening, 0.0)
    for name in ("b", "nobody"):
        senders.note(name, 1000, 0.0)
        assert senders.free_at(name, 5.0) == 5.0
    assert senders.standing("b", 5.0) is USABLE


def test_limits_that_change_count_what_was_sent_before(senders):
    senders.said("a", USABLE, listening, 0.0)
    senders.note("a", 2, 0.0)
    senders.expect({"a": "first"}, {"a": limits(3, 0, 0)})
    assert senders.standing("a", 1.0) is USABLE
    senders.note("a", 1, 1.0)
    assert senders.free_at("a", 1.0) == 60.0
    senders.expect({"a": "first"}, {"a": ()})
    assert senders.standing("a", 1.0) is USABLE


def test_what_a_sender_sent_counts_for_its_successor(senders):
    senders.said("a", USABLE, listening, 0.0)
    senders.note("a", 2, 0.0)
    senders.gone("a", removed=False)
    assert senders.said("a", USABLE, listening, 1.0) is RESTING


# ends


def test_a_sender_that_died_is_coming_and_its_end_was_news(senders):
    senders.said("a", USABLE, listening, 0.0)
    assert senders.gone("a", removed=False)
    assert senders.standing("a", 0.0) is COMING
    assert not senders.started()


def test_the_end_of_one_that_never_said_a_word_is_no_news(senders):
    assert not senders.gone("a", removed=False)
    assert senders.standing("a", 0.0) is COMING


def test_a_removed_sender_is_forgotten(senders):
    senders.said("a", USABLE, listening, 0.0)
    senders.expect({"b": "first"}, {"b": ()})
    assert senders.gone("a", removed=True)
    assert (senders.standing("a", 0.0), senders.names()) == (AWAY, [])
    assert not senders.gone("a", removed=True)
    assert not senders.tell("a", "anything")


def test_one_that_was_changed_is_waited_for_while_its_predecessor_ends(senders):
    senders.said("a", USABLE, listening, 0.0)
    senders.expect({"a": "changed", "b": "first"}, {})
    assert senders.said("a", AWAY, listening, 0.0) is COMING  # the predecessor retires
    senders.gone("a", removed=False)
    assert senders.said("a", AWAY, listening, 0.0) is AWAY  # the successor says so itself


def test_one_that_is_set_again_as_it_was_is_not_waited_for(senders):
    senders.said("a", USABLE, listening, 0.0)
    senders.expect({"a": "first", "b": "first"}, {})
    assert senders.said("a", AWAY, listening, 0.0) is AWAY


# what is told to them


def test_a_message_reaches_the_port_that_was_said_last(senders):
    old, new = [], []
    senders.said("a", USABLE, old.append, 0.0)
    senders.said("a", USABLE, new.append, 0.0)
    assert senders.tell("a", "hello")
    assert (old, new) == ([], ["hello"])


def test_a_sender_that_had_ended_when_it_was_told_something_is_coming_until_another_says_a_word(senders):
    senders.said("a", USABLE, deaf, 0.0)
    assert not senders.tell("a", "hello")
    assert senders.standing("a", 0.0) is COMING
    assert senders.said("a", USABLE, listening, 0.0) is USABLE


def test_nobody_can_be_told_anything_before_a_word_was_said(senders):
    assert not senders.tell("a", "hello")
    assert not senders.tell("nobody", "hello")
    assert senders.names() == []


def test_names_can_be_gone_through_while_senders_go(senders):
    for name in "ab":
        senders.said(name, USABLE, listening, 0.0)
    for name in senders.names():
        senders.gone(name, removed=True)
    assert senders.names() == []
