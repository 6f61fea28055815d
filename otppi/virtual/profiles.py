"""Makes of modem as data: what each answers differently, after its vendor's manual and users' reports; identities are invented."""

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
    """Said unasked, one every `noise_every_s` seconds, until `AT^CURC=0`."""
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


_HUAWEI: Final = Profile(
    name="huawei",
    manufacturer="huawei",
    model="E173",
    revision="11.126.29.00.00",
    unknown="COMMAND NOT SUPPORT",
    first_index=0,
    stores=(("SM", 20), ("ME", 23), ("SR", 10)),
    iccid_commands={"^ICCID": "^ICCID: {}"},
    noise=(
        "^RSSI:18",
        '^HCSQ:"WCDMA",45,40,30',
        "^DSFLOWRPT:0000000A,00000000,00000000,0000000000000000,0000000000000000,0001F400,0001F400",
    ),
    ussd_packed=True,
    charsets=("IRA", "GSM", "UCS2"),
    answers={
        "^CURC": "",
        "^PORTSEL": "",
        "^CARDLOCK": "^CARDLOCK: 2,10,0",
        "^SYSINFO": "^SYSINFO:2,3,0,5,1,,4",
        "^HWVER": '^HWVER:"CD2E173UM"',
        "^CPIN": "^CPIN: READY,,3,10,3,10",
    },
)
_SIM800: Final = Profile(
    name="sim800",
    manufacturer="SIMCOM_Ltd",
    model="SIMCOM_SIM800C",
    revision="Revision:1418B02SIM800C24",
    boot=("RDY", "+CFUN: 1"),
    ready=("Call Ready", "SMS Ready"),
    iccid_commands={"+CCID": "{}"},
    without=frozenset({"+CLAC", "+CEREG", "+CPINR"}),
    stores=(("SM", 25), ("ME", 50), ("SR", 10)),
)
_QUECTEL: Final = Profile(
    name="quectel",
    manufacturer="Quectel",
    model="EC25",
    revision="EC25EFAR06A01M4G",
    first_index=0,
    stores=(("SM", 25), ("ME", 255), ("SR", 50)),
    report_store_said=("SM", 0),
    iccid_commands={"+QCCID": "+QCCID: {}", "+CCID": "+CCID: {}"},
    boot=("RDY", "+CFUN: 1"),
    ready=("+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
    answers={
        "+QURCCFG": '+QURCCFG: "urcport","usbat"',
        "+QCFG": "",
        "+QINISTAT": "+QINISTAT: 7",
        "+QNWINFO": '+QNWINFO: "FDD LTE","00101","LTE BAND 3",1650',
    },
)
_WAVECOM: Final = Profile(
    name="wavecom",
    manufacturer="WAVECOM MODEM",
    model="MULTIBAND  900E  1800",
    revision="657f09gg.Q2406B 1320676 061804 14:38",
    cpin_without_ok=True,
    ready=("+WIND: 4",),
    boot=("+WIND: 3",),
    iccid_commands={"+CCID": '+CCID: "{}"'},
    cnmi=((0, 1, 2), (0, 1, 2, 3), (0, 2, 3), (0, 1, 2), (0, 1)),
    without=frozenset({"+CEREG", "+CGREG", "+CPINR"}),
    answers={"+WIND": "", "+WOPEN": "+WOPEN: 0"},
    charsets=("GSM", "UCS2", "HEX"),
)
_ZTE: Final = Profile(
    name="zte",
    manufacturer="ZTE CORPORATION",
    model="MF190",
    revision="BD_W7P673A3F3V1.0.0B01",
    iccid_commands={"+ZGETICCID": "+ZGETICCID: {}"},
    first_index=0,
    noise=("+ZUSIMR:2", '+ZPASR: "UMTS"'),
    report_store_said=("SR", 50),
    answers={"+ZCDRUN": "", "+ZOPRT": "", "+ZPAS": '+ZPAS: "UMTS","CS_PS"', "+ZSEC": ""},
)
_SIERRA: Final = Profile(
    name="sierra",
    manufacturer="Sierra Wireless, Incorporated",
    model="MC7455",
    revision="SWI9X30C_02.33.03.00",
    iccid_commands={"!ICCID": "!ICCID: {}", "+ICCID": "+ICCID: {}"},
    first_index=0,
    answers={
        "!GSTATUS": "!GSTATUS: \r\nCurrent Time:  1234\t\tTemperature: 33\r\nMode:          ONLINE",
        "!ENTERCND": "",
    },
)
PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile for profile in (Profile(name="generic"), _HUAWEI, _SIM800, _QUECTEL, _WAVECOM, _ZTE, _SIERRA)
}
"""By the name that `--profile` takes."""


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
