"""Families of modems and their quirks, as data. A new quirk is a line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """What is special about a family. ``maker`` is looked for in the answer to +CGMI, in lower case."""

    name: str
    maker: str
    start: tuple[str, ...] = ()
    """Commands sent once after ATE0; a refusal does not matter."""
    iccid: tuple[tuple[str, str], ...] = (("AT+CCID", "+CCID:"), ("AT+ICCID", "+ICCID:"))
    """Commands that tell the ICCID and the prefix of their answer, in the order to try."""
    after_pin_s: float = 1.0
    """How long the modem wants to be left alone after the PIN."""
    restart: tuple[str, ...] = ("AT+CFUN=1,1",)
    """Commands that make it start anew; empty for a family that must not be asked to."""
    ussd_packed: bool = False
    """USSD strings are packed septets in hexadecimal digits, whatever +CSCS says."""


GENERIC = Profile("generic", "", iccid=(("AT+CCID", "+CCID:"), ("AT+QCCID", "+QCCID:"), ("AT^ICCID?", "^ICCID:"), ("AT+ICCID", "+ICCID:"), ("AT!ICCID?", "!ICCID:")))
FAMILIES = (
    Profile("huawei", "huawei", start=("AT^CURC=0",), iccid=(("AT^ICCID?", "^ICCID:"),), after_pin_s=3.0, ussd_packed=True, restart=()),  # CFUN=1,1 leaves some sticks as a CD-ROM
    Profile("zte", "zte", start=("AT+ZOPRT=5",), iccid=(("AT+ZGETICCID", "+ZGETICCID:"), ("AT+CCID", "+CCID:"))),
    Profile("simcom", "simcom"),
    Profile("quectel", "quectel", iccid=(("AT+QCCID", "+QCCID:"), ("AT+CCID", "+CCID:"))),
    Profile("wavecom", "wavecom", start=("AT+WIND=0",), after_pin_s=3.0),
    Profile("sierra", "sierra", iccid=(("AT!ICCID?", "!ICCID:"), ("AT+CCID", "+CCID:")), after_pin_s=3.0),
)


def choose(manufacturer: str) -> Profile:
    """Give the profile of a maker, the generic one when it is unknown."""
    name = manufacturer.lower()
    return next((profile for profile in FAMILIES if profile.maker in name), GENERIC)
