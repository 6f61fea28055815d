"""What people tried at each SIM with the SIM tool: on disk before each try, so that no wrong PIN or PUK is given twice."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from otppi.domain.errors import Mistake
from otppi.domain.pin import PinBook
from otppi.domain.secret import Secret

LEAST_TRIES = 2
"""Tries that must be left: the last one is not used up by us."""
MOST_REMEMBERED = 50


def pin(text: str) -> Secret:
    """Give a PIN after a look at its shape. Raises Mistake, which does not repeat it."""
    if not (text.isascii() and text.isdecimal() and 4 <= len(text) <= 8):
        raise Mistake("A PIN has 4 to 8 digits.")
    return Secret(text)


def puk(text: str) -> Secret:
    """Give a PUK after a look at its shape. Raises Mistake, which does not repeat it."""
    if not (text.isascii() and text.isdecimal() and len(text) == 8):
        raise Mistake("A PUK has 8 digits.")
    return Secret(text)


class CardBook:
    """Judges and notes tries. ``card`` is what names a SIM (ICCID, else IMSI, else the modem); it is kept as a keyed hash, as PINs are.

    ``load`` and ``save`` take the name of a section. Of a modem with settings ``own`` and ``pins`` are its PIN and what the
    gateway itself noted of it; both sides know what the other tried.
    """

    def __init__(self, load: Callable[[str], Any], save: Callable[[str, Any], None], key: bytes, own: Secret | None = None, pins: PinBook | None = None) -> None:
        self._load = load
        self._save = save
        self._key = key
        self._own = own or Secret("")
        self._pins = pins

    def why_not(self, card: str, secret: Secret, left: int | None) -> str:
        """Say why this PIN or PUK must not be given to the SIM now; empty when it may. ``left``: tries, None when the modem does not tell."""
        if self._hash(card, secret) in self._known(card)["refused"] or (self._pins is not None and self._pins.known_wrong(secret.reveal())):
            return "The SIM has refused it before; it is not given a second time."
        if left is not None:
            return "" if left >= LEAST_TRIES else f"{_tries(left)}, and the last one is not used up here. Put the SIM into a phone to go on."
        if self._known(card)["trying"]:
            return ("The modem does not tell how many tries are left, and the last one here was refused or cut short; no other is made. "
                    "Put the SIM into a phone, or into a modem that tells.")
        return ""

    def trying(self, card: str, secret: Secret) -> None:
        """Note a try; on return it is on disk. Raises StoreError, and then it must not be made."""
        self._note(card, {**self._known(card), "trying": self._hash(card, secret)})
        if self._is_own(secret):
            self._pins.trying(secret.reveal())  # type: ignore[union-attr]

    def untried(self, card: str) -> None:
        """Note that the modem did not pass the try on to the SIM."""
        self._note(card, {**self._known(card), "trying": ""})

    def refused(self, card: str, secret: Secret) -> None:
        """Note that the SIM refused it."""
        known, hashed = self._known(card), self._hash(card, secret)
        self._note(card, {"refused": [*(one for one in known["refused"] if one != hashed), hashed][-MOST_REMEMBERED:], "trying": hashed})
        if self._is_own(secret):
            self._pins.refused(secret.reveal())  # type: ignore[union-attr]

    def accepted(self, card: str, secret: Secret, new: Secret | None = None) -> None:
        """Note that the SIM took it, and with ``new`` that this is the PIN from now on."""
        self._note(card, {"refused": [] if new else self._known(card)["refused"], "trying": ""})
        if self._pins is not None and self._own:
            right = (new or secret) == self._own
            (self._pins.accepted if right else self._pins.refused)(self._own.reveal())

    def settings_differ(self, secret: Secret) -> bool:
        """Tell whether the settings of the SIM's modem hold another PIN than this one; False when it is in no settings."""
        return self._pins is not None and self._own != secret

    def _is_own(self, secret: Secret) -> bool:
        return self._pins is not None and bool(self._own) and secret == self._own

    def _known(self, card: str) -> dict[str, Any]:
        stored = self._load(self._section(card)) or {}
        return {"refused": list(stored.get("refused", ())), "trying": str(stored.get("trying", ""))}

    def _note(self, card: str, value: dict[str, Any]) -> None:
        self._save(self._section(card), value)

    def _section(self, card: str) -> str:
        return "sim_" + hmac.new(self._key, b"sim\0" + card.encode(), hashlib.sha256).hexdigest()[:16]

    def _hash(self, card: str, secret: Secret) -> str:
        return hmac.new(self._key, f"sim\0{card}\0{secret.reveal()}".encode(), hashlib.sha256).hexdigest()


def _tries(left: int) -> str:
    return "No try is left" if not left else f"{left} try is left" if left == 1 else f"{left} tries are left"
