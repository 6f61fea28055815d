"""Who sends cheapest now: the tariffs of the modems, how far each is used, and the answer for a number, kept until a price changes."""

from collections.abc import Iterable, Mapping
from datetime import date

from otppi.domain.tariffs import NOTHING, Price, Tariff, Used, amount

MOST_ANSWERS = 4096  # kept at a time; with prices by a few digits of the number there are far fewer
_UNKNOWN = float("inf")


class Prices:
    """What each modem takes for a message. A modem without a tariff that holds today has no known price and is taken last.

    ``tariffs`` gives each modem's, or why it has none: empty when none was meant. ``reach`` is the most SMS that a message may have.
    """

    def __init__(self, tariffs: Mapping[str, Tariff | str], used: Mapping[str, Used], today: date, reach: int = 1) -> None:
        self.today = today
        self._tariffs = {modem: tariff for modem, tariff in tariffs.items() if isinstance(tariff, Tariff) and tariff.days.holds(today)}
        self._unknown = {modem: tariff if isinstance(tariff, str) else f'tariff "{tariff.id}" does not hold today' for modem, tariff in tariffs.items()}
        self._meant = any(tariffs.values())
        self._used = {modem: used.get(modem, NOTHING) for modem in self._tariffs}
        self._reach = reach
        self._edges = {modem: tariff.edges(self._used[modem], today, reach) for modem, tariff in self._tariffs.items()}
        prefixes = [prefix for tariff in self._tariffs.values() for prefix in (*tariff.prices, *(one for each in tariff.allowances for one in each.prefixes))]
        self._digits = max(map(len, prefixes), default=0)
        self._answers: dict[tuple[str, int, tuple[str, ...]], tuple[str, ...]] = {}

    def cheapest(self, number: str, parts: int, modems: tuple[str, ...]) -> tuple[str, ...]:
        """Give those of some modems that take least for a message; all of them when no price is known."""
        if not self._tariffs:
            return modems
        key = (number[:self._digits], parts, modems)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            answer = self._answers[key] = self._compare(number, parts, modems)
        return answer

    def price(self, modem: str, number: str, parts: int = 1) -> Price | None:
        """Give what a modem takes for a message, None when that is not known."""
        tariff = self._tariffs.get(modem)
        return tariff.price(number, self._used[modem], self.today, parts) if tariff is not None else None

    def note(self, modem: str, used: Used) -> bool:
        """Take what a modem's SIM has sent now; True when that changes a price."""
        tariff = self._tariffs.get(modem)
        if tariff is None:
            return False
        self._used[modem] = used
        edges = tariff.edges(used, self.today, self._reach)
        if edges == self._edges[modem]:
            return False
        self._edges[modem] = edges
        self._answers.clear()
        return True

    def exhausted(self, modem: str) -> str:
        """Name the period whose quota a modem has reached: ``day``, ``week``, ``month``; empty when it may send."""
        tariff = self._tariffs.get(modem)
        return tariff.exhausted(self._used[modem], self.today) if tariff is not None else ""

    def ever(self) -> bool:
        """Tell whether any modem names a tariff, be it for other days."""
        return self._meant

    def explain(self, modem: str, number: str, rivals: Iterable[str]) -> dict[str, object]:
        """Tell the price of one SMS and by which part of the tariff, and whether one of the ``rivals`` takes less; nothing when no modem names a tariff."""
        if not self._meant:
            return {}
        price = self.price(modem, number)
        least = min((self._amount(rival, number, 1) for rival in rivals), default=_UNKNOWN)
        dearer = (price.amount if price else _UNKNOWN) > least
        if price is None:
            why = self._unknown.get(modem) or "it has no tariff"
            return {"price": None, "currency": "", "why": why, "dearer": dearer}
        return {"price": price.amount, "currency": price.currency, "why": price.why, "dearer": dearer}

    def _compare(self, number: str, parts: int, modems: tuple[str, ...]) -> tuple[str, ...]:
        amounts = [self._amount(modem, number, parts) for modem in modems]
        least = min(amounts, default=_UNKNOWN)
        return tuple(modem for modem, taken in zip(modems, amounts, strict=True) if taken == least)

    def _amount(self, modem: str, number: str, parts: int) -> float:
        price = self.price(modem, number, parts)
        return price.amount if price is not None else _UNKNOWN


def words(told: Mapping[str, object]) -> str:
    """Put what :meth:`Prices.explain` told into a few words; empty for nothing."""
    if "price" not in told:
        return ""
    price = told["price"]
    if not isinstance(price, int | float):
        return f"price not known: {told['why']}"
    return f"{amount(price)} {told['currency']}".strip() + f" by {told['why']}" + (", dearer" if told["dearer"] else "")
