"""Unsolicited result codes: lines that a modem says of itself, at any moment, also between a command and its answer."""

import re
from enum import Enum

_PREFIXES = (
    "+CMTI:", "+CMT:", "+CDS:", "+CDSI:", "+CBM:", "+CBMI:",  # messages (TS 27.005)
    "+CRING:", "RING", "+CLIP:", "+CCWA:", "+CUSD:", "+CREG:", "+CGREG:", "+CEREG:", "+CGEV:", "+CTZV:", "+CTZE:", "+NITZ",
    "+CMGS:",  # said so late that nobody waits for it any more
    "+CPIN:", "+CSQ:",  # said unasked by SIMCom and Quectel; the answer to their own question is `expected`
    "^RSSI:", "^BOOT:", "^MODE:", "^HCSQ:", "^DSFLOWRPT:", "^CSNR:", "^SRVST:", "^SIMST:", "^STIN:", "^NWTIME:", "^RSSILVL:",
    "^CSCHANNELINFO:", "^LTERSRP:", "^EONS:", "^LWURC:", "^CERSSI:", "^ANLEVEL:", "^SMMEMFULL:",  # Huawei
    "+ZUSIMR:", "+ZPAS:", "+ZPASR:", "+ZDONR:", "+ZEND",  # ZTE
    "Call Ready", "SMS Ready", "PB DONE", "SMS DONE", "*ATREADY", "*PSUTTZ:", "UNDER-VOLTAGE", "OVER-VOLTAGE", "NORMAL POWER DOWN",
    "POWER DOWN", "POWERED DOWN", "RDY", "APP RDY", "+QUSIM:", "+QIND:", "+CFUN:",  # SIMCom, Quectel
    "+WIND:", "^SCN:", "#QSS:", "+READY", "+SIM:", "^SYSSTART", "+STIN:", "DST:",  # Wavecom, Cinterion, Telit, u-blox
)
"""What begins such a line, from the table of families in the notes on modems."""


class News(Enum):
    """What a line says of the modem itself."""

    RESTARTED = "the modem started anew: what was set is lost, what was in hand is not answered"
    DOUBTFUL = "SIM or network are not what they were"


_NEWS = (
    (re.compile(r"RDY|\+READY|\^SYSSTART.*|(NORMAL )?POWER DOWN|POWERED DOWN"), News.RESTARTED),
    (re.compile(r"\+CE?REG: *(?:[02348]|11)\b.*|\+CPIN:(?! *READY).*|\+QUSIM: *\d.*|\^SIMST: *(0|255)\b.*|#QSS: *0\b.*"), News.DOUBTFUL),
)


def is_urc(line: str, expected: str = "") -> bool:
    """Tell whether a line speaks unasked. One that begins as the running command's answer (``expected``) does not."""
    if expected and line.startswith(expected):
        return False
    return line.startswith(_PREFIXES)


def carries_pdu(line: str) -> bool:
    """Tell whether the line after this one belongs to it: +CMT and +CDS are followed by a PDU (TS 27.005, 3.4.1)."""
    return line.startswith(("+CMT:", "+CDS:", "+CBM:"))


def news(line: str) -> News | None:
    """Tell whether an unasked line means that a modem which was ready may not be so any more."""
    return next((found for pattern, found in _NEWS if pattern.fullmatch(line)), None)
