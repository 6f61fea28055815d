"""One virtual modem: its state, and the running of command lines; what a command means is in the command tables."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol

from otppi.virtual import at_parser
from otppi.virtual.at_parser import Command
from otppi.virtual.faults import Faults
from otppi.virtual.network import SMS_CENTER
from otppi.virtual.profiles import Identity, Profile
from otppi.virtual.refusals import RefusedError, cme, cms, final_line, plain
from otppi.virtual.session import Session
from otppi.virtual.sim import Sim, SimState
from otppi.virtual.storage import Stores
from otppi.virtual.terminal import Cable, Terminal

COMMANDS_KEPT: Final = 20_000
"""Command lines remembered for the control socket."""


class Later(Enum):
    """The only value of this type says that the handler will lead to `Modem.finish`."""

    LATER = "later"


LATER: Final = Later.LATER
Answer = Sequence[str] | Later


class Air(Protocol):
    """What a modem needs of the network; `otppi.virtual.network` is one."""

    operator: str

    def submit(self, modem: int, tpdu: bytes, answer_s: float = 0.0) -> int:
        """Take a SUBMIT that will be answered in `answer_s` seconds; its message reference is returned."""

    def modem_ready(self, modem: int) -> None:
        """The modem has come up, or has room again: what was kept for it can be delivered."""


class Modem(Terminal):
    """Runs command lines through `commands` and is what they act upon."""

    def __init__(
        self,
        index: int,
        profile: Profile,
        identity: Identity,
        sim: Sim,
        network: Air,
        faults: Faults,
        commands: Mapping[str, "Handler"],
        later: Callable[[float, Callable[[], None]], object],
        latency_s: float = 0.0,
    ) -> None:
        """`index` counts from 0; `latency_s` is how long the network takes for each SUBMIT."""
        super().__init__(index, faults, later)
        self.profile = profile
        self.identity = identity
        self.sim = sim
        self.network = network
        self.commands = commands
        self.latency_s = latency_s
        self.stores = Stores(profile.stores, profile.first_index)
        self.functionality = 1
        """`+CFUN`"""
        self.sms_center = SMS_CENTER
        self.credit = 12345
        """In Rupiah, as USSD codes tell it."""
        self.menu: str | None = None
        """The open USSD session, by the path of choices that led here."""
        self.unacknowledged: deque[Callable[[], None]] = deque()
        """One for each message that was shown directly and must be acknowledged with +CNMA."""
        self.noisy = bool(profile.noise)
        self.lines_seen: deque[str] = deque(maxlen=COMMANDS_KEPT)
        self.on_line: Callable[[], None] = lambda: None
        """Called after each command line, for who waits for one."""
        self._queue: deque[Command] = deque()
        self._settling = False

    # power

    def power_on(self, cable: Cable) -> None:
        """Come up on a line as after plugging in."""
        self._cable = cable
        self.restart()

    def restart(self) -> None:
        """Come up again on the same line, as after `+CFUN=1,1`."""
        self.wake()
        self.forget_settings()
        self.functionality = 1
        self.menu = None
        self.unacknowledged.clear()
        self.noisy = bool(self.profile.noise)
        self._settling = False
        self.sim.power_on()
        self.urc(*self.profile.boot)
        self._sim_ready()

    def forget_settings(self) -> None:
        """Take back what a program has set."""
        stores = dict(self.profile.stores)
        self.session = Session(csms=self.profile.services[0], stores=["SM" if "SM" in stores else next(iter(stores))] * 3)

    def wake(self) -> None:
        """End a hang: what was read meanwhile is forgotten."""
        super().wake()
        self._queue.clear()
        if self.profile.noise:
            self.later(self.profile.noise_every_s, lambda: self._make_noise(0))

    def pin_entered(self) -> None:
        """The card is open; some makes are busy with it for a while."""
        self._settling = self.profile.pin_settle_s > 0

        def settled() -> None:
            self._settling = False
            self._sim_ready()
            self.registration_changed()

        # After the OK.
        self.later(max(self.profile.pin_settle_s, 0.001), settled)

    def _sim_ready(self) -> None:
        if self.sim_state(use=False) is SimState.READY:
            self.urc(*self.profile.ready)
            self.network.modem_ready(self.index)

    # what commands ask

    def sim_state(self, *, use: bool = True) -> SimState:
        """The SIM as commands meet it, faults included; `use` takes one occasion of a passing fault."""
        if self.faults.active(self.index, "sim_absent"):
            return SimState.ABSENT
        if self._settling:
            return SimState.BUSY
        if self.faults.active(self.index, "sim_busy"):
            if use:
                self.faults.take(self.index, "sim_busy")
                if not self.faults.active(self.index, "sim_busy"):
                    self.later(0.001, self.registration_changed)  # after the answer
            return SimState.BUSY
        return self.sim.state

    def need_card(self) -> SimState:
        """The state of a card that can be talked to; refuse otherwise."""
        state = self.sim_state()
        if state is SimState.ABSENT:
            raise cme(10)
        if state is SimState.BUSY:
            raise cme(14)
        return state

    def need_sim(self) -> None:
        """Refuse as TS 27.007 does while the SIM cannot be used."""
        codes = {SimState.PIN: 11, SimState.PUK: 12, SimState.BLOCKED: 13}
        code = codes.get(self.need_card())
        if code is not None:
            raise cme(code)

    def need_sim_for_messages(self) -> None:
        """Refuse as TS 27.005 does while the SIM cannot be used."""
        codes = {SimState.PIN: 311, SimState.PUK: 316, SimState.BLOCKED: 313, SimState.ABSENT: 310, SimState.BUSY: 314}
        code = codes.get(self.sim_state())
        if code is not None:
            raise cms(code)

    def registration(self) -> int:
        """The `stat` of `+CREG`."""
        if self.functionality != 1 or self.sim_state(use=False) is not SimState.READY:
            return 0
        fault = self.faults.active(self.index, "not_registered")
        return int(fault.number("stat", 2)) if fault else 1

    def registered(self) -> bool:
        """Home or roaming."""
        return self.registration() in {1, 5}

    def registration_changed(self) -> None:
        """Tell whoever asked for it with `+CREG=1` or 2; the network may deliver what it kept."""
        for name, mode in self.session.registration_urc.items():
            if mode:
                self.urc(f"{name}: {self.registration()}")
        if self.registered():
            self.network.modem_ready(self.index)

    # command lines

    def run_line(self, line: str) -> None:
        """Run the commands of a line; characters before AT and lines without it are noise to a modem."""
        start = line.upper().find("AT")
        if start < 0:
            return
        self._remember(line[start:])
        try:
            self._queue.extend(at_parser.parse(line[start + 2 :]))
        except at_parser.MalformedLineError:
            self.refused(plain())
            return
        self._advance()

    def unheard(self, data: bytes) -> None:
        """A hanging modem has seen this and will not answer."""
        for line in data.decode("latin-1").splitlines():
            self._remember(line.strip())

    def finish(self, lines: Sequence[str] = (), refusal: RefusedError | None = None, *, final: bool = True) -> None:
        """End a command that answered LATER; without `final` nothing more is said."""
        self.release()
        self.say(lines)
        if refusal is not None:
            self.refused(refusal)
        elif final:
            self._advance()
        else:
            self._queue.clear()
        self.pump()

    def refused(self, refusal: RefusedError) -> None:
        """End the command line with an error; what is left of it will not run."""
        self._queue.clear()
        self.release()
        if refusal.family == "unknown":
            self.final(self.profile.unknown or final_line(plain(), self.session.cmee))
        else:
            self.final(final_line(refusal, self.session.cmee))

    def _advance(self) -> None:
        """Run what is left of the command line; OK at its end."""
        while self._queue:
            command = self._queue.popleft()
            try:
                answer = self._answer(command)
            except RefusedError as refusal:
                self.refused(refusal)
                return
            if isinstance(answer, Later):
                self.hold()
                return
            self.say(answer)
            if self.profile.cpin_without_ok and command.name == "+CPIN" and answer:
                return
        self.final("OK")

    def _answer(self, command: Command) -> Answer:
        if command.kind is at_parser.Kind.READ and command.name == self.profile.quieted_by:
            self.noisy = False
        own = self.profile.answers.get(command.name)
        if own is not None:
            if command.name == "^CURC":
                self.noisy = command.value(0) != "0"
            return [own] if own and command.kind is not at_parser.Kind.SET else []
        form = self.profile.iccid_commands.get(command.name)
        if form is not None:
            self.need_sim()
            return [form.format(self.identity.iccid)]
        if (refused := self.profile.refused.get(command.name)) is not None and command.kind is not at_parser.Kind.TEST:
            raise cms(refused)
        handler = self.commands.get(command.name)
        if handler is None or command.name in self.profile.without:
            raise RefusedError("unknown", 0)
        return handler(self, command)

    def _remember(self, line: str) -> None:
        if line:
            self.lines_seen.append(line)
            self.on_line()

    def _make_noise(self, turn: int) -> None:
        if self.noisy:
            self.urc(self.profile.noise[turn % len(self.profile.noise)])
        self.later(self.profile.noise_every_s, lambda: self._make_noise(turn + 1))


Handler = Callable[[Modem, Command], Answer]
"""Runs one command; raises RefusedError for any other end than OK."""
