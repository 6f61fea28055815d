import os
import stat
import subprocess
import sys

import pytest

from otppi.domain.errors import DataLocked, StoreError
from otppi.store import DataFolder

HOLDER = """
import sys
from pathlib import Path
from otppi.store import DataFolder
DataFolder(Path(sys.argv[1])).lock(Path("/run/of-the-holder"))
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data(tmp_path):
    return tmp_path / "var" / "data"


@pytest.fixture
def holder(data):
    command = [sys.executable, "-c", HOLDER, str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_folder_owned_by_another_process_is_refused_with_its_pid_and_tells_its_run_directory(data, holder):
    folder = DataFolder(data)
    with pytest.raises(DataLocked, match=f"pid {holder.pid}"):
        folder.lock(data / "run")
    assert str(folder.run_dir()) == "/run/of-the-holder"


def test_a_process_that_was_killed_owns_nothing_any_more(data, holder):
    holder.kill()
    holder.wait(10)
    folder = DataFolder(data)
    folder.lock(data / "run")
    assert folder.run_dir() == data / "run"
    folder.unlock()


def test_looking_creates_nothing_and_locking_creates_a_private_folder(data):
    folder = DataFolder(data)
    assert folder.run_dir() is None
    assert not data.exists()
    folder.lock(data / "run")
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "lock").stat().st_mode) == 0o600
    assert f'"pid": {os.getpid()}' in (data / "lock").read_text()
    folder.unlock()


def test_an_unlocked_folder_can_be_locked_again_and_forgets_the_run_directory(data):
    first, second = DataFolder(data), DataFolder(data)
    first.lock(data / "a-run-directory-with-a-long-name")
    with pytest.raises(DataLocked):
        second.lock(data / "run")
    with pytest.raises(DataLocked):
        first.lock(data / "run")
    first.unlock()
    first.unlock()
    assert second.run_dir() is None
    second.lock(data / "run")
    assert first.run_dir() == data / "run"
    second.unlock()


def test_a_shorter_note_leaves_nothing_of_a_longer_one(data):
    data.mkdir(parents=True)
    (data / "lock").write_text("x" * 500)
    folder = DataFolder(data)
    folder.lock(data / "run")
    assert (data / "lock").read_text().endswith("}\n")
    folder.unlock()


@pytest.mark.parametrize("note", ["", "{", "[]", '{"run": 5}', '{"run": "relative"}', "\x00" * 20])
def test_a_damaged_note_tells_nothing(data, note):
    data.mkdir(parents=True)
    (data / "lock").write_text(note)
    assert DataFolder(data).run_dir() is None


def test_a_data_folder_that_cannot_be_made_is_a_store_error(tmp_path):
    (tmp_path / "plain").write_text("no folder")
    with pytest.raises(StoreError, match="plain"):
        DataFolder(tmp_path / "plain").lock(tmp_path / "run")
    with pytest.raises(StoreError, match="plain"):
        DataFolder(tmp_path / "plain").run_dir()
