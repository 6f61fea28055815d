"""Builds a network with its modems on pseudo-terminals, and ends them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from otppi.virtual.commands import COMMANDS
from otppi.virtual.delivery import deliver
from otppi.virtual.event_log import EventLog
from otppi.virtual.faults import Fault, Faults
from otppi.virtual.findings import make_of
from otppi.virtual.line import Line
from otppi.virtual.loop import Loop
from otppi.virtual.modem import Modem
from otppi.virtual.network import Network
from otppi.virtual.profiles import identity
from otppi.virtual.sim import Sim

_CONCERN_THE_NETWORK = {"not_registered", "sim_absent", "sim_busy", "store_full"}
Announce = Callable[[int, str, str], None]
"""Told every whole message: modem, recipient, text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a virtual network is to be."""

    links: Sequence[Path]
    """One modem for each."""
    profiles: Sequence[str] = ("generic",)
    """Names; the last one goes for all modems after it."""
    latency_s: float = 0.0
    log: Path | None = None
    pin: str = field(default="", repr=False)
    """Every SIM asks for it; empty: none does."""
    imeis: Sequence[str] = ()
    """Of the first modems, in place of the invented ones."""


class Simulator:
    """One loop, one network, some modems. A context manager: links and descriptors are gone after it."""

    def __init__(self, options: Options, announce: Announce = lambda _modem, _to, _text: None) -> None:
        """Open every terminal and make the links. OSError when a link or the log cannot be made."""
        self.loop = Loop()
        self.faults = Faults()
        self.log = EventLog(options.log)
        self.network = Network(self.log, self.loop.later, announce)
        self.started_at = time.time()
        self.modems = [
            Modem(
                index,
                make_of(options.profiles[min(index, len(options.profiles) - 1)]),
                identity(index, options.imeis[index] if index < len(options.imeis) else ""),
                Sim(options.pin),
                self.network,
                self.faults,
                COMMANDS,
                self.loop.later,
                options.latency_s,
            )
            for index in range(len(options.links))
        ]
        self.network.phones = self.modems
        self.network.deliver = lambda modem, whole_pdu: deliver(self.modems[modem], whole_pdu)
        self.links = list(options.links)
        for modem in self.modems:
            self.plug(modem.index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for modem in self.modems:
            modem.unplug()
        self.log.close()
        self.loop.close()

    def plug(self, index: int, link: Path | None = None) -> None:
        """Put a modem's cable in, at its old link or at another; one that is in already is pulled first."""
        modem = self.modems[index]
        modem.unplug()
        self.links[index] = link or self.links[index]
        modem.power_on(Line(self.loop, self.links[index], modem.feed))

    def fault(self, fault: Fault) -> None:
        """Let a fault wait; those of the network's state show at once."""
        if fault.kind == "unplug" and fault.word("when", "after_body") == "now":
            for modem in self._chosen(fault.modem):
                modem.unplug()
            return
        self.faults.add(fault)
        self._state_changed(fault.modem, fault.kind)

    def clear_faults(self, index: int | None, kind: str | None) -> None:
        """Forget faults; modems that hang wake up."""
        before = {modem.index: self._kinds(modem) for modem in self.modems}
        self.faults.clear(index, kind)
        for modem in self.modems:
            ended = before[modem.index] - self._kinds(modem)
            if "hang" in ended:
                modem.wake()
            if ended & _CONCERN_THE_NETWORK:
                modem.registration_changed()

    def _kinds(self, modem: Modem) -> set[str]:
        return {str(fault["kind"]) for fault in self.faults.state() if fault["modem"] in {None, modem.index}}

    def _chosen(self, index: int | None) -> list[Modem]:
        return self.modems if index is None else [self.modems[index]]

    def _state_changed(self, index: int | None, kind: str) -> None:
        if kind in _CONCERN_THE_NETWORK:
            for modem in self._chosen(index):
                modem.registration_changed()
