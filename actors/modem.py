"""A modem: opens its port, makes it ready, sends one message at a time, and heals it when it fails."""

import logging
import secrets
from dataclasses import replace
from typing import Any

from actors.base import handles
from actors.line_owner import LineOwner
from actors.modem_facts import modem_facts, sim_trouble
from otppi.at import bringup, dialogue
from otppi.at.bringup import Hardware, Refused, Signal, Silent, Subscriber
from otppi.at.gsm7 import TextError
from otppi.at.pdu import PduError, submit_pdus
from otppi.at.submit import Started, Submitted, submit
from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.errors import PortError, StoreError
from otppi.domain.job import Job
from otppi.domain.messages.running import Begin, Retire, Retired, State, Wake
from otppi.domain.messages.sending import Assign, Finished, SenderStanding
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.pin import PinBook
from otppi.domain.ports import Clock, Lines, LineSettings, Tell

FIRST_REST_S = 1.0
LONGEST_REST_S = 60.0
UNREGISTERED_REST_S = 10.0
COMING_S = 30.0  # for which a modem that was lost counts as coming back
ENTERING_PIN = "entering the PIN"
QUIET_S = 60.0  # without a word from the modem before it is asked for its signal, which shows that it lives
_log = logging.getLogger(__name__)


class ModemOwner(LineOwner):
    """Owns one modem's port. Tells the router how it stands, takes one job at a time, and answers for each."""

    def __init__(self, clock: Clock, supervisor: Tell, settings: Modem, lines: Lines, router: Tell, monitor: Tell, pins: PinBook) -> None:
        super().__init__(f"modem {settings.id}", clock, supervisor, lines)
        self._settings = settings
        self._router = router
        self._monitor = monitor
        self._pins = pins
        self._job: Job | None = None
        self._body_left = False
        self._retiring = False
        self._rest_s = FIRST_REST_S
        self._reference = secrets.randbelow(256)
        self._hardware: Hardware | None = None
        self._subscriber: Subscriber | None = None
        self._standing = Standing.COMING
        self._coming_until = 0.0
        self._state = ("starting", "")
        self._counts = {"sent": 0, "failed": 0, "unknown": 0}
        self._last_error = ""

    # life

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Open the port and greet whoever is there."""
        self._stand(self._standing, "starting")
        try:
            self.open_line(LineSettings(self._settings.port, self._settings.baud_rate, self._settings.parity, self._settings.stop_bits))
        except PortError as error:
            self._rest("no port", str(error))
        else:
            self.run(bringup.hello())

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Go on after a rest, a deadline of the dialogue, or a quiet time."""
        match message.what:
            case "deadline":
                self.act(self.dialogue.wake(self.clock.monotonic()))
            case "open":
                self.begin(Begin())
            case "register":
                self._prepare()
            case "quiet" if not self.dialogue.busy:
                self.run(bringup.signal_quality())

    @handles(Retire)
    def retire(self, _: Retire) -> None:
        """Finish what is in hand, then end."""
        self._retiring = True
        self._stand(Standing.AWAY, "stopping")
        if self._job is None:
            self.stop()

    def clean_up(self) -> None:
        """Say what became of the job in hand, close the port."""
        if self._job is not None:
            verdict = Verdict.UNKNOWN if self._body_left else Verdict.AGAIN
            self._finish(Attempt(verdict, "The modem's driver ended while it was sending.", parts=(0, self._job.parts)))
        self.close_line()
        if self._supervisor is not None and self._retiring:
            self._supervisor(Retired(self.name))

    # sending

    @handles(Assign)
    def assign(self, message: Assign) -> None:
        """Send a job as soon as the dialogue is free."""
        self._job, self._body_left = message.job, False
        if self._standing is not Standing.USABLE:
            self._finish(Attempt(Verdict.AGAIN, "The modem was lost before the message could be sent.", parts=(0, message.job.parts)))
        elif not self.dialogue.busy:
            self._send(message.job)

    def _send(self, job: Job) -> None:
        self._reference = (self._reference + 1) % 256
        validity = job.validity_s
        if validity is None and job.expires:
            validity = max(1, int(job.deadline - self.clock.monotonic()))
        try:
            pdus = submit_pdus(job.to, job.text, reference=self._reference, validity_s=validity, flash=job.flash)
        except (PduError, TextError) as error:
            self._finish(Attempt(Verdict.FAILED, f"The message cannot be encoded: {error}", parts=(0, job.parts)))
            return
        self._publish("sending")
        self.run(submit(pdus))

    def _finish(self, attempt: Attempt) -> None:
        job, self._job, self._body_left = self._job, None, False
        if job is None:
            return
        if attempt.verdict.value in self._counts:
            self._counts[attempt.verdict.value] += 1
        if attempt.error:
            self._last_error = attempt.error
        self._router(Finished(self._settings.id, job.id, attempt))

    # what scripts return

    def marked(self, what: Any) -> None:
        """Note that a body is about to leave: from now on its fate is the network's."""
        self._body_left = self._body_left or isinstance(what, Started)

    def lost(self, why: str) -> None:
        """Settle what was in hand and open the port again later."""
        self._lose("no port", why)

    def done(self, result: Any) -> None:
        """Take the next step after a script has returned."""
        match result:
            case Hardware():
                self._greeted(result)
            case Silent(heard):
                said = f"Something answers at the port, but it does not speak AT: {heard}" if heard else "The port opened, but nothing answers AT commands."
                self._lose("silent", f"{said} ({self._settings.baud_rate} baud)")
            case str():
                self._unlocked(result)
            case Subscriber():
                self._prepared(result)
            case Refused(what, final):
                self._refused(f"{what} ({final}).")
            case Signal():
                self._heard(result)
            case Submitted():
                self._submitted(result)
        if self._standing is Standing.USABLE and not self.dialogue.busy:
            self.wake_in(QUIET_S, "quiet")

    def _submitted(self, submitted: Submitted) -> None:
        if submitted.healthy:
            self._finish(submitted.attempt)
            self._next()
        else:
            self._stand(Standing.COMING, "recovering", submitted.attempt.error)  # first, so that the job is not offered here again
            self._finish(submitted.attempt)
            self._lose("recovering", submitted.attempt.error)

    def _refused(self, why: str) -> None:
        if self._state[0] == ENTERING_PIN:
            self._pins.refused(self._settings.sim_pin.reveal())
        self._lose("refused", why)

    def _greeted(self, hardware: Hardware) -> None:
        self._hardware = hardware
        if hardware.sim == "READY":
            self._unlocked(hardware.sim)
        elif hardware.sim == "SIM PIN":
            self._enter_pin(hardware)
        else:
            self._lose("no SIM", sim_trouble(hardware.sim))

    def _enter_pin(self, hardware: Hardware) -> None:
        pin = self._settings.sim_pin.reveal()
        why_not = self._pins.why_not(pin, hardware.pin_tries)
        if not why_not:
            try:
                self._pins.trying(pin)
            except StoreError as error:
                why_not = f"The PIN is not entered, as the try could not be noted first: {error}"
        if why_not:
            self._lose("PIN wanted", why_not)
            return
        self._stand(self._standing, ENTERING_PIN)
        self.run(bringup.unlock(pin, hardware.profile))

    def _unlocked(self, sim: str) -> None:
        if self._state[0] == ENTERING_PIN:
            self._pins.accepted(self._settings.sim_pin.reveal())
        if sim != "READY" or self._hardware is None:
            self._lose("no SIM", sim_trouble(sim))
            return
        self._stand(self._standing, "registering")
        self._prepare()

    def _prepare(self) -> None:
        if self._hardware is not None and not self.dialogue.busy:
            self.run(bringup.prepare(self._hardware.profile, self._settings.sms_center.lstrip("+")))

    def _prepared(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        if subscriber.registered:
            self._rest_s = FIRST_REST_S
            self._stand(Standing.USABLE, "ready")
            return
        why = "The network denies the SIM." if subscriber.registration == "3" else "The modem finds no network."
        self._stand(Standing.AWAY, "not registered", why)
        self.wake_in(UNREGISTERED_REST_S, "register")

    def _heard(self, signal: Signal) -> None:
        if self._subscriber is not None:
            self._subscriber = replace(self._subscriber, signal=signal)
        self._publish(self._state[0])
        self._next()

    def _next(self) -> None:
        """Go on after a script: with a job that waited, with the end, or with waiting."""
        if self._job is not None:
            self._send(self._job)
        elif self._retiring:
            self.stop()
        else:
            self._publish(self._state[0])

    # trouble

    def _lose(self, state: str, why: str) -> None:
        """Close the port after trouble, settle what was in hand, and open it again later."""
        self._stand(Standing.COMING, state, why)  # first, so that what was in hand is not offered here again
        for effect in self.dialogue.lost(self.clock.monotonic()):
            if isinstance(effect, dialogue.Done) and isinstance(effect.result, Submitted):
                self._finish(effect.result.attempt)
        if self._job is not None:
            self._finish(Attempt(Verdict.AGAIN, "The modem was lost before the message could be sent.", parts=(0, self._job.parts)))
        self.close_line()
        for what in ("quiet", "register"):
            self.let_sleep(what)
        if self._retiring:
            self.stop()
        else:
            self._rest(state, why)

    def _rest(self, state: str, why: str) -> None:
        """Try again after a while, longer each time."""
        self._stand(Standing.COMING if self.clock.monotonic() < self._coming_until else Standing.AWAY, state, why)
        self.wake_in(self._rest_s * (0.8 + secrets.randbelow(400) / 1000), "open")
        self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)

    # what others see

    def _stand(self, standing: Standing, state: str, why: str = "") -> None:
        if self._retiring:
            standing = Standing.AWAY
        if why and why != self._last_error:
            _log.warning("%s: %s: %s", self.name, state, why)
            self._last_error = why
        elif state == "ready" and self._state[0] != "ready":
            _log.info("%s: ready", self.name)
        if self._standing is Standing.USABLE and standing is not Standing.USABLE:
            self._coming_until = self.clock.monotonic() + COMING_S
        self._standing, self._state = standing, (state, why)
        self._router(SenderStanding(self._settings.id, standing, self.tell))
        self._publish(state)

    def _publish(self, state: str) -> None:
        self._monitor(State("modem", self._settings.id, modem_facts(
            self._settings, self._hardware, self._subscriber, state=state, why=self._state[1], connected=self._standing is Standing.USABLE,
            sent=self._counts["sent"], failed=self._counts["failed"], unknown=self._counts["unknown"], last_error=self._last_error)))
