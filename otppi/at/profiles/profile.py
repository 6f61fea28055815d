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
    usb: tuple[str, ...] = ()
    """USB ids, ``vendor`` or ``vendor:product`` in four hexadecimal digits each, for modems that do not say who they are."""
    start: tuple[str, ...] = ()
    """Commands that silence chatter, sent at the greeting; a refusal does not matter."""
    hear: tuple[str, ...] = ()
    """Commands that bring unasked lines to the port in use; a refusal does not matter."""
    iccid: tuple[tuple[str, str], ...] = (("AT+CCID", "+CCID:"), ("AT+ICCID", "+ICCID:"))
    """Commands that tell the ICCID and the prefix of their answer, in the order to try."""
    after_pin_s: float = 1.0
    """How long the modem wants to be left alone after the PIN."""
    ready: str = ""
    """How the unasked line begins that says that the stores can be used; waited for only while they cannot."""
    ready_s: float = 30.0
    """For that line."""
    once: tuple[str, ...] = ()
    """Commands given when the modem is explored; a refusal does not matter."""
    stores: tuple[str, ...] = ("SM", "ME")
    """Where received messages may lie."""
    receive_stores: tuple[str, ...] = ("SM", "ME", "MT")
    """Where what arrives may be put, the best first."""
    hides_report_store: bool = False
    """Status reports may lie in SR though the modem does not list it."""
    first_index: int = 0
    """Where the counting of a store starts, when the modem does not tell."""
    registration: tuple[str, ...] = ("+CREG", "+CEREG")
    """Commands that tell whether the network lets it send."""
    notify: tuple[str, ...] = (DIRECT, "2,1,2,1,0", STORED, NONE, "1,1,0,0,0")
    """Values of +CNMI, the best first; many list values that they refuse, so that each is tried."""
    cures: tuple[tuple[str, str], ...] = ()
    """How an unasked line begins that floods the line, and the command that stops it."""
    restart: tuple[str, ...] = ("AT+CFUN=1,1",)
    """Commands that make it start anew; empty for a family that must not be asked to."""
    boot_s: float = 20.0
    """For which it may be silent after that."""
    ussd_packed: bool = False
    """USSD strings are packed septets in hexadecimal digits, whatever +CSCS says."""
