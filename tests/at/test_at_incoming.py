"""Received PDUs: read, known again, and joined from parts in any order, over restarts."""

from datetime import timedelta

import pytest
from at.pdu_material import NOON, deliver_pdu
from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.at.concatenation import Alphabet, Concat, split
from otppi.at.incoming import Collector, Part, read
from otppi.at.pdu import NO_TIME, Deliver, encode_deliver

SENDER = "628123456789"


def pdu(text="hello", sent_at=NOON, concat=None, sender=SENDER, smsc="", *, flash=False):
    return encode_deliver(Deliver(sender, text, concat, Alphabet.GSM7, sent_at, flash), smsc).hex().upper()


def part(number, text, total=3, reference=7, at=0.0, name="", modem="m", sender=SENDER):
    concat = Concat(reference, total, number)
    return Part(name or f"{reference}/{number}", at, modem, Deliver(sender, text, concat, Alphabet.GSM7, NOON))


def test_a_message_is_known_again_whatever_way_it_came_and_however_its_digits_are_written():
    first = read("m", pdu())
    assert read("m", pdu(smsc="62816000")).print == first.print
    octets = bytearray.fromhex(pdu())
    octets[1] ^= 0x04  # TP-MMS: the network says now that more messages wait
    assert read("m", octets.hex()).print == first.print
    assert read("m", pdu().lower()).print == first.print


@pytest.mark.parametrize("other", [
    {"text": "hellp"}, {"sent_at": NOON + timedelta(seconds=1)}, {"sender": "628123456780"}, {"flash": True},
    {"concat": Concat(1, 2, 1)}, {"concat": Concat(1, 2, 2)}, {"concat": Concat(2, 2, 1)}, {"concat": Concat(1, 2, 1, wide=True)},
], ids=str)
def test_another_message_has_another_print(other):
    prints = {read("m", pdu(**words)).print for words in ({}, other)} | {read("n", pdu()).print}
    assert len(prints) == 3


def test_a_message_without_the_networks_time_says_so():
    assert read("m", pdu()).dated
    assert not read("m", pdu(sent_at=NO_TIME)).dated


@pytest.mark.parametrize("broken", ["", "zz", "0", "00", "0004", "07911326040000F0040B", "ФЫ" * 30, pdu()[:-2], "00" + "FF" * 30])
def test_what_cannot_be_read_is_told_in_a_sentence_and_has_a_print(broken):
    found = read("m", broken)
    assert found.deliver is None
    assert found.text.endswith(".")
    assert found.print == read("m", broken.lower()).print != read("n", broken).print


def test_an_error_of_our_reader_loses_nothing_and_is_named(monkeypatch):
    monkeypatch.setattr("otppi.at.incoming.decode_deliver", lambda _: 1 / 0)
    found = read("m", pdu("secret"))
    assert (found.deliver, found.text) == (None, "It is no PDU, or the reader failed (ZeroDivisionError).")


def test_a_text_alone_never_holds_half_a_pair():
    alone = read("m", deliver_pdu(0x08, "08 050003070101 D83D", first=0x44).hex())  # the one part of one
    assert (alone.part, alone.text) == (False, "\ufffd")


def test_a_header_that_counts_one_part_makes_no_part():
    assert not read("m", pdu(concat=Concat(1, 1, 1))).part
    assert read("m", pdu(concat=Concat(1, 2, 1))).part


texts = st.text(alphabet="ab{€\n😀", min_size=170, max_size=600)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(st.tuples(texts, st.sampled_from(["m", "n"]), st.booleans()), min_size=1, max_size=4))
def test_parts_of_several_messages_in_any_order_with_restarts_anywhere_make_each_of_them_once(data, messages):
    parts = [Part(f"{reference}/{one.concat.number}", 1.0, modem, Deliver(SENDER, one.text, one.concat, one.alphabet, NOON))
             for reference, (text, modem, wide) in enumerate(messages) for one in split(text, reference, wide=wide)]
    parts = data.draw(st.permutations(parts))
    restarts = data.draw(st.sets(st.integers(0, len(parts))))
    collector, heard, closed, found = Collector(), [], set(), []
    for number, one in enumerate(parts):
        if number in restarts:  # what is not closed is read again, in its order
            collector = Collector()
            assert [joined for kept in heard if kept.id not in closed for joined in collector.add(kept)] == []
        heard.append(one)
        for joined in collector.add(one):
            closed.update(joined.of)
            found.append((joined.modem, joined.text, joined.missing))
    assert sorted(found) == sorted((modem, text, ()) for text, modem, _ in messages)
    assert closed == {one.id for one in heard}


def test_modems_are_kept_apart():
    collector = Collector()
    assert collector.add(part(1, "a", 2, modem="m")) == []
    assert collector.add(part(2, "b", 2, modem="n")) == []
    [joined] = collector.add(part(2, "c", 2, modem="m", name="last"))
    assert (joined.modem, joined.text, joined.of) == ("m", "ac", ("7/1", "last"))


def test_what_waits_too_long_says_which_parts_never_came():
    collector = Collector()
    for number in (1, 4, 8):
        collector.add(part(number, f"<{number}>", 9, at=float(number)))
    assert collector.expired(8.0) == ([], ())
    [joined], copies = collector.expired(8.5)
    assert joined.text == "<1>[…][…]<4>[…][…][…]<8>[…]\n[Parts 2-3, 5-7, 9 of 9 never came.]"
    assert (joined.missing, joined.total, joined.of, copies) == ((2, 3, 5, 6, 7, 9), 9, ("7/1", "7/4", "7/8"), ())
    assert collector.expired(9e9) == ([], ())


def test_one_missing_part_is_told_as_one():
    collector = Collector()
    collector.add(part(2, "end", 2))
    [joined], _ = collector.expired(1.0)
    assert joined.text == "[…]end\n[Part 1 of 2 never came.]"


def test_a_message_that_another_under_its_reference_drives_out_is_given_at_once():
    collector = Collector()
    collector.add(part(1, "first", 2, name="a"))
    [given] = collector.add(part(1, "second ", 2, name="b"))
    assert (given.text, given.of) == ("first[…]\n[Part 2 of 2 never came.]", ("a",))
    [whole] = collector.add(part(2, "whole", 2, name="c"))
    assert (whole.text, whole.of) == ("second whole", ("b", "c"))


def test_late_copies_make_no_message_and_their_records_are_closed():
    collector = Collector()
    collector.add(part(1, "a", 2))
    collector.add(part(2, "b", 2))
    assert collector.add(part(1, "a", 2, name="late", at=5.0)) == []
    assert collector.expired(9.0) == ([], ("late",))


def test_a_flood_of_beginnings_drives_out_the_oldest_and_forgets_none():
    collector = Collector()
    given = [joined for number in range(300) for joined in collector.add(part(1, "x", 2, number % 256, name=str(number), sender=f"6281{number:04d}"))]
    left, _ = collector.expired(1.0)
    assert [one.of[0] for one in given] == [str(number) for number in range(44)]
    assert len(given) + len(left) == 300
