"""A sender's mark: the last one written is the one that is read, or none."""

import errno
import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otppi.domain.chronicle import Mark
from otppi.domain.errors import StoreError
from otppi.store.marks import SIZE, MarkFile, read_marks

ID = "0" * 26
LONGEST = Mark("V" * 26, 255, left=True, taken=(255,) * 255)
SHORTEST = Mark(ID, 1, left=False)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "marks"


@pytest.fixture
def mark(folder):
    mark = MarkFile(folder / "A")
    yield mark
    mark.close()


def read(folder):
    return [Mark.from_json(value) for value in read_marks(folder)]


def test_without_a_folder_or_a_word_there_is_no_mark(folder):
    assert read_marks(folder) == []
    MarkFile(folder / "A").close()
    assert read_marks(folder) == []


def test_a_mark_is_private_and_there_when_write_returns(mark, folder):
    mark.write(SHORTEST.to_json())
    assert read(folder) == [SHORTEST]
    assert stat.S_IMODE((folder / "A").stat().st_mode) == 0o600


@pytest.mark.parametrize("first, second", [(LONGEST, SHORTEST), (SHORTEST, LONGEST)])
def test_a_mark_is_written_over_whole_by_a_shorter_and_by_a_longer_one(mark, folder, first, second):
    mark.write(first.to_json())
    mark.write(second.to_json())
    assert read(folder) == [second]
    assert (folder / "A").stat().st_size == SIZE


def test_a_mark_is_in_the_file_at_once_so_that_a_kill_finds_it(mark, folder):
    mark.write(SHORTEST.to_json())
    assert read(folder) == [SHORTEST]
    assert (folder / "A").stat().st_size == SIZE
    mark.write(LONGEST.to_json())
    assert read(folder) == [LONGEST]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(marks=st.lists(st.builds(Mark, st.just(ID), st.integers(1, 255), st.booleans(), st.lists(st.integers(0, 255), max_size=255).map(tuple)), min_size=1, max_size=5))
def test_the_last_mark_is_the_one_that_is_read(mark, folder, marks):
    for one in marks:
        mark.write(one.to_json())
    assert read(folder) == marks[-1:]


def test_marks_of_all_senders_are_read_and_one_is_kept_for_the_next_life(folder):
    for name, parts in (("A", 1), ("B", 2)):
        file = MarkFile(folder / name)
        file.write(Mark(ID, parts, left=False).to_json())
        file.close()
        file.close()
    MarkFile(folder / "A").close()
    (folder / "folder").mkdir()
    assert [one.parts for one in read(folder)] == [1, 2]


@pytest.mark.parametrize("length", [1, 8, 9, 10, 512, SIZE - 1])
def test_a_torn_mark_is_told_as_one_that_says_nothing(mark, folder, length, caplog):
    mark.write(LONGEST.to_json())
    os.truncate(folder / "A", length)
    assert read_marks(folder) == [None]
    assert read(folder) == [None]
    assert "the mark A is damaged" in caplog.text


def test_a_mark_of_which_a_power_cut_wrote_one_sector_is_damaged(mark, folder):
    mark.write(LONGEST.to_json())
    old = (folder / "A").read_bytes()
    mark.write(Mark(ID, 9, left=False, taken=(1,)).to_json())
    (folder / "A").write_bytes((folder / "A").read_bytes()[:512] + old[512:])
    assert read_marks(folder) == [None]


def test_the_room_of_a_mark_is_taken_when_it_is_opened_so_that_a_full_disk_is_met_then(tmp_path, monkeypatch):
    def full(file, offset, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreError, match=r"The mark A cannot be opened: No space left on device\."):
        MarkFile(tmp_path / "A")


def test_a_mark_that_is_closed_takes_nothing(mark):
    mark.close()
    mark.close()
    with pytest.raises(StoreError, match="it is closed"):
        mark.write(SHORTEST.to_json())


def test_a_mark_that_could_not_be_read_back_is_an_error(mark, folder):
    mark.write(SHORTEST.to_json())
    with pytest.raises(StoreError, match="it takes"):
        mark.write(Mark(ID, 255, left=True, taken=(255,) * 500).to_json())
    assert read(folder) == [SHORTEST]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        MarkFile(tmp_path / "file" / "A")
    (tmp_path / "A").mkdir()
    with pytest.raises(StoreError, match="The mark A cannot be opened"):
        MarkFile(tmp_path / "A")
