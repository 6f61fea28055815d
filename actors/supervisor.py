"""Keeps device owners alive: starts them, starts them anew after an error, replaces them when their settings change."""

import contextlib
import logging
import secrets
from dataclasses import dataclass
from typing import Any

import pykka

from actors.base import Actor, handles, teller
from otppi.domain.messages.running import (
    Child,
    Died,
    PauseChildren,
    Reconcile,
    Retire,
    Retired,
    State,
    StopChildren,
    Wake,
)
from otppi.domain.messages.subscribing import Pause
from otppi.domain.ports import Clock, Tell

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
STEADY_S = 120.0  # after this long without an error the back-off begins anew
STOP_LIMIT_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    child: Child
    ref: "pykka.ActorRef[Any] | None" = None
    next: Child | None = None
    """What follows once the present one has retired."""
    retiring: bool = False
    backoff_s: float = FIRST_BACKOFF_S
    started: float = 0.0
    restarts: int = 0


class Supervisor(Actor):
    """Owns the references of all device owners; the one place where an actor is stopped by another."""

    def __init__(self, clock: Clock, monitor: Tell) -> None:
        super().__init__("supervisor", clock)
        self._monitor = monitor
        self._held: dict[str, _Held] = {}
        self._kinds: dict[str, tuple[str, ...]] = {}
        self._stopping = False

    @handles(Reconcile)
    def reconcile(self, message: Reconcile) -> None:
        """Start what is new, retire what is gone, replace what changed."""
        wanted = {child.name: child for child in message.children}
        for name in self._kinds.get(message.kind, ()):
            if name not in wanted:
                self._retire(self._held[name], None)
        self._kinds[message.kind] = tuple(wanted)
        for name, child in wanted.items():
            held = self._held.get(name)
            if held is None:
                self._held[name] = held = _Held(child)
                self._start(held)
            elif held.retiring or held.child.value != child.value:
                self._retire(held, child)

    @handles(Died)
    def child_died(self, message: Died) -> None:
        """Tell whoever must know, then start a successor after a while."""
        if (held := self._held.get(message.name)) is not None:
            held.ref = None
            if held.retiring or self._stopping:
                self._ended(held)
            else:
                self._failed(held, message.why)

    @handles(Retired)
    def child_retired(self, message: Retired) -> None:
        """Go on with the successor, or forget the child."""
        if (held := self._held.get(message.name)) is not None:
            held.ref = None
            self._ended(held)

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Start a child whose back-off is over."""
        held = self._held.get(message.what)
        if held is not None and held.ref is None:
            self._start(held)

    @handles(PauseChildren)
    def pause_children(self, message: PauseChildren) -> None:
        """Pass it on."""
        for name in self._kinds.get(message.kind, ()):
            if (held := self._held.get(name)) is not None and held.ref is not None:
                teller(held.ref)(Pause())

    @handles(StopChildren)
    def stop_children(self, message: StopChildren) -> None:
        """Stop all, the youngest first; one that does not end in time is named in the log."""
        self._stopping = True
        for held in reversed(list(self._held.values())):
            if held.ref is not None:
                stop_actor(held.child.name, held.ref)
        message.done()

    def _start(self, held: _Held) -> None:
        if self._stopping:
            return
        held.started = self.clock.monotonic()
        try:
            held.ref = held.child.start()
        except Exception as error:  # noqa: BLE001  # whatever it is, the others must not suffer from it
            _log.exception("%s could not be started", held.child.name)
            self._failed(held, type(error).__name__)
            return
        self._monitor(State("part", held.child.name, {"state": "running", "why": "", "restarts": held.restarts}))

    def _failed(self, held: _Held, why: str) -> None:
        held.child.died(False)
        if self.clock.monotonic() - held.started > STEADY_S:
            held.backoff_s = FIRST_BACKOFF_S
        held.restarts += 1
        self._monitor(State("part", held.child.name, {"state": "failed", "why": why, "restarts": held.restarts}))
        self.wake_in(held.backoff_s * (0.8 + secrets.randbelow(400) / 1000), held.child.name)
        held.backoff_s = min(held.backoff_s * 2, LONGEST_BACKOFF_S)

    def _retire(self, held: _Held, successor: Child | None) -> None:
        held.next = successor
        if held.retiring:
            return
        held.retiring = True
        if held.ref is None:
            self.let_sleep(held.child.name)
            self._ended(held)
        else:
            teller(held.ref)(Retire())

    def _ended(self, held: _Held) -> None:
        successor = held.next
        held.child.died(successor is None)
        if successor is None:
            del self._held[held.child.name]
            self._monitor(State("part", held.child.name, None))
            return
        held.child, held.next, held.retiring = successor, None, False
        held.backoff_s = FIRST_BACKOFF_S
        self._start(held)


def stop_actor(name: str, ref: "pykka.ActorRef[Any]") -> None:
    """Stop an actor and wait for its end, within a limit; one that does not end is named in the log."""
    with contextlib.suppress(pykka.ActorDeadError):
        try:
            ref.stop(timeout=STOP_LIMIT_S)
        except pykka.Timeout:
            _log.error("%s did not end within %.0f s", name, STOP_LIMIT_S)
