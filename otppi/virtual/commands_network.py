"""SIM lock and network: PIN, registration, operator, signal, attachment (TS 27.007 sections 7 and 8)."""

from collections.abc import Mapping
from typing import Final

from otppi.virtual.at_parser import Command, Kind
from otppi.virtual.commands_basic import among, number
from otppi.virtual.modem import Answer, Handler, Modem
from otppi.virtual.profiles import TEST_PLMN
from otppi.virtual.refusals import cme
from otppi.virtual.sim import SimState

LOCATION_AREA: Final = "1A2B"
CELL: Final = "0000C3D4"
ACCESS_TECHNOLOGY: Final[Mapping[str, int]] = {"+CREG": 2, "+CGREG": 2, "+CEREG": 7}
SIGNAL: Final = "21,0"
"""-71 dBm, no bit errors."""


def _pin(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    state = modem.need_card()
    if command.kind is Kind.READ:
        if state is SimState.BLOCKED:
            raise cme(13)
        return [f"+CPIN: {state.value}"]
    if state is SimState.READY:
        raise cme(3)
    if len(command.values) > 1:
        modem.sim.unblock(command.value(0), command.value(1))
    else:
        modem.sim.enter(command.value(0))
    modem.pin_entered()
    return ()


def _tries(modem: Modem, _command: Command) -> Answer:
    modem.need_card()
    return [f"+CPINR: SIM PIN,{modem.sim.pin_tries},3", f"+CPINR: SIM PUK,{modem.sim.puk_tries},10"]


def _lock(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ['+CLCK: ("SC","AO","AI")']
    modem.need_card()
    if command.value(0).upper() != "SC":
        raise cme(4)
    mode = among(command, range(3), 1)
    if mode == 2:
        return [f"+CLCK: {int(modem.sim.lock_enabled)}"]
    modem.sim.lock(command.value(2), enabled=bool(mode))
    return ()


def _password(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ['+CPWD: ("SC",8)']
    modem.need_card()
    if command.value(0).upper() != "SC":
        raise cme(4)
    modem.sim.change(command.value(1), command.value(2))
    return ()


def _registration(modem: Modem, command: Command) -> Answer:
    name = command.name
    if command.kind is Kind.TEST:
        return [f"{name}: (0-2)"]
    if command.kind is Kind.READ:
        mode, stat = modem.session.registration_urc[name], modem.registration()
        line = f"{name}: {mode},{stat}"
        if mode == 2 and modem.registered():
            line += f',"{LOCATION_AREA}","{CELL}",{ACCESS_TECHNOLOGY[name]}'
        return [line]
    modem.session.registration_urc[name] = among(command, range(3))
    return ()


def _operator(modem: Modem, command: Command) -> Answer:
    session, name = modem.session, modem.network.operator
    names = {0: f'"{name}"', 1: f'"{name[:8]}"', 2: f'"{TEST_PLMN}"'}
    if command.kind is Kind.TEST:
        modem.need_sim()
        return [f"+COPS: (2,{names[0]},{names[1]},{names[2]},2),,(0-4),(0-2)"]
    if command.kind is Kind.READ:
        if not modem.registered():
            return ["+COPS: 0"]
        return [f"+COPS: 0,{session.cops_format},{names[session.cops_format]},{ACCESS_TECHNOLOGY['+CREG']}"]
    mode = among(command, range(5))
    if len(command.values) > 1:
        session.cops_format = among(command, range(3), 1)
    if mode in {1, 4} and command.value(2) not in {value.strip('"') for value in names.values()}:
        raise cme(30)
    return ()


def _signal(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CSQ: (0-31,99),(0-7,99)"]
    return ["+CSQ: " + (SIGNAL if modem.registered() else "99,99")]


def _attached(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CGATT: (0,1)"]
    if command.kind is Kind.READ:
        return [f"+CGATT: {int(modem.registered())}"]
    among(command, range(2))
    return ()


def _contexts(_modem: Modem, command: Command) -> Answer:
    return ['+CGDCONT: (1-16),"IP",,,(0),(0)'] if command.kind is Kind.TEST else ()


def _restricted(modem: Modem, command: Command) -> Answer:
    """`+CRSM=176,12258,0,0,10`: EF-ICCID of the SIM, its digits with nibbles swapped (TS 51.011 section 10.1.1)."""
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim()
    if (number(command), number(command, 1)) != (176, 12258):
        return ['+CRSM: 106,130,""']
    digits = modem.identity.iccid.ljust(20, "F")
    swapped = "".join(digits[place + 1] + digits[place] for place in range(0, 20, 2))
    return [f'+CRSM: 144,0,"{swapped}"']


NETWORK: Final[Mapping[str, Handler]] = {
    "+CPIN": _pin,
    "+CPINR": _tries,
    "+CLCK": _lock,
    "+CPWD": _password,
    **dict.fromkeys(ACCESS_TECHNOLOGY, _registration),
    "+COPS": _operator,
    "+CSQ": _signal,
    "+CGATT": _attached,
    "+CGDCONT": _contexts,
    "+CRSM": _restricted,
}
"""Handlers by name."""
