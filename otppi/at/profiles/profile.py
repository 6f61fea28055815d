"""What can be special about a family of modems."""

import re
from dataclasses import dataclass

ANY = re.compile("")
DIRECT, STORED, NONE = "2,1,0,1,0", "2,1,0,2,0", "2,1,0,0,0"
"""Values of +CNMI: messages are stored and told, status reports are shown, stored or not told of (TS 27.005 section 3.4.1)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is special about a family. ``makers`` are looked for in the answer to +CGMI, in lower case, ``models`` in that to +CGMM."""

    name: str
    makers: tuple[str, ...] = ()
    models: re.Pattern[str] = ANY
    usb_vendors: tuple[str, ...] = ()
    """USB vendor ids in four hexadecimal digits."""
    start: tuple[str, ...] = ()
    """Commands that silence chatter, sent at the greeting; a refusal does not matter."""
    hear: tuple[str, ...] = ()
    """Commands that bring unasked lines to the port in use; a refusal does not matter."""
    iccid: tuple[tuple[str, str], ...] = (("AT+CCID", "+CCID:"), ("AT+ICCID", "+ICCID:"))
    """Commands that tell the ICCID and the prefix of their answer, in the order to try."""
    after_pin_s: float = 1.0
    """How long the modem wants to be left alone after the PIN."""
    receive_stores: tuple[str, ...] = ("SM", "ME", "MT")
    """Where what arrives may be put, the best first."""
    notify: tuple[str, ...] = (DIRECT, "2,1,2,1,0", STORED, NONE, "1,1,0,0,0")
    """Values of +CNMI, the best first; many list values that they refuse, so that each is tried."""
    cures: tuple[tuple[str, str], ...] = ()
    """How an unasked line begins that floods the line, and the command that stops it."""
    restart: tuple[str, ...] = ("AT+CFUN=1,1",)
    """Commands that make it start anew; empty for a family that must not be asked to."""
    ussd_packed: bool = False
    """USSD strings are packed septets in hexadecimal digits, whatever +CSCS says."""
