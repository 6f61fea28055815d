"""What status reports say of messages: matched, written down, counted, and passed on to who listens."""

import logging
from collections.abc import Callable

from otppi.at.pdu import PduError, decode_status_report, delivery_state
from otppi.domain.errors import Mistake
from otppi.domain.ledger import Ledger
from otppi.domain.messages.receiving import Happened, Reported, Stored
from otppi.domain.messages.sending import SentAfterAll
from otppi.domain.msisdn import canonical, mask

_log = logging.getLogger(__name__)


class Reports:
    """Belongs to the router. ``happened`` takes what others may want to hear of."""

    def __init__(self, ledger: Ledger, happened: Callable[[Happened], None]) -> None:
        self.counts = dict.fromkeys(("delivered", "undelivered", "pending", "unmatched"), 0)
        self._ledger = ledger
        self._happened = happened

    def take(self, message: Reported, country_code: str, now: float) -> tuple[str, ...]:
        """Take what a modem read; gives the places of the reports that are written down. ``now`` in unix seconds. Raises StoreError."""
        safe = []
        for report in message.reports:
            self._one(message.modem, report, country_code, now)
            safe.append(report.place)
        return tuple(place for place in safe if place)

    def sent_after_all(self, message: SentAfterAll, now: float) -> None:
        """Take the late answer of a modem. Raises StoreError."""
        if self._ledger.sent_after_all(message.job_id, message.sender, message.reference, now):
            _log.info("message %s: sent after all by %s", message.job_id, message.sender)
            self._happened(Happened("message.sent", now, {"id": message.job_id, "status": "sent", "modem": message.sender}))

    def _one(self, modem: str, stored: Stored, country_code: str, now: float) -> None:
        try:
            report = decode_status_report(bytes.fromhex(stored.pdu))
        except (PduError, ValueError) as error:
            _log.warning("modem %s: a status report that cannot be read: %s", modem, error)
            self.counts["unmatched"] += 1
            return
        state = delivery_state(report.status)
        if state == "pending":  # the network goes on trying, and reports again
            self.counts["pending"] += 1
            return
        try:
            recipient = canonical(report.recipient, country_code)
        except Mistake:
            recipient = report.recipient
        delivered = state == "delivered"
        match = self._ledger.reported(modem, report.tp_mr, recipient, delivered=delivered, code=report.status, now=now)
        if match is None:
            self.counts["unmatched"] += 1
            _log.warning("modem %s: a status report for %s that no message waits for (TP-MR %d, TP-ST 0x%02x)", modem, mask(recipient), report.tp_mr, report.status)
            return
        self.counts["delivered" if delivered else "undelivered"] += 1
        word = "delivered" if delivered else "failed"
        _log.info("message %s to %s: part %d of %d %s (TP-ST 0x%02x)", match.id, mask(recipient), match.part, match.total, word, report.status)
        if match.whole or not delivered:
            self._happened(Happened(f"message.{word}", now, {"id": match.id, "status": word, "receiver": mask(recipient), "modem": modem}))
