import os
import stat

import pytest
from doubles.files import FailingDisk, PowerCut

from otppi.domain.errors import StoreError
from otppi.store import FileSections

OLD = {"length": 6, "note": "größer"}
NEW = {"length": 8, "list": [{"id": "a", "price": 1.5}, None, True]}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "settings"


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_section_comes_back_as_it_was_saved(folder):
    FileSections(folder).save("otp", NEW)
    assert FileSections(folder).load("otp") == NEW
    FileSections(folder).save("otp", [])
    assert FileSections(folder).load("otp") == []


def test_a_section_that_was_never_saved_is_none(folder):
    assert FileSections(folder).load("otp") is None


def test_files_and_folder_are_closed_to_others_even_with_an_open_umask(folder):
    before = os.umask(0)
    try:
        store = FileSections(folder)
        store.save("otp", OLD)
        (folder / "otp.json.new").write_text("left by a crash")
        store.save("otp", NEW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_folder_that_was_open_to_others_is_closed(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    FileSections(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_save_is_synced_before_it_returns_the_folder_too(folder, monkeypatch):
    store = FileSections(folder)
    disk = FailingDisk(monkeypatch)
    store.save("otp", OLD)
    assert disk.synced == [folder / "otp.json.new", folder]


def test_a_section_cut_at_any_byte_falls_back_to_the_last_good_version(folder, caplog):
    store = FileSections(folder)
    store.save("otp", OLD)
    store.save("otp", NEW)
    whole = (folder / "otp.json").read_bytes()
    for number, cut in enumerate(range(len(whole) - 1), 1):  # without its newline alone the file is whole
        (folder / "otp.json").write_bytes(whole[:cut])
        caplog.clear()
        assert FileSections(folder).load("otp") == OLD
        assert (folder / f"otp.json.damaged-{number}").read_bytes() == whole[:cut]
        assert "set aside" in caplog.text
        assert "last good version" in caplog.text


def test_after_a_fall_back_the_next_save_works_and_keeps_no_damaged_version(folder):
    store = FileSections(folder)
    store.save("otp", OLD)
    store.save("otp", NEW)
    (folder / "otp.json").write_bytes(b"\x00" * 50)
    store.save("otp", {"length": 4})
    assert store.load("otp") == {"length": 4}
    (folder / "otp.json").unlink()
    assert store.load("otp") == OLD


@pytest.mark.parametrize("content", [b"", b"12", b"\xff", b'"text"', b"null", b"[" * 100_000, b'{"a": 1'])
def test_a_section_of_which_nothing_is_good_is_none_and_set_aside(folder, content):
    store = FileSections(folder)
    (folder / "otp.json").write_bytes(content)
    (folder / "otp.json.last").write_bytes(content)
    assert store.load("otp") is None
    assert names(folder) == ["otp.json.damaged-1", "otp.json.last.damaged-1"]


@pytest.mark.parametrize("calls", range(9))
def test_power_lost_at_any_step_of_a_save_leaves_the_old_version_or_the_new_one(folder, monkeypatch, calls):
    store = FileSections(folder)
    store.save("otp", {"length": 4})
    store.save("otp", OLD)
    with monkeypatch.context() as patch:
        disk = FailingDisk(patch)
        disk.calls_left = calls
        try:
            store.save("otp", NEW)
        except PowerCut:
            pass
        else:
            assert calls == 8  # write, sync, rename, sync of the folder: for the last good version and for the new one
    assert FileSections(folder).load("otp") == (NEW if calls >= 7 else OLD)
    assert not list(folder.glob("*.damaged-*"))


@pytest.mark.parametrize("room", [0, 10, 60])
def test_a_full_disk_is_a_store_error_and_changes_nothing(folder, monkeypatch, room):
    store = FileSections(folder)
    store.save("otp", OLD)
    with monkeypatch.context() as patch:
        FailingDisk(patch).room = room
        with pytest.raises(StoreError, match=r"otp\.json(\.last)? could not be written: No space left"):
            store.save("otp", NEW)
    assert store.load("otp") == OLD
    assert not list(folder.glob("*.new"))


def test_a_file_that_cannot_be_read_is_told_and_not_taken_for_damage(folder):
    store = FileSections(folder)
    (folder / "otp.json").mkdir()
    with pytest.raises(StoreError, match="could not be read"):
        store.load("otp")
    assert names(folder) == ["otp.json"]


@pytest.mark.parametrize("name", ["", "../otp", "a/b", ".otp", "Otp", "otp.json"])
def test_a_name_cannot_leave_the_folder(folder, name):
    store = FileSections(folder)
    with pytest.raises(ValueError, match="name of a section"):
        store.save(name, {})
    with pytest.raises(ValueError, match="name of a section"):
        store.load(name)


@pytest.mark.parametrize("value", [12, "text", None, {"a": float("nan")}])
def test_what_could_not_be_told_from_a_file_cut_short_is_not_saved(folder, value):
    store = FileSections(folder)
    with pytest.raises(ValueError):
        store.save("otp", value)
    assert store.load("otp") is None


def test_sections_are_found_by_their_beginning_and_a_dropped_one_does_not_come_back(folder):
    sections = FileSections(folder)
    for name in ("learned_1", "learned_2", "pin_m1"):
        sections.save(name, {"a": 1})
        sections.save(name, {"a": 2})
    assert sections.names("learned_") == ["learned_1", "learned_2"]

    sections.drop("learned_1")
    sections.drop("learned_1")
    assert sections.load("learned_1") is None
    assert sections.names("") == ["learned_2", "pin_m1"]
    with pytest.raises(ValueError, match="letters"):
        sections.drop("../pin_m1")
