"""Reports find their message by sender, TP-MR and recipient, against a plain list as the model."""

from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.awaited import PATIENCE_S, Awaited


def awaited(*messages, **more):
    found = Awaited(**more)
    for message_id, references, total in messages:
        found.expect(message_id, "m1", "aa", references, total, 0.0, in_doubt=False)
    return found


def test_each_part_is_found_and_the_last_one_is_said_to_be():
    found = awaited(("one", (7, 8), 2))
    first = found.find("m1", "aa", 8)
    assert (first.id, first.part, first.total, first.whole) == ("one", 2, 2, False)
    found.settle("one", 2, delivered=True)
    last = found.find("m1", "aa", 7)
    assert (last.part, last.whole) == (1, True)
    found.settle("one", 1, delivered=True)
    assert len(found) == 0
    assert found.find("m1", "aa", 7) is None


def test_a_message_with_a_part_that_failed_is_never_whole():
    found = awaited(("one", (7, 8), 2))
    found.settle("one", 1, delivered=False)
    assert not found.find("m1", "aa", 8).whole


def test_another_sender_recipient_or_reference_is_nobodys():
    found = awaited(("one", (7,), 1))
    assert found.find("m2", "aa", 7) is None
    assert found.find("m1", "bb", 7) is None
    assert found.find("m1", "aa", 8) is None


def test_of_two_with_one_reference_the_younger_is_meant():
    assert awaited(("old", (7,), 1), ("young", (7,), 1)).find("m1", "aa", 7).id == "young"


def test_a_report_that_fits_no_reference_belongs_to_the_message_whose_part_is_in_doubt():
    found = awaited(("sure", (7,), 1))
    found.expect("doubt", "m1", "aa", (9,), 3, 0.0, in_doubt=True)
    match = found.find("m1", "aa", 200)
    assert (match.id, match.part, match.whole) == ("doubt", 2, False)
    found.settle("doubt", 2, delivered=True)
    assert found.find("m1", "aa", 200) is None
    assert found.find("m1", "aa", 9).id == "doubt"


def test_what_waits_too_long_or_is_too_much_is_given_up_the_oldest_first():
    found = awaited(*((str(number), (number,), 1) for number in range(5)), most=3)
    assert [bool(found.find("m1", "aa", number)) for number in range(5)] == [False, False, True, True, True]
    found.expect("late", "m1", "aa", (9,), 1, PATIENCE_S + 1, in_doubt=False)
    assert len(found) == 1


@given(st.lists(st.tuples(st.sampled_from(["m1", "m2"]), st.sampled_from(["aa", "bb"]), st.integers(0, 3), st.booleans()), max_size=30))
def test_every_history_ends_with_each_report_given_to_the_youngest_that_waits(steps):
    found, model = Awaited(), []
    for number, (sender, who, reference, reports) in enumerate(steps):
        if reports:
            fits = [entry for entry in model if entry[1:] == (sender, who, reference)]
            match = found.find(sender, who, reference)
            assert (match.id if match else None) == (fits[-1][0] if fits else None)
            if match:
                found.settle(match.id, match.part, delivered=True)
                model.remove(fits[-1])
        else:
            found.expect(str(number), sender, who, (reference,), 1, float(number), in_doubt=False)
            model.append((str(number), sender, who, reference))
        assert len(found) == len(model)
