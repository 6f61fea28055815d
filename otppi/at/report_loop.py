"""One SMS with a status report, from the modem to the network and back: what the doctor sends when it is asked to. It costs money."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from otppi.at.dialogue import Await, Command, Script
from otppi.at.doctor import Finding, fine, note, trouble
from otppi.at.pdu import PduError, StatusReport, decode_status_report, delivery_state, submit_pdus
from otppi.at.submit import Submitted, submit
from otppi.domain.outcome import Verdict

TEXT = "otppi modem doctor: test"
VALIDITY_S = 600
REPORT_LIMIT_S = 60.0
PDU_LIMIT_S = 5.0
PATIENCE_S = 30.0
SIM_LIMIT_S = 20.0
REPORTS_TAKEN = 5
"""Reports of other messages that are passed over."""
_WISHES = ("2,1,0,1,0", "2,1,0,2,0")
"""For +CNMI: status reports directly, else by the store."""
_PLACE = re.compile(r'"(\w+)"\s*,\s*(\d+)')
_PDU = re.compile(r"([0-9A-Fa-f]{2}){10,}")


@dataclass(frozen=True, slots=True)
class Looped:
    """What became of it: the attempt to send, and the report's state, ``announced`` when it came and could not be read, empty when none came."""

    sent: Submitted
    report: str = ""


def loop(to: str) -> Script:
    """Send a test SMS to E.164 digits and wait for its status report. Returns Looped. Raises PduError for a number that is none."""
    pdus = submit_pdus(to, TEXT, status_report=True, validity_s=VALIDITY_S)
    before = (yield Command("AT+CNMI?", expects="+CNMI:")).first("+CNMI:")
    acknowledges = (yield Command("AT+CSMS?", expects="+CSMS:")).first("+CSMS:").startswith("1")
    yield Command("AT+CMGF=0")
    for wish in _WISHES:
        if (yield Command(f"AT+CNMI={wish}")).final.ok:
            break
    sent: Submitted = yield from submit(pdus, PATIENCE_S)
    report = ""
    if sent.attempt.verdict is Verdict.SENT:
        report = yield from _report(sent.attempt.references[0], acknowledges=acknowledges)
    if re.fullmatch(r"\d(,\d){1,4}", before.replace(" ", "")):
        yield Command(f"AT+CNMI={before}")
    return Looped(sent, report)


def completed(looped: Looped, pdus: Iterable[str]) -> Looped:
    """Look for the report among the PDUs that came unasked before anybody waited for them: some networks are faster than the answer."""
    if looped.report or not looped.sent.attempt.references:
        return looped
    found = next((report for pdu in pdus if (report := _decoded((pdu,))) and report.tp_mr == looped.sent.attempt.references[0]), None)
    return looped if found is None else Looped(looped.sent, delivery_state(found.status))


def judge(looped: Looped) -> Finding:
    """Judge a loop."""
    attempt = looped.sent.attempt
    if attempt.verdict is not Verdict.SENT:
        return trouble("test SMS", f"The test SMS was not sent: {attempt.error}", "See what is wrong above; without anything wrong there, look at the SIM's credit.")
    if looped.report == "delivered":
        return fine("test SMS", "The test SMS was sent, and the network reports it delivered.")
    if looped.report == "failed":
        return trouble("test SMS", "The network took the test SMS and reports that it could not be delivered.", "Look at the receiver: number, phone, full memory.")
    if looped.report:
        return fine("test SMS", f"The test SMS was sent, and a status report came ({looped.report}).")
    return note("test SMS", f"The test SMS was sent; no status report came within {REPORT_LIMIT_S:.0f} s.", "Some networks and SIMs give none: messages are then shown as sent, never as delivered.")


def _report(reference: int, *, acknowledges: bool) -> Script:
    """Wait for the report of a TP-MR; gives its state."""
    for _ in range(REPORTS_TAKEN):
        answer = yield Await("+CDS", REPORT_LIMIT_S)
        head = "".join(answer.lines)
        if not answer.final.ok or not head:
            return ""
        if place := _PLACE.search(head):
            found = yield from _stored(place[1], place[2])
        else:
            found = _decoded((yield Await("", PDU_LIMIT_S)).lines)
            if acknowledges:
                yield Command("AT+CNMA")  # else the modem goes deaf (TS 27.005 section 3.4.1)
        if found is None:
            return "announced"
        if found.tp_mr == reference:
            return delivery_state(found.status)
    return ""


def _stored(store: str, index: str) -> Script:
    """Read a report where the modem says that it lies; it stays there."""
    before = _PLACE.match((yield Command("AT+CPMS?", SIM_LIMIT_S, expects="+CPMS:")).first("+CPMS:"))
    yield Command(f'AT+CPMS="{store}"', SIM_LIMIT_S, expects="+CPMS:")
    answer = yield Command(f"AT+CMGR={index}", SIM_LIMIT_S, expects="+CMGR:")
    if before:
        yield Command(f'AT+CPMS="{before[1]}"', SIM_LIMIT_S, expects="+CPMS:")
    return _decoded(answer.lines)


def _decoded(lines: tuple[str, ...]) -> StatusReport | None:
    pdu = next((line for line in lines if _PDU.fullmatch(line)), "")
    try:
        return decode_status_report(bytes.fromhex(pdu))
    except PduError:
        return None
