"""The families, after their vendors' manuals and users' reports; the narrower of two comes first."""

import re

from otppi.at.profiles.profile import DIRECT, NONE, STORED, Profile

GENERIC = Profile("generic", iccid=(("AT+CCID", "+CCID:"), ("AT+QCCID", "+QCCID:"), ("AT^ICCID?", "^ICCID:"), ("AT+ICCID", "+ICCID:"), ("AT!ICCID?", "!ICCID:")))
_2G = ("+CREG",)
_URC_PORT = ('AT+QURCCFG="urcport","usbat"',)  # else another port may hear what comes in
_QUECTEL_ICCID = (("AT+QCCID", "+QCCID:"), ("AT+CCID", "+CCID:"))

FAMILIES = (
    Profile(
        "huawei", ("huawei",), usb=("12d1",), start=("AT^CURC=0",), iccid=(("AT^ICCID?", "^ICCID:"), ("AT+CCID", "+CCID:")),
        after_pin_s=3.0,  # used sooner, some restart by themselves
        ussd_packed=True, notify=(DIRECT, "2,1,2,1,0", STORED, "2,1,0,2,1", NONE),
        restart=(),  # +CFUN=1,1 leaves some sticks as a CD-ROM, under another name
    ),
    Profile(
        "zte", ("zte",), usb=("19d2",), start=("AT+CPMS?", "AT+ZOPRT=5"), iccid=(("AT+ZGETICCID", "+ZGETICCID:"), ("AT+CCID", "+CCID:")),
        hides_report_store=True,
        cures=(("+ZUSIMR:", "AT+CPMS?"),),  # unanswered it fills the stick's buffer until it crashes
    ),
    Profile(
        "simcom LTE", ("simcom",), re.compile(r"SIM7|A7[67]"), usb=("1e0e",), iccid=(("AT+CICCID", "+ICCID:"), ("AT+CCID", "+CCID:")), ready="SMS DONE",
    ),
    Profile("simcom", ("simcom",), iccid=(("AT+CCID", "+CCID:"),), ready="SMS Ready", registration=_2G, first_index=1),
    Profile(
        "quectel EP06", ("quectel",), re.compile(r"E[PM]06"), usb=("2c7c:0306",), hear=_URC_PORT, iccid=_QUECTEL_ICCID, ready="+QIND: SMS DONE",
        hides_report_store=True,
    ),
    Profile(
        "quectel EC200A", ("quectel",), re.compile(r"EC200A"), usb=("2c7c:6005",), hear=_URC_PORT, iccid=_QUECTEL_ICCID, ready="+QIND: SMS DONE",
        stores=("SM",), receive_stores=("SM",),  # ME cannot be read
    ),
    Profile(
        "quectel", ("quectel",), usb=("2c7c",), hear=_URC_PORT, iccid=_QUECTEL_ICCID, ready="+QIND: SMS DONE",
        hides_report_store=True,  # and announces it as place 0 of SM
    ),
    Profile("wavecom", ("wavecom",), start=("AT+WIND=0",), after_pin_s=3.0, registration=_2G, first_index=1),
    Profile(
        "sierra 2G", ("sierra",), re.compile(r"SL\d|Q2|FXT|GL6"), usb=("1199:0021",), start=("AT+WIND=0",), after_pin_s=3.0, first_index=1,
    ),
    Profile(
        "sierra", ("sierra",), usb=("1199",), iccid=(("AT!ICCID?", "!ICCID:"), ("AT+ICCID", "+ICCID:"), ("AT+CCID", "+CCID:")),
        after_pin_s=3.0,  # older cards crash if used straight after it
        restart=("AT!RESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "foxconn T77W968", ("foxconn", "dell", "qualcomm"), re.compile(r"T77W968|DW5821"), usb=("413c:81d7", "0489:e0b4"),
        once=tuple(f'AT+CPMS="{store}","{store}","{store}"' for store in ("ME", "MT", "SM", "ME")),  # its stores sleep until they are changed
        receive_stores=("ME", "SM"),
    ),
    Profile(
        "cinterion", ("cinterion", "siemens", "gemalto", "thales"), usb=("1e2d",), iccid=(("AT^SCID", "^SCID:"), ("AT+CCID", "+CCID:")),
        receive_stores=("SM", "MT"),  # ME may be read, and takes nothing that arrives
        notify=("2,1,0,1,1", "2,1,0,2,1", "2,1,0,0,1"),  # the fifth value is 1 or it is refused
        ready="^SYSSTART", first_index=1,
    ),
    Profile("u-blox", ("u-blox", "ublox"), usb=("1546",), restart=("AT+CFUN=16", "AT+CFUN=1,1"), boot_s=25.0),
    Profile(
        "telit", ("telit",), usb=("1bc7",), hear=("AT#QSS=1",), iccid=(("AT#CCID", "#CCID:"), ("AT+CCID", "+CCID:")), restart=("AT#REBOOT", "AT+CFUN=1,1"),
        boot_s=45.0, first_index=1,
    ),
    Profile(
        "neoway", ("neoway", "m590"), registration=_2G, first_index=1,
        stores=("SM",), receive_stores=("SM",),  # ME shows the same messages again
        restart=(),  # an M590 whose radio is switched off says nothing more
    ),
    Profile("benq", ("benq",), registration=_2G, first_index=1, restart=()),
)
