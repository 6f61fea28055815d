"""What each SIM has sent: periods of the local calendar, jumps of the clock, saves and what a crash leaves."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.allowances import KEPT, MOST_SIMS, Calendar, Usage
from otppi.domain.tariffs import Used

JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = datetime(2027, 1, 15, 12, tzinfo=JAKARTA).timestamp()  # a Friday
HOUR, DAY = 3600.0, 86_400.0


class File:
    """What is saved, and Usage on it."""

    def __init__(self, value=None):
        self.value, self.saves = value, 0

    def save(self, value):
        self.value, self.saves = value, self.saves + 1

    def open(self, zone=JAKARTA):
        usage = Usage(lambda: self.value, self.save)
        usage.calendar = Calendar(zone)
        return usage


@pytest.fixture
def file():
    return File()


def test_counts_begin_anew_at_local_midnight_on_monday_and_on_the_first(file):
    usage = file.open()
    usage.note("m", 3, NOON)
    assert usage.used("m", NOON) == Used(3, 3, 3)
    midnight = usage.calendar.midnight(NOON)
    assert midnight == datetime(2027, 1, 16, tzinfo=JAKARTA).timestamp()
    assert usage.used("m", midnight - 1) == Used(3, 3, 3)
    assert usage.used("m", midnight) == Used(0, 3, 3)
    assert usage.used("m", midnight + 2 * DAY) == Used(0, 0, 3)
    assert usage.used("m", midnight + 16 * DAY) == Used(0, 0, 0)


@pytest.mark.parametrize("zone, hours", [("Asia/Jakarta", 12), ("UTC", 19), ("America/Los_Angeles", 3)])
def test_the_day_is_that_of_the_zone(zone, hours):
    assert Calendar(ZoneInfo(zone)).midnight(NOON) == NOON + hours * HOUR


def test_a_day_of_twenty_five_hours_is_one_day():
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    start = datetime(2027, 10, 31, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    assert calendar.midnight(start) == start + 25 * HOUR
    assert {calendar.keys(start + hour * HOUR) for hour in range(25)} == {("2027-10-31", "2027-W43", "2027-10")}


def test_without_a_zone_the_system_s_counts():
    local = datetime.fromtimestamp(NOON, UTC).astimezone()
    assert Calendar().day(NOON) == local.date()
    assert Calendar().midnight(NOON) == datetime.combine(local.date() + timedelta(days=1), datetime.min.time()).timestamp()


def test_a_clock_that_jumps_back_loses_no_count_and_one_that_comes_back_from_far_ahead_neither(file):
    usage = file.open()
    usage.note("m", 4, NOON)
    usage.note("m", 1, NOON - DAY)
    usage.note("m", 2, NOON + 3650 * DAY)
    assert usage.used("m", NOON) == Used(4, 5, 5)
    usage.note("m", 1, NOON)
    assert usage.used("m", NOON) == Used(5, 6, 6)
    usage.keep(NOON)
    assert file.open().used("m", NOON) == Used(5, 6, 6)


def test_what_is_saved_is_there_again_and_is_saved_only_when_it_changed(file):
    usage = file.open()
    usage.keep(NOON)
    usage.note("m", 0, NOON)
    usage.keep(NOON)
    assert file.saves == 0
    usage.note("m", 2, NOON)
    usage.keep(NOON)
    usage.keep(NOON)
    assert file.saves == 1
    again = file.open()
    assert again.used("m", NOON + HOUR) == Used(2, 2, 2)
    assert again.until >= NOON


def test_a_sim_keeps_its_counts_in_another_modem(file):
    usage = file.open()
    assert usage.found("m", "51010", NOON)
    assert not usage.found("m", "51010", NOON)
    usage.note("m", 2, NOON)
    assert usage.found("n", "51010", NOON + 1)
    assert usage.used("n", NOON) == Used(2, 2, 2)
    assert usage.found("m", "51011", NOON + 2)
    assert usage.used("m", NOON) == Used()
    usage.note("m", 1, NOON + 3)
    usage.keep(NOON + 4)
    again = file.open()
    assert (again.used("m", NOON), again.used("n", NOON)) == (Used(1, 1, 1), Used(2, 2, 2))


def test_what_was_counted_before_the_sim_was_known_is_the_sim_s(file):
    usage = file.open()
    usage.note("m", 2, NOON)
    assert usage.found("m", "51010", NOON + 1)
    assert usage.used("m", NOON) == Used(2, 2, 2)
    assert not usage.found("m", "", NOON + 2)
    assert usage.sim("m") == "51010"


def test_what_was_not_saved_before_a_crash_is_made_up_for_and_nothing_is_counted_twice(file):
    usage = file.open()
    usage.note("m", 2, NOON)
    usage.keep(NOON + 1)
    usage.note("m", 3, NOON + 60)  # lost with the process
    again = file.open()
    again.correct([("m", NOON, 2), ("m", NOON + 60, 3), ("n", NOON + 61, 1)])
    assert again.used("m", NOON + 70) == Used(5, 5, 5)
    assert again.used("n", NOON + 70) == Used(1, 1, 1)
    again.keep(NOON + 80)
    third = file.open()
    third.correct([("m", NOON, 2), ("m", NOON + 60, 3), ("n", NOON + 61, 1)])
    assert third.used("m", NOON + 90) == Used(5, 5, 5)


def test_after_a_crash_no_day_holds_less_than_its_journal_even_if_the_clock_jumped_back_since_the_save(file):
    usage = file.open()
    usage.note("m", 1, NOON + 2 * HOUR)
    usage.keep(NOON + 2 * HOUR)
    again = file.open()
    again.correct([("m", NOON + HOUR, 1), ("m", NOON + 2 * HOUR, 1)])
    assert again.used("m", NOON + HOUR) == Used(2, 2, 2)


def test_what_left_by_an_earlier_sim_is_not_the_present_one_s(file):
    usage = file.open()
    usage.found("m", "51010", NOON)
    usage.note("m", 2, NOON + 1)
    usage.found("m", "51011", NOON + 2)
    usage.keep(NOON + 3)
    again = file.open()
    again.correct([("m", NOON + 1, 2), ("m", NOON + 4, 1)])
    assert again.used("m", NOON + 5) == Used(1, 1, 1)


@pytest.mark.parametrize("value", [
    None, [], {"sims": 5}, {"sims": {"m": 5}}, {"sims": {"m": {"day": [1], "week": {"x": "y"}}}}, {"modems": {"m": 5}}, {"modems": {"m": {"sim": 5}}}, {"until": "now"},
])
def test_a_damaged_file_counts_for_nothing_and_stops_nothing(value):
    usage = File(value).open()
    usage.note("m", 1, NOON)
    assert usage.used("m", NOON) == Used(1, 1, 1)


def test_what_is_kept_does_not_grow_with_the_years(file):
    usage = file.open()
    for day in range(400):
        usage.note("m", 1, NOON + day * DAY)
    for sim in range(2 * MOST_SIMS):
        usage.found("n", f"510{sim:04d}", NOON + 400 * DAY + sim)
        usage.note("n", 1, NOON + 400 * DAY + sim)
    usage.keep(NOON + 500 * DAY)
    assert len(file.value["sims"]) == MOST_SIMS
    assert all(len(names) <= KEPT for counts in file.value["sims"].values() for names in counts.values())


MOMENTS = st.floats(0, 40 * DAY).map(lambda seconds: NOON + seconds)


@given(st.lists(st.tuples(st.sampled_from("ab"), MOMENTS, st.integers(1, 3)), max_size=40).map(lambda sent: sorted(sent, key=lambda one: one[1])), st.integers(0, 40))
def test_the_counts_are_those_of_counting_everything_whenever_it_was_saved_and_killed(sent, killed_after):
    file = File()
    usage = file.open()
    for place, (modem, at, sms) in enumerate(sent):
        usage.note(modem, sms, at)
        if place == killed_after:
            usage.keep(at)
            usage = file.open()
    now = sent[-1][1] if sent else NOON
    if sent and killed_after >= len(sent):  # killed at the end, saved never: the journal of the last day tells
        usage = file.open()
        usage.correct([one for one in sent if one[1] > now - DAY])
        expected = {modem: sum(sms for name, at, sms in sent if name == modem and Calendar(JAKARTA).day(at) == Calendar(JAKARTA).day(now)) for modem in "ab"}
        assert {modem: usage.used(modem, now).day for modem in "ab"} == expected
        return
    for modem in "ab":
        local = [(datetime.fromtimestamp(at, JAKARTA), sms) for name, at, sms in sent if name == modem]
        today = datetime.fromtimestamp(now, JAKARTA)
        plain = Counter()
        for at, sms in local:
            plain["day"] += sms * (at.date() == today.date())
            plain["week"] += sms * (at.isocalendar()[:2] == today.isocalendar()[:2])
            plain["month"] += sms * ((at.year, at.month) == (today.year, today.month))
        assert usage.used(modem, now) == Used(plain["day"], plain["week"], plain["month"])
