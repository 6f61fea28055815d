"""A modem: opens its port, makes it ready, sends one message at a time, and heals it when it fails.

    starting ──hello──▶ [entering the PIN ──unlock──▶] registering ──prepare──▶ ready ◀──submit──▶ sending
       ▲                                                   ▲   │                  │
       │                                       look, every │   ▼                  │ look, when nothing was sent
       │                                            10 s   not registered ◀───────┘ for long, or when in doubt
       └── after a rest, longer each time ◀── no port · silent · refused · no SIM · PIN wanted · barred · restarted

Words on arrows are scripts of otppi.at, each run by the dialogue; words between them are states as people see them.
Whatever goes wrong on the way ends in ``_lose``, which settles the message in hand and closes the port.
"""

import secrets
from dataclasses import replace
from typing import Any

from actors.base import handles
from actors.line_owner import LineOwner
from actors.modem_facts import network_trouble, port_trouble, sim_trouble
from actors.modem_job import InHand, encoded
from actors.modem_sign import Sign
from actors.modem_ussd import SESSION_S, UssdTalk
from otppi.at import bringup, urc
from otppi.at.bringup import Hardware, PinTried, Refused, Seen, Silent, Subscriber
from otppi.at.gsm7 import TextError
from otppi.at.pdu import PduError
from otppi.at.results import Meaning
from otppi.at.submit import Answered, Started, Submitted, submit
from otppi.at.ussd import Cancelled, NotSaid, Said
from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.errors import PortError, StoreError
from otppi.domain.job import Job
from otppi.domain.messages.asking import AskUssd
from otppi.domain.messages.running import Begin, Retire, Retired, Wake
from otppi.domain.messages.sending import Assign
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.pin import PinBook
from otppi.domain.ports import Clock, Lines, LineSettings, MarkFile, Tell

FIRST_REST_S = 1.0
LONGEST_REST_S = 60.0
BARRED_REST_S = 60.0  # a SIM that may not send (often: no credit) is left alone for so long
UNREGISTERED_REST_S = 10.0
SHOW_S = 0.2  # between two looks of a person nothing is missed
QUIET_S = 60.0  # without a message before a ready modem is asked how it stands, which shows that it lives


class ModemOwner(LineOwner):
    """Owns one modem's port. Tells the router how it stands, takes one job at a time, and answers for each."""

    def __init__(self, clock: Clock, supervisor: Tell, settings: Modem, lines: Lines, router: Tell, monitor: Tell, pins: PinBook, mark: MarkFile) -> None:
        super().__init__(f"modem {settings.id}", clock, supervisor, lines)
        self._settings = settings
        self._pins = pins
        self._mark = mark
        self._sign = Sign(self.name, settings, clock.monotonic, router, monitor)
        self._talk = UssdTalk()
        self._in_hand: InHand | None = None
        self._doubt: urc.News | None = None
        self._retiring = False
        self._rest_s = FIRST_REST_S
        self._reference = secrets.randbelow(256)

    # life

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Open the port and greet whoever is there."""
        self._sign.enter("starting", self.tell)
        try:
            self.open_line(LineSettings(self._settings.port, self._settings.baud_rate, self._settings.parity, self._settings.stop_bits))
        except PortError as error:
            self._lose("no port", str(error))
        else:
            self.run(bringup.hello())

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Go on after a rest, a deadline of the dialogue, a quiet time, or with a doubt."""
        match message.what:
            case "show":
                self._show()
            case "deadline":
                self.act(self.dialogue.wake(self.clock.monotonic()))
            case "open":
                self.begin(Begin())
            case "doubt" if self._doubt is urc.News.RESTARTED:
                self._lose("restarted", "The modem started anew by itself.")
            case "look" | "doubt" if not self.dialogue.busy:
                self._look()
            case "session" if self._talk.open and not self.dialogue.busy:
                self._run_ussd()

    @handles(Retire)
    def retire(self, _: Retire) -> None:
        """Finish what is in hand, then end."""
        self._retiring = True
        self._sign.close("stopping", self.tell)
        if self._in_hand is None:
            self.stop()

    def on_stop(self) -> None:
        """Clean up, and say so when it was the supervisor's wish; after an error the supervisor hears Died instead."""
        super().on_stop()
        if self._supervisor is not None and self._retiring:
            self._supervisor(Retired(self.name))

    def clean_up(self) -> None:
        """Say what became of the job in hand and of one that was not even looked at, close the port."""
        self._sign.close("stopped", self.tell)  # first, so that a job is not offered here again
        if self._in_hand is not None:
            self._finish(self._in_hand.cut_short("The modem's driver ended while it was sending."))
        for message in self.unread():
            if isinstance(message, Assign):
                self._sign.finished(message.job, InHand(message.job).cut_short("The modem's driver ended before it could send."))
            elif isinstance(message, AskUssd):
                self._talk.take(message, ready=False)
        self._talk.drop("The modem's driver ended before the network answered.")
        self.close_line()
        self._mark.close()

    # sending

    @handles(Assign)
    def assign(self, message: Assign) -> None:
        """Send a job as soon as the dialogue is free."""
        self._in_hand = InHand(message.job)
        if not self._sign.open:
            self._finish(self._in_hand.cut_short("The modem was lost before the message could be sent."))
        elif not self.dialogue.busy:
            self._send(message.job)

    def _send(self, job: Job) -> None:
        left_s = job.deadline - self.clock.monotonic()
        self._reference = (self._reference + 1) % 256
        try:
            pdus = encoded(job, self._reference, left_s)
        except (PduError, TextError) as error:
            self._finish(Attempt(Verdict.FAILED, f"The message cannot be encoded: {error}", parts=(0, job.parts)))
            self._next()
            return
        self._show_soon()  # before the prompt is asked for: whoever sees the modem busy sees why
        self.run(submit(pdus, left_s))

    def _submitted(self, submitted: Submitted) -> None:
        attempt = submitted.attempt
        if not submitted.healthy:
            self._lose("silent", attempt.error, attempt)
        elif submitted.trouble is Meaning.SIM:
            self._lose("barred", attempt.error, attempt, rest_s=BARRED_REST_S)
        else:
            if submitted.trouble is Meaning.NETWORK:
                self._doubt = self._doubt or urc.News.DOUBTFUL
            self._finish(attempt)
            self._next()

    def _finish(self, attempt: Attempt) -> None:
        if self._in_hand is not None:
            job, self._in_hand = self._in_hand.job, None
            self._sign.finished(job, attempt)

    def _next(self) -> None:
        """Go on when the modem is ready and the dialogue free: to the end, with a doubt, a job that waited, or waiting."""
        if self._retiring and self._in_hand is None:
            self.stop()
        elif self._doubt is urc.News.DOUBTFUL:
            self._look()
        elif self._in_hand is not None:
            self._send(self._in_hand.job)
        elif self._talk.waiting:
            self._run_ussd()
        else:
            self._show_soon()
            self.wake_in(QUIET_S, "look")

    def _show_soon(self) -> None:
        """Show the modem: at once after a quiet time, else in a moment, once for all that happens until then."""
        if self.wake_paced(SHOW_S, "show"):
            self._show()

    def _show(self) -> None:
        self.done_now("show")
        self._sign.show("sending" if self._in_hand is not None and self._sign.usable else "")

    # USSD

    @handles(AskUssd)
    def ask_ussd(self, message: AskUssd) -> None:
        """Ask the network as soon as the dialogue is free; meanwhile, and while a session is open, nothing is sent."""
        if self._talk.take(message, ready=self._sign.usable or self._talk.open) and not self.dialogue.busy and self._in_hand is None:
            self._run_ussd()

    def _run_ussd(self) -> None:
        for what in ("look", "session"):
            self.let_sleep(what)
        self._sign.enter("USSD", self.tell, Standing.COMING)
        self.run(self._talk.script(packed=self._sign.hardware is not None and self._sign.hardware.profile.ussd_packed))

    def _ussd_done(self, result: Said | NotSaid | Cancelled) -> None:
        self._talk.settle(result)
        if self._talk.open:
            self.wake_in(SESSION_S, "session")
            return
        if isinstance(result, NotSaid):
            self._doubt = self._doubt or urc.News.DOUBTFUL
        self._sign.enter("ready", self.tell, Standing.USABLE)
        self._next()

    # what comes from the line

    def marked(self, what: Any) -> None:
        """Note on disk that a body is about to leave or has its answer, or what the SIM said of the PIN.

        When the disk cannot be written the body does not leave: the error ends this actor, and the next one leaves the prompt.
        """
        match what:
            case Started() if self._in_hand is not None:
                self._mark.write(self._in_hand.mark(left=True).to_json())
                self._in_hand.left = True
            case Answered(taken) if self._in_hand is not None:
                self._in_hand.left, self._in_hand.taken = False, taken
                self._mark.write(self._in_hand.mark(left=False).to_json())
            case PinTried(right):
                note = self._pins.accepted if right else self._pins.refused
                note(self._settings.sim_pin.reveal())

    def unsolicited(self, line: str, _pdu: str) -> None:
        """Note that a modem which was ready may not be so any more; what came with the line is dealt with first."""
        if self._sign.usable and (news := urc.news(line)) is not None:
            self._doubt = news
            self.wake_in(0, "doubt")

    def lost(self, why: str) -> None:
        """Settle what was in hand and open the port again later."""
        self._lose("no port", why)

    def done(self, result: Any) -> None:
        """Take the next step after a script has returned."""
        match result:
            case Hardware():
                self._greeted(result)
            case str():
                self._unlocked(result)
            case Subscriber():
                self._prepared(result)
            case Seen():
                self._looked(result)
            case Submitted():
                self._submitted(result)
            case Said() | NotSaid() | Cancelled():
                self._ussd_done(result)
            case Silent(heard):
                self._lose("silent", port_trouble(heard, self._settings.baud_rate))
            case Refused(what, final):
                self._lose("refused", f"{what} ({final}).")

    def _greeted(self, hardware: Hardware) -> None:
        self._sign.hardware = hardware
        if hardware.sim != "SIM PIN":
            self._unlocked(hardware.sim)
        elif why_not := self._why_no_pin(hardware):
            self._lose("PIN wanted", why_not)
        else:
            self._sign.enter("entering the PIN", self.tell)
            self.run(bringup.unlock(self._settings.sim_pin.reveal(), hardware.profile))

    def _why_no_pin(self, hardware: Hardware) -> str:
        """Say why the PIN must not be entered; empty when it may, and then the try has been noted on disk."""
        pin = self._settings.sim_pin.reveal()
        if why_not := self._pins.why_not(pin, hardware.pin_tries):
            return why_not
        try:
            self._pins.trying(pin)
        except StoreError as error:
            return f"The PIN is not entered, as the try could not be noted first: {error}"
        return ""

    def _unlocked(self, sim: str) -> None:
        if sim != "READY" or self._sign.hardware is None:
            self._lose("no SIM", sim_trouble(sim))
        else:
            self._sign.enter("registering", self.tell)
            self.run(bringup.prepare(self._sign.hardware.profile, self._settings.sms_center.lstrip("+")))

    def _prepared(self, subscriber: Subscriber) -> None:
        self._sign.subscriber = subscriber
        if subscriber.registered:
            self._rest_s, self._doubt = FIRST_REST_S, None
            self._sign.enter("ready", self.tell, Standing.USABLE)
            self._next()
        else:
            self._unregistered(subscriber.registration)

    def _look(self) -> None:
        self._doubt = None
        self.run(bringup.look())

    def _looked(self, seen: Seen) -> None:
        if self._sign.subscriber is not None:
            self._sign.subscriber = replace(self._sign.subscriber, signal=seen.signal)
        if seen.sim != "READY":
            self._lose("no SIM", sim_trouble(seen.sim))
        elif not seen.registered:
            self._unregistered(seen.registration)
        elif self._sign.usable:
            self._next()
        else:
            self._unlocked(seen.sim)

    # trouble

    def _unregistered(self, registration: str) -> None:
        """Keep the port, and look again later."""
        self._sign.fall("not registered", self.tell, network_trouble(registration))
        self._talk.drop(self._sign.why)
        if self._in_hand is not None:
            self._finish(self._in_hand.cut_short(self._sign.why))
        if self._retiring:
            self.stop()
        else:
            self.wake_in(UNREGISTERED_REST_S, "look")

    def _lose(self, state: str, why: str, attempt: Attempt | None = None, rest_s: float = 0.0) -> None:
        """Settle what was in hand after trouble, close the port, and open it again later."""
        self._sign.fall(state, self.tell, why, away=rest_s > 0)  # first, so that what was in hand is not offered here again
        result = self.abandon()
        self._talk.drop(why)
        if isinstance(result, Submitted):
            attempt = result.attempt
        if self._in_hand is not None:
            self._finish(attempt or self._in_hand.cut_short("The modem was lost before the message could be sent."))
        self.close_line()
        for what in ("look", "doubt", "show", "session"):
            self.let_sleep(what)
        if self._retiring:
            self.stop()
        else:
            self.wake_in((rest_s or self._rest_s) * (0.8 + secrets.randbelow(400) / 1000), "open")
            self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
