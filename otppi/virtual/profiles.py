"""What one make of modem answers differently, and who a modem and its SIM are; identities are invented."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

TEST_TAC: Final = "00101300"
"""Type allocation code of the reporting body 00, which GSMA keeps for test equipment."""
TEST_PLMN: Final = "00101"
"""MCC 001, MNC 01: the test network of TS 23.003."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One make of modem; the defaults are a modem that follows TS 27.005 and 27.007 to the letter."""

    name: str
    manufacturer: str = "OTTPI"
    model: str = "Virtual Modem"
    revision: str = "1.0"
    unknown: str = ""
    """Final line for an unknown command; empty: ERROR."""
    first_index: int = 1
    """Where the counting of a message store starts."""
    stores: tuple[tuple[str, int], ...] = (("SM", 30), ("ME", 100), ("SR", 30))
    """The stores and how many messages each takes; MT, the sum of SM and ME, is there always."""
    receive_stores: tuple[str, ...] = ("SM", "ME", "MT")
    cnmi: tuple[tuple[int, ...], ...] = ((0, 1, 2, 3), (0, 1, 2, 3), (0, 2, 3), (0, 1, 2), (0, 1))
    """Values that CNMI accepts: mode, mt, bm, ds, bfr."""
    report_store_said: tuple[str, int] | None = None
    """+CDSI tells this store and index though the report lies in SR."""
    iccid_commands: Mapping[str, str] = field(default_factory=lambda: {"+CCID": "+CCID: {}", "+ICCID": "+ICCID: {}"})
    """Command for the SIM's serial number, and its answer."""
    boot: tuple[str, ...] = ()
    """Said after power on."""
    ready: tuple[str, ...] = ()
    """Said once the SIM is unlocked and the store can be used."""
    noise: tuple[str, ...] = ()
    """Said unasked, one every `noise_every_s` seconds, until `AT^CURC=0` or what `quieted_by` names."""
    quieted_by: str = ""
    """The command whose question ends the noise."""
    noise_every_s: float = 2.0
    cpin_without_ok: bool = False
    ussd_packed: bool = False
    """USSD strings are packed GSM 7-bit as hex, whatever CSCS says."""
    charsets: tuple[str, ...] = ("GSM", "IRA", "UCS2")
    without: frozenset[str] = frozenset()
    """Commands of the standard that this make does not know."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Vendor's commands with a fixed answer (empty: just OK), as `^CURC=` or `^SYSINFO`, matched from the start."""
    pin_settle_s: float = 0.0
    """After the PIN the SIM is busy for so long (+CME ERROR: 14, +CMS ERROR: 314)."""
    cnmi_refused: frozenset[str] = frozenset()
    """Whole settings of CNMI that it refuses though it takes each of their values."""
    tells_places: bool = False
    """`+CMGD=?` tells the range of places, as the standard says; others tell those in use."""
    services: tuple[int, ...] = (0, 1)
    """Values that CSMS takes, the first of them set at power on."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Commands of the standard that this make refuses, each with its +CMS ERROR."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a modem and its SIM are."""

    imei: str
    imsi: str
    iccid: str
    msisdn: str
    """With its plus sign."""


def with_luhn(digits: str) -> str:
    """`digits` and their Luhn check digit (ISO/IEC 7812; the IMEI's in TS 23.003 annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def identity(index: int, imei: str = "") -> Identity:
    """The invented identity of modem number `index`, counted from 0: the same in every run."""
    return Identity(
        imei=imei or with_luhn(f"{TEST_TAC}{index + 1:06d}"),
        imsi=f"{TEST_PLMN}{index + 1:010d}",
        iccid=with_luhn(f"896200{index + 1:012d}"),
        msisdn=f"+62899900{index + 1:05d}",
    )
