import json
import stat

import pytest
from doubles.files import FailingDisk, PowerCut

from otppi.domain.errors import StoreError
from otppi.store import FileAudit, SavedTime, key


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_audit_trail_has_one_line_a_change_with_who_what_and_when(tmp_path):
    path = tmp_path / "audit.log"
    FileAudit(path, wall=lambda: 1_700_000_000.5).record("admin", "settings.set", "otp", "length 6 → 8\nand more")
    FileAudit(path).record("root", "user.add", "app")
    first, second = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert first == {"at": "2023-11-14T22:13:20.500+00:00", "who": "admin", "operation": "settings.set", "target": "otp",
                     "detail": "length 6 → 8\nand more"}
    assert (second["who"], second["operation"], second["target"], second["detail"]) == ("root", "user.add", "app", "")
    assert mode(path) == 0o600


def test_a_line_of_the_audit_trail_is_synced_before_the_return_and_its_folder_with_the_first(tmp_path, monkeypatch):
    disk = FailingDisk(monkeypatch)
    audit = FileAudit(tmp_path / "audit.log")
    audit.record("admin", "user.block", "app")
    audit.record("admin", "user.unblock", "app")
    assert disk.synced == [tmp_path / "audit.log", tmp_path, tmp_path / "audit.log"]


def test_the_audit_trail_goes_on_after_a_line_cut_short_and_keeps_it(tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(b'{"at": "2023-11')
    FileAudit(path).record("admin", "user.block", "app")
    half, whole = path.read_bytes().splitlines()
    assert half == b'{"at": "2023-11'
    assert json.loads(whole)["target"] == "app"


def test_an_audit_trail_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    FailingDisk(monkeypatch).room = 20
    with pytest.raises(StoreError, match="No space left"):
        FileAudit(tmp_path / "audit.log").record("admin", "user.block", "app")


def test_a_key_is_made_once_and_stays(tmp_path):
    made = key(tmp_path / "hash.key")
    assert len(made) == 32
    assert key(tmp_path / "hash.key") == made
    assert key(tmp_path / "other.key") != made
    assert mode(tmp_path / "hash.key") == 0o600


def test_a_key_open_to_others_is_closed_and_told(tmp_path, caplog):
    made = key(tmp_path / "hash.key")
    (tmp_path / "hash.key").chmod(0o644)
    assert key(tmp_path / "hash.key") == made
    assert mode(tmp_path / "hash.key") == 0o600
    assert "was open to other users" in caplog.text


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_the_wrong_size_is_set_aside_and_made_anew(tmp_path, caplog, size):
    (tmp_path / "hash.key").write_bytes(b"k" * size)
    made = key(tmp_path / "hash.key")
    assert len(made) == 32
    assert key(tmp_path / "hash.key") == made
    assert (tmp_path / "hash.key.damaged-1").read_bytes() == b"k" * size
    assert f"not {size}" in caplog.text


@pytest.mark.parametrize("calls", range(4))
def test_power_lost_while_a_key_is_made_leaves_a_whole_one_or_none(tmp_path, monkeypatch, calls):
    with monkeypatch.context() as patch:
        FailingDisk(patch).calls_left = calls
        with pytest.raises(PowerCut):
            key(tmp_path / "hash.key", 16)
    assert (tmp_path / "hash.key").exists() == (calls == 3)
    assert len(key(tmp_path / "hash.key", 16)) == 16
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_key_that_cannot_be_read_or_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="could not be read"):
        key(tmp_path / "folder")
    FailingDisk(monkeypatch).room = 8
    with pytest.raises(StoreError, match="No space left"):
        key(tmp_path / "hash.key")
    assert not (tmp_path / "hash.key").exists()


def test_the_saved_time_is_zero_at_first_and_then_the_latest(tmp_path):
    saved = SavedTime(tmp_path / "time")
    assert saved.last() == 0
    saved.save(1_700_000_000.25)
    saved.save(1_600_000_000)
    assert SavedTime(tmp_path / "time").last() == 1_700_000_000.25
    assert mode(tmp_path / "time") == 0o600


def test_the_saved_time_goes_back_only_by_force(tmp_path):
    saved = SavedTime(tmp_path / "time")
    saved.save(1_700_000_000)
    saved.save(1_600_000_000, force=True)
    assert saved.last() == 1_600_000_000


def test_a_saved_time_cut_at_any_byte_is_set_aside_and_never_a_wrong_time(tmp_path):
    saved = SavedTime(tmp_path / "time")
    saved.save(1_700_000_000)
    whole = (tmp_path / "time").read_bytes()
    for cut in range(len(whole)):
        (tmp_path / "time").write_bytes(whole[:cut])
        assert saved.last() == 0
        assert not (tmp_path / "time").exists()


@pytest.mark.parametrize("content", [b"nan\n", b"inf\n", b"-5\n", b"soon\n", b"\xff\n"])
def test_a_damaged_time_is_no_time(tmp_path, content):
    (tmp_path / "time").write_bytes(content)
    assert SavedTime(tmp_path / "time").last() == 0
    assert (tmp_path / "time.damaged-1").read_bytes() == content


def test_a_time_that_cannot_be_saved_or_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="could not be read"):
        SavedTime(tmp_path / "folder").last()
    FailingDisk(monkeypatch).room = 0
    with pytest.raises(StoreError):
        SavedTime(tmp_path / "time").save(5)
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]
