"""The SIM's lock: PIN, its tries, PUK (TS 27.007 sections 8.3 and 7.4, TS 31.101 section 9.5)."""

from enum import Enum
from typing import Final

from otppi.virtual.refusals import cme

PIN_TRIES: Final = 3
PUK_TRIES: Final = 10
DEFAULT_PIN: Final = "1234"
DEFAULT_PUK: Final = "12345678"


class SimState(Enum):
    """What `+CPIN?` answers; the last two have no words of their own, but a refusal."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    BLOCKED = "blocked"
    ABSENT = "absent"
    BUSY = "busy"


class Sim:
    """A card that stays itself when the modem loses power; only the PIN must then be given again."""

    def __init__(self, pin: str = "") -> None:
        """`pin` switches the lock on; without it the lock is off and the PIN is 1234."""
        self.pin_tries = PIN_TRIES
        self.puk_tries = PUK_TRIES
        self.lock_enabled = bool(pin)
        self._pin = pin or DEFAULT_PIN
        self._open = not pin

    @property
    def state(self) -> SimState:
        """What the card wants next."""
        if not self.puk_tries:
            return SimState.BLOCKED
        if not self.pin_tries:
            return SimState.PUK
        return SimState.READY if self._open else SimState.PIN

    def power_on(self) -> None:
        """The card has no memory of an entered PIN over a loss of power."""
        self._open = not self.lock_enabled

    def enter(self, pin: str) -> None:
        """Open the card; +CME ERROR: 16 for a wrong PIN, 12 when it was the last try or the card wants the PUK."""
        if self.state is SimState.PUK:
            raise cme(12)
        self._check(pin)
        self._open = True

    def unblock(self, puk: str, new_pin: str) -> None:
        """Give a new PIN with the PUK: +CME ERROR: 16 for a wrong one, 13 when the card is lost for good."""
        if self.state is SimState.BLOCKED:
            raise cme(13)
        if puk != DEFAULT_PUK:
            self.puk_tries -= 1
            raise cme(16 if self.puk_tries else 13)
        self._pin, self._open = new_pin, True
        self.pin_tries, self.puk_tries = PIN_TRIES, PUK_TRIES

    def lock(self, pin: str, *, enabled: bool) -> None:
        """Switch the question for the PIN on or off (`+CLCK="SC"`)."""
        self._check(pin)
        self.lock_enabled = enabled

    def change(self, old: str, new: str) -> None:
        """Change the PIN (`+CPWD="SC"`): only while the lock is on (+CME ERROR: 3)."""
        if not self.lock_enabled:
            raise cme(3)
        self._check(old)
        self._pin = new

    def _check(self, pin: str) -> None:
        if not self.pin_tries:
            raise cme(12)
        if pin != self._pin:
            self.pin_tries -= 1
            if not self.pin_tries:
                self._open = False
                raise cme(12)
            raise cme(16)
        self.pin_tries = PIN_TRIES
