"""Unsolicited result codes: lines that a modem says of itself, at any moment, also between a command and its answer."""

_PREFIXES = (
    "+CMTI:", "+CMT:", "+CDS:", "+CDSI:", "+CBM:", "+CBMI:",  # messages (TS 27.005)
    "+CRING:", "RING", "+CLIP:", "+CCWA:", "+CUSD:", "+CREG:", "+CGREG:", "+CEREG:", "+CGEV:", "+CTZV:", "+CTZE:", "+NITZ",
    "^RSSI:", "^BOOT:", "^MODE:", "^HCSQ:", "^DSFLOWRPT:", "^CSNR:", "^SRVST:", "^SIMST:", "^STIN:", "^NWTIME:", "^RSSILVL:",
    "^CSCHANNELINFO:", "^LTERSRP:", "^EONS:", "^LWURC:", "^CERSSI:", "^ANLEVEL:", "^SMMEMFULL:",  # Huawei
    "+ZUSIMR:", "+ZPAS:", "+ZDONR:", "+ZEND",  # ZTE
    "Call Ready", "SMS Ready", "PB DONE", "SMS DONE", "*ATREADY", "*PSUTTZ:", "UNDER-VOLTAGE", "OVER-VOLTAGE", "NORMAL POWER DOWN",
    "POWER DOWN", "POWERED DOWN", "RDY", "APP RDY", "+QUSIM:", "+QIND:", "+CFUN:",  # SIMCom, Quectel
    "+WIND:", "^SCN:", "#QSS:", "+READY", "+SIM:", "^SYSSTART", "+STIN:", "DST:",  # Wavecom, Cinterion, Telit, u-blox
)
"""What begins such a line, from the table of families in the notes on modems."""


def is_urc(line: str, expected: str = "") -> bool:
    """Tell whether a line speaks unasked. One that begins as the running command's answer (``expected``) does not."""
    if expected and line.startswith(expected):
        return False
    return line.startswith(_PREFIXES)


def carries_pdu(line: str) -> bool:
    """Tell whether the line after this one belongs to it: +CMT and +CDS are followed by a PDU (TS 27.005, 3.4.1)."""
    return line.startswith(("+CMT:", "+CDS:", "+CBM:"))
