"""Message stores: which is used, listing, reading, deleting (TS 27.005 sections 3.2.2, 3.4.1 to 3.4.3, 3.5.4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from otppi.at import pdu
from otppi.virtual.at_parser import Command, Kind
from otppi.virtual.modem import Answer, Handler, Modem
from otppi.virtual.refusals import cms
from otppi.virtual.storage import STATUS_WORDS, Status, Stored
from otppi.virtual.text_mode import address_to_program, to_program

ALL: Final = 4
"""`+CMGL=4`: every message."""


def index_of(command: Command) -> int:
    """The place that a command names; +CMS ERROR: 321 for what is no number."""
    text = command.value(0)
    if not (text.isascii() and text.isdigit()):
        raise cms(321)
    return int(text)


def shown(modem: Modem, stored: Stored, head: str = "") -> str:
    """Head line and body of a message, in the mode of `+CMGF`; `head` is what precedes the status."""
    if not modem.session.text_mode:
        whole = stored.smsc + stored.tpdu
        return f"{head}{int(stored.status)},,{len(stored.tpdu)}\r\n{whole.hex().upper()}"
    status, charset = STATUS_WORDS[stored.status], modem.session.charset
    whole = stored.smsc + stored.tpdu
    kind = pdu.message_type(whole)
    if kind == "status-report":
        report = pdu.decode_status_report(whole)
        address = address_to_program(report.recipient, charset)
        stamps = f'"{_stamp(report.sent_at)}","{_stamp(report.discharged_at)}"'
        return f'{head}"{status}",6,{report.tp_mr},"{address}",145,{stamps},{report.status}'
    if kind == "submit":
        submit = pdu.decode_submit(stored.tpdu)
        return f'{head}"{status}","{address_to_program(submit.to, charset)}",\r\n{to_program(submit.text, charset)}'
    deliver = pdu.decode_deliver(whole)
    return f'{head}"{status}",{deliver_head(modem, deliver)}\r\n{to_program(deliver.text, charset)}'


def deliver_head(modem: Modem, deliver: pdu.Deliver) -> str:
    """Sender, name and time; type and length with `+CSDH=1`."""
    charset = modem.session.charset
    line = f'"{address_to_program(deliver.sender, charset)}",,"{_stamp(deliver.sent_at)}"'
    return f"{line},145,{len(deliver.text)}" if modem.session.csdh else line


def _stamp(when: datetime) -> str:
    offset = when.utcoffset()
    quarters = int(offset.total_seconds() // 900) if offset else 0
    return f"{when:%y/%m/%d,%H:%M:%S}{quarters:+03d}"


def _preferred(modem: Modem, command: Command) -> Answer:
    stores, session = modem.stores, modem.session
    if command.kind is Kind.TEST:
        every = [*stores.by_name, *(["MT"] if {"SM", "ME"} <= set(stores.by_name) or "MT" in modem.profile.receive_stores else [])]
        writable = [name for name in every if name != "SR"]
        lists = (every, writable, list(modem.profile.receive_stores))
        return ["+CPMS: " + ",".join("({})".format(",".join(f'"{name}"' for name in names)) for names in lists)]
    modem.need_sim_for_messages()
    if command.kind is Kind.SET:
        names = [value.upper() for value in command.values]
        for place, name in enumerate(names[:3]):
            if not name:
                continue
            stores.parts(name)
            if (place == 1 and name == "SR") or (place == 2 and name not in modem.profile.receive_stores):
                raise cms(302)
        for place, name in enumerate(names[:3]):
            session.stores[place] = name or session.stores[place]
        return ["+CPMS: " + ",".join("{},{}".format(*stores.used(name)) for name in session.stores)]
    return ["+CPMS: " + ",".join('"{}",{},{}'.format(name, *stores.used(name)) for name in session.stores)]


def _list(modem: Modem, command: Command) -> Answer:
    text_mode = modem.session.text_mode
    if command.kind is Kind.TEST:
        words = ",".join(f'"{word}"' for word in STATUS_WORDS)
        return [f"+CMGL: ({words})" if text_mode else "+CMGL: (0-4)"]
    modem.need_sim_for_messages()
    asked = command.value(0, STATUS_WORDS[0] if text_mode else "0").upper()
    known = STATUS_WORDS if text_mode else ("0", "1", "2", "3", "4")
    if asked not in known:
        raise cms(304)
    wanted = known.index(asked)
    lines = []
    for index, stored in modem.stores.listing(modem.session.stores[0]):
        if wanted in {ALL, stored.status}:
            lines.append(shown(modem, stored, f"+CMGL: {index},"))
            _mark_read(stored)
    return lines


def _read(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim_for_messages()
    stored = modem.stores.get(modem.session.stores[0], index_of(command))
    if stored is None:
        # Makes differ: 321 from some, a bare OK from others (gammu's tables); the standard leaves it open.
        raise cms(321)
    line = shown(modem, stored, "+CMGR: ")
    _mark_read(stored)
    return [line]


def _mark_read(stored: Stored) -> None:
    if stored.status is Status.UNREAD:
        stored.status = Status.READ


_DELETED_BY_FLAG: Final = {
    1: {Status.READ},
    2: {Status.READ, Status.SENT},
    3: {Status.READ, Status.SENT, Status.UNSENT},
    4: set(Status),
}


def _delete(modem: Modem, command: Command) -> Answer:
    name = modem.session.stores[0]
    if command.kind is Kind.TEST:
        if modem.profile.tells_places:
            first, (_, capacity) = modem.profile.first_index, modem.stores.used(name)
            return [f"+CMGD: ({first}-{first + capacity - 1}),(0-4)"]
        return ["+CMGD: ({}),(0-4)".format(",".join(str(index) for index, _ in modem.stores.listing(name)))]
    modem.need_sim_for_messages()
    flag = command.value(1, "0")
    if flag not in {"0", "1", "2", "3", "4"}:
        raise cms(304)
    if flag == "0":
        modem.stores.delete(name, index_of(command))
    else:
        for index, stored in list(modem.stores.listing(name)):
            if stored.status in _DELETED_BY_FLAG[int(flag)]:
                modem.stores.delete(name, index)
    modem.network.modem_ready(modem.index)
    return ()


STORE: Final[Mapping[str, Handler]] = {
    "+CPMS": _preferred,
    "+CMGL": _list,
    "+CMGR": _read,
    "+CMGD": _delete,
}
"""Handlers by name."""
