"""The TPDUs of SMS, both ways (3GPP TS 23.040 section 9.2.2), as `AT+CMGS`, `+CMGL` and `+CMT` carry them.

Numbers are digits without their +. Whole PDUs begin with the SMSC part (TS 27.005 section 3.1); a bare TPDU does not.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from otppi.at.segments import Alphabet, Concat, Segment, split
from otppi.at.tpdu_fields import (
    MAX_DIGITS,
    NO_TIME,
    PduError,
    Reader,
    decode_address,
    decode_timestamp,
    decode_validity,
    encode_address,
    encode_timestamp,
    encode_validity,
    smsc_part,
)
from otppi.at.user_data import decode_dcs, decode_user_data, encode_dcs, encode_user_data

__all__ = [
    "NO_TIME",
    "Deliver",
    "PduError",
    "StatusReport",
    "Submit",
    "SubmitPdu",
    "decode_deliver",
    "decode_status_report",
    "decode_submit",
    "delivery_state",
    "encode_deliver",
    "encode_status_report",
    "message_type",
    "submit_pdus",
]

# The first octet (TS 23.040 sections 9.2.3.1 to 9.2.3.26).
_MTI = 0x03
_MTI_DELIVER, _MTI_SUBMIT, _MTI_STATUS_REPORT, _MTI_RESERVED = range(4)
_NO_MORE_MESSAGES = 0x04
_VALIDITY_FORMAT = 0x18
_VALIDITY_RELATIVE = 0x10
_STATUS_REPORT_REQUEST = 0x20
_HAS_HEADER = 0x40

_STAMP_OCTETS = 7


@dataclass(frozen=True)
class SubmitPdu:
    """One SMS as the modem wants it."""

    hex: str = field(repr=False)
    """Upper case; begins with 00, the SMSC of the SIM."""
    length: int
    """Octets of the TPDU, without the SMSC part: the figure of AT+CMGS=."""
    segment: Segment = field(repr=False)


@dataclass(frozen=True)
class Submit:
    """An SMS-SUBMIT that was read: what a network gets from a phone."""

    to: str = field(repr=False)
    text: str = field(repr=False)
    concat: Concat | None
    alphabet: Alphabet
    status_report: bool
    flash: bool
    validity_s: int | None
    """None if there is none, or one in the absolute or enhanced form."""
    tp_mr: int


@dataclass(frozen=True)
class Deliver:
    """An SMS-DELIVER: what a phone gets from a network."""

    sender: str = field(repr=False)
    """Digits, or a name."""
    text: str = field(repr=False)
    """Of a part it may begin or end with half of a surrogate pair: give it to a Joiner."""
    concat: Concat | None
    alphabet: Alphabet
    sent_at: datetime
    """With its zone; NO_TIME if the network gave no date."""
    flash: bool = False


@dataclass(frozen=True)
class StatusReport:
    """An SMS-STATUS-REPORT: what became of the SUBMIT whose TP-MR the modem told after sending."""

    tp_mr: int
    recipient: str = field(repr=False)
    sent_at: datetime
    discharged_at: datetime
    """When `status` came to be; NO_TIME if the network gave no date."""
    status: int
    """TP-ST as it came: `delivery_state` reads it."""


def submit_pdus(
    to: str,
    text: str,
    *,
    reference: int = 0,
    status_report: bool = False,
    validity_s: int | None = None,
    flash: bool = False,
) -> tuple[SubmitPdu, ...]:
    """A text as the PDUs of its parts, in order.

    `to` is an E.164 number without its +, or a short code. `reference` marks the parts of one message (its low 8
    bits); TP-MR is 0, for the modem to fill in. A status report is asked for each part. The validity is rounded up
    to the next step that the standard knows, and None leaves it to the network.
    Raises PduError for a recipient that is not 1 to 20 digits or a validity below one second, TextError as `split`.
    """
    if not (to.isascii() and to.isdigit() and len(to) <= MAX_DIGITS):
        raise PduError("The recipient is not 1 to 20 digits: write the number without + and blanks")
    first = _MTI_SUBMIT
    validity = b""
    if validity_s is not None:
        first |= _VALIDITY_RELATIVE
        validity = bytes((encode_validity(validity_s),))
    if status_report:
        first |= _STATUS_REPORT_REQUEST
    address = encode_address(to)
    pdus = []
    for segment in split(text, reference):
        tpdu = (
            bytes((first | (_HAS_HEADER if segment.concat else 0), 0))
            + address
            + bytes((0, encode_dcs(segment.alphabet, flash=flash)))
            + validity
            + encode_user_data(segment.text, segment.alphabet, segment.concat)
        )
        pdus.append(SubmitPdu((smsc_part("") + tpdu).hex().upper(), len(tpdu), segment))
    return tuple(pdus)


def decode_submit(tpdu: bytes) -> Submit:
    """Reads a bare SMS-SUBMIT, without SMSC part. Raises PduError if it is none or cut short."""
    reader = Reader(tpdu)
    first = reader.octet("first octet")
    if first & _MTI != _MTI_SUBMIT:
        raise PduError("The PDU is no SMS-SUBMIT")
    tp_mr = reader.octet("message reference")
    to = decode_address(reader, "destination address")
    reader.octet("protocol identifier")
    alphabet, flash = decode_dcs(reader.octet("data coding scheme"))
    validity_s = None
    if first & _VALIDITY_FORMAT == _VALIDITY_RELATIVE:
        validity_s = decode_validity(reader.octet("validity period"))
    elif first & _VALIDITY_FORMAT:
        reader.take(_STAMP_OCTETS, "validity period")
    text, concat = decode_user_data(reader, alphabet, has_header=bool(first & _HAS_HEADER))
    return Submit(to, text, concat, alphabet, bool(first & _STATUS_REPORT_REQUEST), flash, validity_s, tp_mr)


def encode_deliver(deliver: Deliver, smsc: str = "") -> bytes:
    """A whole SMS-DELIVER. Raises TextError if the text is not of its alphabet or too long, PduError for the rest."""
    first = _MTI_DELIVER | _NO_MORE_MESSAGES | (_HAS_HEADER if deliver.concat else 0)
    return (
        smsc_part(smsc)
        + bytes((first,))
        + encode_address(deliver.sender)
        + bytes((0, encode_dcs(deliver.alphabet, flash=deliver.flash)))
        + encode_timestamp(deliver.sent_at)
        + encode_user_data(deliver.text, deliver.alphabet, deliver.concat)
    )


def decode_deliver(pdu: bytes) -> Deliver:
    """Reads a whole SMS-DELIVER. Raises PduError if it is none or cut short; octets behind it are let pass."""
    reader, first = _open(pdu)
    if first & _MTI not in {_MTI_DELIVER, _MTI_RESERVED}:
        raise PduError("The PDU is no SMS-DELIVER")
    sender = decode_address(reader, "originating address")
    reader.octet("protocol identifier")
    alphabet, flash = decode_dcs(reader.octet("data coding scheme"))
    sent_at = decode_timestamp(reader.take(_STAMP_OCTETS, "time stamp"))
    text, concat = decode_user_data(reader, alphabet, has_header=bool(first & _HAS_HEADER))
    return Deliver(sender, text, concat, alphabet, sent_at, flash)


def encode_status_report(report: StatusReport, smsc: str = "") -> bytes:
    """A whole SMS-STATUS-REPORT, without its optional fields. Raises PduError for what does not fit a field."""
    if not (0 <= report.tp_mr <= 0xFF and 0 <= report.status <= 0xFF):
        raise PduError("A message reference and a status are one octet each")
    return (
        smsc_part(smsc)
        + bytes((_MTI_STATUS_REPORT | _NO_MORE_MESSAGES, report.tp_mr))
        + encode_address(report.recipient)
        + encode_timestamp(report.sent_at)
        + encode_timestamp(report.discharged_at)
        + bytes((report.status,))
    )


def decode_status_report(pdu: bytes) -> StatusReport:
    """Reads a whole SMS-STATUS-REPORT up to TP-ST. Raises PduError if it is none or cut short."""
    reader, first = _open(pdu)
    if first & _MTI != _MTI_STATUS_REPORT:
        raise PduError("The PDU is no SMS-STATUS-REPORT")
    tp_mr = reader.octet("message reference")
    recipient = decode_address(reader, "recipient address")
    sent_at = decode_timestamp(reader.take(_STAMP_OCTETS, "time stamp"))
    discharged_at = decode_timestamp(reader.take(_STAMP_OCTETS, "discharge time"))
    return StatusReport(tp_mr, recipient, sent_at, discharged_at, reader.octet("status"))


def delivery_state(status: int) -> Literal["delivered", "pending", "failed"]:
    """What a TP-ST means (TS 23.040 section 9.2.3.15); reserved values read as "service rejected", as it says.

    "delivered" includes 0x01, forwarded without confirmation, and the SMSC's own values of that class; "failed"
    includes temporary errors that the SMSC has stopped trying at.
    """
    if status <= 0x02 or 0x10 <= status <= 0x1F:
        return "delivered"
    if 0x20 <= status <= 0x25 or 0x30 <= status <= 0x3F:
        return "pending"
    return "failed"


def message_type(pdu: bytes) -> Literal["deliver", "submit", "status-report"]:
    """What a whole PDU from a modem is; "submit" ones lie in stores that keep what was sent.

    The reserved type is to be read as a DELIVER (TS 23.040 section 9.2.3.1). Raises PduError if it is cut short.
    """
    _, first = _open(pdu)
    kind = first & _MTI
    if kind == _MTI_SUBMIT:
        return "submit"
    return "status-report" if kind == _MTI_STATUS_REPORT else "deliver"


def _open(pdu: bytes) -> tuple[Reader, int]:
    reader = Reader(pdu)
    reader.take(reader.octet("SMSC length"), "SMSC address")
    return reader, reader.octet("first octet")
