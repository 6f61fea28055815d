"""V.250 basics and who the modem is: echo, verbosity, defaults, identity, battery, clock, functionality."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from otppi.virtual.at_parser import Command, Kind
from otppi.virtual.modem import Answer, Handler, Modem
from otppi.virtual.refusals import cme, plain


def number(command: Command, position: int = 0, default: int | None = None) -> int:
    """A numeric value of a command; +CME ERROR: 50 when it is none."""
    text = command.value(position)
    if not text and default is not None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise cme(50)
    return int(text)


def among(command: Command, allowed: range, position: int = 0) -> int:
    """A numeric value within a range; +CME ERROR: 50 when it is not."""
    value = number(command, position)
    if value not in allowed:
        raise cme(50)
    return value


def _ok(_modem: Modem, _command: Command) -> Answer:
    return ()


def _digit(command: Command) -> int:
    value = int(command.text or 0)
    if value > 1:
        raise plain()
    return value


def _echo(modem: Modem, command: Command) -> Answer:
    modem.session.echo = bool(_digit(command))
    return ()


def _verbose(modem: Modem, command: Command) -> Answer:
    modem.session.verbose = bool(_digit(command))
    return ()


def _quiet(modem: Modem, command: Command) -> Answer:
    modem.session.quiet = bool(_digit(command))
    return ()


def _defaults(modem: Modem, _command: Command) -> Answer:
    modem.forget_settings()
    return ()


def _information(modem: Modem, command: Command) -> Answer:
    profile = modem.profile
    if command.text and int(command.text) > 0:
        return [profile.revision]
    return [
        f"Manufacturer: {profile.manufacturer}",
        f"Model: {profile.model}",
        f"Revision: {profile.revision}",
        f"IMEI: {modem.identity.imei}",
        "+GCAP: +CGSM,+DS,+ES",
    ]


def _manufacturer(modem: Modem, command: Command) -> Answer:
    return () if command.kind is Kind.TEST else [modem.profile.manufacturer]


def _model(modem: Modem, command: Command) -> Answer:
    return () if command.kind is Kind.TEST else [modem.profile.model]


def _revision(modem: Modem, command: Command) -> Answer:
    return () if command.kind is Kind.TEST else [modem.profile.revision]


def _imei(modem: Modem, command: Command) -> Answer:
    return () if command.kind is Kind.TEST else [modem.identity.imei]


def _imsi(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim()
    return [modem.identity.imsi]


def _own_number(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim()
    return [f'+CNUM: "","{modem.identity.msisdn}",145']


def _errors(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CMEE: (0-2)"]
    if command.kind is Kind.READ:
        return [f"+CMEE: {modem.session.cmee}"]
    modem.session.cmee = among(command, range(3))
    return ()


def _charset(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CSCS: ({})".format(",".join(f'"{name}"' for name in modem.profile.charsets))]
    if command.kind is Kind.READ:
        return [f'+CSCS: "{modem.session.charset}"']
    name = command.value(0).upper()
    if name not in modem.profile.charsets:
        raise cme(50)
    modem.session.charset = name
    return ()


def _functionality(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CFUN: (0,1,4),(0,1)"]
    if command.kind is Kind.READ:
        return [f"+CFUN: {modem.functionality}"]
    value = number(command)
    if value not in {0, 1, 4}:
        raise cme(50)
    restart = command.value(1) == "1"
    changed, modem.functionality = modem.functionality != value, value
    if restart:
        # Answered first; then the modem comes up as after power on, on the same port.
        modem.later(0.05, modem.restart)
    elif changed:
        modem.later(0.01, modem.registration_changed)
    return ()


def _battery(_modem: Modem, command: Command) -> Answer:
    return ["+CBC: (0-3),(0-100)"] if command.kind is Kind.TEST else ["+CBC: 0,100"]


def _clock(_modem: Modem, command: Command) -> Answer:
    if command.kind is not Kind.READ:
        return ()
    now = datetime.now().astimezone()
    offset = now.utcoffset()
    quarters = int(offset.total_seconds() // 900) if offset else 0
    return [f'+CCLK: "{now:%y/%m/%d,%H:%M:%S}{quarters:+03d}"']


def _all_commands(modem: Modem, _command: Command) -> Answer:
    known = [name for name in modem.commands if name.startswith("+") and name not in modem.profile.without]
    return sorted({*known, *modem.profile.iccid_commands, *modem.profile.answers})


def _register(modem: Modem, command: Command) -> Answer:
    which = int(command.name[1:])
    if command.kind is Kind.READ:
        return [f"{modem.session.registers.get(which, 0):03d}"]
    modem.session.registers[which] = int(command.text or 0)
    return ()


def _no_call(_modem: Modem, _command: Command) -> Answer:
    raise plain()


BASIC: Final[Mapping[str, Handler]] = {
    "E": _echo,
    "V": _verbose,
    "Q": _quiet,
    "Z": _defaults,
    "&F": _defaults,
    "I": _information,
    "D": _no_call,
    **dict.fromkeys(
        ("&C", "&D", "&K", "&S", "&W", "&V", "X", "L", "M", "H", "+IFC", "+ICF", "+IPR", "+CMUX", "+FCLASS"), _ok
    ),
    **{f"S{which}": _register for which in (0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 24, 25)},
    **dict.fromkeys(("+CRC", "+CLIP", "+COLP", "+CCWA", "+CSSN", "+CMER", "+CTZR", "+CTZU", "+CGEREP", "+CSTA"), _ok),
    "+GCAP": lambda _modem, _command: ["+GCAP: +CGSM,+DS,+ES"],
    **dict.fromkeys(("+CGMI", "+GMI"), _manufacturer),
    **dict.fromkeys(("+CGMM", "+GMM"), _model),
    **dict.fromkeys(("+CGMR", "+GMR"), _revision),
    **dict.fromkeys(("+CGSN", "+GSN"), _imei),
    "+CIMI": _imsi,
    "+CNUM": _own_number,
    "+CMEE": _errors,
    "+CSCS": _charset,
    "+CFUN": _functionality,
    "+CBC": _battery,
    "+CCLK": _clock,
    "+CLAC": _all_commands,
}
"""Handlers by name."""
