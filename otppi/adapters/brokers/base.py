"""What all links are: a thread that alone speaks with the broker, and a queue of what others ask of it."""

import collections
import contextlib
import itertools
import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from socket import socket as Socket  # noqa: N812  # a type
from typing import Any, NamedTuple

from otppi.adapters.brokers.bell import Bell, watch
from otppi.adapters.brokers.common import BadAuthorities, Once, context, trouble
from otppi.adapters.brokers.wire import Wire
from otppi.config.subscribers import Subscriber
from otppi.domain.links import Delivery, Ears

CLOSE_LIMIT_S = 2.0
"""How long what was asked for before :meth:`BrokerLink.close` may take."""
MOST_PATIENCE_S = 10.0
"""A broker that gives no sign of life for so long is gone, however long the time-out for an answer is."""
CLOSED = "The connection to the broker is closed."
ACKNOWLEDGE, PUBLISH, PAUSE = "acknowledge", "publish", "pause"
_log = logging.getLogger(__name__)


class Broken(Exception):
    """The end of a link: a sentence, and whether the broker refuses us."""

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


class Held:
    """A delivery without acknowledgement; its identity is the handle, so that no other link mistakes it for its own."""

    __slots__ = ("name",)

    def __init__(self, name: Any) -> None:
        self.name = name


class _Errand(NamedTuple):
    kind: str
    do: Callable[[], object]


class BrokerLink:
    """Implements domain.links.Link. A subclass gives the methods that speak with the broker; all of them run on the thread."""

    def __init__(self, kind: str, subscriber: Subscriber, ears: Ears) -> None:
        self.at = subscriber.where()
        self.place = f"{self.at[0]}:{self.at[1]}"
        self.limit_s = subscriber.timeout_ms / 1000
        self.ears = Once(ears)
        self.bell = Bell()
        self.paused = False
        self.is_up = False
        self.up_by = time.monotonic() + self.limit_s
        self.verdict: Broken | None = None
        """Why it ends; the first reason stands."""
        self._tls = subscriber.tls
        self._wires: list[Wire] = []
        self._held: set[Held] = set()
        self._lock = threading.Lock()  # guards errands, unconfirmed, close_by and over: actors ask, the thread carries out
        self._errands: collections.deque[_Errand] = collections.deque()
        self._unconfirmed: dict[int, Callable[[str], object]] = {}
        self._tickets = itertools.count()
        self._close_by = math.inf
        self._over = False
        self._thread = threading.Thread(target=self._run, name=f"{kind} link")

    # what the thread does

    def talk(self) -> None:
        """Connect, subscribe and go on until :meth:`finished` or a verdict. Raises Broken, or any error of a socket."""
        raise NotImplementedError

    def end(self) -> None:
        """Let go of what a library holds; the wires are closed after it."""

    def possible(self, kind: str) -> bool:  # noqa: ARG002  # subclasses look at it
        """Tell whether the next errand can be done now."""
        return True

    def do_acknowledge(self, name: Any) -> None:
        """Tell the broker."""
        raise NotImplementedError

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """Send it, and :meth:`confirm` the ticket once the broker has."""
        raise NotImplementedError

    def do_pause(self) -> None:
        """Tell the broker, where it makes sense."""

    def in_words(self, error: Exception) -> tuple[str, bool]:
        """Say in a sentence what an error means that ended :meth:`talk`, and whether we are refused."""
        if isinstance(error, Broken):
            return str(error), error.refused
        if not isinstance(error, OSError | BadAuthorities):
            _log.warning("the link to %s ended by %s", self.place, _harmless(error))
        return trouble(error, self.at)

    def busy(self) -> bool:
        """Tell whether the broker has yet to confirm something besides replies."""
        return False

    # for subclasses

    def begin(self) -> None:
        """Start the thread, as the last step of making a link."""
        self._thread.start()

    def dial(self) -> tuple[Wire, Socket]:
        """Connect, and encrypt if so wished; :meth:`close` breaks it off. Raises OSError or BadAuthorities."""
        wire = Wire(self.bell)
        self._wires.append(wire)
        return wire, wire.connect(self.at, self.encryption(), self.connect_by)

    def encryption(self) -> Any:
        """Give the context of an encrypted connection. Raises BadAuthorities."""
        return context(self._tls) if self._tls.enabled else None

    def connect_by(self) -> float:
        """Give the time to stop connecting: at once when the end is asked for and nothing is left to do."""
        return min(self.up_by, 0.0 if self.asked_to_close and not self._errands else self._close_by)

    def due(self, *times: float) -> float:
        """Give the first of these monotonic times and of the link's own."""
        return min(self._close_by, math.inf if self.is_up else self.up_by, *times, time.monotonic() + MOST_PATIENCE_S)

    def wait(self, read: Iterable[Socket], write: Iterable[Socket] = (), *, limit_s: float) -> bool:
        """Wait for the first of these sockets, for something to do, or for the time that is next; tell whether a socket is ready."""
        return watch(self.bell, self.due(time.monotonic() + limit_s), read=read, write=write)

    def run_errands(self) -> None:
        """Do what others asked for, in its order, as far as it can be done now."""
        while self._errands and self.verdict is None and self.possible(self._errands[0].kind):
            self._errands.popleft().do()

    def finished(self) -> bool:
        """Tell whether the end is asked for and nothing that was asked for before is left, or the time for it is over.

        Raises Broken when the broker has not let us in by the time-out.
        """
        if not self.is_up and not self.asked_to_close and time.monotonic() >= self.up_by:
            raise self.late()
        return self.asked_to_close and (self.closing_late() or not (self._errands or self._unconfirmed or self.busy()))

    @property
    def asked_to_close(self) -> bool:
        """Whether the end is asked for."""
        return self._close_by < math.inf

    def closing_late(self) -> bool:
        """Tell whether the time for what was asked for before the end is over."""
        return time.monotonic() >= self._close_by

    def late(self) -> Broken:
        """Say that the broker is silent."""
        return Broken(trouble(TimeoutError(), self.at)[0])

    def fail(self, why: str, refused: bool = False) -> None:  # noqa: FBT001, FBT002
        """Note why it ends; the first reason stands."""
        self.verdict = self.verdict or Broken(why, refused=refused)

    def deliver(self, payload: bytes, name: Any = None, *, redelivered: bool = False) -> None:
        """Pass a delivery on; ``name`` is what the broker knows it by, if it wants to hear of it again."""
        if self.paused or (name is not None and self.asked_to_close):
            return  # it comes again, where its broker keeps it
        handle = None
        if name is not None:
            handle = Held(name)
            self._held.add(handle)
        self.ears.delivered(Delivery(payload, handle, redelivered))

    def held(self) -> int:
        """Count the deliveries without acknowledgement."""
        return len(self._held)

    def rise(self) -> None:
        """Tell that deliveries come."""
        self.is_up = True
        self.ears.up()

    def confirm(self, ticket: int, error: str = "") -> None:
        """Say once how a reply went; from any thread."""
        with self._lock:
            done = self._unconfirmed.pop(ticket, None)
        if done is not None:
            done(error)

    # what others ask

    def acknowledge(self, handle: Any) -> None:
        """Tell the broker; a handle of another link, or the same one again, does nothing."""
        with self._lock:
            self._ask(_Errand(ACKNOWLEDGE, lambda: self._acknowledge(handle)))

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """Send a reply."""
        with self._lock:
            ticket = next(self._tickets)
            if asked := self._ask(_Errand(PUBLISH, lambda: self.do_publish(ticket, topic, payload))):
                self._unconfirmed[ticket] = done
        if not asked:
            done(CLOSED)

    def pause(self) -> None:
        """Deliver nothing any more; what comes stays without acknowledgement, so that it comes again."""
        self.paused = True
        with self._lock:
            self._ask(_Errand(PAUSE, self.do_pause))

    def close(self) -> None:
        """Ask for the end."""
        with self._lock:
            self._close_by = min(self._close_by, time.monotonic() + CLOSE_LIMIT_S)
        self.bell.ring()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; tells whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # inside

    def _ask(self, errand: _Errand) -> bool:
        """Queue it, under the lock, so that it is done, or refused, but never forgotten."""
        if self._over or self.asked_to_close:
            return False
        self._errands.append(errand)
        self.bell.ring()
        return True

    def _acknowledge(self, handle: Any) -> None:
        if isinstance(handle, Held) and handle in self._held:
            self._held.remove(handle)
            self.do_acknowledge(handle.name)

    def _run(self) -> None:
        try:
            self.talk()
        except Exception as error:  # noqa: BLE001  # whatever happens, the end is told
            self.fail(*self.in_words(error))
        finally:
            self._clean_up()
            self._settle()

    def _clean_up(self) -> None:
        try:
            self.end()
        except Exception as error:  # noqa: BLE001  # as above
            _log.warning("the link to %s was not put away well: %s", self.place, _harmless(error))
        for wire in self._wires:
            with contextlib.suppress(OSError):
                wire.close()
        self.bell.close()

    def _settle(self) -> None:
        with self._lock:
            self._over = True
            left, self._unconfirmed = list(self._unconfirmed.values()), {}
            self._errands.clear()
        why, refused = (str(self.verdict), self.verdict.refused) if self.verdict else (CLOSED, False)
        if self.asked_to_close:
            why, refused = "", False
        for done in left:
            try:
                done(why or CLOSED)
            except Exception as error:  # noqa: BLE001  # the end is told whatever a listener does
                _log.error("who waited for a reply to be confirmed failed by %s", _harmless(error))
        self.ears.lost(why, refused=refused)


def _harmless(error: Exception) -> str:
    """Give the kind of an error and where it arose; its own words may hold what a message said."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {Path(places[-1].filename).name}:{places[-1].lineno}" if places else type(error).__name__
