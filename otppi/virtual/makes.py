"""Makes of modem as data, after their vendors' manuals and users' reports."""

from collections.abc import Mapping
from typing import Final

from otppi.virtual.profiles import Profile

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
        "^CPIN": "^CPIN: READY,,10,3,10,3",
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
    quieted_by="+CPMS",
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
_SIM7600: Final = Profile(
    name="sim7600",
    manufacturer="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E-H",
    revision="LE20B04SIM7600M22",
    first_index=0,
    boot=("RDY",),
    ready=("+CPIN: READY", "SMS DONE", "PB DONE"),
    iccid_commands={"+CICCID": "+ICCID: {}"},
    without=frozenset({"+CCID"}),
    tells_places=True,
)
_CINTERION: Final = Profile(
    name="cinterion",
    manufacturer="Cinterion",
    model="MC55i",
    revision="REVISION 01.201",
    iccid_commands={"^SCID": "^SCID: {}"},
    without=frozenset({"+CEREG", "+CPINR", "+CCID", "+ICCID"}),
    boot=("^SYSSTART",),
    cnmi=((0, 1, 2), (0, 1), (0, 2), (0, 1, 2), (1,)),
    receive_stores=("SM", "MT"),
)
_UBLOX: Final = Profile(
    name="ublox",
    manufacturer="u-blox",
    model="SARA-R410M-02B",
    revision="L0.0.00.00.05.06",
    first_index=0,
    iccid_commands={"+CCID": "+CCID: {}"},
    services=(1,),
)
_TELIT: Final = Profile(
    name="telit",
    manufacturer="Telit",
    model="HE910",
    revision="12.00.226",
    iccid_commands={"#CCID": "#CCID: {}"},
    without=frozenset({"+CEREG", "+CCID"}),
    cnmi=((0, 1, 2), (0, 1, 2), (0, 2), (0, 1), (0, 1)),
    answers={"#QSS": "#QSS: 1,1"},
)
_EP06: Final = Profile(
    name="ep06",
    manufacturer="Quectel",
    model="EP06",
    revision="EP06ELAR04A04M4G",
    first_index=0,
    stores=(("SM", 20), ("ME", 127)),
    tells_places=True,
    iccid_commands={"+QCCID": "+QCCID: {}"},
    refused={"+CMGL": 303},
    answers={"+QURCCFG": '+QURCCFG: "urcport","usbat"'},
)
_OLD: Final = Profile(
    name="old",
    manufacturer="NEOWAY",
    model="M590",
    revision="V1.0",
    stores=(("SM", 20), ("ME", 1)),
    receive_stores=("SM",),
    cnmi=((0, 1, 2), (0, 1), (0,), (0,), (0,)),
    iccid_commands={"+CCID": "+CCID: {}"},
    without=frozenset({"+CEREG", "+CPINR", "+CSMS"}),
)
PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile for profile in (Profile(name="generic"), _HUAWEI, _SIM800, _QUECTEL, _WAVECOM, _ZTE, _SIERRA, _SIM7600, _CINTERION, _UBLOX, _TELIT, _EP06, _OLD)
}
"""By the name that `--profile` takes."""
