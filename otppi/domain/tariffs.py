"""What an SMS costs: prices by prefix, allowances within a day, a week or a month, and the days on which they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

_DIGITS = 6  # to which sums of prices are rounded, so that three times 0.1 is 0.3


class Used(NamedTuple):
    """How many SMS a SIM has sent in the present day, week and month; as a quota: how many it may send, 0 for no limit."""

    day: int = 0
    week: int = 0
    month: int = 0


NOTHING = Used()


class Price(NamedTuple):
    """What a message costs; ``why`` names the part of the tariff that its first SMS is priced by."""

    amount: float
    currency: str
    why: str


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, both included; None has no end on that side."""

    first: date | None = None
    last: date | None = None

    def holds(self, today: date) -> bool:
        """Tell whether a day is one of them."""
        return (self.first is None or self.first <= today) and (self.last is None or today <= self.last)


@dataclass(frozen=True, slots=True)
class Allowance:
    """The ``first`` to the ``last`` SMS of a period (1-based, both included; last 0 has no end) cost ``price`` each.

    Every SMS of the SIM counts, whatever its number; the price is that of numbers with one of the ``prefixes``, of all when there are none.
    """

    first: int
    last: int
    period: str
    """``day``, ``week`` or ``month``."""
    price: float
    prefixes: tuple[str, ...] = ()
    days: Span = Span()

    def covers(self, nth: int) -> bool:
        """Tell whether the n-th SMS of the period is one of these."""
        return self.first <= nth and (not self.last or nth <= self.last)

    def nth(self, used: Used) -> int:
        """Give which SMS of the period the next one is."""
        return int(getattr(used, self.period)) + 1

    def words(self, used: Used) -> str:
        """Name it for a person, with how far it is used."""
        upto = f"{self.first} to {self.last}" if self.last else f"from the {self.first}. on"
        return f"allowance {upto} of the {self.period}, {self.nth(used) - 1} sent"


@dataclass(frozen=True, slots=True)
class Tariff:
    """A price list. Of the ``prices`` that a number has a prefix of, the longest counts; of several allowances the cheapest.

    Prefixes are canonical, prices ≥ 0 in units of ``currency``.
    """

    id: str
    name: str = ""
    currency: str = ""
    prices: Mapping[str, float] = field(default_factory=dict)
    default_price: float = 0.0
    allowances: Sequence[Allowance] = ()
    days: Span = Span()
    quota: Used = NOTHING

    def list_price(self, number: str) -> tuple[float, str]:
        """Give the price of one SMS to a canonical number without allowances, and the prefix that it is by, empty for the default."""
        for length in range(min(len(number), max(map(len, self.prices), default=0)), 0, -1):
            if (price := self.prices.get(number[:length])) is not None:
                return price, number[:length]
        return self.default_price, ""

    def price(self, number: str, used: Used, today: date, parts: int = 1) -> Price | None:
        """Give what a message of so many SMS costs as the next one; None when the tariff does not hold today.

        Each of its SMS is priced by its own place in the period, so that a long one may cross an edge.
        """
        if not self.days.holds(today):
            return None
        listed, prefix = self.list_price(number)
        fitting = [one for one in self.allowances if one.days.holds(today) and (not one.prefixes or number.startswith(one.prefixes))]
        first = min((one for one in fitting if one.covers(one.nth(used))), key=lambda one: one.price, default=None)
        amount = sum(
            min((one.price for one in fitting if one.covers(one.nth(used) + part)), default=listed) for part in range(parts)
        ) if fitting else listed * parts
        why = first.words(used) if first is not None else f"prefix {prefix}" if prefix else "default price"
        return Price(round(amount, _DIGITS), self.currency, why)

    def edges(self, used: Used, today: date, reach: int) -> tuple[tuple[int, int], ...]:
        """Give how far it is to the next edges of the allowances, as far as a message of ``reach`` SMS could reach.

        While this stays the same, so does every price.
        """
        if not self.allowances or not self.days.holds(today):
            return ()
        return tuple((_ahead(one.first - one.nth(used), reach), _ahead(one.last + 1 - one.nth(used), reach) if one.last else reach)
                     for one in self.allowances if one.days.holds(today))

    def exhausted(self, used: Used, today: date) -> str:
        """Name the period whose quota is reached, the longest first; empty when more may be sent or the tariff does not hold today."""
        if not self.days.holds(today):
            return ""
        return next((period for period in ("month", "week", "day") if 0 < getattr(self.quota, period) <= getattr(used, period)), "")


def _ahead(distance: int, reach: int) -> int:
    return min(max(distance, 0), reach)


def amount(price: float) -> str:
    """Write a price for a person: 350, not 350.0."""
    return f"{price:.{_DIGITS}f}".rstrip("0").rstrip(".")
