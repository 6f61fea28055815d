"""How a modem becomes ready, and what is done when it is not any more: port, greeting, PIN, network, and the way back up.

    starting ──hello──▶ [entering the PIN ──unlock──▶] registering ──prepare──▶ ready
       ▲                                                   ▲   │
       │                                       look, every │   ▼
       │                                            10 s   not registered
       ├── after a rest, longer each time ◀── no port · refused · no SIM · PIN wanted · restarted
       └── by the rungs of domain.ladder ◀── silent

Words on arrows are scripts of otppi.at, each run by the dialogue; words between them are states as people see them.
Whatever goes wrong on the way ends in ``_lose``, which settles the message in hand and closes the port.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from actors.base import handles
from actors.line_owner import LineOwner
from actors.modem_facts import network_trouble, port_trouble, sim_trouble
from actors.modem_sign import Sign
from otppi.at import bringup
from otppi.at.bringup import Hardware, PinTried, Refused, Seen, Silent, Subscriber
from otppi.at.capabilities import Capabilities
from otppi.at.profiles import GENERIC
from otppi.at.restart import restart
from otppi.at.results import DEAD
from otppi.at.sim_tool import Book
from otppi.at.submit import Submitted
from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.errors import PortError, StoreError
from otppi.domain.identity import same
from otppi.domain.ladder import Ladder, Rung
from otppi.domain.messages.ports import FindPort, PortFree, PortIs, PortUsed
from otppi.domain.messages.running import Begin
from otppi.domain.outcome import Attempt
from otppi.domain.pin import PinBook
from otppi.domain.ports import Clock, Lines, LineSettings, Tell

FIRST_REST_S = 1.0
LONGEST_REST_S = 60.0
UNREGISTERED_REST_S = 10.0
SEEK_AGAIN_S = 60.0  # for a modem that the inspector has not found


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of this modem from before: kept by others, asked for by its owner."""

    imei: Callable[[], str] = lambda: ""
    """The IMEI that answered last under this modem's name, empty when none ever did."""
    note_imei: Callable[[str], None] = lambda imei: None
    elsewhere: Callable[[str], bool] = lambda imei: False
    """Whether an IMEI is another modem's of ours."""
    capabilities: Callable[[str, str], Capabilities | None] = lambda imei, revision: None
    note_capabilities: Callable[[Hardware, Capabilities], None] = lambda hardware, found: None
    usb_id: Callable[[str], str] = lambda path: ""
    """The USB id of the device at a path, for a modem that does not name its maker."""
    cards: Book | None = None
    """What people's tries of PINs came to; without it no tool is used."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Whom a modem's owner tells of what."""

    router: Tell
    monitor: Tell
    inbox: Tell = lambda message: None
    inspector: Tell | None = None
    """Who knows which modem is at which port; without one a port is what the settings name."""


class ModemBringup(LineOwner):
    """Brings one modem up and back up. The subclass says what is done with it once it is ready."""

    def __init__(self, clock: Clock, supervisor: Tell, settings: Modem, lines: Lines, neighbours: Neighbours, pins: PinBook, memory: Memory) -> None:
        super().__init__(f"modem {settings.id}", clock, supervisor, lines)
        self._settings = settings
        self._pins = pins
        self._memory = memory
        self._inspector = neighbours.inspector
        self._sign = Sign(self.name, settings, clock.monotonic, neighbours.router, neighbours.monitor)
        self._ladder = Ladder()
        self._retiring = self._resting = False
        self._rest_s = FIRST_REST_S
        self._after_restart_s = 0.0
        self._path = "" if settings.port.startswith("imei:") else settings.port
        self._opened = ""
        self._answered = ""
        """The IMEI that answered at the port that is, or was last, open."""

    # for the subclass to fill

    def _ready(self, subscriber: Subscriber) -> None:
        """Work: the modem is ready."""

    def _looked_well(self) -> None:
        """Go on after a look at a modem that was ready and still is."""

    def _fallen(self, why: str, attempt: Attempt | None) -> None:
        """Settle whatever is in hand, since nothing can be done for a while; ``attempt`` is what is known of the message."""

    # the port

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Open the port and greet whoever is there."""
        self.let_sleep("open")  # the inspector may be faster than a rest
        self._sign.enter("starting", self.tell)
        if not self._path:
            self._seek("The modem is looked for by its IMEI.")
            return
        try:
            self.open_line(LineSettings(self._path, self._settings.baud_rate, self._settings.parity, self._settings.stop_bits))
        except PortError as error:
            self._lose("no port", str(error))
            if self._wanted():
                self._ask_inspector()
        else:
            self._opened = self._sign.port = self._path
            self._answered = ""
            self._tell_inspector(PortUsed(self._settings.id, self._opened, ""))
            self.run(bringup.hello(self._memory.usb_id(self._opened)))

    def _wanted(self) -> str:
        """Give the IMEI that must answer, empty when any may."""
        return self._settings.port.removeprefix("imei:") if self._settings.port.startswith("imei:") else self._settings.imei or self._memory.imei()

    def _seek(self, why: str) -> None:
        if self._inspector is None:
            self._lose("no port", "A modem named by its IMEI is found by the device inspector, which is not running.")
            return
        self._lose("no port", why, rest_s=SEEK_AGAIN_S)
        self._ask_inspector()

    def _ask_inspector(self) -> None:
        self._tell_inspector(FindPort(self._settings.id, self._wanted(), self._path, self.tell))

    def _tell_inspector(self, message: Any) -> None:
        if self._inspector is not None:
            self._inspector(message)

    @handles(PortIs)
    def port_is(self, message: PortIs) -> None:
        """Open the port at which the modem was found; a modem that is nowhere may have been replaced at the port that the settings name."""
        if self._retiring or self._opened:
            return
        if message.path:
            self._path = message.path
            self.begin(Begin())
        elif self._path and self._path == self._settings.port and not self._settings.imei and not self._memory.elsewhere(self._answered):
            self._memory.note_imei("")  # our modem is nowhere, and who answers here is nobody else's: it was replaced
            self.wake_in(0, "open")
        else:
            self._sign.fall("no port", self.tell, message.why or "The modem with this IMEI is at no port.")

    def close_line(self) -> None:
        """Close the line, and let others have the port."""
        super().close_line()
        if self._opened:
            opened, self._opened = self._opened, ""
            self._tell_inspector(PortFree(self._settings.id, opened, self._answered))

    # the way up

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
            case Silent(heard):
                self._fell_silent(port_trouble(heard, self._settings.baud_rate))
            case Refused(what, final) if final.kind in DEAD:
                self._fell_silent(f"{what} ({final}).")
            case Refused(what, final):
                self._lose("refused", f"{what} ({final}).")

    def _greeted(self, hardware: Hardware) -> None:
        self._sign.hardware, self._answered = hardware, hardware.imei
        wanted = self._wanted()
        if wanted and hardware.imei and not same(hardware.imei, wanted):
            self._misplaced()
            return
        self._ladder.may_restart = bool(hardware.profile.restart)
        if hardware.imei:
            self._memory.note_imei(hardware.imei)
        self._tell_inspector(PortUsed(self._settings.id, self._opened, hardware.imei))
        if hardware.sim != "SIM PIN":
            self._unlocked(hardware.sim)
        elif why_not := self._why_no_pin(hardware):
            self._lose("PIN wanted", why_not)
        else:
            self._sign.enter("entering the PIN", self.tell)
            self.run(bringup.unlock(self._settings.sim_pin.reveal(), hardware.profile))

    def _misplaced(self) -> None:
        """Leave the port to the modem that answers there, and look for ours."""
        why = "Another modem answers at this port; ours is looked for by its IMEI."
        if self._inspector is None:
            self._lose("wrong modem", "Another modem answers at this port than the settings name by its IMEI.")
        else:
            self._lose("wrong modem", why, rest_s=SEEK_AGAIN_S)
            self._ask_inspector()

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

    def _tried_pin(self, tried: PinTried) -> None:
        note = self._pins.accepted if tried.right else self._pins.refused
        note(self._settings.sim_pin.reveal())

    def _unlocked(self, sim: str) -> None:
        hardware = self._sign.hardware
        if sim != "READY" or hardware is None:
            self._lose("no SIM", sim_trouble(sim))
        else:
            self._sign.enter("registering", self.tell)
            found = self._memory.capabilities(hardware.imei, hardware.revision)
            self.run(bringup.prepare(hardware.profile, self._settings.sms_center.lstrip("+"), found))

    def _prepared(self, subscriber: Subscriber) -> None:
        self._sign.subscriber, hardware = subscriber, self._sign.hardware
        if hardware is not None and hardware.imei:
            self._memory.note_capabilities(hardware, subscriber.capabilities)
        if subscriber.registered:
            self._rest_s = FIRST_REST_S
            self._ladder.ready(self.clock.monotonic())
            self._sign.recovery = ""
            self._sign.enter("ready", self.tell, Standing.USABLE)
            self._ready(subscriber)
        else:
            self._unregistered(subscriber.registration)

    def _learned(self, **found: Any) -> None:
        """Keep what was found out about the modem while it worked."""
        hardware, subscriber = self._sign.hardware, self._sign.subscriber
        if hardware is not None and subscriber is not None:
            known, now = subscriber.capabilities, replace(subscriber.capabilities, **found)
            self._sign.subscriber = replace(subscriber, capabilities=now)
            if hardware.imei and now != known:
                self._memory.note_capabilities(hardware, now)

    def _look(self) -> None:
        self.run(bringup.look(self._sign.hardware.profile if self._sign.hardware is not None else GENERIC))

    def _looked(self, seen: Seen) -> None:
        if self._sign.subscriber is not None:
            self._sign.subscriber = replace(self._sign.subscriber, signal=seen.signal)
        if seen.sim != "READY":
            self._lose("no SIM", sim_trouble(seen.sim))
        elif not seen.registered:
            self._unregistered(seen.registration)
        elif self._sign.usable or self._resting:
            self._looked_well()
        else:
            self._unlocked(seen.sim)

    # trouble

    def lost(self, why: str) -> None:
        """Settle what was in hand and open the port again later."""
        self._lose("no port", why)
        if self._wanted():
            self._ask_inspector()

    def _unregistered(self, registration: str) -> None:
        """Keep the port, and look again later."""
        self._sign.fall("not registered", self.tell, network_trouble(registration))
        self._fallen(self._sign.why, None)
        if self._retiring:
            self.stop()
        else:
            self.wake_in(UNREGISTERED_REST_S, "look")

    def _fell_silent(self, why: str, attempt: Attempt | None = None) -> None:
        """Bring a modem back that answered before, rung by rung; one that never did is greeted again after a rest."""
        if self._sign.hardware is None or self._retiring:
            self._lose("silent", why, attempt)
            return
        step = self._ladder.silent(self.clock.monotonic())
        self._sign.recovery = step.rung.value
        match step.rung:
            case Rung.ASK | Rung.LINE | Rung.RESTART:
                self._sign.fall("silent", self.tell, why)
                self._settle(why, attempt)
                if step.rung is Rung.LINE:
                    self.reset_line()
                self._after_restart_s = max(step.rest_s, self._sign.hardware.profile.boot_s)
                self.run(restart(self._sign.hardware.profile.restart) if step.rung is Rung.RESTART else bringup.hello(self._memory.usb_id(self._opened)))
            case _:
                self._lose("silent", why, attempt, rest_s=step.rest_s)

    def _settle(self, why: str, attempt: Attempt | None) -> None:
        result = self.abandon()
        self._fallen(why, result.attempt if isinstance(result, Submitted) else attempt)

    def _lose(self, state: str, why: str, attempt: Attempt | None = None, rest_s: float = 0.0, *, away: bool = False) -> None:
        """Settle what was in hand after trouble, close the port, and open it again later; ``away``: nobody should wait for it."""
        self._sign.fall(state, self.tell, why, away=away)  # first, so that what was in hand is not offered here again
        self._settle(why, attempt)
        self.close_line()
        self._resting = False
        for what in ("look", "doubt", "show", "session", "errand", "back"):
            self.let_sleep(what)
        if self._retiring:
            self.stop()
        else:
            self.wake_in((rest_s or self._rest_s) * (0.8 + secrets.randbelow(400) / 1000), "open")
            self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
