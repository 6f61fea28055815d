"""Redis' answers, however their bytes are cut on the way, and what becomes of strings in them that are too large."""

import pytest

from otppi.adapters.brokers import redis_bulk
from otppi.adapters.brokers.redis_bulk import BulkLine
from otppi.adapters.brokers.wire import TooMuch

MOST = 8


class Played:
    """A wire that gives some bytes, a few at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._parts = [data[start:start + step] for start in range(0, len(data), step)]

    def read(self, size):
        assert size > 0
        return self._parts.pop(0) if self._parts else b""


def taken(data, step):
    line = BulkLine(Played(data, step), None, lambda: 0.0, 1000)
    return b"".join(iter(lambda: line.recv(100), b""))


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(redis_bulk, "MOST_BULK_BYTES", MOST)
    monkeypatch.setattr(redis_bulk, "MOST_PASSING_BYTES", 10 * MOST)
    monkeypatch.setattr(redis_bulk, "READ_BYTES", 100)


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize("sent, given", [
    (b"+OK\r\n:7\r\n-ERR $9\r\n*-1\r\n$-1\r\n", None),
    (b"*2\r\n$3\r\n$9\r\r\n$8\r\n\r\n$99\r\n\0\r\n", None),
    (b"$0\r\n\r\n+OK\r\n", None),
    (b"*3\r\n$1\r\na\r\n$9\r\n$1\r\n12345\r\n$1\r\nb\r\n", b"*3\r\n$1\r\na\r\n$0\r\n\r\n$1\r\nb\r\n"),
    (b"$80\r\n" + b"\r\n" * 40 + b"\r\n+OK\r\n", b"$0\r\n\r\n+OK\r\n"),
])
def test_what_is_too_large_becomes_empty_and_all_else_stays(sent, given, step):
    assert taken(sent, step) == (given or sent)


@pytest.mark.parametrize("sent", [b"$81\r\n", b"+" + b"x" * 200, b"+OK\r\n" * 500])
def test_what_has_no_end_is_too_much(sent):
    with pytest.raises(TooMuch):
        taken(sent, 50)
