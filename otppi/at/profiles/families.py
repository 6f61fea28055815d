"""The families, after their vendors' manuals and users' reports."""

import re

from otppi.at.profiles.profile import DIRECT, NONE, STORED, Profile

GENERIC = Profile("generic", iccid=(("AT+CCID", "+CCID:"), ("AT+QCCID", "+QCCID:"), ("AT^ICCID?", "^ICCID:"), ("AT+ICCID", "+ICCID:"), ("AT!ICCID?", "!ICCID:")))

FAMILIES = (
    Profile(
        "huawei", ("huawei",), usb_vendors=("12d1",), start=("AT^CURC=0",), iccid=(("AT^ICCID?", "^ICCID:"), ("AT+CCID", "+CCID:")),
        after_pin_s=3.0,  # used sooner, some restart by themselves
        ussd_packed=True, notify=(DIRECT, "2,1,2,1,0", STORED, "2,1,0,2,1", NONE),
        restart=(),  # +CFUN=1,1 leaves some sticks as a CD-ROM, under another name
    ),
    Profile(
        "zte", ("zte",), usb_vendors=("19d2",), start=("AT+ZOPRT=5",), iccid=(("AT+ZGETICCID", "+ZGETICCID:"), ("AT+CCID", "+CCID:")),
        cures=(("+ZUSIMR:", "AT+CPMS?"),),  # unanswered it fills the stick's buffer until it crashes
    ),
    Profile("simcom LTE", ("simcom",), re.compile(r"SIM7|A7[67]"), usb_vendors=("1e0e",), iccid=(("AT+CICCID", "+ICCID:"), ("AT+CCID", "+CCID:"))),
    Profile("simcom", ("simcom",), iccid=(("AT+CCID", "+CCID:"),)),
    Profile(
        "quectel", ("quectel",), usb_vendors=("2c7c",), hear=('AT+QURCCFG="urcport","usbat"',),  # else another port may hear what comes in
        iccid=(("AT+QCCID", "+QCCID:"), ("AT+CCID", "+CCID:")),
    ),
    Profile("wavecom", ("wavecom",), start=("AT+WIND=0",), after_pin_s=3.0),
    Profile(
        "sierra", ("sierra",), usb_vendors=("1199",), iccid=(("AT!ICCID?", "!ICCID:"), ("AT+ICCID", "+ICCID:"), ("AT+CCID", "+CCID:")),
        after_pin_s=3.0,  # older cards crash if used straight after it
        restart=("AT!RESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "cinterion", ("cinterion", "siemens", "gemalto", "thales"), usb_vendors=("1e2d",), iccid=(("AT^SCID", "^SCID:"), ("AT+CCID", "+CCID:")),
        receive_stores=("SM", "MT"),  # ME may be read, and takes nothing that arrives
        notify=("2,1,0,1,1", "2,1,0,2,1", "2,1,0,0,1"),  # the fifth value is 1 or it is refused
    ),
    Profile("u-blox", ("u-blox", "ublox"), usb_vendors=("1546",), restart=("AT+CFUN=16", "AT+CFUN=1,1")),
    Profile("telit", ("telit",), usb_vendors=("1bc7",), hear=("AT#QSS=1",), iccid=(("AT#CCID", "#CCID:"), ("AT+CCID", "+CCID:")), restart=("AT#REBOOT", "AT+CFUN=1,1")),
    Profile("neoway", ("neoway", "m590"), restart=()),  # an M590 whose radio is switched off says nothing more
    Profile("benq", ("benq",), restart=()),
)
