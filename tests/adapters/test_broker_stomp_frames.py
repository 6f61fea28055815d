"""STOMP's frames, however their bytes are cut on the way, and what becomes of those that are too large."""

import pytest

from otppi.adapters.brokers import stomp_frames
from otppi.adapters.brokers.stomp_frames import Frames
from otppi.adapters.brokers.wire import TooMuch

MOST = 64
HEAD = b"MESSAGE\nsubscription:otppi\nmessage-id:1\nack:7\n"
LARGE = b"x" * (MOST + 1)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(stomp_frames, "MOST_BYTES", MOST)
    monkeypatch.setattr(stomp_frames, "MOST_HEAD_BYTES", 128)
    monkeypatch.setattr(stomp_frames, "MOST_PASSING_BYTES", 10 * MOST)


def taken(data, step):
    frames = Frames()
    return b"".join(frames.take(data[start:start + step]) for start in range(0, len(data), step))


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("sent, given", [
    (b"CONNECTED\nversion:1.2\n\n\0\n\n", b"CONNECTED\nversion:1.2\n\n\0"),
    (b"\n\r\n\nRECEIPT\r\nreceipt-id:1\r\n\r\n\0\n", b"RECEIPT\r\nreceipt-id:1\r\n\r\n\0"),
    (HEAD + b"\none\0" + HEAD + b"\ntwo\0", HEAD + b"\none\0" + HEAD + b"\ntwo\0"),
    (HEAD + b"content-length:3\n\n\0\n\0\0\n", HEAD + b"content-length:3\n\n\0\n\0\0"),
    (HEAD + b"content-length:0\n\n\0" + HEAD + b"\n\0", HEAD + b"content-length:0\n\n\0" + HEAD + b"\n\0"),
    (HEAD + b"\n" + LARGE[1:] + b"\0", HEAD + b"\n" + LARGE[1:] + b"\0"),
    (HEAD + b"\n" + LARGE + b"\0\n" + HEAD + b"\nnext\0", HEAD + b"\n\0" + HEAD + b"\nnext\0"),
    (HEAD + b"content-length:65\n\n" + b"\0" * 65 + b"\0" + HEAD + b"\nnext\0", HEAD + b"content-length:0\n\n\0" + HEAD + b"\nnext\0"),
])
def test_whole_frames_are_given_and_a_large_message_without_its_body(sent, given, step):
    assert taken(sent, step) == given


@pytest.mark.parametrize("step", [1, 50, 100_000])
@pytest.mark.parametrize("sent", [b"MESSAGE\n\n" + LARGE, b"ERROR\nmessage-id:1\n\n" + LARGE, b"y" * 200, HEAD + b"\n" + LARGE * 10])
def test_what_is_no_message_or_has_no_end_is_too_much(sent, step):
    with pytest.raises(TooMuch):
        taken(sent, step)


def test_no_more_is_held_of_a_message_than_we_take():
    frames = Frames()
    frames.take(HEAD + b"\n")
    for _ in range(5):
        frames.take(LARGE)
        assert len(frames._body) <= MOST
