"""Jobs: ids, deadlines, and what no intake takes."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain import job
from otppi.domain.errors import Mistake
from otppi.domain.intake import Expired, IntakeRules, Moment, check_text, deadline, expiry
from otppi.domain.job import Job, Priority, born, new_id

RULES = IntakeRules(drop_expired=True, expiration_ms=60_000, max_parts=10, max_wait_rest_s=300, max_wait_broker_s=1200)
KEPT = IntakeRules(drop_expired=False, max_wait_rest_s=300, max_wait_broker_s=1200)
WALL, MONO = 1_800_000_000.0, 5000.0


def test_an_id_has_26_characters_that_any_url_takes_and_no_two_are_alike():
    ids = {new_id(WALL) for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(len(each) == 26 and each.isascii() and each.isalnum() for each in ids)


def test_ids_sort_by_time_and_tell_it():
    seconds = (1.0, 1.5, 1_800_000_000.0, 1_800_000_000.5, 4e9)
    ids = [new_id(second) for second in seconds]
    assert ids == sorted(ids)
    assert tuple(born(each) for each in ids) == seconds
    assert born("no id") == born("") == born("é" * 26) == 0


def test_an_id_cannot_be_guessed(monkeypatch):
    bits = []
    monkeypatch.setattr(job.secrets, "randbits", lambda count: bits.append(count) or 0)
    new_id(1.0)
    assert bits == [80]


@pytest.mark.parametrize("expiration,date_time,expires_at", [(1000, 500, 1000), (1000, None, 1000), (None, 500, 560), (None, None, None)])
def test_the_expiry_is_the_expiration_else_the_date_and_the_setting_else_never(expiration, date_time, expires_at):
    assert expiry(expiration, date_time, RULES) == expires_at


@pytest.mark.parametrize("left,patient,rules,clock_ok,wait,expires", [
    (60, False, RULES, True, 60, True),       # its expiry
    (60, True, RULES, True, 60, True),
    (900, False, RULES, True, 900, True),     # REST: the expiry, however far
    (900, True, RULES, True, 900, True),
    (5000, True, RULES, True, 1200, False),   # brokers: the earlier of the two
    (None, False, RULES, True, 300, False),   # none of its own
    (None, True, RULES, True, 1200, False),
    (60, False, KEPT, True, 300, False),      # the setting keeps what has expired
    (-60, False, KEPT, True, 300, False),
    (-60, True, KEPT, True, 1200, False),
    (-60, False, RULES, False, 300, False),   # the clock is wrong: nothing expires
    (-60, True, RULES, False, 1200, False),
    (60, False, RULES, False, 300, False),
    (1e12, False, RULES, True, 366 * 86_400, False),  # for ever is too long
    (1e12, True, RULES, True, 1200, False),
])
def test_the_deadline_follows_the_table(left, patient, rules, clock_ok, wait, expires):
    expires_at = None if left is None else WALL + left
    assert deadline(expires_at, Moment(WALL, MONO, clock_ok), rules, patient=patient) == (MONO + wait, expires)


@pytest.mark.parametrize("left", [0, -0.001, -1e9])
@pytest.mark.parametrize("patient", [True, False])
def test_what_has_expired_on_arrival_is_told_so(left, patient):
    with pytest.raises(Expired, match="expired"):
        deadline(WALL + left, Moment(WALL, MONO, plausible=True), RULES, patient=patient)


@given(st.none() | st.floats(-1e300, 1e300), st.booleans(), st.booleans())
def test_no_deadline_is_further_away_than_a_thread_can_wait(expires_at, patient, clock_ok):
    """An expiration in the year 5000 once was a wait that the clock's thread died of."""
    try:
        due, _ = deadline(expires_at, Moment(WALL, MONO, clock_ok), RULES, patient=patient)
    except Expired:
        return
    assert MONO < due < threading.TIMEOUT_MAX


@pytest.mark.parametrize("text,parts,word", [("", 0, "empty"), ("x", 11, "11 SMS; at most 10")])
def test_a_text_that_is_empty_or_too_long_is_refused(text, parts, word):
    with pytest.raises(Mistake, match=word):
        check_text(text, parts, 10)
    check_text("x", 10, 10)


def test_otp_goes_before_single_before_bulk():
    assert Priority.OTP < Priority.SINGLE < Priority.BULK


def test_the_repr_of_a_job_shows_neither_number_nor_text():
    shown = repr(Job("id", "628126666666", "Your code is 123456", 1, Priority.OTP, 0.0, False, None))
    assert "6281266" not in shown
    assert "123456" not in shown
