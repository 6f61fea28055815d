"""The credit of a SIM as its operator tells it by USSD: when to ask, what was said, and whether it is enough to go on sending."""

import re
from dataclasses import dataclass
from typing import Any

RETRY_S = 3600.0  # after a question that was not answered
HURRY_S = 600.0  # between two questions that a refusal of the network gives cause for
MOST_TEXT = 500  # characters of an answer that are looked at; USSD has at most 182 (TS 23.038, 6.1.2.3)
_AMOUNT = re.compile(r"[+-]?\d[\d.,'’ \u00a0\u202f]*")  # a thousand is 1'000 in some places, 1’000 in others
_GAPS = re.compile(r"['’ \u00a0\u202f]")
_WITH_CURRENCY = re.compile(
    r"(?<![a-z])(?:rp|idr|php|₱|rm|myr|usd|us\$|\$|eur|€|gbp|£|inr|rs|₹|ngn|₦|kes|ksh|zar|vnd|thb|฿|tl|try|₺|ghs|tzs|ugx)\.?\s*([+-]?\d[\d.,'’]*)"
    r"|([+-]?\d[\d.,'’]*)\s*(?:idr|php|myr|usd|eur|€|gbp|inr|ngn|kes|zar|vnd|₫|thb|฿|tl|try|ghs|tzs|ugx|baht|dong)\b",
    re.IGNORECASE)
_LONG_NUMBER = re.compile(r"\d{7,}(?=\d{3})(\d{3})")


@dataclass(frozen=True, slots=True)
class Preset:
    """How an operator is asked, as its customers know it; codes change, and differ by tariff."""

    operator: str
    ussd: str
    pattern: str


PRESETS = (
    Preset("Telkomsel", "*888#", r"(?:pulsa|sisa)\D*?Rp\.?\s*([\d.,]+)"),
    Preset("XL", "*123#", r"(?:pulsa|sisa)\D*?Rp\.?\s*([\d.,]+)"),
    Preset("Three", "*111*1#", r"(?:pulsa|sisa|saldo)\D*?Rp\.?\s*([\d.,]+)"),
    Preset("Smartfren", "*999#", r"(?:pulsa|sisa|saldo)\D*?Rp\.?\s*([\d.,]+)"),
    Preset("Indosat Ooredoo", "*123#", r"(?:pulsa|sisa)\D*?Rp\.?\s*([\d.,]+)"),
    Preset("Axis", "*123#", r"(?:pulsa|sisa)\D*?Rp\.?\s*([\d.,]+)"),
)
"""The operators of the original's README. Any other: write down its code, and the pattern from an answer of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an operator's answer says. ``amount`` is None when it holds no amount; ``sentence`` is for the log and the alarm."""

    amount: float | None
    low: bool
    sentence: str


class BalanceWatch:
    """The credit of one SIM. Belongs to the owner of its modem, which asks when :meth:`due_in` says so. Times are monotonic unless said otherwise.

    ``every_h`` 0 asks only when told to. Credit is low at 0 or less, and below ``low``.
    """

    def __init__(self, ussd: str, pattern: str = "", every_h: float = 0.0, low: float = 0.0) -> None:
        self.ussd = ussd
        self.low = False
        """Whether the SIM is to leave the pool; stays as it is when an answer cannot be read."""
        self._pattern, self._every_s, self._least = pattern, every_h * 3600, low
        self._next: float | None = 0.0 if ussd and every_h else None
        self._asked_at = -HURRY_S
        self._facts: dict[str, Any] = {}

    def due_in(self, now: float) -> float | None:
        """Give the seconds until the operator is to be asked; None when never."""
        return max(0.0, self._next - now) if self._next is not None else None

    def hurry(self, now: float) -> None:
        """Have the operator asked soon, as the network refused to send: that is often the credit."""
        if self.ussd and now - self._asked_at >= HURRY_S:
            self._next = now

    def asked(self, now: float) -> None:
        """Note that the operator is being asked now."""
        self._asked_at = now
        self._next = now + self._every_s if self._every_s else None

    def unanswered(self, now: float) -> None:
        """Note that no answer came: the operator is asked again within the hour, as long as it is to be asked at all."""
        if self._every_s or self.low:
            self._next = now + (min(RETRY_S, self._every_s) if self._every_s else RETRY_S)

    def take(self, text: str, now: float, wall: float) -> Reading:
        """Take the operator's answer, at ``wall`` in unix seconds. While credit is low it is asked again within the hour, so that a top-up is noticed."""
        shown = masked(text)
        amount = found(text, self._pattern)
        self._facts = {"balance": amount, "balance_at": wall, "balance_text": shown}
        if amount is None:
            return Reading(None, self.low, f"The answer to {self.ussd} holds no amount that the pattern finds: {shown}")
        self.low = amount <= 0 or amount < self._least
        if self.low:
            self._next = now + (min(RETRY_S, self._every_s) if self._every_s else RETRY_S)
            return Reading(amount, True, f"The SIM is out of credit: {_plain(amount)} is left{f', less than {_plain(self._least)}' if self._least else ''}.")
        return Reading(amount, False, f"The SIM has credit: {_plain(amount)}.")

    def facts(self) -> dict[str, Any]:
        """Give what is told of the modem: ``balance``, ``balance_at`` in unix seconds, ``balance_text``; empty before the first answer."""
        return dict(self._facts)


def found(text: str, pattern: str = "") -> float | None:
    """Find the amount in an operator's answer: the pattern's first group (all of the match without one).

    Without a pattern the first number beside a word or sign of a currency. None when there is none, or the pattern is wrong.
    """
    text = text[:MOST_TEXT]
    try:
        match = re.search(pattern, text, re.IGNORECASE) if pattern else _WITH_CURRENCY.search(text)
    except re.error:
        return None
    if match is None:
        return None
    return amount_of(next((group for group in match.groups() if group), match[0] if not match.re.groups else ""))


def amount_of(text: str) -> float | None:
    """Read an amount as people write it: ``12.345``, ``12,345``, ``1 234,50`` and ``Rp 12345`` with whatever stands around it.

    The last of two kinds of separators begins the decimals. A single one does so unless just three digits follow:
    12.345 is twelve thousand, 0.125 and 12.34 are not. None when there is no digit.
    """
    match = _AMOUNT.search(text)
    if match is None:
        return None
    digits = _GAPS.sub("", match[0]).rstrip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return float(digits)
    mark, whole, rest = digits[last], digits[:last], digits[last + 1:]
    other = "," if mark == "." else "."
    thousands = mark in whole or (other not in whole and len(rest) == 3 and whole.strip("+-0") != "")  # three digits make a group
    whole = whole.replace(",", "").replace(".", "")
    return float(f"{whole}{rest}" if thousands else f"{whole}.{rest}")


def masked(text: str) -> str:
    """Hide the last three digits of what may be a phone number in an answer: ten digits or more in a row."""
    return _LONG_NUMBER.sub(lambda match: match[0][:-3] + "XXX", " ".join(text[:MOST_TEXT].split()))


def _plain(amount: float) -> str:
    return f"{amount:,.2f}".removesuffix(".00")
