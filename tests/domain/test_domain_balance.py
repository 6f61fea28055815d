"""Credit: amounts as operators write them, when to ask, and when a SIM is out of credit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.balance import HURRY_S, PRESETS, RETRY_S, BalanceWatch, amount_of, found, masked

WALL = 1_800_000_000.0


@pytest.mark.parametrize("text, amount", [
    ("12.345", 12345), ("12,345", 12345), ("Rp 12345", 12345), ("1 234,50", 1234.5), ("1.234.567", 1234567), ("1,234,567.89", 1234567.89), ("0.125", 0.125),
    ("12.34", 12.34), ("12,3", 12.3), ("Rp 12.345,-", 12345), ("-500", -500), ("5.000,00", 5000), ("0", 0), ("1'234.5", 1234.5), ("IDR 1\u00a0000", 1000), ("007", 7),
    ("", None), ("none", None), ("Rp", None),
])
def test_an_amount_is_read_as_people_write_it(text, amount):
    assert amount_of(text) == amount


@pytest.mark.parametrize("text, amount", [
    ("Sisa pulsa Anda adalah Rp 12345", 12345), ("Pulsa Rp.5.234, aktif s.d 12/12/2027", 5234), ("Balance 12/01: 12.50 USD until 2027", 12.5), ("Dear 0812, you have $3", 3),
    ("3 SMS left", None), ("hrs 24", None),
])
def test_without_a_pattern_the_number_beside_a_currency_counts(text, amount):
    assert found(text) == amount


@pytest.mark.parametrize("pattern, amount", [
    (r"main: ([\d.]+)", 12000), (r"bonus: (\d+)|main: ([\d.]+)", 12000), (r"main: [\d.]+", 12000), (r"nothing (\d+)", None), ("(", None), (r"(x)?main", None),
])
def test_the_pattern_s_first_group_that_took_part_is_the_amount(pattern, amount):
    assert found("Valid to 2027-05-01, MAIN: 12.000", pattern) == amount


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.operator)
def test_every_preset_reads_the_seed_s_answer(preset):
    assert found("Sisa pulsa Anda adalah Rp 12345", preset.pattern) == 12345


def test_the_presets_are_the_seed_s_operators():
    assert {preset.operator for preset in PRESETS} == {"Telkomsel", "XL", "Three", "Smartfren", "Indosat Ooredoo", "Axis"}


def test_it_is_asked_at_once_then_every_so_often_or_never():
    watch = BalanceWatch("*888#", every_h=24)
    assert watch.due_in(100) == 0
    watch.asked(100)
    assert watch.due_in(100) == 24 * 3600
    assert BalanceWatch("*888#").due_in(0) is None
    assert BalanceWatch("", every_h=24).due_in(0) is None


def test_a_question_without_an_answer_is_asked_again_within_the_hour():
    watch = BalanceWatch("*888#", every_h=24)
    watch.asked(0)
    watch.unanswered(60)
    assert watch.due_in(60) == RETRY_S


def test_a_refusal_has_it_asked_soon_but_not_again_and_again():
    watch = BalanceWatch("*888#")
    watch.hurry(1000)
    assert watch.due_in(1000) == 0
    watch.asked(1000)
    watch.hurry(1000 + HURRY_S - 1)
    assert watch.due_in(1000 + HURRY_S - 1) is None
    watch.hurry(1000 + HURRY_S)
    assert watch.due_in(1000 + HURRY_S) == 0


@pytest.mark.parametrize("low, text, is_low", [
    (0, "Rp 1", False), (0, "Rp 0", True), (0, "Rp -500", True), (1000, "Rp 999", True), (1000, "Rp 1.000", False), (1000, "Rp 1.001", False),
])
def test_credit_is_low_at_nothing_and_below_the_limit(low, text, is_low):
    watch = BalanceWatch("*888#", low=low)
    reading = watch.take(text, 0, WALL)
    assert (reading.low, watch.low) == (is_low, is_low)
    assert ("out of credit" in reading.sentence) is is_low


def test_a_sim_that_is_out_of_credit_is_asked_again_within_the_hour_and_comes_back_after_a_top_up():
    watch = BalanceWatch("*888#")
    watch.take("Rp 0", 0, WALL)
    assert watch.due_in(0) == RETRY_S
    watch.asked(RETRY_S)
    watch.take("Rp 50.000", RETRY_S + 1, WALL)
    assert not watch.low
    assert watch.due_in(RETRY_S + 1) is None


def test_an_answer_that_cannot_be_read_changes_nothing_but_is_shown():
    watch = BalanceWatch("*888#", pattern=r"Rp (\d+)")
    watch.take("Rp 0", 0, WALL)
    reading = watch.take("Try again later", 1, WALL + 1)
    assert (reading.amount, reading.low, watch.low) == (None, True, True)
    assert "Try again later" in reading.sentence
    assert watch.facts() == {"balance": None, "balance_at": WALL + 1, "balance_text": "Try again later"}


def test_nothing_is_told_before_the_first_answer_and_phone_numbers_are_masked():
    watch = BalanceWatch("*888#")
    assert watch.facts() == {}
    watch.take("0812345678901\n has Rp 12345", 0, WALL)
    assert watch.facts() == {"balance": 12345, "balance_at": WALL, "balance_text": "0812345678XXX has Rp 12345"}
    assert masked("Rp 123456789") == "Rp 123456789"


@given(st.text(max_size=200), st.sampled_from(["", r"(\d.*)", "([0-9.,]+)"]))
def test_no_answer_of_a_network_breaks_it(text, pattern):
    amount = found(text, pattern)
    assert amount is None or isinstance(amount, float)


@given(st.integers(0, 10**9), st.sampled_from([",", ".", " ", "'"]))
def test_whole_amounts_are_read_back_with_any_mark_between_thousands(amount, mark):
    assert amount_of(f"Rp {amount:,}".replace(",", mark)) == amount
