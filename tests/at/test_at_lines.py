import itertools
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from otppi.at.lines import MAX_LINE, PROMPT, LineReader

PIECES = st.sampled_from([b"\r\n", b"\r", b"\n", b"> ", b">", b" ", b"\0", b"OK", b"+CMGS: 5", b"AT", b"a" * 3000, b"\xff\x80", b"\x1a\x1b"])
STREAM = st.lists(PIECES | st.binary(max_size=20), max_size=30).map(b"".join)


def read(*chunks):
    reader = LineReader()
    return [line for chunk in chunks for line in reader.feed(chunk)]


@settings(deadline=None)
@given(STREAM, st.data())
def test_however_bytes_are_cut_the_same_lines_come_out(stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]

    assert read(*chunks) == read(stream) == read(*[bytes([byte]) for byte in stream])


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_whatever_comes_lines_hold_no_line_end_and_are_not_blank(stream):
    for line in read(stream):
        assert not re.search(r"[\r\n]", line)
        assert line == PROMPT or line.strip(" \t\0")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_after_any_junk_a_line_is_read_whole(junk):
    assert read(junk, b"\r\nOK\r\n")[-1] == "OK"


def test_lines_come_without_their_ends_and_blank_ones_not_at_all():
    assert read(b"\r\n\r\n+CMGS: 5\r\n\0\r\n \r\nOK\r\n") == ["+CMGS: 5", "OK"]


def test_a_line_comes_only_once_it_has_ended():
    reader = LineReader()

    assert reader.feed(b"O") == []
    assert reader.feed(b"K") == []
    assert reader.feed(b"\r") == ["OK"]
    assert reader.feed(b"\n") == []


def test_the_prompt_comes_without_a_line_end():
    assert read(b"\r\n> ") == [PROMPT]
    assert read(b"\r\n>") == [PROMPT]


def test_a_prompt_is_one_only_at_the_beginning_of_a_line():
    assert read(b"1 > 0\r\n", b"a> ", b"\r\n") == ["1 > 0", "a>"]


def test_what_is_echoed_behind_the_prompt_is_a_line_of_its_own():
    assert read(b"\r\n> 0011\r\n+CMGS: 1\r\n") == [PROMPT, "0011", "+CMGS: 1"]


def test_a_line_of_the_longest_length_is_read_and_a_longer_one_thrown_away():
    longest = b"a" * MAX_LINE

    assert read(longest + b"\r\nOK\r\n") == [longest.decode(), "OK"]
    assert read(longest + b"a\r\nOK\r\n") == ["OK"]


def test_a_modem_that_never_ends_its_line_does_not_fill_the_memory():
    reader = LineReader()

    for _ in range(1000):
        assert reader.feed(b"a" * 1000) == []

    assert len(reader._buffer) <= MAX_LINE
    assert reader.feed(b"tail\r\nOK\r\n") == ["OK"]


def test_a_prompt_within_a_line_that_is_thrown_away_is_none():
    assert read(b"a" * (MAX_LINE + 1), b"> ", b"\r\nOK\r\n") == ["OK"]
