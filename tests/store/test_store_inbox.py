"""The inbox's files: days, places, midnight, a disk that fills up or wears out, files cut at every byte."""

import errno
import os
import stat
from pathlib import Path

import pytest
from doubles.clock import NOON
from doubles.files import FailingDisk, PowerCut

from otppi.domain.errors import StoreError
from otppi.store.inbox import InboxFiles

DAY = 86_400.0
START = NOON - NOON % DAY  # midnight, the first second of 2027-01-15


@pytest.fixture
def files(tmp_path):
    files = InboxFiles(tmp_path / "inbox")
    yield files
    files.close()


@pytest.fixture
def synced(monkeypatch):
    """Names of the files that were synced, in order."""
    names = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (names.append(Path(f"/proc/self/fd/{file}").resolve().name), fdatasync(file)))
    return names


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "inbox").iterdir())


def fill(files, count=3):
    return [files.append(b"day %d" % number, START + number * DAY) for number in range(count)]


def payloads(files):
    return [payload for _, _, payload in files.read()]


def test_looking_creates_nothing(files, tmp_path):
    assert payloads(files) == []
    files.sync()
    assert files.drop_before(NOON) == frozenset()
    assert list(files.scan("2027-01-15")) == []
    assert not (tmp_path / "inbox").exists()


def test_each_day_of_arrival_has_its_own_private_file(files, tmp_path):
    assert fill(files, 2) == [("2027-01-15", 0), ("2027-01-16", 0)]
    assert names(tmp_path) == ["2027-01-15.journal", "2027-01-16.journal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "inbox").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "inbox").stat().st_mode) == 0o700


def test_a_new_folder_survives_a_power_cut_with_its_first_file(files, tmp_path, monkeypatch):
    disk = FailingDisk(monkeypatch)
    files.append(b"first", NOON)
    assert disk.synced == [tmp_path, tmp_path / "inbox"]


def test_every_record_is_found_where_it_was_put_and_where_it_is_read(files, tmp_path):
    put = [files.append(b"record %d" % number * (number + 1), NOON + number * 20_000) for number in range(20)]
    files.close()
    again = InboxFiles(tmp_path / "inbox")
    read = list(again.read())
    assert [(day, place) for day, place, _ in read] == put
    assert all(again.get(day, place) == payload for day, place, payload in read)
    again.close()


def test_an_earlier_time_goes_on_in_the_newest_file(files, tmp_path):
    fill(files)
    assert files.append(b"back", START - 100 * DAY)[0] == "2027-01-17"
    files.close()
    assert files.append(b"and after a restart", 0.0)[0] == "2027-01-17"
    assert payloads(files)[-2:] == [b"back", b"and after a restart"]


def test_old_days_go_whole_with_their_damaged_copies(files, tmp_path):
    fill(files)
    folder = tmp_path / "inbox"
    for name in ("2027-01-15.journal.damaged-1", "2027-01-16.journal.new", "2027-01-17.journal.damaged-2", "2026-12-01.journal.damaged-1", "notes.txt"):
        (folder / name).touch()
    assert files.drop_before(START + 2 * DAY + 3600) == {"2027-01-15", "2027-01-16"}
    assert names(tmp_path) == ["2027-01-17.journal", "2027-01-17.journal.damaged-2", "notes.txt"]
    assert payloads(files) == [b"day 2"]


def test_the_newest_day_goes_too_when_it_is_old_and_a_new_one_begins(files, tmp_path):
    fill(files, 1)
    assert files.drop_before(START + 5 * DAY) == {"2027-01-15"}
    files.append(b"new", START + 9 * DAY)
    assert names(tmp_path) == ["2027-01-24.journal"]
    assert payloads(files) == [b"new"]


def test_a_day_is_replaced_whole_be_it_the_newest_or_an_older_one(files):
    fill(files)
    files.append(b"more", START + 2 * DAY)
    files.rewrite("2027-01-15", [b"gone"])
    files.rewrite("2027-01-17", [b"more"])
    assert files.append(b"next", START + 2 * DAY) == ("2027-01-17", len(b"more") + 10)
    assert payloads(files) == [b"gone", b"day 1", b"more", b"next"]


@pytest.mark.parametrize("day", ["2027-01-15", "2027-01-17"])
@pytest.mark.parametrize("calls", range(4))
def test_power_lost_at_any_step_of_a_replacement_leaves_the_old_day_or_the_new_one(files, monkeypatch, day, calls):
    fill(files)
    old = payloads(files)
    with monkeypatch.context() as patch:
        FailingDisk(patch).calls_left = calls
        with pytest.raises(PowerCut):
            files.rewrite(day, [b"new"])
    files.close()
    number = int(day[-2:]) - 15
    assert payloads(files) == ([*old[:number], b"new", *old[number + 1 :]] if calls == 3 else old)


def test_a_last_record_cut_at_any_byte_is_gone_whole_and_the_next_one_is_whole(files, tmp_path):
    fill(files, 2)
    path = tmp_path / "inbox" / "2027-01-16.journal"
    whole = path.stat().st_size
    files.append(b"torn", START + DAY)
    data = path.read_bytes()
    for length in range(whole, len(data)):
        files.close()
        path.write_bytes(data[:length])
        assert payloads(files) == [b"day 0", b"day 1"]
        files.append(b"next", START + DAY)
        found = list(files.read())
        assert [payload for *_, payload in found] == [b"day 0", b"day 1", b"next"]
        assert files.get(*found[-1][:2]) == b"next"


def test_an_older_file_cut_at_any_byte_costs_its_last_record_alone(files, tmp_path):
    fill(files, 2)
    path = tmp_path / "inbox" / "2027-01-15.journal"
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert payloads(files) == [b"day 1"]


def test_damage_in_the_middle_costs_the_damaged_record_alone_and_places_stay_right(files, tmp_path):
    for word in (b"good", b"lost", b"fine"):
        files.append(word, START)
    files.close()
    path = tmp_path / "inbox" / "2027-01-15.journal"
    path.write_bytes(path.read_bytes().replace(b"lost", b"\0\0\0\0"))
    found = list(files.read())
    assert [payload for *_, payload in found] == [b"good", b"fine"]
    assert [files.get(day, place) for day, place, _ in found] == [b"good", b"fine"]
    assert (tmp_path / "inbox" / "2027-01-15.journal.damaged-1").exists()


def test_a_place_that_is_damaged_is_told(files, tmp_path):
    [(day, place)] = fill(files, 1)
    (tmp_path / "inbox" / "2027-01-15.journal").write_bytes(b"x" * 40)
    with pytest.raises(StoreError, match="damaged on the disk"):
        files.get(day, place)


def test_midnight_between_a_record_and_its_sync_does_not_part_them(files, synced):
    files.append(b"before midnight", START + DAY - 1)
    files.append(b"after midnight", START + DAY)
    files.sync()
    assert synced == ["2027-01-15.journal", "2027-01-16.journal"]


def test_what_another_life_left_unsynced_is_synced_with_what_comes_then(files, tmp_path, synced):
    files.append(b"unsynced", START)
    files.close()
    again = InboxFiles(tmp_path / "inbox")
    payloads(again)
    again.append(b"new", START + DAY)
    again.sync()
    again.close()
    assert synced == ["2027-01-15.journal", "2027-01-16.journal"]


def test_after_a_sync_that_failed_the_newest_day_is_written_anew_before_anything_counts(files, tmp_path, monkeypatch):
    files.append(b"doubtful", START)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
        with pytest.raises(StoreError, match=r"could not be synced: Input/output error\."):
            files.sync()
    files.close()
    before = (tmp_path / "inbox" / "2027-01-15.journal").stat().st_ino
    disk = FailingDisk(monkeypatch)
    assert payloads(files) == [b"doubtful"]
    assert (tmp_path / "inbox" / "2027-01-15.journal").stat().st_ino != before
    assert [path.name for path in disk.synced] == ["2027-01-15.journal.new", "inbox"]
    payloads(files)
    assert len(disk.synced) == 2


@pytest.mark.parametrize("room", range(0, 16, 3))
def test_a_full_disk_is_told_and_leaves_no_half_record(files, monkeypatch, room):
    fill(files, 1)
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = room
        with pytest.raises(StoreError, match=r"disk is full|No space left"):
            files.append(b"does not fit", START)
    day, place = files.append(b"fits again", START)
    assert files.get(day, place) == b"fits again"
    assert payloads(files) == [b"day 0", b"fits again"]


def test_no_file_stays_open(files):
    before = len(list(Path("/proc/self/fd").iterdir()))
    fill(files)
    files.sync()
    payloads(files)
    files.rewrite("2027-01-15", [])
    files.drop_before(START + DAY)
    files.close()
    files.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
