"""The doctor's judgement: each thing that was found, whether it is well, and the mend; numbers and identities are masked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from otppi.at import masking, sim_tool, urc
from otppi.at.bringup import Hardware
from otppi.at.examination import Exam
from otppi.at.facts import signal_strength
from otppi.at.imei_tool import Imei
from otppi.at.registration import REGISTERED
from otppi.at.sim_tool import SimState
from otppi.domain import sim_card
from otppi.domain.msisdn import mask

MARGINAL_DBM = -105
NEARLY_FULL = 0.9
CHATTER_LINES = 20
"""Unasked lines during the examination from which on a modem is called talkative."""
_STAT = {"0": "is not searching", "1": "is registered at home", "2": "is searching", "3": "is refused by the network", "4": "does not know", "5": "is roaming",
         "6": "is registered for SMS only", "7": "is roaming for SMS only", "8": "has emergency calls only", "11": "has limited service only"}
_NETWORK_MENDS = {
    "0": "Switch the radio on and let the modem choose its network (AT+COPS=0).",
    "2": "Check aerial and place; a modem that knows 2G alone finds nothing where 2G has been switched off.",
    "3": "Try the SIM in a phone: it must be active, paid for, and allowed in this network and modem.",
    "8": "Try the SIM in a phone: the network lets it call for help only.",
    "11": "Limited service is not enough for SMS: try another network mode or another SIM.",
}


class Health(Enum):
    """How a thing stands."""

    FINE = "fine"
    NOTE = "note"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it stands, a sentence, and the mend where there is one."""

    step: str
    health: Health
    said: str
    mend: str = ""

    def to_json(self) -> dict[str, str]:
        """Give it as JSON."""
        return {"step": self.step, "health": self.health.value, "said": self.said, "mend": self.mend}


def fine(step: str, said: str) -> Finding:
    """Say that a thing is well."""
    return Finding(step, Health.FINE, said)


def note(step: str, said: str, mend: str = "") -> Finding:
    """Say something that one should know, which keeps no message from being sent."""
    return Finding(step, Health.NOTE, said, mend)


def trouble(step: str, said: str, mend: str) -> Finding:
    """Say what is wrong, and the mend."""
    return Finding(step, Health.TROUBLE, said, mend)


def report(findings: Sequence[Finding]) -> dict[str, Any]:
    """Give findings and verdict as JSON that may be shared."""
    troubles = [finding for finding in findings if finding.health is Health.TROUBLE]
    notes = [finding for finding in findings if finding.health is Health.NOTE]
    if troubles:
        verdict = f"Trouble: {troubles[0].said} {troubles[0].mend}"
        verdict += f" There is more, {len(troubles) - 1} in all: see above." if len(troubles) > 1 else ""
    else:
        verdict = "Fine: nothing here keeps the modem from sending." + (f" Notes: {len(notes)}." if notes else "")
    return {"fine": not troubles, "verdict": verdict, "findings": [finding.to_json() for finding in findings]}


def judge(exam: Exam, heard: Iterable[str] = ()) -> list[Finding]:
    """Judge what :func:`otppi.at.examination.examine` found; ``heard`` are the lines that the modem said unasked meanwhile."""
    found = [_identity(exam.hardware), *_power(list(heard)), _radio(exam)]
    if exam.fell_silent:
        return [*found, trouble("answers", "The modem fell silent while it was asked.", "Take its power away for ten seconds; if that comes again, look at its supply.")]
    if exam.sim is not None:
        found.append(_sim(exam.sim))
        if exam.sim.sim == sim_tool.READY:
            found += [_network(exam), _signal(exam), _center(exam), _stores(exam)]
    return [*found, _notifications(exam), _ussd(exam)]


def _identity(hardware: Hardware) -> Finding:
    imei = Imei(hardware.imei)
    name = " ".join(filter(None, (hardware.manufacturer, hardware.model, hardware.revision))) or "The modem tells neither maker nor model"
    said = f"{masking.line(name, numbers=False)}; IMEI {masking.identity(hardware.imei) or 'not told'}; profile {hardware.profile.name}."
    if hardware.imei and not imei.valid:
        return note("modem", f"{said} {imei.in_words()}", "Networks may bar it: compare it with the modem's label.")
    return fine("modem", said)


def _power(heard: list[str]) -> list[Finding]:
    found = []
    if any("UNDER-VOLTAGE" in line or "OVER-VOLTAGE" in line for line in heard):
        found.append(trouble("power", "The modem says that its voltage is wrong.", "Give it a supply of its own that bears 2 A for a moment, or a powered hub, and a short cable."))
    if any(urc.news(line) is urc.News.RESTARTED or line == "RDY" for line in heard):
        found.append(trouble("power", "The modem started anew by itself while it was asked.", "Mostly its supply breaks down when it sends: try another one, and a powered hub."))
    if not found:
        found.append(fine("power", "The modem complains of nothing and did not start anew."))
    if len(heard) > CHATTER_LINES:
        found.append(note("chatter", f"The modem says much unasked: {len(heard)} lines."))
    return found


def _radio(exam: Exam) -> Finding:
    if exam.functionality in {"0", "4", "7"}:
        return trouble("radio", f"The radio is off (CFUN {exam.functionality}).", "Switch it on with AT+CFUN=1, or take the modem's power away for a moment.")
    return fine("radio", "The radio is on." if exam.functionality else "The modem does not tell whether its radio is on.")


def _sim(state: SimState) -> Finding:
    said, scarce = state.in_words(), state.tries.pin is not None and state.tries.pin < sim_card.LEAST_TRIES
    if state.sim == sim_tool.READY:
        return note("SIM", said, "Enter the right PIN in a phone, which gives the tries back.") if scarce else fine("SIM", said)
    mends = (
        (state.sim == sim_tool.WANTS_PIN and scarce, "Put the SIM into a phone and enter the right PIN there: the last try is not used up here."),
        (state.sim == sim_tool.WANTS_PIN, "Put its PIN into the modem's settings (sim_pin), or enter it: otppi modem sim enter."),
        (state.sim == sim_tool.WANTS_PUK, "Ask the operator for the PUK, then: otppi modem sim unblock."),
        (bool(sim_tool.absent(state.sim)), "Put a SIM in the right way round and clean its contacts; then take the modem's power away for a moment."),
        (True, "Wait a minute and look again; if it stays so, try the SIM in a phone."),
    )
    return trouble("SIM", said, next(mend for applies, mend in mends if applies))


def _network(exam: Exam) -> Finding:
    stats = dict(exam.stats)
    told = ", ".join(f"{name} {_STAT.get(stat, f'says {stat}')}" for name, stat in exam.stats) or "the modem tells nothing"
    operator = f" Operator: {exam.operator}." if exam.operator else ""
    if {stats.get("+CREG"), stats.get("+CEREG")} & REGISTERED:
        return fine("network", f"Registered: {told}.{operator}")
    worst = next((stat for stat in ("3", "8", "11", "2", "0") if stat in stats.values()), "")
    return trouble("network", f"Not registered: {told}.{operator}", _NETWORK_MENDS.get(worst, "Try the SIM in a phone at the same place."))


def _signal(exam: Exam) -> Finding:
    strength = signal_strength(exam.signal)
    if not strength:
        return note("signal", "The modem does not tell how well it hears the network.")
    said = f"{strength['rssi']} dBm."
    if strength["rssi"] < MARGINAL_DBM:
        return note("signal", f"{said} That is marginal: messages will be late or fail.", "Move the modem or its aerial; a metre often helps.")
    return fine("signal", said)


def _center(exam: Exam) -> Finding:
    digits = exam.sms_center.lstrip("+")
    if not digits:
        return trouble("SMS centre", "The SIM knows no SMS centre.", "Put the operator's number into the modem's settings (sms_center).")
    return fine("SMS centre", f"{mask(digits) if digits.isdecimal() else masking.line(digits, numbers=True)}.")


def _stores(exam: Exam) -> Finding:
    if not exam.stores:
        return note("store", "The modem does not tell how full its message stores are.")
    told = ", ".join(f"{name} {used} of {total}" for name, used, total in sorted({(store.name, store.used, store.total) for store in exam.stores}))
    fullest = max((store.used / store.total if store.total else 0.0) for store in exam.stores)
    if fullest >= 1:
        return trouble("store", f"A store is full: {told}.", "Nothing more can be received: read and remove messages in it.")
    if fullest >= NEARLY_FULL:
        return note("store", f"A store is nearly full: {told}.", "Remove messages before nothing more can be received.")
    return fine("store", f"{told}.")


def _notifications(exam: Exam) -> Finding:
    if not exam.pdu_mode:
        return trouble("messages", "The modem knows text mode only.", "The gateway needs PDU mode: this modem cannot be used.")
    if len(exam.notifies) < 4:
        return note("messages", "The modem does not tell how it announces messages and status reports.")
    told = "announced" if 1 in exam.notifies[1] else "found by looking only"
    if not exam.notifies[3] & {1, 2}:
        return note("messages", f"Messages are {told}; there are no status reports, so none is ever shown as delivered.")
    return fine("messages", f"Messages are {told}; status reports come {'directly' if 1 in exam.notifies[3] else 'by the store'}.")


def _ussd(exam: Exam) -> Finding:
    if exam.ussd is False:
        return note("USSD", "The modem knows no USSD.")
    coding = "packed septets" if exam.hardware.profile.ussd_packed else "UCS-2" if "UCS2" in exam.charsets else "its plain alphabet"
    return fine("USSD", f"Codes go out in {coding}.")
