"""Requests that come again are known for the hours that were set, if they may have been sent."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.outcome import Fate, Outcome
from otppi.domain.remembered import PRINT_BYTES, Known, Remembered, fingerprint

KEY = b"k" * 32
P, Q = b"p" * PRINT_BYTES, b"q" * PRINT_BYTES
H = 3600.0
SENT = Outcome(Fate.SENT, "sent", "", "A", (1, 1), (7,), "OK")
FAILED = Outcome(Fate.FAILED, "failed", "No.")
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8)


@pytest.fixture
def remembered():
    return Remembered(hours=24)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_makes_no_other_request(data):
    turned = json.loads(json.dumps(data), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert fingerprint(KEY, "send-sms", turned) == fingerprint(KEY, "send-sms", data)


def test_another_key_command_or_value_makes_another_request():
    data = {"id": 1, "receiver": "0812", "message": "x"}
    others = [data | {"id": 2}, data | {"id": "1"}, data | {"more": None}, {"id": 1, "receiver": "0812"}]
    prints = [fingerprint(KEY, "send-sms", one) for one in (data, *others)]
    prints += [fingerprint(bytes(32), "send-sms", data), fingerprint(KEY, "request-otp", data)]
    assert len(set(prints)) == len(prints)
    assert {len(one) for one in prints} == {PRINT_BYTES}


def test_half_a_surrogate_pair_that_json_lets_in_has_a_fingerprint_too():
    assert fingerprint(KEY, "send-sms", json.loads(r'{"message": "\ud83d"}')) != fingerprint(KEY, "send-sms", {"message": "?"})


def test_a_request_is_known_in_hand_and_then_by_its_outcome(remembered):
    assert remembered.find(P, 0.0) is None
    remembered.begin(P, "1", 0.0)
    assert remembered.find(P, 1.0) == Known("1", None)
    remembered.end(P, "1", SENT)
    assert remembered.find(P, 1.0) == Known("1", SENT)
    assert remembered.find(Q, 1.0) is None


@pytest.mark.parametrize("fate", list(Fate))
def test_only_what_was_sent_is_unknown_or_in_hand_stays(remembered, fate):
    remembered.begin(P, "1", 0.0)
    remembered.end(P, "1", Outcome(fate, "x"))
    assert (remembered.find(P, 1.0) is not None) == (fate in {Fate.SENT, Fate.UNKNOWN, Fate.IN_HAND})


def test_a_request_is_forgotten_when_its_hours_are_over(remembered):
    remembered.begin(P, "1", 0.0)
    remembered.begin(Q, "2", H)
    assert remembered.find(P, 24 * H - 0.1) is not None
    assert remembered.find(P, 24 * H) is None
    assert len(remembered) == 1
    assert remembered.find(Q, 25 * H - 0.1) is not None
    assert remembered.find(Q, 25 * H) is None
    assert len(remembered) == 0


def test_a_retry_is_remembered_for_its_own_hours_not_for_those_of_the_try_that_failed(remembered):
    remembered.begin(P, "1", 0.0)
    remembered.end(P, "1", FAILED)
    remembered.begin(P, "2", 23 * H)
    remembered.end(P, "2", SENT)
    assert remembered.find(P, 46 * H) == Known("2", SENT)
    assert remembered.find(P, 47 * H) is None


def test_a_message_that_outlived_its_hours_does_not_end_the_one_that_came_after_it(remembered):
    remembered.begin(P, "1", 0.0)
    assert remembered.find(P, 24 * H) is None
    remembered.begin(P, "2", 24 * H)
    remembered.end(P, "1", FAILED)
    assert remembered.find(P, 25 * H) == Known("2", None)
    remembered.end(P, "2", SENT)
    remembered.end(P, "1", FAILED)
    assert remembered.find(P, 25 * H) == Known("2", SENT)


def test_a_request_that_came_again_does_not_keep_older_ones_in_memory(remembered):
    remembered.begin(P, "1", 0.0)
    remembered.begin(Q, "2", H)
    remembered.begin(P, "3", 10 * H)
    assert remembered.find(P, 25 * H) == Known("3", None)
    assert len(remembered) == 1


def test_with_no_hours_nothing_is_remembered():
    off = Remembered(hours=0)
    off.begin(P, "1", 0.0)
    off.end(P, "1", SENT)
    assert off.find(P, 0.0) is None
    assert len(off) == 0


def test_a_clock_set_back_forgets_nothing_too_early_and_nothing_is_found_too_late(remembered):
    remembered.begin(P, "1", 100 * H)
    remembered.begin(Q, "2", 10 * H)  # set back by 90 hours
    assert remembered.find(Q, 33 * H) == Known("2", None)
    assert remembered.find(Q, 34 * H) is None
    assert remembered.find(P, 101 * H) == Known("1", None)


events = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["begin", "sent", "failed", "find"]), st.floats(0, 20 * H)), max_size=30)


@given(events)
def test_it_does_what_a_list_of_everything_would_do(steps):
    real, naive, now, latest = Remembered(24), {}, 0.0, {}
    for number, (name, step, pause) in enumerate(steps):
        now += pause
        key = name.encode() * PRINT_BYTES
        naive = {one: entry for one, entry in naive.items() if entry[0] + 24 * H > now}
        match step:
            case "begin":
                real.begin(key, str(number), now)
                latest[key] = str(number)
                naive[key] = (now, Known(str(number), None))
            case "sent" | "failed":
                real.find(key, now)
                real.end(key, latest.get(key, ""), SENT if step == "sent" else FAILED)
                if key in naive and step == "sent":
                    naive[key] = (naive[key][0], Known(latest[key], SENT))
                elif step == "failed":
                    naive.pop(key, None)
        assert real.find(key, now) == (naive[key][1] if key in naive else None)


def test_twenty_thousand_remembered_requests_take_less_than_ten_megabytes(remembered):
    tracemalloc.start()
    try:
        for number in range(20_000):
            print_ = number.to_bytes(PRINT_BYTES, "big")
            remembered.begin(print_, f"{number:026d}", float(number))
            remembered.end(print_, f"{number:026d}", Outcome(Fate.SENT, "sent", "", "A", (1, 1), (number % 256,), "OK"))
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 10e6
    remembered.find(P, 99_999 * H)
    assert len(remembered) == 0


def test_without_room_the_oldest_that_ended_are_forgotten_and_it_is_told_since_when_repeats_are_known():
    remembered = Remembered(24, most=2000)
    prints = [number.to_bytes(PRINT_BYTES, "big") for number in range(2001)]
    for number, print_ in enumerate(prints):
        assert remembered.short(2000.0) == 0.0
        remembered.begin(print_, str(number), float(number))
        if number not in {0, 1}:
            remembered.end(print_, str(number), SENT)
    assert len(remembered) <= 2000
    now = 2000.0
    assert [remembered.find(print_, now) for print_ in prints[:3]] == [Known("0", None), Known("1", None), None]  # what is in hand stays
    gone = [number for number, print_ in enumerate(prints) if remembered.find(print_, now) is None]
    assert gone == list(range(2, max(gone) + 1))
    assert remembered.short(now) == float(max(gone))
    assert remembered.short(max(gone) + 24 * H) == 0.0  # by then nobody would remember them anyway
