"""The intake: deadlines, what no message may be, and the job that is made of a request."""

import threading
from dataclasses import replace

import pytest
from doubles.clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.errors import Mistake
from otppi.domain.intake import Expired, IntakeRules, Moment, check_text, deadline, expiry, moment, otp_job, sms_job
from otppi.domain.job import Priority, born
from otppi.domain.ports import Origin
from otppi.domain.requests import RequestOtp, SendSms

RULES = IntakeRules(drop_expired=True, expiration_ms=60_000, max_parts=10, max_wait_rest_s=300, max_wait_broker_s=1200)
KEPT = IntakeRules(drop_expired=False, max_wait_rest_s=300, max_wait_broker_s=1200)
WALL, MONO = 1_800_000_000.0, 5000.0
NOW = Moment(WALL, MONO, plausible=True)
WRONG_CLOCK = Moment(WALL, MONO, plausible=False)
TO = "628126666666"
REST, BROKER = Origin("rest", "shop"), Origin("amqp", patient=True)
TEXT = SendSms("send-sms", "0812", "hello", date_time=None, expiration=None, client_id=7)
OTP = RequestOtp("request-otp", "0812", "Code %s", "r", ("", "", "", ""), "", None, None, "mine", {})


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


def test_the_clock_is_read_once_for_all_three(monkeypatch):
    clock = FakeClock()
    assert moment(clock) == Moment(clock.wall(), clock.monotonic(), plausible=True)
    clock.plausible = False
    assert not moment(clock).plausible


# the job of a text


def of_text(origin=REST, now=NOW, rules=RULES, parts=1, **fields):
    return sms_job(replace(TEXT, **fields), origin, now, rules, to=TO, parts=parts, print_="ab")


def test_the_job_of_a_text_has_what_the_request_and_its_origin_say():
    job = of_text(flash=True, validity_s=600.9)
    assert (job.to, job.text, job.parts, job.client_id, job.print, job.otp) == (TO, "hello", 1, 7, "ab", "")
    assert (job.flash, job.validity_s, job.source, job.user) == (True, 600, "rest", "shop")
    assert (len(job.id), born(job.id)) == (26, WALL)
    assert of_text().validity_s is None


@pytest.mark.parametrize("word, priority", [("", Priority.SINGLE), ("otp", Priority.OTP), ("single", Priority.SINGLE), ("bulk", Priority.BULK)])
def test_the_priority_is_the_requests_else_single(word, priority):
    assert of_text(priority=word).priority is priority


@pytest.mark.parametrize("origin, reply_due, due", [(REST, MONO + 25, MONO + 300), (BROKER, None, MONO + 1200), (Origin("rest", hurried=True), MONO + 25, MONO + 300)])
def test_rest_is_told_after_its_time_and_a_broker_at_the_outcome(origin, reply_due, due):
    job = of_text(origin)
    assert (job.reply_due, job.deadline, job.expires, job.patient, job.hurried) == (reply_due, due, False, origin.patient, origin.hurried)


def test_a_text_ends_with_its_own_time():
    assert (of_text(expiration=WALL + 10).deadline, of_text(expiration=WALL + 10).expires) == (MONO + 10, True)
    assert of_text(date_time=WALL - 50).deadline == MONO + 10


@pytest.mark.parametrize("fields", [{"expiration": WALL}, {"date_time": WALL - 60}])
def test_a_text_that_has_expired_makes_no_job_unless_the_settings_or_a_wrong_clock_let_it(fields):
    with pytest.raises(Expired):
        of_text(**fields)
    assert of_text(rules=KEPT, expiration=WALL).expires is False
    assert of_text(now=WRONG_CLOCK, **fields).deadline == MONO + 300


@pytest.mark.parametrize("fields, word", [({"text": ""}, "empty"), ({"parts": 11}, "11 SMS")])
def test_a_text_that_no_intake_takes_makes_no_job_expired_or_not(fields, word):
    with pytest.raises(Mistake, match=word):
        of_text(**fields, expiration=WALL - 1)


# the job of a code


def of_otp(expires_at, origin=REST, now=NOW, rules=RULES, text="Code 123456", parts=1):
    return otp_job(OTP, origin, now, rules, to=TO, text=text, parts=parts, expires_at=expires_at)


def test_the_job_of_a_code_goes_first_and_ends_with_its_record():
    job = of_otp(WALL + 40)
    assert (job.priority, job.deadline, job.expires, job.text, job.client_id) == (Priority.OTP, MONO + 40, True, "Code 123456", "mine")
    assert (job.print, job.otp, job.reply_due) == ("", "", MONO + 25)
    assert "123456" not in repr(job)


@pytest.mark.parametrize("rules", [RULES, KEPT])
def test_a_code_that_nobody_could_verify_any_more_is_not_sent_whatever_the_settings_say(rules):
    with pytest.raises(Expired):
        of_otp(WALL, rules=rules)


def test_while_the_clock_is_wrong_a_code_is_sent_and_waits_as_long_as_any_text():
    assert of_otp(WALL - 1000, now=WRONG_CLOCK).deadline == MONO + 300


def test_a_broker_waits_for_a_code_no_longer_than_for_a_text():
    assert of_otp(WALL + 9999, BROKER).deadline == MONO + 1200


def test_a_code_in_too_long_a_text_is_a_mistake():
    with pytest.raises(Mistake, match="at most 10"):
        of_otp(WALL + 10, parts=11)
