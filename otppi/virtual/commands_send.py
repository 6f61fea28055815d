"""Sending and storing what is to be sent: +CMGS, +CMGW, +CMSS (TS 27.005 sections 3.5 and 4.3 to 4.7), faults included."""

from collections.abc import Mapping
from typing import Final

from otppi.at import pdu
from otppi.at.gsm7 import TextError
from otppi.at.tpdu_fields import decode_validity
from otppi.virtual.at_parser import Command, Kind
from otppi.virtual.commands_store import index_of
from otppi.virtual.faults import Fault
from otppi.virtual.modem import LATER, Answer, Handler, Modem
from otppi.virtual.refusals import RefusedError, cme, cms, plain
from otppi.virtual.storage import Status, Stored
from otppi.virtual.terminal import Body
from otppi.virtual.text_mode import address_from_program, from_program

SHORTEST_SUBMIT: Final = 7
LONGEST_SUBMIT: Final = 176
"""Octets of a TPDU with 140 octets of user data, the longest address and an absolute validity period."""

_VALIDITY_FORMAT: Final = 0x18
_VALIDITY_RELATIVE: Final = 0x10
_STATUS_REPORT_REQUEST: Final = 0x20


def _refusal(fault: Fault) -> RefusedError:
    if fault.kind == "cms":
        return cms(int(fault.number("code", 500)))
    return cme(int(fault.number("code", 100))) if fault.kind == "cme" else plain()


def _length(command: Command) -> int:
    text = command.value(0)
    if not (text.isascii() and text.isdigit()) or int(text) not in range(SHORTEST_SUBMIT, LONGEST_SUBMIT + 1):
        raise cms(304)
    return int(text)


def _checked_pdu(body: bytes, length: int) -> tuple[bytes, bytes]:
    """SMSC octets and TPDU; +CMS ERROR: 304 when the body is no hex or its length is not the one announced."""
    try:
        octets = bytes.fromhex(body.decode("ascii"))
    except ValueError:
        raise cms(304) from None
    smsc_octets = 1 + octets[0] if octets else 0
    if len(octets) - smsc_octets != length:
        raise cms(304)
    return octets[:smsc_octets], octets[smsc_octets:]


def _text_pdu(modem: Modem, to: str, body: bytes) -> bytes:
    """The SUBMIT that a modem makes in text mode from the recipient, the text and `+CSMP`."""
    session = modem.session
    first, validity, _, coding = session.csmp
    text = from_program(body.replace(b"\r\n", b"\n"), session.charset)
    relative = first & _VALIDITY_FORMAT == _VALIDITY_RELATIVE
    try:
        parts = pdu.submit_pdus(
            to,
            text,
            status_report=bool(first & _STATUS_REPORT_REQUEST),
            validity_s=decode_validity(validity) if relative else None,
            flash=coding & 0x13 == 0x10,
        )
    except (pdu.PduError, TextError):
        raise cms(305) from None
    if len(parts) > 1:
        raise cms(305)  # one message: a modem does not cut texts
    return bytes.fromhex(parts[0].hex)[1:]


def _body_reader(modem: Modem, command: Command) -> tuple[str, int]:
    """Recipient (text mode) or length (PDU mode), checked before the prompt."""
    if not modem.session.text_mode:
        return "", _length(command)
    to = address_from_program(command.value(0), modem.session.charset)
    if not (to.isascii() and to.isdigit()):
        raise cms(304)
    return to, 0


def _as_pdu(modem: Modem, body: bytes, to: str, length: int) -> tuple[bytes, bytes]:
    return (b"\0", _text_pdu(modem, to, body)) if to else _checked_pdu(body, length)


def _send(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim_for_messages()
    to, length = _body_reader(modem, command)

    def take(body: bytes | None) -> None:
        if body is None:
            modem.finish()
            return
        _, tpdu = _as_pdu(modem, body, to, length)
        submit(modem, tpdu, "+CMGS")

    return _ask(modem, take)


def _ask(modem: Modem, take: Body) -> Answer:
    """Prompt for a body, or what a fault makes of that."""
    faults, index = modem.faults, modem.index
    if refused := faults.take(index, "cms", "cme", "error", at="prompt"):
        raise _refusal(refused)
    if faults.take(index, "unplug", at="prompt"):
        modem.unplug()
        return LATER
    if faults.take(index, "no_prompt"):
        modem.ask_body(take, prompt=False)
    elif slow := faults.take(index, "slow_prompt"):
        modem.ask_body(take, prompt=False)
        modem.later(slow.number("seconds", 1), modem.prompt)
    else:
        modem.ask_body(take)
    return LATER


def submit(modem: Modem, tpdu: bytes, answer: str) -> None:
    """Give a SUBMIT to the network and answer after its latency, or do what a fault says."""
    faults, index = modem.faults, modem.index
    late = faults.take(index, "late")
    wait_s = modem.latency_s + (late.number("seconds", 1) if late else 0)
    if not modem.registered():
        modem.later(wait_s, lambda: modem.finish(refusal=cms(331)))
        return
    refused = faults.take(index, "cms", "cme", "error", at="after_body")
    if refused and not refused.flag("received", default=False):
        modem.later(wait_s, lambda: modem.finish(refusal=_refusal(refused)))
        return
    unplug = faults.take(index, "unplug", at="after_body")
    lost = faults.take(index, "lost_result")
    if any(fault and not fault.flag("received", default=True) for fault in (unplug, lost)):
        reference = 0
    else:
        try:
            reference = modem.network.submit(index, tpdu, wait_s)
        except pdu.PduError:
            modem.finish(refusal=cms(304))
            return
    if unplug:
        modem.unplug()
        return

    def done() -> None:
        if refused:
            modem.finish(refusal=_refusal(refused))
        elif lost:
            modem.finish(final=False)
        else:
            lines = [f"{answer}: {reference}"]
            if faults.take(index, "double_cmgs"):
                lines *= 2
            modem.finish(lines, final=faults.take(index, "lost_ok") is None)

    modem.later(wait_s, done)


def _write(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim_for_messages()
    to, length = _body_reader(modem, command)
    words = ("0", "1", "2", "3", "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT")
    asked = command.value(2 if to else 1, "2").upper()
    if asked not in words:
        raise cms(304)
    status = Status(words.index(asked) % 4)

    def take(body: bytes | None) -> None:
        if body is None:
            modem.finish()
            return
        smsc, tpdu = _as_pdu(modem, body, to, length)
        if modem.faults.active(modem.index, "store_full"):
            raise cms(322)
        index = modem.stores.add(modem.session.stores[1], Stored(status, smsc, tpdu))
        modem.finish([f"+CMGW: {index}"])

    modem.ask_body(take)
    return LATER


def _send_stored(modem: Modem, command: Command) -> Answer:
    if command.kind is Kind.TEST:
        return ()
    modem.need_sim_for_messages()
    stored = modem.stores.get(modem.session.stores[1], index_of(command))
    if stored is None or stored.status not in {Status.UNSENT, Status.SENT}:
        raise cms(321)
    stored.status = Status.SENT
    modem.later(0.0005, lambda: submit(modem, stored.tpdu, "+CMSS"))
    return LATER


SEND: Final[Mapping[str, Handler]] = {"+CMGS": _send, "+CMGW": _write, "+CMSS": _send_stored}
"""Handlers by name."""
