import os

import pytest
from doubles.files import FailingDisk, PowerCut

from otppi.domain.errors import StoreError
from otppi.store import FileJournal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.journal"


@pytest.fixture
def journal(path):
    journal = FileJournal(path)
    journal.append(b"good")
    yield journal
    journal.close()


def after_a_restart(path):
    journal = FileJournal(path)
    try:
        return list(journal.replay())
    finally:
        journal.close()


@pytest.mark.parametrize("room", range(20))
def test_a_full_disk_is_told_and_leaves_no_half_record(journal, path, monkeypatch, room):
    good = path.read_bytes()
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = room
        with pytest.raises(StoreError, match=r"ledger\.journal cannot be written"):
            journal.append(b"does not fit")
        assert path.read_bytes() == good
    journal.append(b"fits again")
    assert after_a_restart(path) == [b"good", b"fits again"]


def test_a_half_record_that_cannot_be_taken_back_at_once_is_taken_back_before_the_next(journal, path, monkeypatch):
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = 5
        patch.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(StoreError):
            journal.append(b"does not fit")
        with pytest.raises(StoreError, match="Input/output error"):
            journal.append(b"must not be glued to it")
    journal.append(b"fits again")
    assert after_a_restart(path) == [b"good", b"fits again"]


def test_a_device_that_takes_nothing_raises_the_error_of_the_system(journal):
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._file)
    os.close(full)
    with pytest.raises(StoreError, match="No space left on device"):
        journal.append(b"x")


@pytest.mark.parametrize("calls", range(4))
def test_power_lost_at_any_step_of_a_rewrite_leaves_the_old_records_or_the_new_ones(journal, path, monkeypatch, calls):
    with monkeypatch.context() as patch:
        FailingDisk(patch).calls_left = calls
        with pytest.raises(PowerCut):
            journal.rewrite([b"new"])
    assert after_a_restart(path) == ([b"new"] if calls == 3 else [b"good"])


def test_a_rewrite_that_fails_leaves_a_journal_that_goes_on(journal, path, monkeypatch):
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = 3
        with pytest.raises(StoreError):
            journal.rewrite([b"new"])
    journal.append(b"next")
    assert after_a_restart(path) == [b"good", b"next"]


def test_a_full_disk_after_a_rewrite_takes_nothing_from_the_new_records(journal, path, monkeypatch):
    journal.append(b"another")
    journal.rewrite([b"new"])
    FailingDisk(monkeypatch).room = 5
    with pytest.raises(StoreError):
        journal.append(b"does not fit")
    assert list(journal.replay()) == [b"new"]
    assert path.read_bytes().endswith(b" new\n")
