"""The section ``routing``: what the operators charge for an SMS, as the administrator reads it from their price lists."""

from collections.abc import Iterable, Iterator
from datetime import date

from otppi.config.fields import choice, group, integer, items, number, rows, settings, text
from otppi.config.modem import Modem
from otppi.domain import tariffs
from otppi.domain.allowances import PERIODS
from otppi.domain.errors import BadNumber, Mistake
from otppi.domain.msisdn import canonical_prefix

_PREFIX = r"\+?[0-9]{1,17}"
_MOST_SMS = 10_000_000
_MOST_PRICE = 1_000_000_000.0


def _day(value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise Mistake("must be a day of the calendar.") from None


def _prefix(value: str) -> None:
    if not value.lstrip("+0"):
        raise Mistake("must have a digit other than 0.")


def _date(label: str, help: str) -> str:  # noqa: A002
    found: str = text(label, default="", pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}", shape="a day such as 2027-01-31", rule=_day, help=help)
    return found


def _span(first: str, last: str) -> tariffs.Span:
    return tariffs.Span(date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)


def _order(first: str, last: str) -> Iterator[tuple[str, str]]:
    if first and last and last < first:
        yield "valid_to", "must not be before valid_from."


@settings
class PriceOfPrefix:
    """What an SMS to the numbers of one prefix costs."""

    prefix: str = text("Prefix", pattern=_PREFIX, shape="digits, with or without a plus sign", rule=_prefix)
    price: float = number("Price", low=0, high=_MOST_PRICE)


@settings
class Allowance:
    """Another price for some of the SMS of a period, such as the 11th to the 100th of a day at 0."""

    from_: int = integer("From", low=1, high=_MOST_SMS, help="The first SMS of the period that has this price")
    to: int = integer("To", default=0, low=0, high=_MOST_SMS, help="The last one; 0: no end")
    period: str = choice("Period", default="day", choices=PERIODS)
    price: float = number("Price", low=0, high=_MOST_PRICE)
    prefixes: tuple[str, ...] = items("Prefixes", default=(), most=1_000, pattern=_PREFIX, rule=_prefix,
                                      shape="digits, with or without a plus sign", help="None: all numbers")
    valid_from: str = _date("Valid from", "Empty: has always been")
    valid_to: str = _date("Valid to", "Its last day; empty: for good")

    def problems(self) -> Iterator[tuple[str, str]]:
        """Refuse ends before their beginnings."""
        if self.to and self.to < self.from_:
            yield "to", "must not be below from; 0 is no end."
        yield from _order(self.valid_from, self.valid_to)


@settings
class Quota:
    """How many SMS a SIM may send; when they are sent it is passed over until the period ends."""

    day: int = integer("SMS a day", default=0, low=0, high=_MOST_SMS, help="0: no quota")
    week: int = integer("SMS a week", default=0, low=0, high=_MOST_SMS, help="0: no quota; a week begins on Monday")
    month: int = integer("SMS a month", default=0, low=0, high=_MOST_SMS, help="0: no quota")


@settings
class Tariff:
    """One price list; modems name it in ``tariff``."""

    id: str = text("Identifier", pattern=r"[A-Za-z0-9_.-]{1,64}", shape="1 to 64 letters, digits, dots, dashes or underscores")
    name: str = text("Name", default="", max_length=100)
    currency: str = text("Currency", default="", max_length=10, help="For people; prices of different currencies are compared as numbers")
    prices: tuple[PriceOfPrefix, ...] = rows("Prices", default=(), cls=PriceOfPrefix, most=1_000)
    default_price: float = number("Price for all other numbers", low=0, high=_MOST_PRICE)
    allowances: tuple[Allowance, ...] = rows("Allowances", default=(), cls=Allowance, most=50)
    valid_from: str = _date("Valid from", "Empty: has always been")
    valid_to: str = _date("Valid to", "Its last day; empty: for good")
    quota: Quota = group("Quota", default=Quota())

    def problems(self) -> Iterator[tuple[str, str]]:
        """Refuse an end before its beginning and two prices for one prefix."""
        yield from _order(self.valid_from, self.valid_to)
        seen: set[str] = set()
        for place, one in enumerate(self.prices):
            if one.prefix.lstrip("+") in seen:
                yield f"prices[{place}].prefix", "has a price above already."
            seen.add(one.prefix.lstrip("+"))

    def made(self, country_code: str) -> tariffs.Tariff:
        """Give the price list by canonical prefixes: ``0871`` is ``62871`` with country code 62."""
        prices = {prefix: one.price for one in self.prices for prefix in _canonical((one.prefix,), country_code)}
        allowances = tuple(
            tariffs.Allowance(one.from_, one.to, one.period, one.price, _canonical(one.prefixes, country_code), _span(one.valid_from, one.valid_to))
            for one in self.allowances)
        quota = tariffs.Used(self.quota.day, self.quota.week, self.quota.month)
        return tariffs.Tariff(self.id, self.name or self.id, self.currency, prices, self.default_price, allowances, _span(self.valid_from, self.valid_to), quota)


@settings
class Routing:
    """Which modem sends at which price."""

    tariffs: tuple[Tariff, ...] = rows("Tariffs", default=(), cls=Tariff, most=200)


def _canonical(prefixes: Iterable[str], country_code: str) -> tuple[str, ...]:
    """Give canonical prefixes; one that with its country code is longer than any number matches none and stays as it is."""
    made = []
    for prefix in prefixes:
        try:
            made.append(canonical_prefix(prefix, country_code))
        except BadNumber:
            made.append(prefix)
    return tuple(made)


def doubts(routing: Routing, modems: Iterable[Modem], today: date) -> Iterator[str]:
    """Say in a sentence each what is allowed but hardly meant: tariffs that modems name and that are not there, or not today."""
    known = {tariff.id: tariff for tariff in routing.tariffs}
    used = [modem for modem in modems if modem.active and modem.send_from_api and not modem.internet_access]
    for modem in used:
        tariff = known.get(modem.tariff)
        if modem.tariff and tariff is None:
            yield f'Modem "{modem.id}": there is no tariff "{modem.tariff}", so that its price is not known and it counts as the most expensive.'
        elif tariff is not None and not _span(tariff.valid_from, tariff.valid_to).holds(today):
            yield f'Modem "{modem.id}": tariff "{tariff.id}" does not hold today, so that its price is not known and it counts as the most expensive.'
    named = [known[modem.tariff] for modem in used if modem.tariff in known]
    if named and any(not modem.tariff for modem in used):
        without = ", ".join(f'"{modem.id}"' for modem in used if not modem.tariff)
        yield f"Without a tariff, and so the most expensive: modem {without}."
    if len(currencies := sorted({tariff.currency for tariff in named})) > 1:
        yield f"The tariffs have several currencies ({', '.join(currencies)}); their prices are compared as numbers."
