import logging
import os
import stat
import zlib

import pytest
from doubles.files import FailingDisk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otppi.domain.errors import StoreError
from otppi.store import FileJournal

payloads = st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")), max_size=8)
slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.journal"


def write(path, records):
    path.unlink(missing_ok=True)
    journal = FileJournal(path)
    for record in records:
        journal.append(record)
    journal.close()


def read(path):
    journal = FileJournal(path)
    try:
        return list(journal.replay())
    finally:
        journal.close()


def put_aside(path):
    return sorted(path.parent.glob(path.name + ".damaged-*"))


@slow
@given(records=payloads)
def test_what_was_appended_comes_back_in_order_after_a_restart(path, records):
    write(path, records)
    assert read(path) == records


def test_a_missing_file_and_an_empty_one_hold_no_records(path):
    assert read(path) == []
    assert path.read_bytes() == b""
    assert read(path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_record_is_one_line_of_checksum_and_payload(path):
    write(path, [b"armed 17"])
    assert path.read_bytes() == b"%08x armed 17\n" % zlib.crc32(b"armed 17")


def test_a_record_is_in_the_file_when_append_returns(path):
    journal = FileJournal(path)
    journal.append(b"started 1")
    assert path.read_bytes().endswith(b" started 1\n")
    journal.close()
    journal.close()


def test_a_new_journal_survives_a_power_cut_as_a_file(path, monkeypatch):
    disk = FailingDisk(monkeypatch)
    FileJournal(path).close()
    FileJournal(path).close()
    assert disk.synced == [path.parent]


def test_one_append_is_one_write(path, monkeypatch):
    journal = FileJournal(path)
    written = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: written.append(bytes(data)) or real(file, data))
    journal.append(b"started 1")
    assert len(written) == 1
    journal.close()


def test_a_payload_with_a_newline_is_refused(path):
    journal = FileJournal(path)
    with pytest.raises(ValueError, match="newline"):
        journal.append(b"one\ntwo")
    journal.append(b"three")
    journal.close()
    assert read(path) == [b"three"]


def test_a_file_cut_at_any_byte_gives_every_record_before_the_cut_and_goes_on(path, caplog):
    records = [b"armed 1", b"", b"started 1 part 1", "sent \u2026".encode()]
    write(path, records)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        kept = records[: whole[:cut].count(b"\n")]
        torn = cut - (whole[:cut].rfind(b"\n") + 1)
        caplog.clear()
        journal = FileJournal(path)
        journal.append(b"after the cut")
        assert list(journal.replay()) == [*kept, b"after the cut"]
        journal.close()
        assert [record.levelno for record in caplog.records] == [logging.WARNING] * bool(torn)
        assert f"{torn} bytes were cut off" in caplog.text or not torn
    assert not put_aside(path)


@slow
@given(data=st.data(), records=payloads.filter(bool))
def test_a_flipped_bit_costs_no_more_than_the_records_it_touches(path, data, records):
    write(path, records)
    whole = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    hit = bytes(whole[: bit // 8]).count(b"\n")
    newline = whole[bit // 8] == 0x0A
    whole[bit // 8] ^= 1 << bit % 8
    path.write_bytes(whole)
    expected = records[:hit] + records[hit + (2 if newline else 1):]
    assert read(path) == expected
    assert read(path) == expected  # mended for good, and quietly


def test_damage_in_the_middle_keeps_the_good_records_and_a_copy_of_the_file(path, caplog):
    write(path, [b"one", b"two", b"three"])
    damaged = path.read_bytes().replace(b"two", b"t\x00o")
    path.write_bytes(damaged)
    assert read(path) == [b"one", b"three"]
    assert [file.name for file in put_aside(path)] == ["ledger.journal.damaged-1"]
    assert put_aside(path)[0].read_bytes() == damaged
    assert stat.S_IMODE(put_aside(path)[0].stat().st_mode) == 0o600
    assert "1 damaged records" in caplog.text
    caplog.clear()
    assert read(path) == [b"one", b"three"]
    assert not caplog.records
    path.write_bytes(damaged)
    read(path)
    assert [file.name for file in put_aside(path)] == ["ledger.journal.damaged-1", "ledger.journal.damaged-2"]


def test_a_damaged_journal_with_a_torn_tail_is_mended_in_both_places(path):
    write(path, [b"one", b"two", b"three", b"four"])
    path.write_bytes(path.read_bytes().replace(b"two", b"owt")[:-3])
    journal = FileJournal(path)
    journal.append(b"five")
    journal.close()
    assert read(path) == [b"one", b"three", b"five"]


@pytest.mark.parametrize("content", [b"\x00" * 4096, b"\n\n\n", b"no journal at all\n", b"zzzzzzzz x\n", b"+0000000 \n", b"\xff\xfe"])
def test_no_content_keeps_it_from_starting(path, content):
    path.write_bytes(content)
    journal = FileJournal(path)
    journal.append(b"first")
    assert list(journal.replay()) == [b"first"]
    journal.close()


def test_damage_that_cannot_be_mended_on_a_full_disk_is_passed_over(path, monkeypatch, caplog):
    write(path, [b"one", b"two", b"three"])
    path.write_bytes(path.read_bytes().replace(b"two", b"owt"))
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = 0
        assert read(path) == [b"one", b"three"]
    assert "could not be mended" in caplog.text
    assert b" owt\n" in path.read_bytes()


def test_a_file_that_cannot_be_opened_is_a_store_error(tmp_path):
    (tmp_path / "plain").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be opened"):
        FileJournal(tmp_path / "plain" / "journal")
    with pytest.raises(StoreError, match="cannot be opened"):
        FileJournal(tmp_path)


def test_a_rewrite_replaces_everything_and_later_records_follow_it(path, monkeypatch):
    journal = FileJournal(path)
    for number in range(100):
        journal.append(b"%d" % number)
    disk = FailingDisk(monkeypatch)
    journal.rewrite(record for record in journal.replay() if record.endswith(b"7"))
    assert disk.synced == [path.with_name("ledger.journal.new"), path.parent]
    journal.append(b"last")
    journal.close()
    assert read(path) == [b"%d7" % tens if tens else b"7" for tens in range(10)] + [b"last"]
    assert [file.name for file in path.parent.iterdir()] == ["ledger.journal"]


def test_a_rewrite_larger_than_one_piece_is_whole(path):
    records = [b"%06d" % number * 20 for number in range(6000)]
    journal = FileJournal(path)
    journal.rewrite(records)
    journal.close()
    assert read(path) == records
