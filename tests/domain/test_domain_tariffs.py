"""What an SMS costs: the seed's four price lists, allowances and their edges, days, quotas."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.tariffs import Allowance, Span, Tariff, Used, amount

TODAY = date(2027, 1, 15)
SEED = {
    "1": Tariff("1", prices={"62871": 50, "62872": 50}, default_price=350),
    "2": Tariff("2", prices={"62835": 100, "62856": 100, "62837": 100}, default_price=350),
    "3": Tariff("3", prices={"62845": 60}, default_price=250),
    "4": Tariff("4", prices={"62848": 90, "62849": 90}, default_price=200),
}
PROMO = Allowance(11, 100, "day", 0)


def price(tariff, number="628111234567", used=(0, 0, 0), today=TODAY, parts=1):
    found = tariff.price(number, Used(*used), today, parts)
    return found and found.amount


@pytest.mark.parametrize("prefix, prices", [
    ("62871", (50, 350, 250, 200)), ("62872", (50, 350, 250, 200)), ("62835", (350, 100, 250, 200)), ("62845", (350, 350, 60, 200)), ("62848", (350, 350, 250, 90)),
    ("62811", (350, 350, 250, 200)),
])
def test_the_seed_s_operators_charge_what_the_seed_tells(prefix, prices):
    assert tuple(price(tariff, prefix + "1234567") for tariff in SEED.values()) == prices


def test_the_longest_prefix_counts():
    tariff = Tariff("t", prices={"62": 3, "62871": 1, "6287": 2}, default_price=9)
    assert [price(tariff, number) for number in ("628711234567", "628721234567", "628111234567", "491711234567", "62871")] == [1, 2, 3, 9, 1]


@pytest.mark.parametrize("sent, costs", [(0, 350), (9, 350), (10, 0), (99, 0), (100, 350)])
def test_an_allowance_from_the_eleventh_to_the_hundredth_holds_for_just_those(sent, costs):
    tariff = Tariff("t", default_price=350, allowances=(PROMO,))
    assert price(tariff, used=(sent, 0, 0)) == costs


def test_each_sms_of_a_long_message_has_the_price_of_its_own_place():
    tariff = Tariff("t", default_price=0.1, allowances=(PROMO,))
    assert price(tariff, used=(9, 0, 0), parts=3) == 0.1
    assert price(tariff, used=(98, 0, 0), parts=5) == 0.3
    assert price(tariff, used=(0, 0, 0), parts=3) == 0.3


def test_allowances_count_in_their_own_period_for_their_prefixes_and_on_their_days():
    tariff = Tariff("t", default_price=9, allowances=(
        Allowance(1, 2, "week", 5), Allowance(1, 0, "month", 4, ("6281",)), Allowance(1, 0, "day", 1, days=Span(date(2027, 1, 16), date(2027, 1, 16)))))
    assert price(tariff, "4917", (7, 1, 7)) == 5
    assert price(tariff, "4917", (0, 2, 7)) == 9
    assert price(tariff, "6281", (0, 0, 7)) == 4, "of two the cheapest"
    assert [price(tariff, "4917", (0, 2, 0), date(2027, 1, day)) for day in (15, 16, 17)] == [9, 1, 9]


def test_an_allowance_may_make_the_first_ones_dearer():
    assert price(Tariff("t", default_price=100, allowances=(Allowance(1, 10, "day", 350),))) == 350


def test_a_tariff_holds_on_its_first_and_last_day_and_has_no_price_beyond():
    tariff = Tariff("t", default_price=1, days=Span(date(2027, 1, 15), date(2027, 1, 16)), quota=Used(day=1))
    assert [price(tariff, today=date(2027, 1, day)) for day in (14, 15, 16, 17)] == [None, 1, 1, None]
    assert [tariff.exhausted(Used(1, 1, 1), date(2027, 1, day)) for day in (14, 15)] == ["", "day"]


@pytest.mark.parametrize("used, period", [((0, 0, 0), ""), ((2, 2, 2), ""), ((3, 3, 3), "day"), ((0, 5, 5), "week"), ((3, 5, 7), "month"), ((9, 0, 9), "month")])
def test_a_quota_names_the_longest_period_that_is_over(used, period):
    assert Tariff("t", quota=Used(3, 5, 7)).exhausted(Used(*used), TODAY) == period


def test_the_price_says_what_it_is_by():
    tariff = Tariff("t", prices={"6281": 1}, default_price=2, allowances=(PROMO, Allowance(200, 0, "month", 0)))
    assert tariff.price("62811", Used(), TODAY).why == "prefix 6281"
    assert tariff.price("4917", Used(), TODAY).why == "default price"
    assert tariff.price("4917", Used(37), TODAY).why == "allowance 11 to 100 of the day, 37 sent"
    assert tariff.price("4917", Used(0, 0, 250), TODAY).why == "allowance from the 200. on of the month, 250 sent"


@pytest.mark.parametrize("price, written", [(350.0, "350"), (0.0, "0"), (0.1, "0.1"), (12.345, "12.345"), (1e6, "1000000")])
def test_prices_are_written_without_needless_digits(price, written):
    assert amount(price) == written


numbers = st.from_regex(r"6[0-3]{6}", fullmatch=True)
prices = st.integers(0, 4).map(float)
allowances = st.builds(
    lambda first, length, period, price, prefixes: Allowance(first, first + length if length else 0, period, price, prefixes),
    st.integers(1, 9), st.integers(0, 6), st.sampled_from(Used._fields), prices, st.lists(st.from_regex(r"6[0-3]{0,2}", fullmatch=True), max_size=2).map(tuple))
TARIFFS = st.builds(lambda table, default, allowed: Tariff("t", prices=table, default_price=default, allowances=tuple(allowed)),
                    st.dictionaries(st.from_regex(r"6[0-3]{0,3}", fullmatch=True), prices, max_size=4), prices, st.lists(allowances, max_size=3))


def plain_price(tariff, number, used, parts):
    """One SMS after the other, each looked up from scratch."""
    total = 0.0
    for _ in range(parts):
        listed = max(((len(prefix), price) for prefix, price in tariff.prices.items() if number.startswith(prefix)), default=(0, tariff.default_price))[1]
        special = [one.price for one in tariff.allowances if (not one.prefixes or any(number.startswith(prefix) for prefix in one.prefixes))
                   and one.first <= getattr(used, one.period) + 1 <= (one.last or 10**9)]
        total += min(special, default=listed)
        used = Used(*(count + 1 for count in used))
    return total


@given(TARIFFS, numbers, st.builds(Used, st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)), st.integers(1, 6))
def test_a_message_costs_what_its_sms_cost_one_by_one(tariff, number, used, parts):
    assert price(tariff, number, used, parts=parts) == plain_price(tariff, number, used, parts)


@given(TARIFFS, numbers, st.integers(0, 12), st.integers(1, 4))
def test_no_price_changes_while_the_edges_stay_where_they_are(tariff, number, sent, reach):
    before, after = Used(sent, sent, sent), Used(sent + 1, sent + 1, sent + 1)
    if tariff.edges(before, TODAY, reach) == tariff.edges(after, TODAY, reach):
        assert all(price(tariff, number, before, parts=parts) == price(tariff, number, after, parts=parts) for parts in range(1, reach + 1))


def test_far_from_an_edge_nothing_has_to_be_routed_anew():
    tariff = Tariff("t", default_price=350, allowances=(PROMO,))
    assert len({tariff.edges(Used(sent), TODAY, 10) for sent in range(11, 90)}) == 1
    assert len({tariff.edges(Used(sent), TODAY, 1) for sent in range(300)}) == 3
