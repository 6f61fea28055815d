"""Journals by day: midnight, a clock that jumps, a disk that fills up, files that are damaged."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from doubles.clock import NOON
from doubles.files import FailingDisk

from otppi.domain.errors import StoreError
from otppi.store.days import DayJournals

DAY = 86_400.0
START = NOON - NOON % DAY  # midnight, the first second of 2027-01-15


class Wall:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def days(tmp_path, wall):
    days = DayJournals(tmp_path / "journal", wall, keep_days=30)
    yield days
    days.close()


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "journal").iterdir())


def fill(days, wall, count=3):
    for number in range(count):
        wall.now = START + number * DAY
        days.append(b"day %d" % number)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def synced(monkeypatch):
    """Names of the files that were synced, in order."""
    names = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (names.append(Path(f"/proc/self/fd/{file}").resolve().name), fdatasync(file)))
    return names


def test_each_day_has_its_own_private_file(days, wall, tmp_path):
    wall.now = START + DAY - 0.001
    days.append(b"before midnight")
    wall.now = START + DAY
    days.append(b"after midnight")
    assert files(tmp_path) == ["2027-01-15.journal", "2027-01-16.journal"]
    assert list(days.replay(START)) == [b"before midnight", b"after midnight"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "journal").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700


def test_reading_makes_no_file(days, tmp_path):
    assert list(days.replay(0)) == []
    days.syncing()()
    assert files(tmp_path) == []


def test_a_clock_that_was_set_back_goes_on_in_the_newest_file(days, wall, tmp_path):
    fill(days, wall)
    wall.now = START - 100 * DAY
    days.append(b"back")
    days.close()
    days.append(b"and after a restart")
    assert files(tmp_path)[-1] == "2027-01-17.journal"
    assert len(files(tmp_path)) == 3
    assert list(days.replay(wall.now))[-2:] == [b"back", b"and after a restart"]


def test_a_clock_before_1970_is_taken(days, wall, tmp_path):
    wall.now = -5.0
    days.append(b"x")
    assert files(tmp_path) == ["1970-01-01.journal"]


def test_a_replay_gives_the_days_from_a_moment_on_oldest_first(days, wall):
    fill(days, wall, 6)
    assert list(days.replay(START + 3 * DAY + 5)) == [b"day 3", b"day 4", b"day 5"]
    assert list(days.replay(0)) == [b"day %d" % number for number in range(6)]


def test_a_replay_gives_the_two_newest_files_whatever_the_clock_says(days, wall):
    fill(days, wall, 4)
    assert list(days.replay(START + 999 * DAY)) == [b"day 2", b"day 3"]


def test_old_files_go_with_their_damaged_copies_when_a_day_begins(days, wall, tmp_path):
    fill(days, wall, 2)
    folder = tmp_path / "journal"
    for name in ("2027-01-15.journal.damaged-1", "2027-01-15.journal.new", "2027-01-16.journal.damaged-12", "notes.txt", "2027-01-15.journal.gz"):
        (folder / name).touch()
    wall.now = START + 31 * DAY
    days.append(b"day 31")
    assert files(tmp_path) == ["2027-01-15.journal.gz", "2027-01-16.journal", "2027-01-16.journal.damaged-12", "2027-02-15.journal", "notes.txt"]


def test_an_old_file_that_cannot_be_removed_is_told_and_stops_nothing(days, wall, monkeypatch, caplog):
    fill(days, wall, 1)
    wall.now = START + 40 * DAY
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EPERM, "Operation not permitted")))
        days.append(b"day 40")
    assert "could not be removed: Operation not permitted" in caplog.text
    assert list(days.replay(START + 40 * DAY)) == [b"day 0", b"day 40"]


def test_a_search_looks_at_the_days_asked_for_and_no_other(days, wall):
    fill(days, wall, 6)
    assert list(days.search(START + 2 * DAY + 80_000, b"day", 1)) == [b"day 2", b"day 3"]
    assert list(days.search(START + 2 * DAY, b"day", 0)) == [b"day 2"]
    assert list(days.search(START, b"5", 30)) == [b"day 5"]
    assert list(days.search(START + 3 * DAY, b"day 2", 30)) == []


def test_a_search_finds_what_was_written_after_the_clock_was_set_back(days, wall):
    fill(days, wall, 6)
    wall.now = START - 20 * DAY
    days.append(b"back")
    assert list(days.search(wall.now, b"back", 2)) == [b"back"]
    assert list(days.search(START, b"day", 2)) == [b"day 0", b"day 1", b"day 2"]


def test_a_file_that_goes_while_another_thread_reads_holds_nothing(days, wall, tmp_path):
    fill(days, wall, 3)
    found = days.replay(0)
    assert next(found) == b"day 0"
    (tmp_path / "journal" / "2027-01-16.journal").unlink()
    assert list(found) == [b"day 2"]


def test_a_last_record_cut_at_any_byte_is_gone_whole_and_the_next_one_is_whole(days, wall, tmp_path):
    fill(days, wall, 1)
    path = tmp_path / "journal" / "2027-01-15.journal"
    whole = path.stat().st_size
    days.append(b"torn")
    data = path.read_bytes()
    for length in range(whole, len(data)):
        days.close()
        path.write_bytes(data[:length])
        assert list(days.replay(START)) == [b"day 0"]
        days.append(b"next")
        assert list(days.replay(START)) == [b"day 0", b"next"]


def test_damage_in_the_middle_costs_the_damaged_record_alone(days, wall, tmp_path):
    fill(days, wall, 1)
    days.append(b"lost")
    days.append(b"good")
    days.close()
    path = tmp_path / "journal" / "2027-01-15.journal"
    path.write_bytes(path.read_bytes().replace(b"lost", b"\0\0\0\0"))
    assert list(days.replay(START)) == [b"day 0", b"good"]
    days.append(b"next")
    assert list(days.replay(START)) == [b"day 0", b"good", b"next"]


def test_a_sync_covers_every_file_that_has_records_no_sync_has_covered(days, wall, synced):
    wall.now = START + DAY - 1
    days.append(b"armed before midnight")
    wall.now = START + DAY
    days.append(b"armed after midnight")
    days.syncing()()
    assert synced == ["2027-01-15.journal", "2027-01-16.journal"]
    days.append(b"more")
    days.syncing()()
    assert synced[2:] == ["2027-01-16.journal"]


def test_midnight_between_a_record_and_its_sync_does_not_part_them(days, wall, synced):
    wall.now = START + DAY - 1
    days.append(b"armed before midnight")
    wall.now = START + DAY
    days.syncing()()
    assert synced == ["2027-01-15.journal"]


def test_a_day_whose_records_are_all_synced_is_not_synced_again(days, wall, synced):
    days.append(b"x")
    days.syncing()()
    wall.now = START + DAY
    days.append(b"y")
    days.syncing()()
    assert synced == ["2027-01-15.journal", "2027-01-16.journal"]


def test_a_sync_works_from_another_thread_after_the_day_and_the_journal_are_over(days, wall, synced):
    days.append(b"x")
    sync = days.syncing()
    wall.now = START + DAY
    days.append(b"y")
    days.close()
    thread = threading.Thread(target=sync)
    thread.start()
    thread.join(5)
    assert synced == ["2027-01-15.journal"]


def test_no_file_stays_open(days, wall, monkeypatch):
    before = open_files()
    fill(days, wall)
    for failing in (False, True):
        with monkeypatch.context() as patch:
            if failing:
                patch.setattr(os, "fdatasync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
                with pytest.raises(StoreError, match=r"The journal could not be synced: Input/output error\."):
                    days.syncing()()
            else:
                days.syncing()()
    fill(days, wall, 5)
    days.close()
    days.close()
    assert open_files() == before


@pytest.mark.parametrize("room", range(0, 16, 3))
def test_a_full_disk_is_told_and_leaves_no_half_record(days, wall, monkeypatch, room):
    fill(days, wall, 1)
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = room
        with pytest.raises(StoreError, match=r"disk is full|No space left"):
            days.append(b"does not fit")
    days.append(b"fits again")
    assert list(days.replay(START)) == [b"day 0", b"fits again"]


def test_a_day_that_cannot_begin_is_tried_again_with_the_next_record(days, wall, monkeypatch, synced):
    fill(days, wall, 1)
    wall.now = START + DAY
    with monkeypatch.context() as patch:
        opens = os.open
        patch.setattr(os, "open", lambda path, *rest, **more: opens(path, *rest, **more) if "01-16" not in str(path) else (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        for _ in range(2):
            with pytest.raises(StoreError, match="No space left on device"):
                days.append(b"does not fit")
    days.append(b"day 1")
    assert list(days.replay(START)) == [b"day 0", b"day 1"]
    days.syncing()()
    assert synced == ["2027-01-15.journal", "2027-01-16.journal"]
