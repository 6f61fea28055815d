"""Scripts that make a modem ready: who is it, does the SIM want a PIN, is it on the network, who owns the SIM.

Three scripts, since what lies between them is decided elsewhere: :func:`hello`, :func:`unlock`, :func:`prepare`; and
:func:`look`, which asks a modem that was ready whether it still is.
"""

import re
from dataclasses import dataclass, field, replace

from otppi.at.capabilities import Capabilities, explore, listen
from otppi.at.dialogue import Answer, Await, Command, Escape, Mark, Pause, Script
from otppi.at.insistence import BUSY, insistently
from otppi.at.profiles import GENERIC, Profile, choose
from otppi.at.registration import REGISTERED, Signal, signal_quality, stats, wait_registered, what_counts
from otppi.at.results import DEAD, Final, Kind
from otppi.at.sim_tries import Tries, tries

HELLO_LIMIT_S = 1.0  # an idle modem answers AT within milliseconds
HELLO_TRIES = 5
SIM_LIMIT_S = 20.0  # commands that ask the SIM
OPERATOR_LIMIT_S = 45.0  # +COPS? can wait for the network
_QUOTED = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Hardware:
    """Who answered. ``sim`` is the answer to +CPIN? (``READY``, ``SIM PIN`` …) or the error's text."""

    manufacturer: str
    model: str
    revision: str
    imei: str
    sim: str
    pin_tries: int | None
    """Tries left before the PUK is needed, None when the modem does not tell."""
    profile: Profile = GENERIC


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing that speaks AT. ``heard`` is what came instead, printable and short, empty when nothing did."""

    heard: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A modem on the network and its SIM. ``registration`` is the <stat> of +CREG."""

    registration: str
    imsi: str = field(default="", repr=False)
    iccid: str = field(default="", repr=False)
    msisdn: str = field(default="", repr=False)
    operator: str = ""
    sms_center: str = ""
    signal: Signal = field(default_factory=Signal)
    capabilities: Capabilities = field(default_factory=Capabilities)

    @property
    def registered(self) -> bool:
        """Whether the network lets it send."""
        return self.registration in REGISTERED


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that must succeed did not."""

    what: str
    final: Final


@dataclass(frozen=True, slots=True)
class Seen:
    """How a modem stands now: ``sim`` as in Hardware, ``registration`` as in Subscriber."""

    sim: str
    registration: str
    signal: Signal

    @property
    def registered(self) -> bool:
        """Whether the network lets it send."""
        return self.registration in REGISTERED


@dataclass(frozen=True, slots=True)
class PinTried:
    """Mark: the SIM has taken the PIN, or said that it is wrong."""

    right: bool


def hello(usb: str = "") -> Script:
    """Wake the modem, silence its echo, learn who it is and whether the SIM is open. Returns Hardware or Silent.

    ``usb`` is the id of its device (``12d1:1506``), for a modem that does not name its maker. One that is starting may be silent
    for up to 40 s (Telit), which is the caller's to wait for, by greeting it again.
    """
    heard: list[str] = []
    yield Escape()  # a prompt may be open from an earlier life; what was typed there must not become an SMS
    late = False
    for _ in range(HELLO_TRIES):
        answer = yield Command("AT", HELLO_LIMIT_S)
        heard += answer.lines
        if answer.final.kind in {Kind.OK, Kind.LOST}:
            break
        late = True
    if not answer.final.ok:
        return Silent("".join(character for character in " ".join(heard) if character.isprintable())[:40])
    if late:
        yield Pause(HELLO_LIMIT_S)  # answers to the earlier tries may still come; they must not be taken for those to what follows
    yield Command("ATE0")
    yield Command("AT+CMEE=1")
    manufacturer = _plain((yield Command("AT+CGMI")), "+CGMI:")
    model = _plain((yield Command("AT+CGMM")), "+CGMM:")
    profile = choose(manufacturer, model, usb)
    for text in profile.start:
        yield Command(text)
    revision = _plain((yield Command("AT+CGMR")), "+CGMR:")
    imei = _digits((yield Command("AT+CGSN")))
    sim = yield from _sim_state()
    left: Tries = (yield from tries()) if sim == "SIM PIN" else Tries()
    return Hardware(manufacturer, model, revision, imei, sim, left.pin, profile)


def unlock(pin: str, profile: Profile) -> Script:
    """Enter the PIN, once, and mark whether it was right, unless nobody said so. Returns the SIM's state after it, or Refused."""
    answer = yield Command(f'AT+CPIN="{pin}"', SIM_LIMIT_S)
    if not answer.final.ok:
        if answer.final.kind not in DEAD and answer.final.code not in BUSY:
            yield Mark(PinTried(right=False))
        return Refused("The SIM did not take the PIN", answer.final)
    yield Mark(PinTried(right=True))
    yield Pause(profile.after_pin_s)
    return (yield from _sim_state())


def prepare(profile: Profile, sms_center: str, known: Capabilities | None = None) -> Script:
    """Set PDU mode, SMSC, stores and notifications, wait for the network, read the SIM's identity. Returns Subscriber or Refused.

    A modem that is not ``known`` is explored, and so is one that refuses what it was known for.
    """
    answer = yield from insistently(Command("AT+CMGF=0", SIM_LIMIT_S))
    if not answer.final.ok and answer.final.kind not in DEAD and profile.ready:  # SIMCom's refuses all of SMS before that line
        yield Await(profile.ready, profile.ready_s)
        answer = yield from insistently(Command("AT+CMGF=0", SIM_LIMIT_S))
    if not answer.final.ok:
        return Refused("The modem refused PDU mode", answer.final)
    if sms_center:
        answer = yield from insistently(Command(f'AT+CSCA="+{sms_center}",145', SIM_LIMIT_S))
        if not answer.final.ok:
            return Refused("The modem refused the SMS centre", answer.final)
    for text in profile.hear:
        yield Command(text)
    found = (yield from _as_known(known, profile)) or (yield from explore(profile))
    if isinstance(found, Final):
        return Refused("The modem fell silent", found)
    yield Command("AT+CREG=1", SIM_LIMIT_S)
    registration = yield from wait_registered(profile.registration)
    if isinstance(registration, Final):
        return Refused("The modem fell silent", registration)
    imsi = _digits((yield Command("AT+CIMI", SIM_LIMIT_S)))
    iccid, told_by = yield from _iccid(profile, found.iccid)
    msisdn = _msisdn((yield Command("AT+CNUM", SIM_LIMIT_S, expects="+CNUM:")))
    yield Command("AT+COPS=3,0")
    operator = _quoted((yield Command("AT+COPS?", OPERATOR_LIMIT_S, expects="+COPS:")).first("+COPS:"))
    center = _quoted((yield Command("AT+CSCA?", SIM_LIMIT_S, expects="+CSCA:")).first("+CSCA:"))
    signal, final = yield from signal_quality()
    if final.kind in DEAD:
        return Refused("The modem fell silent", final)
    return Subscriber(registration, imsi, iccid, msisdn, operator, center.lstrip("+"), signal, replace(found, iccid=told_by))


def _as_known(known: Capabilities | None, profile: Profile) -> Script:
    """Set a modem as it is known. Returns what is known, the Final of silence, or None when it has to be explored."""
    if known is None or known.family != profile.name or not known.cnmi:
        return None  # one that took nothing may have been busy
    final = yield from listen(known)
    if final.kind in DEAD:
        return final
    return known if final.ok else None


def look(profile: Profile = GENERIC) -> Script:
    """Ask a modem that was ready for SIM, network and signal. Returns Seen, or Silent when it says nothing at all."""
    signal, final = yield from signal_quality()
    if final.kind in DEAD:
        return Silent()
    sim = yield from _sim_state()
    states = yield from stats(profile.registration)
    return Silent() if isinstance(states, Final) else Seen(sim, what_counts(states), signal)


def _sim_state() -> Script:
    answer = yield from insistently(Command("AT+CPIN?", SIM_LIMIT_S, expects="+CPIN:", settles="+CPIN:"))
    return answer.first("+CPIN:") or f"error: {answer.final}"


def _iccid(profile: Profile, told_by: str) -> Script:
    """Ask for the ICCID, first by the command that told it before. Returns it and the command that told it, empty when none did."""
    for text, prefix in sorted(profile.iccid, key=lambda way: way[0] != told_by):
        answer = yield Command(text, SIM_LIMIT_S, expects=prefix)
        digits = re.search(r"\d{18,20}", " ".join(answer.lines))
        if answer.final.ok and digits:
            return digits[0], text
    return "", ""


def _plain(answer: Answer, prefix: str) -> str:
    """Give the first line of an answer whose form is free, without the prefix that some modems put before it."""
    line = answer.lines[0] if answer.final.ok and answer.lines else ""
    return line.removeprefix(prefix).strip().strip('"')


def _digits(answer: Answer) -> str:
    """Give the IMEI or IMSI of an answer: the first line that is one, with or without prefix and quotes."""
    found = re.search(r'^(?:\+\w+:)?\s*"?(\d{14,16})"?$', "\n".join(answer.lines), re.MULTILINE)
    return found[1] if found else ""


def _quoted(text: str) -> str:
    found = _QUOTED.search(text)
    return found[1] if found else ""


def _msisdn(answer: Answer) -> str:
    quoted = _QUOTED.findall(answer.first("+CNUM:"))
    return next((text.lstrip("+") for text in quoted if text.lstrip("+").isdecimal()), "")
