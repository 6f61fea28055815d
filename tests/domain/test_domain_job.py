"""Jobs: their ids, their order, and what their repr shows."""

from otppi.domain import job
from otppi.domain.job import Job, Priority, born, new_id

WALL = 1_800_000_000.0


def test_an_id_has_26_characters_that_any_url_takes_and_no_two_are_alike():
    ids = {new_id(WALL) for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(len(each) == 26 and each.isascii() and each.isalnum() for each in ids)


def test_ids_sort_by_time_and_tell_it():
    seconds = (1.0, 1.5, 1_800_000_000.0, 1_800_000_000.5, 4e9)
    ids = [new_id(second) for second in seconds]
    assert ids == sorted(ids)
    assert tuple(born(each) for each in ids) == seconds
    assert {born(text) for text in ("no id", "", "é" * 26, ids[-1][:-1], ids[-1][:10], ids[-1] + "0", "V" * 34, "V" * 26, "V" * 60_002, ids[-1].lower())} == {0}


def test_an_id_cannot_be_guessed(monkeypatch):
    bits = []
    monkeypatch.setattr(job.secrets, "randbits", lambda count: bits.append(count) or 0)
    new_id(1.0)
    assert bits == [80]


def test_otp_goes_before_single_before_bulk():
    assert Priority.OTP < Priority.SINGLE < Priority.BULK


def test_the_repr_of_a_job_shows_neither_number_nor_text():
    shown = repr(Job("id", "628126666666", "Your code is 123456", 1, Priority.OTP, 0.0, False, None))
    assert "6281266" not in shown
    assert "123456" not in shown
