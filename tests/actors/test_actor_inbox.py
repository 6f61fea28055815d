"""The inbox alone, on real files: what modems hear is on disk before it is called safe, once, whatever dies when (S1, S9, S12)."""

import random
from datetime import UTC, datetime

import pytest
from doubles.clock import NOON
from doubles.files import PowerCut
from doubles.inbox_rig import SENDER, Rig, pdus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.inbox import INCOMPLETE_S, MOST_WAITING, RETRY_S, STEADY_TICKS, TICK_S
from otppi.at.pdu import NO_TIME
from otppi.domain.messages.receiving import Happened, Heard, Safe, Stored, StoreFilling
from otppi.domain.messages.running import Operate, State
from otppi.domain.received import Message

DAY_S = 86_400.0
LONG = "A long text that takes three parts. " * 10


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path / "inbox").begin()


def test_a_message_is_stored_synced_and_called_safe_and_then_told(rig):
    assert rig.hear(*pdus("Hello, 你好 😀")) == ["SM:0"]
    assert rig.files.calls[-2:] == ["append", "sync"]
    [message] = rig.listed()
    assert {key: message[key] for key in ("at", "sent_at", "modem", "sender", "text", "parts", "missing", "flash", "read", "raw")} == {
        "at": NOON, "sent_at": "2027-01-15T08:00:00+00:00", "modem": "m", "sender": SENDER, "text": "Hello, 你好 😀", "parts": 1, "missing": [], "flash": False,
        "read": False, "raw": ""}
    [event] = rig.webhooks.of(Happened)
    assert (event.event, event.key, event.at) == ("sms.received", message["id"], NOON)
    assert event.data == {"id": message["id"], "modem": "m", "sender": SENDER, "text": "Hello, 你好 😀", "sent_at": "2027-01-15T08:00:00+00:00", "parts": 1, "flash": False}


def test_all_that_was_heard_at_once_costs_one_sync(rig):
    before = rig.files.calls.count("sync")
    assert len(rig.hear(*pdus("one"), *pdus("two"), *pdus(LONG))) == 5
    assert rig.files.calls.count("sync") == before + 1
    assert sorted(rig.texts()) == sorted([LONG, "one", "two"])


def test_what_is_heard_again_is_stored_once_and_called_safe_again(rig):
    for life in (rig, rig, rig.again().begin()):
        assert len(life.hear(*pdus("once"), *pdus("once"), *pdus(LONG))) == 5
        assert sorted(life.texts()) == sorted([LONG, "once"])
    assert len(rig.told()) == 2


def test_the_same_text_at_another_time_or_by_another_modem_is_another_message(rig):
    rig.hear(*pdus("yes"))
    rig.hear(*pdus("yes", sent_at=datetime(2027, 1, 15, 8, 0, 1, tzinfo=UTC)))
    rig.hear(*pdus("yes"), modem="n")
    assert rig.texts() == ["yes"] * 3


def test_without_the_networks_time_an_equal_message_is_the_same_for_a_while_only(rig):
    undated = pdus("yes", sent_at=NO_TIME)
    rig.hear(*undated)
    rig.advance(500)
    assert rig.hear(*undated) == ["SM:1"]
    assert rig.texts() == ["yes"]
    rig.advance(600)
    rig.hear(*undated)
    assert rig.texts() == ["yes", "yes"]


@pytest.mark.parametrize("broken", ["00FF", "zz", "07911326040000F0040B911346610089F60000208062917314080CC8"])
def test_what_cannot_be_read_is_kept_shown_and_safe_and_told_to_nobody(rig, broken):
    assert rig.hear(broken, *pdus("good")) == ["SM:0", "SM:1"]
    good, message = rig.again().begin().listed()
    assert (message["raw"], message["sender"], good["text"]) == (broken, "", "good")
    assert message["text"].startswith("This message could not be read. ")
    assert [text for _, text in rig.told()] == ["good"]
    assert rig.hear(broken) == ["SM:2"]
    assert len(rig.listed()) == 2


def test_a_flash_message_and_a_name_are_shown_as_such(rig):
    rig.hear(*pdus("now", sender="My Bank", flash=True))
    [message] = rig.listed()
    assert (message["sender"], message["flash"]) == ("My Bank", True)


# parts


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_parts_in_any_order_with_copies_and_restarts_anywhere_make_each_message_once(tmp_path_factory, data):
    rig = Rig(tmp_path_factory.mktemp("inbox") / "inbox").begin()
    messages = {"a" * 400: 1, "ж" * 150: 2, "😀x" * 60: 3}
    parts = [one for text, reference in messages.items() for one in pdus(text, reference=reference, wide=reference == 2)]
    for one in data.draw(st.permutations(parts + data.draw(st.lists(st.sampled_from(parts), max_size=4)))):
        if data.draw(st.integers(0, 3)) == 0:
            rig = rig.again().begin()
        assert len(rig.hear(one)) == 1
    rig = rig.again().begin()
    assert sorted(rig.texts()) == sorted(messages)
    assert rig.book.open_parts() == []
    assert all(one["parts"] > 1 and one["missing"] == [] for one in rig.listed())
    rig.files.close()


def test_a_part_is_safe_before_the_others_come_and_nothing_is_shown_yet(rig):
    first, *_ = pdus(LONG)
    assert rig.hear(first) == ["SM:0"]
    assert rig.files.calls[-2:] == ["append", "sync"]
    assert rig.texts() == rig.told() == []


def test_what_is_not_whole_after_a_day_is_shown_with_what_came_in_this_life_or_the_next(rig):
    first, _, third = pdus(LONG)
    rig.hear(first)
    rig.advance(TICK_S)
    rig.hear(third)
    rig = rig.again().begin()
    rig.advance(INCOMPLETE_S - TICK_S)
    assert rig.texts() == []
    for _ in range(3):
        rig.advance(TICK_S)
    [message] = rig.listed()
    assert message["text"].endswith("[Part 2 of 3 never came.]")
    assert message["text"].startswith(LONG[:100])
    assert "[…]" in message["text"]
    assert (message["parts"], message["missing"]) == (3, [2])
    assert rig.told() == []
    rig = rig.again().begin()
    rig.advance(TICK_S)
    assert len(rig.texts()) == 1
    assert rig.hear(first) == ["SM:0"]
    assert len(rig.texts()) == 1


def test_late_copies_of_parts_make_no_message_and_wait_no_longer_than_a_day(rig):
    rig.hear(*pdus(LONG))
    rig.hear(pdus(LONG, sent_at=datetime(2027, 1, 15, 9, 0, tzinfo=UTC))[0])
    assert len(rig.book.open_parts()) == 1
    rig.advance(TICK_S)
    rig.advance(INCOMPLETE_S)
    rig.advance(TICK_S)
    assert rig.texts() == rig.again().begin().texts() == [LONG]
    assert rig.book.open_parts() == []


def test_a_message_that_was_whole_but_not_written_as_such_is_written_synced_and_then_told_in_the_next_life(tmp_path):
    *most, last = pdus(LONG)
    first = Rig(tmp_path / "inbox").begin()
    first.hear(*most)
    first.files.steps_left = 2  # the last part is written, what it makes whole is not
    with pytest.raises(PowerCut):
        first.hear(last)
    rig = first.again()
    rig.actor._webhooks = lambda event: rig.files.calls.append(event.data["text"])
    rig.begin()
    assert rig.files.calls == ["append", "sync", LONG]
    assert rig.texts() == [LONG]


def test_a_clock_that_jumps_a_year_ahead_shows_no_part_too_early_and_drops_nothing(rig):
    first, *rest = pdus(LONG)
    rig.hear(*pdus("old"), first)
    rig.advance(TICK_S)
    rig.clock.set_wall(NOON + 365 * DAY_S)
    rig.advance(TICK_S)
    assert rig.texts() == ["old"]
    rig.clock.set_wall(NOON + 3 * TICK_S)
    rig.advance(TICK_S)
    rig.hear(*rest)
    assert rig.texts() == [LONG, "old"]


def test_while_the_clock_is_known_to_be_wrong_the_networks_time_counts(rig):
    rig.clock.plausible = False
    rig.clock.set_wall(1000.0)
    rig.hear(*pdus("hello"))
    [message] = rig.listed()
    assert message["at"] == datetime(2027, 1, 15, 8, 0, tzinfo=UTC).timestamp()
    rig.clock.plausible = True
    rig.clock.set_wall(NOON)
    for _ in range(2 * STEADY_TICKS):
        rig.advance(TICK_S)
    assert rig.texts() == ["hello"]


def test_messages_are_kept_for_the_days_of_the_settings(rig):
    rig.hear(*pdus("old"))
    rig.advance(8 * DAY_S)
    rig.hear(*pdus("young", sent_at=datetime(2027, 1, 23, 8, 0, tzinfo=UTC)))
    for _ in range(STEADY_TICKS):
        rig.advance(TICK_S)
    assert rig.texts() == ["young", "old"]
    rig.configure("sms", rig.sms.__class__(inbox_days=7))
    rig.advance(TICK_S)
    assert rig.texts() == rig.again().begin().texts() == ["young"]
    assert b"old" not in rig.on_disk()


# dying


PIECES = [[*pdus("one")], [*pdus(LONG, reference=5)[:2]], ["00FF", *pdus("two")], [*pdus(LONG, reference=5)[2:], *pdus("three")]]
WHOLE = sorted([LONG, "one", "two", "three"])


def lived(folder, steps, *, power):
    """A life that dies after so many steps of the disk, with or without the power; gives what was called safe, and whether it died."""
    rig = Rig(folder, steps_left=steps)
    safe = []
    try:
        rig.begin()
        for piece in PIECES:
            assert len(rig.hear(*piece)) == len(piece)
            safe += piece
    except PowerCut:
        safe += [one for one in PIECES[len(safe_pieces(safe))] if rig.modem.of(Safe)]
        rig.files.lose_power() if power else rig.files.close()
        return safe, True
    rig.files.close()
    return safe, False


def safe_pieces(safe):
    return [piece for piece in PIECES if all(one in safe for one in piece)]


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])
def test_killed_at_any_step_nothing_that_was_called_safe_is_lost_and_nothing_is_doubled(tmp_path, power):
    steps, died = 0, True
    while died:
        folder = tmp_path / f"{steps}"
        safe, died = lived(folder, steps, power=power)
        after = Rig(folder).begin()
        kept = after.texts()
        assert len(kept) == len(set(kept))
        for text, needs in (("one", PIECES[0]), ("two", PIECES[2]), ("three", PIECES[3]), (LONG, PIECES[1] + PIECES[3])):
            if all(one in safe for one in needs):
                assert text in kept
        for one in [one for piece in PIECES for one in piece if one not in safe]:  # the modem has these still, and hears them again
            assert after.hear(one)
        for one in (one for piece in PIECES for one in piece):
            assert after.hear(one)
        found = after.listed()
        assert sorted(one["text"] for one in found if not one["raw"]) == WHOLE
        assert [one["raw"] for one in found if one["raw"]] == ["00FF"]
        told = {key for key, _ in after.told()}
        assert told == {one["id"] for one in found if not one["raw"]}
        after.files.close()
        steps += 1
    assert steps > 20


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])
def test_killed_twice_at_random_steps_it_is_the_same(tmp_path, power):
    dice = random.Random(4)
    for number in range(60):
        folder = tmp_path / str(number)
        for _ in range(2):
            lived(folder, dice.randrange(24), power=power)
        after = Rig(folder).begin()
        after.hear(*[one for piece in PIECES for one in piece])
        assert sorted(one["text"] for one in after.listed() if not one["raw"]) == WHOLE
        after.files.close()


# the disk


def test_on_a_full_disk_nothing_is_called_safe_there_is_an_alarm_and_later_all_is_well(rig, caplog):
    rig.files.full = True
    assert rig.hear(*pdus("one"), *pdus(LONG)) == []
    assert rig.alarm("inbox disk") == "Received SMS cannot be stored: The disk is full."
    before = len(rig.files.calls)
    for number in range(50):  # the modem tells them again and again: no hot loop
        rig.advance(RETRY_S / 100)
        rig.pump.tell(Heard("m", tuple(Stored(f"SM:{place}", pdu) for place, pdu in enumerate([*pdus("one"), *pdus(LONG)])), rig.modem))
        rig.pump.tell(Heard("m", (Stored(f"new {number}", pdus(f"n{number}")[0]),), rig.modem))
    assert len(rig.files.calls) == before
    rig.advance(RETRY_S)
    assert rig.files.calls[before:].count("append") == 1
    assert caplog.text.count("cannot be stored") == 1
    assert rig.modem.of(Safe) == []
    rig.files.full = False
    rig.advance(RETRY_S)
    assert rig.alarm("inbox disk") is None
    assert "can be stored again" in caplog.text
    assert len([place for safe in rig.modem.of(Safe) for place in safe.places]) == 54
    assert len(rig.texts(limit=100)) == 52


def test_no_more_waits_for_the_disk_than_there_is_room_for(rig):
    rig.files.full = True
    rig.hear(*pdus("first"))
    rig.hear(*[f"{number:04X}" for number in range(MOST_WAITING - 1)])
    assert rig.hear(*pdus("too many")) == []
    rig.files.full = False
    rig.modem.clear()
    rig.advance(RETRY_S)
    assert sum(len(safe.places) for safe in rig.modem.of(Safe)) == MOST_WAITING
    assert "too many" not in rig.texts(limit=1000)


def test_a_sync_that_fails_makes_nothing_safe_until_it_was_read_and_written_anew(rig):
    rig.files.worn = True
    assert rig.hear(*pdus("one"), *pdus(LONG)) == []
    assert rig.told() == []
    assert "Input/output error" in rig.alarm("inbox disk")
    rig.files.worn = False
    rig.advance(RETRY_S)
    assert len([place for safe in rig.modem.of(Safe) for place in safe.places]) == 4
    assert sorted(rig.texts()) == sorted([LONG, "one"])
    assert sorted(text for _, text in rig.told()) == sorted([LONG, "one"])


def test_an_inbox_that_cannot_be_read_at_the_start_holds_up_nobody_and_is_read_later(tmp_path, monkeypatch):
    first = Rig(tmp_path / "inbox").begin()
    first.hear(*pdus("kept"))
    rig = first.again()
    (tmp_path / "inbox").rename(tmp_path / "away")
    (tmp_path / "inbox").write_text("no folder")
    rig.begin()
    assert rig.hear(*pdus("new")) == []
    assert rig.alarm("inbox disk")
    (tmp_path / "inbox").unlink()
    (tmp_path / "away").rename(tmp_path / "inbox")
    rig.advance(RETRY_S)
    assert rig.texts() == ["new", "kept"]


def test_an_error_of_ours_calls_nothing_safe_and_costs_the_others_nothing(rig, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Message, "told", lambda *_: 1 // 0)
        patch.setattr("actors.inbox.new_id", lambda *_: 1 // 0)
        assert rig.hear(*pdus("one")) == []
    assert len(rig.hear(*pdus("two"))) == 1
    assert len(rig.hear(*pdus("one"))) == 1
    assert rig.texts() == ["one", "two"]


# logs


def test_neither_texts_nor_whole_numbers_are_in_the_log(rig, caplog):
    caplog.set_level("DEBUG")
    rig.hear(*pdus("the secret 135790"), "00FF", *pdus(LONG))
    rig.pump.tell(Operate("inbox.reply", {"id": rig.listed()[-1]["id"], "text": "another secret"}, "cli:me", print, print))
    assert len(rig.asked) == 1
    rig.files.full = True
    rig.hear(*pdus("more secrets"))
    assert "628123456XXX" in caplog.text
    for word in ("secret", "135790", SENDER, "A long text", "00FF"):
        assert word not in caplog.text


# alarms and figures


def test_a_store_that_is_nearly_full_is_an_alarm_until_it_is_not_or_its_modem_is_gone(rig):
    for used, on in ((17, False), (18, True), (17, True), (16, True), (15, False), (20, True)):
        rig.pump.tell(StoreFilling("m", "SM", used, 20))
        assert bool(rig.alarm("modem m store SM")) is on
    rig.configure("modems", ())
    assert rig.alarm("modem m store SM") is None


def test_the_figures_follow(rig):
    shown = lambda: [state.facts for state in rig.monitor.of(State) if state.kind == "inbox"][-1]  # noqa: E731
    rig.hear(*pdus("one"), *pdus("two"))
    assert shown() == {"messages": 2, "unread": 2}
    rig.do("inbox.show", id=rig.listed()[0]["id"])
    assert shown() == {"messages": 2, "unread": 1}
    rig.do("inbox.delete", ids=[rig.listed()[0]["id"]])
    assert shown()["messages"] == 1
