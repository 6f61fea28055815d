"""The virtual network: takes SUBMITs, joins their parts, reports on them, and delivers to the phones that it knows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Protocol

from otppi.at import concatenation, pdu
from otppi.at.concatenation import Joiner
from otppi.virtual.event_log import EventLog
from otppi.virtual.profiles import Identity


class Phone(Protocol):
    """What the network sees of a modem."""

    index: int
    identity: Identity

    def registered(self) -> bool:
        """It can be reached."""


@dataclass(slots=True)
class Reports:
    """What becomes of a status report that a SUBMIT asked for."""

    automatic: bool = True
    delay_s: float = 0.0
    status: int = 0
    """TP-ST: 0 is delivered (TS 23.040 section 9.2.3.15)."""


SMS_CENTER: Final = "+6281100000"
"""The service centre's invented number."""

Deliver = Callable[[int, bytes], bool]
"""Hands a whole PDU (SMSC part first) to a modem; False: no room now, keep it."""


class Network:
    """One operator with one SMSC."""

    def __init__(
        self,
        log: EventLog,
        later: Callable[[float, Callable[[], object]], object],
        announce: Callable[[int, str, str], None] = lambda _modem, _to, _text: None,
        operator: str = "OTPPI Test",
    ) -> None:
        """`announce` is told every whole message: modem, recipient, text."""
        self.operator = operator
        self.reports = Reports()
        self.phones: Sequence[Phone] = ()
        self.deliver: Deliver = lambda _modem, _pdu: False
        self._log = log
        self._later = later
        self._announce = announce
        # Parts are joined per modem: two modems may use one reference for one recipient at the same time.
        self._joiner = Joiner()
        self._references: dict[int, int] = {}
        self._inbound_reference = 0
        self._kept: dict[int, list[bytes]] = {}

    def submit(self, modem: int, tpdu: bytes, answer_s: float = 0.0) -> int:
        """Take a SUBMIT: it is in the log when this returns its message reference. PduError for what is none.

        The modem answers its program in `answer_s` seconds; a status report comes after that.
        """
        submit = pdu.decode_submit(tpdu)
        reference = self._references.get(modem, -1) + 1 & 0xFF
        self._references[modem] = reference
        now = time.time()
        concat = submit.concat
        self._log.add(
            {
                "event": "submit",
                "modem": modem,
                "to": submit.to,
                "text": _readable(submit.text),
                "part": concat.number if concat else 1,
                "total": concat.total if concat else 1,
                "reference": concat.reference if concat else None,
                "tp_mr": reference,
                "alphabet": submit.alphabet.value,
                "flash": submit.flash,
                "status_report": submit.status_report,
                "validity_s": submit.validity_s,
                "at": now,
            }
        )
        whole = submit.text if concat is None else self._joiner.add(f"{modem}:{submit.to}", concat, submit.text, now)
        if whole is not None:
            self._received(modem, submit, whole, now)
        if submit.status_report and self.reports.automatic:
            # Not before the answer to the SUBMIT, which tells the reference that the report names.
            status = self.reports.status
            self._later(
                answer_s + max(self.reports.delay_s, 0.001), lambda: self.report(modem, reference, submit.to, status)
            )
        return reference

    def report(self, modem: int, tp_mr: int, recipient: str, status: int = 0) -> None:
        """Send a status report to a modem."""
        now = datetime.now(UTC)
        self._hand_over(
            modem, pdu.encode_status_report(pdu.StatusReport(tp_mr, recipient, now, now, status), SMS_CENTER)
        )

    def inbound(
        self,
        modem: int,
        sender: str,
        text: str,
        *,
        flash: bool = False,
        reference: int | None = None,
        wide: bool = False,
        order: Sequence[int] | None = None,
    ) -> int:
        """Send a message to a modem, in as many parts as it needs; `order` names the parts that come, from 1.

        How many parts were sent is returned.
        """
        self._inbound_reference += 1
        chosen = self._inbound_reference if reference is None else reference
        segments = concatenation.split(text, chosen, wide=wide)
        now = datetime.now(UTC)
        numbers = list(order) if order is not None else list(range(1, len(segments) + 1))
        for number in numbers:
            part = segments[number - 1]
            deliver = pdu.Deliver(sender.removeprefix("+"), part.text, part.concat, part.alphabet, now, flash)
            self._hand_over(modem, pdu.encode_deliver(deliver, SMS_CENTER))
        return len(numbers)

    def modem_ready(self, modem: int) -> None:
        """Deliver what was kept while the modem could not be reached."""
        kept = self._kept.get(modem)
        if kept and self.phones[modem].registered():
            # What cannot be taken does not hold up the rest: a full store still lets reports through.
            self._kept[modem] = [whole_pdu for whole_pdu in kept if not self.deliver(modem, whole_pdu)]

    def waiting(self, modem: int) -> int:
        """How many PDUs are kept for a modem."""
        return len(self._kept.get(modem, ()))

    def _hand_over(self, modem: int, whole_pdu: bytes) -> None:
        self._kept.setdefault(modem, []).append(whole_pdu)
        self.modem_ready(modem)

    def _received(self, modem: int, submit: pdu.Submit, text: str, now: float) -> None:
        text = _readable(text)
        self._log.add(
            {
                "event": "message",
                "modem": modem,
                "to": submit.to,
                "text": text,
                "parts": submit.concat.total if submit.concat else 1,
                "flash": submit.flash,
                "at": now,
            }
        )
        self._announce(modem, submit.to, text)
        for phone in self.phones:
            if phone.identity.msisdn.removeprefix("+") == submit.to:
                sender = self.phones[modem].identity.msisdn
                self._later(0.001, partial(self.inbound, phone.index, sender, text))


def _readable(text: str) -> str:
    """Half a surrogate pair cannot be written as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
