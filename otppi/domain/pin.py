"""When a SIM's PIN may be entered without a person: three wrong tries lock the SIM until its PUK is found."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

SAFE_TRIES = 3  # a fresh SIM's; with fewer left somebody else has guessed already


class PinBook:
    """What one modem tried, on disk before each try. Knows only a keyed hash of the PIN."""

    def __init__(self, load: Callable[[], Any], save: Callable[[Any], None], key: bytes) -> None:
        self._load = load
        self._save = save
        self._key = key
        self._hash = self._state = ""
        self._look()

    def why_not(self, pin: str, tries_left: int | None) -> str:
        """Say why this PIN must not be entered now; empty when it may. What a tool noted meanwhile counts too."""
        self._look()
        if not pin:
            return "The SIM asks for a PIN. Enter it in the modem's settings."
        if tries_left is not None and tries_left < SAFE_TRIES:
            return f"The SIM asks for a PIN and has {tries_left} of {SAFE_TRIES} tries left; none is used up without a person."
        if self._hash == self._hashed(pin):
            if self._state == "refused":
                return "The SIM refused the PIN in the settings; it is not tried again. Enter the right one."
            if self._state == "trying" and tries_left is None:
                return "The last try of this PIN was cut short and the modem does not tell how many are left; it is not tried again by itself."
        return ""

    def known_wrong(self, pin: str) -> bool:
        """Tell whether the SIM refused this very PIN last."""
        self._look()
        return self._state == "refused" and self._hash == self._hashed(pin)

    def trying(self, pin: str) -> None:
        """Note a try; on return it is on disk. Raises StoreError, and then the PIN must not be entered."""
        self._note(self._hashed(pin), "trying")

    def refused(self, pin: str) -> None:
        """Note that the SIM refused the PIN."""
        self._note(self._hashed(pin), "refused")

    def accepted(self, pin: str) -> None:
        """Note that the SIM took the PIN."""
        self._note(self._hashed(pin), "accepted")

    def _look(self) -> None:
        if stored := self._load():
            self._hash, self._state = str(stored.get("pin", "")), str(stored.get("state", ""))

    def _note(self, hashed: str, state: str) -> None:
        self._save({"pin": hashed, "state": state})
        self._hash, self._state = hashed, state

    def _hashed(self, pin: str) -> str:
        return hmac.new(self._key, b"pin\0" + pin.encode(), hashlib.sha256).hexdigest()
