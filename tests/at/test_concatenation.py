"""Splitting a text into parts, and joining received ones."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.at import gsm7
from otppi.at.concatenation import MAX_PARTS, Alphabet, Concat, Joiner, count, split

FAMILY = "👨\u200d👩\u200d👧\u200d👦"  # 11 UTF-16 units
texts = st.one_of(
    st.text(alphabet="ab{€\n", max_size=900),
    st.text(alphabet="aЖ€😀é\u0301\u200d", max_size=400),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400),
)
PART = Concat(7, 3, 2)


def units(text):
    return len(text.encode("utf-16-be")) // 2


@pytest.mark.parametrize(
    "text, lengths",
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),  # 153 is odd: the pair goes on whole, one septet stays free
        ("a" * 152 + "€" + "a" * 10, [152, 11]),
        ("ж" * 70, [70]),
        ("ж" * 71, [67, 4]),
        ("😀" * 35, [35]),
        ("😀" * 36, [33, 3]),  # 67 is odd too
    ],
)
def test_parts_are_as_full_as_the_standard_lets_them_be(text, lengths):
    assert [len(segment.text) for segment in split(text)] == lengths
    assert count(text) == len(lengths)


def test_a_wide_reference_takes_one_septet_or_one_unit_of_each_part():
    assert [len(segment.text) for segment in split("a" * 161, wide=True)] == [152, 9]
    assert [len(segment.text) for segment in split("ж" * 71, wide=True)] == [66, 5]


def test_a_text_that_fits_one_sms_has_no_concatenation():
    (segment,) = split("hello", 7)
    assert segment.concat is None
    assert segment.alphabet is Alphabet.GSM7


def test_one_character_outside_the_alphabet_makes_the_whole_text_ucs2():
    assert [segment.alphabet for segment in split("a" * 80 + "ж")] == [Alphabet.UCS2, Alphabet.UCS2]


def test_parts_are_numbered_from_one_and_a_counter_that_runs_on_gives_its_low_bits():
    assert [segment.concat for segment in split("a" * 200, 0x1234)] == [Concat(0x34, 2, 1), Concat(0x34, 2, 2)]
    assert [segment.concat for segment in split("a" * 200, 0x51234, wide=True)] == [
        Concat(0x1234, 2, 1, wide=True),
        Concat(0x1234, 2, 2, wide=True),
    ]


@settings(max_examples=400)
@given(texts, st.booleans())
def test_every_part_is_within_its_limit_and_cuts_no_pair(text, wide):
    segments = split(text, wide=wide)
    assert "".join(segment.text for segment in segments) == text
    for segment in segments:
        if segment.alphabet is Alphabet.GSM7:
            assert gsm7.septet_count(segment.text) <= (160 if len(segments) == 1 else 152 if wide else 153)
        else:
            # Encoding would raise on half a pair.
            assert units(segment.text) <= (70 if len(segments) == 1 else 66 if wide else 67)


@settings(max_examples=400)
@given(texts)
def test_no_text_takes_more_parts_than_filling_each_to_the_brim(text):
    if gsm7.septet_count(text) is None:
        cost, single, part = units, 70, 67
    else:
        cost, single, part = gsm7.septet_count, 160, 153
    parts, room = 1, part
    for character in text if cost(text) > single else "":
        if cost(character) > room:
            parts, room = parts + 1, part
        room -= cost(character)
    assert count(text) == parts


@pytest.mark.parametrize("cluster", [FAMILY, "🇩🇪", "👍🏽", "e\u0301", "❤\ufe0f"])
def test_what_reads_as_one_character_stays_whole_where_that_costs_no_further_part(cluster):
    size = units(cluster)
    text = "ж" * (67 - size + 1) + cluster + "ж" * 20
    assert [segment.text for segment in split(text)] == ["ж" * (67 - size + 1), cluster + "ж" * 20]


def test_a_cluster_is_cut_rather_than_paying_for_one_more_part():
    text = "ж" * 66 + "e\u0301" + "ж" * 66  # 134 units: two full parts and not a unit to spare
    assert [units(segment.text) for segment in split(text)] == [67, 67]


def test_a_tower_of_marks_longer_than_a_part_is_cut_all_the_same():
    text = "e" + "\u0301" * 100
    assert "".join(segment.text for segment in split(text)) == text
    assert count(text) == 2


def test_more_than_255_parts_are_refused_in_a_sentence_that_tells_how_many():
    assert len(split("a" * 153 * MAX_PARTS)) == 255
    assert count("a" * (153 * MAX_PARTS + 1)) == 256
    with pytest.raises(gsm7.TextError, match=r"^The text needs 256 SMS; one message can have at most 255$"):
        split("a" * (153 * MAX_PARTS + 1))


@pytest.mark.parametrize("half", ["\ud83d", "\ude00\ud83d"])
def test_half_a_surrogate_pair_is_refused_and_its_error_carries_no_text(half):
    for refuse in (split, count):
        with pytest.raises(gsm7.TextError, match="half of a surrogate pair") as caught:
            refuse("secret" + half)
        assert "secret" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_no_repr_shows_a_text_or_a_number():
    joiner = Joiner()
    joiner.add("4917212345678", PART, "secret", 0.0)
    shown = repr(split("secret")) + repr(joiner) + repr(joiner.expired(1.0))
    assert "secret" not in shown
    assert "49172" not in shown


@settings(max_examples=400)
@given(texts, st.integers(0, 65535), st.booleans(), st.randoms(use_true_random=False))
def test_joined_parts_are_the_text_in_any_order_with_copies_and_across_restarts(text, reference, wide, chance):
    segments = split(text, reference, wide=wide)
    if len(segments) == 1:
        return
    arrivals = [*segments, *chance.choices(segments, k=3)]
    chance.shuffle(arrivals)
    joiner = Joiner()
    missing = {segment.concat.number for segment in segments}
    for segment in arrivals:
        whole = joiner.add("491721", segment.concat, segment.text, 1.0)
        joiner = Joiner.from_json(joiner.to_json())
        missing.discard(segment.concat.number)
        if not missing:
            assert whole == text
            break
        assert whole is None


def test_senders_references_totals_and_widths_are_kept_apart():
    joiner = Joiner()
    others = [
        ("2", Concat(1, 2, 2)),
        ("1", Concat(2, 2, 2)),
        ("1", Concat(1, 3, 2)),
        ("1", Concat(1, 2, 2, wide=True)),
    ]
    assert joiner.add("1", Concat(1, 2, 1), "good ", 0.0) is None
    assert [joiner.add(sender, concat, "bad", 0.0) for sender, concat in others] == [None] * 4
    assert joiner.add("1", Concat(1, 2, 2), "news", 0.0) == "good news"


def test_an_emoji_that_the_sender_cut_in_two_becomes_whole_again():
    joiner = Joiner()
    assert joiner.add("1", Concat(1, 2, 2), "\ude00!", 0.0) is None
    assert joiner.add("1", Concat(1, 2, 1), "hi \ud83d", 0.0) == "hi 😀!"


def test_half_an_emoji_whose_other_half_never_comes_cannot_break_a_reader():
    joiner = Joiner()
    assert joiner.add("1", Concat(1, 2, 1), "hi \ud83d", 0.0) is None
    (incomplete,) = joiner.expired(1.0)
    assert incomplete.text == "hi \ufffd[…]"
    assert joiner.add("1", Concat(1, 1, 1), "\ud83d", 0.0) == "\ufffd"


@pytest.mark.parametrize("concat", [Concat(1, 1, 1), Concat(1, 2, 3), Concat(1, 2, 0), Concat(1, 0, 0)])
def test_a_part_that_is_alone_or_numbered_outside_its_total_comes_back_at_once(concat):
    joiner = Joiner()
    assert joiner.add("1", concat, "text", 0.0) == "text"
    assert joiner.expired(9.0) == []


def test_what_gets_no_part_for_too_long_is_listed_once_with_marks_for_what_is_missing():
    joiner = Joiner()
    joiner.add("old", Concat(1, 3, 3), "end", 10.0)
    joiner.add("old", Concat(1, 3, 1), "start ", 20.0)
    joiner.add("new", Concat(1, 2, 1), "later", 30.0)
    assert joiner.expired(20.0) == []
    (incomplete,) = joiner.expired(25.0)
    assert (incomplete.sender, incomplete.received_at, incomplete.text) == ("old", 20.0, "start […]end")
    assert joiner.expired(25.0) == []
    assert joiner.add("new", Concat(1, 2, 2), "!", 40.0) == "later!"


def test_another_text_under_a_number_that_is_here_begins_a_new_message_and_the_old_one_is_listed():
    joiner = Joiner()
    joiner.add("1", Concat(0, 2, 1), "first", 1.0)
    joiner.add("1", Concat(0, 2, 1), "second ", 2.0)
    assert joiner.add("1", Concat(0, 2, 2), "whole", 3.0) == "second whole"
    assert [incomplete.text for incomplete in joiner.expired(0.0)] == ["first[…]"]


def test_late_copies_of_a_whole_message_leave_no_ghost():
    joiner = Joiner()
    joiner.add("1", Concat(0, 2, 1), "a", 1.0)
    assert joiner.add("1", Concat(0, 2, 2), "b", 2.0) == "ab"
    assert joiner.add("1", Concat(0, 2, 2), "b", 3.0) is None
    assert joiner.expired(9.0) == []


def test_of_whole_messages_the_latest_are_remembered_for_their_copies():
    joiner = Joiner(max_open=2)
    for sender in ["1", "2", "1", "3"]:
        joiner.add(sender, Concat(0, 2, 1), "a", 1.0)
        assert joiner.add(sender, Concat(0, 2, 2), "b", 1.0) == "ab"
    joiner.add("1", Concat(0, 2, 1), "a", 2.0)
    joiner.add("2", Concat(0, 2, 1), "a", 2.0)
    assert [incomplete.sender for incomplete in joiner.expired(9.0)] == ["2"]


def test_a_new_message_that_begins_like_the_one_before_is_not_taken_for_a_copy():
    joiner = Joiner()
    joiner.add("1", Concat(0, 2, 1), "Your code is ", 1.0)
    assert joiner.add("1", Concat(0, 2, 2), "123", 2.0) == "Your code is 123"
    joiner.add("1", Concat(0, 2, 1), "Your code is ", 3.0)
    assert joiner.add("1", Concat(0, 2, 2), "456", 4.0) == "Your code is 456"


def test_beyond_its_bound_the_message_that_waited_longest_is_given_up_and_still_listed():
    joiner = Joiner(max_open=2)
    joiner.add("1", Concat(1, 3, 1), "one", 1.0)
    joiner.add("2", Concat(1, 3, 1), "two", 2.0)
    joiner.add("1", Concat(1, 3, 2), "more", 3.0)
    joiner.add("3", Concat(1, 3, 1), "three", 4.0)
    joiner = Joiner.from_json(joiner.to_json(), max_open=2)
    assert [incomplete.sender for incomplete in joiner.expired(0.0)] == ["2"]
    assert joiner.add("1", Concat(1, 3, 3), "!", 5.0) == "onemore!"


def test_a_joiner_that_comes_back_with_a_lower_bound_still_lists_what_no_longer_fits():
    joiner = Joiner()
    for sender in "123":
        joiner.add(sender, Concat(1, 2, 1), "x", 1.0)
    joiner = Joiner.from_json(joiner.to_json(), max_open=2)
    assert [incomplete.sender for incomplete in joiner.expired(0.0)] == ["1"]


def test_a_flood_of_unfinished_messages_holds_no_more_than_its_bound():
    joiner = Joiner(max_open=5)
    for reference in range(100):
        joiner.add("1", Concat(reference, 2, 1), "x", float(reference))
        joiner.add("2", Concat(reference, 2, 1), "a", 0.0)
        joiner.add("2", Concat(reference, 2, 2), "b", 0.0)
    assert len(joiner._whole) == 5
    assert len(joiner.expired(1000.0)) == 5


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"open": [{"sender": "secret"}], "given_up": []}', '{"open": [], "given_up": [{"parts": 1}]}'],
)
def test_a_damaged_file_is_one_error_that_quotes_nothing(text):
    with pytest.raises(ValueError, match=r"^The file of unfinished messages is damaged$"):
        Joiner.from_json(text)


def test_all_orders_of_four_parts_lead_to_the_text():
    text = "".join(random.Random(1).choices("abc{€", k=420))
    segments = split(text, 9)
    assert len(segments) == 4
    for order in itertools.permutations(segments):
        joiner = Joiner()
        assert [joiner.add("1", s.concat, s.text, 0.0) for s in order] == [None, None, None, text]
