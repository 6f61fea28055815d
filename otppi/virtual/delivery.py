"""How a message from the network shows up at a modem, by `+CNMI` (TS 27.005 section 3.4.1)."""

from typing import Final

from otppi.at import pdu
from otppi.virtual.commands_store import deliver_head, shown
from otppi.virtual.modem import Modem
from otppi.virtual.refusals import RefusedError
from otppi.virtual.storage import Status, Stored
from otppi.virtual.text_mode import to_program

ACKNOWLEDGE_S: Final = 15.0
"""How long a modem waits for +CNMA before it falls back to mt=0 and ds=0 (u-blox gives the network's timer)."""
_STATUS_REPORT: Final = 2
_DIRECT: Final = (2, 3)


def deliver(modem: Modem, whole_pdu: bytes) -> bool:
    """Show or store a PDU (SMSC part first); False when the modem cannot take it now, so that the network keeps it."""
    if not modem.plugged or not modem.registered():
        return False
    smsc_octets = 1 + whole_pdu[0]
    stored = Stored(Status.UNREAD, whole_pdu[:smsc_octets], whole_pdu[smsc_octets:])
    if stored.tpdu[0] & 3 == _STATUS_REPORT:
        return _report(modem, stored)
    return _message(modem, stored)


def _message(modem: Modem, stored: Stored) -> bool:
    mode, mt = modem.session.cnmi[:2]
    if mode and mt in _DIRECT:
        modem.urc(_direct_message(modem, stored))
        _expect_acknowledgement(modem, stored)
        return True
    name = modem.session.stores[2]
    index = _store(modem, name, stored)
    if index is None:
        return False
    if mode and mt == 1:
        modem.urc(f'+CMTI: "{name}",{index}')
    return True


def _report(modem: Modem, stored: Stored) -> bool:
    mode, ds = modem.session.cnmi[0], modem.session.cnmi[3]
    if mode and ds == 1:
        modem.urc(_direct_report(modem, stored))
        _expect_acknowledgement(modem, stored)
        return True
    if mode and ds == 2:
        index = _store(modem, "SR", stored)
        if index is None:
            return True  # lost: networks do not repeat reports for a full store
        said = modem.profile.report_store_said or ("SR", index)
        modem.urc('+CDSI: "{}",{}'.format(*said))
    return True


def _store(modem: Modem, name: str, stored: Stored) -> int | None:
    if modem.faults.active(modem.index, "store_full"):
        return None
    try:
        return modem.stores.add(name, stored)
    except RefusedError:
        return None


def _direct_message(modem: Modem, stored: Stored) -> str:
    whole = stored.smsc + stored.tpdu
    if not modem.session.text_mode:
        return f"+CMT: ,{len(stored.tpdu)}\r\n{whole.hex().upper()}"
    message = pdu.decode_deliver(whole)
    return f"+CMT: {deliver_head(modem, message)}\r\n{to_program(message.text, modem.session.charset)}"


def _direct_report(modem: Modem, stored: Stored) -> str:
    if not modem.session.text_mode:
        return f"+CDS: {len(stored.tpdu)}\r\n{(stored.smsc + stored.tpdu).hex().upper()}"
    line = shown(modem, stored)
    return "+CDS: " + line.split(",", 1)[1]


def _expect_acknowledgement(modem: Modem, stored: Stored) -> None:
    if modem.session.csms != 1:
        return

    def give_up() -> None:
        if expectation not in modem.unacknowledged:
            return
        modem.unacknowledged.clear()
        modem.session.cnmi[1] = modem.session.cnmi[3] = 0
        deliver(modem, stored.smsc + stored.tpdu)

    expectation = give_up
    modem.unacknowledged.append(expectation)
    modem.later(ACKNOWLEDGE_S, give_up)
