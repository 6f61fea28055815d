"""Settings of the message service: format, service centre, notifications, text-mode parameters (TS 27.005 section 3)."""

from collections.abc import Mapping
from typing import Final

from otppi.virtual.at_parser import Command, Kind
from otppi.virtual.modem import Answer, Handler, Modem
from otppi.virtual.refusals import cme, cms
from otppi.virtual.text_mode import address_from_program, to_program


def _numbers(command: Command) -> list[int | None]:
    """All values as numbers, None for those left out."""
    try:
        return [int(value) if value else None for value in command.values]
    except ValueError:
        raise cms(304) from None


def _one_of(command: Command, *allowed: int) -> int:
    values = _numbers(command)
    value = values[0] if values else None
    if value is None or value not in allowed:
        raise cms(304)
    return value


def _format(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CMGF: (0,1)"]
    if command.kind is Kind.READ:
        return [f"+CMGF: {int(modem.session.text_mode)}"]
    modem.session.text_mode = bool(0 if command.kind is Kind.RUN else _one_of(command, 0, 1))
    return ()


def _service(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CSMS: ({})".format(",".join(map(str, modem.profile.services)))]
    if command.kind is Kind.READ:
        return [f"+CSMS: {modem.session.csms},1,1,1"]
    modem.session.csms = _one_of(command, *modem.profile.services)
    return ["+CSMS: 1,1,1"]


def _more_messages(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CMMS: (0-2)"]
    if command.kind is Kind.READ:
        return [f"+CMMS: {modem.session.cmms}"]
    modem.session.cmms = _one_of(command, 0, 1, 2)
    return ()


def _center(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim_for_messages()
    charset = modem.session.charset
    if command.kind is Kind.READ:
        shown = to_program(modem.sms_center, "UCS2") if charset == "UCS2" else modem.sms_center
        return [f'+CSCA: "{shown}",145']
    digits = address_from_program(command.value(0), charset)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise cms(304)
    modem.sms_center = f"+{digits}"
    return ()


def _notifications(modem: Modem, command: Command) -> Answer:
    profile, session = modem.profile, modem.session
    if command.kind is Kind.TEST:
        return ["+CNMI: " + ",".join("({})".format(",".join(map(str, values))) for values in profile.cnmi)]
    if command.kind is Kind.READ:
        return ["+CNMI: " + ",".join(map(str, session.cnmi))]
    fresh = [0, 0, 0, 0, 0] if command.kind is Kind.RUN else list(session.cnmi)
    values = _numbers(command)
    if len(values) > len(fresh):
        raise cms(304)
    for place, value in enumerate(values):
        if value is None:
            continue
        if value not in profile.cnmi[place]:
            raise cms(303)
        fresh[place] = value
    if ",".join(map(str, fresh)) in profile.cnmi_refused:
        raise cms(303)
    session.cnmi = fresh
    return ()


def _parameters(modem: Modem, command: Command) -> Answer:
    session = modem.session
    if command.kind is Kind.TEST:
        return ["+CSMP: (0-255),(0-255),(0-255),(0-255)"]
    if command.kind is Kind.READ:
        return ["+CSMP: " + ",".join(map(str, session.csmp))]
    for place, value in enumerate(_numbers(command)[:4]):
        if value is None:
            continue
        if value not in range(256):
            raise cms(304)
        session.csmp[place] = value
    return ()


def _details(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CSDH: (0,1)"]
    if command.kind is Kind.READ:
        return [f"+CSDH: {modem.session.csdh}"]
    modem.session.csdh = _one_of(command, 0, 1) if command.kind is Kind.SET else 1
    return ()


def _acknowledge(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CNMA: (0-2)"]
    if modem.session.csms != 1 or not modem.unacknowledged:
        raise cms(340)  # no +CNMA acknowledgement expected
    modem.unacknowledged.popleft()
    return ()


def _bearer(_modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CGSMS: (0-3)"]
    return ["+CGSMS: 1"] if command.kind is Kind.READ else ()


def _broadcast(_modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ["+CSCB: (0,1)"]
    return ['+CSCB: 0,"",""'] if command.kind is Kind.READ else ()


def _saved(_modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.READ:
        raise cme(4)
    return ()


SETTINGS: Final[Mapping[str, Handler]] = {
    "+CMGF": _format,
    "+CSMS": _service,
    "+CMMS": _more_messages,
    "+CSCA": _center,
    "+CNMI": _notifications,
    "+CSMP": _parameters,
    "+CSDH": _details,
    "+CNMA": _acknowledge,
    "+CGSMS": _bearer,
    "+CSCB": _broadcast,
    "+CSAS": _saved,
    "+CRES": _saved,
}
"""Handlers by name."""
