import os
import stat
import tempfile
from pathlib import Path

import pytest

from otppi.domain.errors import StoreError
from otppi.store import run_directory

NOWHERE = Path("/nonexistent")


def test_the_configured_one_goes_before_all_others(tmp_path):
    environ = {"RUNTIME_DIRECTORY": str(tmp_path / "systemd"), "XDG_RUNTIME_DIR": str(tmp_path)}
    assert run_directory(tmp_path, tmp_path / "configured", environ, system=tmp_path) == tmp_path / "configured"
    assert not (tmp_path / "systemd").exists()


def test_the_first_one_that_systemd_made_goes_before_run(tmp_path):
    environ = {"RUNTIME_DIRECTORY": f"{tmp_path}/first:{tmp_path}/second"}
    assert run_directory(tmp_path, None, environ, system=tmp_path) == tmp_path / "first"


def test_under_run_the_name_tells_data_folders_apart_and_one_from_itself_never(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    one = run_directory(tmp_path / "one", None, {}, system=run)
    assert one.parent == run
    assert one.name.startswith("otppi-")
    assert run_directory(tmp_path / "two", None, {}, system=run) != one
    assert run_directory(tmp_path / "x" / ".." / "one", None, {}, system=run) == one


def test_without_a_run_of_its_own_the_folder_of_the_session_is_taken(tmp_path):
    chosen = run_directory(tmp_path / "data", None, {"XDG_RUNTIME_DIR": str(tmp_path)}, system=NOWHERE)
    assert chosen.parent == tmp_path
    assert chosen.name.startswith("otppi-")


@pytest.mark.parametrize("session", [None, "", "/nonexistent", "relative"])
def test_the_last_resort_is_the_folder_for_temporary_files(tmp_path, monkeypatch, session):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    chosen = run_directory(tmp_path / "data", None, {} if session is None else {"XDG_RUNTIME_DIR": session}, system=NOWHERE)
    assert chosen.parent == tmp_path
    assert chosen.name.endswith(f"-{os.geteuid()}")


def test_it_is_made_private_whether_it_is_new_or_was_open(tmp_path):
    before = os.umask(0)
    try:
        new = run_directory(tmp_path, tmp_path / "new", {})
        (tmp_path / "open").mkdir(mode=0o755)
        was_open = run_directory(tmp_path, tmp_path / "open", {})
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(was_open.stat().st_mode) == 0o700


def test_one_that_cannot_be_closed_to_others_is_refused(tmp_path, monkeypatch):
    (tmp_path / "open").mkdir(mode=0o755)
    monkeypatch.setattr(os, "chmod", lambda *_, **__: None)  # what a FAT file system does
    with pytest.raises(StoreError, match="open to other users"):
        run_directory(tmp_path, tmp_path / "open", {})


def test_one_that_belongs_to_somebody_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "theirs").mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "theirs").stat().st_uid + 1)
    with pytest.raises(StoreError, match="belongs to another user"):
        run_directory(tmp_path, tmp_path / "theirs", {})


def test_a_link_laid_in_its_place_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="no folder but a link"):
        run_directory(tmp_path, tmp_path / "link", {})


def test_one_that_cannot_be_made_is_a_store_error(tmp_path):
    (tmp_path / "plain").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be used"):
        run_directory(tmp_path, tmp_path / "plain", {})
