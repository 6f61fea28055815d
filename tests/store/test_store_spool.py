"""Bodies of messages that wait: whole or not there, sealed, and gone when they are dropped."""

import os
import stat

import pytest
from doubles.files import FailingDisk

from otppi.adapters.seal import Seal
from otppi.domain.errors import StoreError
from otppi.domain.job import new_id
from otppi.store.spool import Spool

ID, OTHER = "0" * 26, "V" * 26
BODY = b'{"to":"6281234567","text":"Your code is 135790"}'


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(folder):
    return a_spool(folder)


def a_spool(folder, key=bytes(32)):
    return Spool(folder, lambda: Seal(key))


def test_a_body_comes_back_in_the_next_life(spool, folder):
    spool.keep(ID, BODY)
    spool.keep(OTHER, b"")
    assert dict(a_spool(folder).kept()) == {ID: BODY, OTHER: b""}


def test_an_id_of_ours_is_a_name_of_the_spool(spool):
    message_id = new_id(1.8e9)
    spool.keep(message_id, BODY)
    assert list(spool.kept()) == [(message_id, BODY)]


def test_a_body_is_sealed_in_a_private_file_of_a_private_folder(spool, folder):
    spool.keep(ID, BODY)
    data = (folder / ID).read_bytes()
    assert b"6281234567" not in data
    assert b"135790" not in data
    assert stat.S_IMODE((folder / ID).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_body_kept_twice_is_the_newer_one(spool):
    spool.keep(ID, BODY)
    spool.keep(ID, b"newer")
    assert list(spool.kept()) == [(ID, b"newer")]


def test_a_dropped_body_is_gone_and_may_be_dropped_again(spool, folder):
    spool.keep(ID, BODY)
    spool.drop(ID)
    spool.drop(ID)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "x", "../" + "0" * 23, "0" * 25, "0" * 27, "W" * 26, "0" * 26 + "\n", "0" * 26 + ".new"])
def test_under_a_name_that_would_not_be_found_again_nothing_is_kept(spool, folder, name):
    with pytest.raises(ValueError, match="26 characters"):
        spool.keep(name, BODY)
    assert list(folder.iterdir()) == []


def test_a_half_written_body_is_removed_and_a_foreign_file_is_let_be(spool, folder):
    spool.keep(ID, BODY)
    (folder / f"{OTHER}.new").write_bytes(b"half")
    (folder / "notes.new").touch()
    (folder / "README").touch()
    (folder / OTHER).mkdir()
    assert list(spool.kept()) == [(ID, BODY)]
    assert sorted(path.name for path in folder.iterdir()) == sorted([ID, OTHER, "README", "notes.new"])


def test_a_body_cut_at_any_byte_cannot_be_opened_and_is_not_lost_from_the_list(spool, folder):
    spool.keep(ID, BODY)
    data = (folder / ID).read_bytes()
    for length in range(len(data)):
        (folder / ID).write_bytes(data[:length])
        assert list(spool.kept()) == [(ID, None)]


def test_a_body_under_the_name_of_another_cannot_be_opened(spool, folder):
    spool.keep(ID, BODY)
    (folder / ID).rename(folder / OTHER)
    assert list(spool.kept()) == [(OTHER, None)]


def test_after_a_power_cut_bodies_cannot_be_opened(spool, folder):
    spool.keep(ID, BODY)
    assert list(a_spool(folder, b"1" * 32).kept()) == [(ID, None)]


def test_a_body_that_the_disk_cannot_give_back_is_told_and_stops_no_start(spool, folder, monkeypatch, caplog):
    spool.keep(ID, BODY)
    spool.keep(OTHER, BODY)
    read = type(folder).read_bytes
    monkeypatch.setattr(type(folder), "read_bytes", lambda path: read(path) if path.name == OTHER else (_ for _ in ()).throw(OSError(5, "Input/output error")))
    assert list(spool.kept()) == [(ID, None), (OTHER, BODY)]
    assert "cannot be read: Input/output error" in caplog.text


@pytest.mark.parametrize("room", [0, 1, 20])
def test_a_full_disk_is_told_and_leaves_the_old_body_or_nothing(spool, folder, monkeypatch, room):
    for before in ([], [(ID, b"old")]):
        for name, body in before:
            spool.keep(name, body)
        with monkeypatch.context() as patch:
            FailingDisk(patch).room = room
            with pytest.raises(StoreError, match="The message could not be kept: No space left on device"):
                spool.keep(ID, BODY)
        assert list(spool.kept()) == before
        assert not list(folder.glob("*.new"))


def test_a_body_is_seen_under_its_name_only_when_it_is_whole(spool, folder, monkeypatch):
    seen = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: (seen.append((folder / ID).exists()), write(file, data[:7]))[1])
    spool.keep(ID, BODY)
    assert len(seen) > 3
    assert not any(seen)


def test_a_rename_that_fails_is_told_and_leaves_nothing(spool, folder):
    (folder / ID).mkdir()
    with pytest.raises(StoreError, match="The message could not be kept"):
        spool.keep(ID, BODY)
    assert not list(folder.glob("*.new"))


def test_a_body_that_cannot_be_removed_is_told(spool, folder):
    (folder / ID).mkdir()
    with pytest.raises(StoreError, match="A kept message could not be removed"):
        spool.drop(ID)


def test_no_key_is_made_before_there_is_something_to_seal(folder):
    spool = Spool(folder, lambda: pytest.fail("a key was asked for"))
    assert list(spool.kept()) == []
    spool.drop(ID)
