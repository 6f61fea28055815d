"""The section ``modems``: one modem as the administrator describes it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from otppi.config.fields import choice, flag, group, integer, items, number, secret, settings, text
from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret

_NUMBER = r"\+?[0-9]{3,15}"
_PORT_FORMS = "must be a device path such as /dev/ttyUSB0, imei:<15 digits> or usb:<bus path> such as usb:1-1.4."
_IMEI = re.compile(r"imei:[0-9]{15}")
_USB = re.compile(r"usb:[0-9]+-[0-9]+(\.[0-9]+)*(:[0-9]+\.[0-9]+)?")  # bus-port.port, and configuration.interface


def _port(value: str) -> None:
    path = PurePosixPath(value)
    device = path.is_absolute() and len(path.parts) > 1 and ".." not in path.parts
    if not (device or _IMEI.fullmatch(value) or _USB.fullmatch(value)):
        raise Mistake(_PORT_FORMS)


def _expression(value: str) -> None:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise Mistake(f"is no regular expression: {error}.") from None


@settings
class Limits:
    """How many SMS may leave in a time; 0 means no limit."""

    per_minute: int = integer("SMS a minute", default=0, low=0, high=1_000, help="0: no limit")
    per_hour: int = integer("SMS an hour", default=0, low=0, high=100_000, help="0: no limit")
    per_day: int = integer("SMS a day", default=0, low=0, high=1_000_000, help="0: no limit")


@settings
class Balance:
    """How the SIM's credit is asked for."""

    ussd: str = text("USSD code", default="", pattern=r"[*#0-9]{1,40}", shape="a USSD code such as *888#")
    pattern: str = text("Pattern", default="", rule=_expression, help="Regular expression; its first group is the amount")
    every_h: float = number("Ask every", default=0, low=0, high=8760, unit="h", help="0: only when asked to")
    low: float = number("Low below", default=0, low=0, high=1_000_000_000, help="Below this the SIM sends no more; at 0 or less in any case")


@settings
class Apn:
    """The mobile operator's way into the internet."""

    name: str = text("Access point name", default="")
    username: str = text("User name", default="")
    password: Secret = secret("Password", default="")


@settings
class Dial:
    """What ppp dials."""

    number: str = text("Number", default="*99#", pattern=r"[0-9*#+,A-D]{1,40}", shape="a number to dial such as *99#")
    init: tuple[str, ...] = items("Commands before dialling", default=(), most=5, empty_entries=True)
    command: str = text("Dial command", default="ATDT", pattern=r"AT[ -~]*", shape="an AT command")
    auto: bool = flag("Dial at start", default=False)


@settings
class Modem:
    """One modem. Identity fields are filled from the device where it tells them."""

    id: str = text("Identifier", pattern=r"[A-Za-z0-9_.-]{1,64}", shape="1 to 64 letters, digits, dots, dashes or underscores")
    name: str = text("Name", default="", max_length=100)
    port: str = text("Port", rule=_port, help="Device path, imei:<15 digits> or usb:<bus path>")
    active: bool = flag("Active", default=True)
    default: bool = flag("Default modem", default=False, help="Takes the numbers that no modem's prefixes match")
    send_from_api: bool = flag("Send from API", default=True, help="Otherwise only a person sends with it, by picking it")
    recipient_prefixes: tuple[str, ...] = items(
        "Recipient prefixes", default=(), most=1_000, pattern=r"(\+|00)?[1-9][0-9]{0,14}|0([1-9][0-9]{0,12})?",
        shape="the first digits of a number: with the country code (also after + or 00), or as at home after one 0")
    sim_pin: Secret = secret("SIM card PIN", default="", pattern=r"[0-9]{4,8}", shape="4 to 8 digits")
    manufacturer: str = text("Manufacturer", default="", max_length=100)
    model: str = text("Model", default="", max_length=100)
    revision: str = text("Revision", default="", max_length=100)
    imei: str = text("IMEI", default="", pattern=r"[0-9]{15,16}", shape="15 digits, 16 with the software version")
    imsi: str = text("IMSI", default="", pattern=r"[0-9]{6,15}", shape="6 to 15 digits", private=True)
    iccid: str = text("ICCID", default="", pattern=r"[0-9]{18,22}[Ff]?", shape="18 to 22 digits", private=True)
    operator: str = text("Operator", default="", max_length=100)
    msisdn: str = text("MSISDN", default="", pattern=_NUMBER, shape="a phone number in digits", private=True)
    sms_center: str = text("SMS centre", default="", pattern=_NUMBER, shape="a phone number in digits", private=True)
    baud_rate: int = integer("Baud rate", default=115_200, low=300, high=4_000_000, unit="Bd")
    parity: str = choice("Parity", default="N", choices=("N", "O", "E", "M", "S"), help="None, odd, even, mark, space")
    start_bits: int = integer("Start bits", default=1, low=0, high=2, help="Has no effect: a serial line always has one")
    stop_bits: float = choice("Stop bits", default=1, choices=(1, 1.5, 2))
    delete_sent: bool = flag("Delete sent messages", default=False, help="Removes what we stored in the modem to send it")
    limits: Limits = group("Limits", default=Limits())
    tariff: str = text("Tariff", default="", max_length=100)
    balance: Balance = group("Balance", default=Balance())
    internet_access: bool = flag("Internet access", default=False, help="The modem dials up and sends no SMS")
    apn: Apn = group("Access point", default=Apn())
    dial: Dial = group("Dial-up", default=Dial())


def one_modem_a_port(modems: Iterable[Modem]) -> Iterator[tuple[str, str]]:
    """Refuse two active modems on one port; gives ``(path, sentence)``."""
    owners: dict[str, str] = {}
    for modem in modems:
        if not modem.active:
            continue
        port = str(PurePosixPath(modem.port))
        if port in owners:
            yield f"[{modem.id}].port", f'is the port of modem "{owners[port]}" too; make one of them inactive or move it.'
        owners.setdefault(port, modem.id)


