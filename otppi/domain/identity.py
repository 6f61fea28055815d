"""Which modem, by its IMEI, answered last under the name that the settings give it: after a replug it is found again (row S3)."""

from collections.abc import Callable, Iterable
from typing import Any

from otppi.domain.errors import StoreError

SAME_DIGITS = 14  # type and serial; the fifteenth is a check digit, or the first of a software version (TS 23.003 section 6.2)


def same(one: str, other: str) -> bool:
    """Tell whether two IMEI or IMEISV are the same device's."""
    return bool(one) and one[:SAME_DIGITS] == other[:SAME_DIGITS]


class Identity:
    """Of one modem of the settings. ``port`` is what its settings say: another port there means another device.

    ``load`` and ``save`` reach its section. What cannot be written is learnt again.
    """

    def __init__(self, port: str, load: Callable[[], Any], save: Callable[[Any], None]) -> None:
        self._port, self._load, self._save = port, load, save

    def imei(self) -> str:
        """Give who answered last, empty when nobody did."""
        try:
            stored = self._load()
        except StoreError:
            return ""
        return str(stored.get("imei", "")) if isinstance(stored, dict) and stored.get("port") == self._port else ""

    def note(self, imei: str) -> str:
        """Keep who answered; empty forgets it. Written only when it changed. Gives why that failed."""
        if imei == self.imei():
            return ""
        try:
            self._save({"port": self._port, "imei": imei})
        except StoreError as error:
            return str(error)
        return ""


def elsewhere(imei: str, others: Iterable[str]) -> bool:
    """Tell whether an IMEI is one of these, typed or learnt."""
    return any(same(imei, other) for other in others)
