"""A link whose one thread waits for its sockets and for what others ask of it, so that no library is ever used by two threads."""

import collections
import contextlib
import errno
import itertools
import logging
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from otppi.adapters.brokers.common import CLOSE_LIMIT_S, BadAuthorities, Once, context, trouble
from otppi.config.subscribers import Subscriber
from otppi.domain.links import Delivery, Ears

SLICE_S = 0.05  # between two looks at whether to give up, while connecting
OVER = "The connection to the broker ended before it was confirmed."
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


class PolledLink:
    """Implements domain.links.Link. A subclass gives the methods that speak with the broker; all of them run on the thread."""

    def __init__(self, kind: str, subscriber: Subscriber, ears: Ears) -> None:
        self.at = subscriber.where()
        self.place = f"{self.at[0]}:{self.at[1]}"
        self.limit_s = subscriber.timeout_ms / 1000
        self.patience_s = max(2.0, min(self.limit_s, 10.0))
        self.ears = Once(ears)
        self.held: set[Held] = set()
        self.paused = False
        self.is_up = False
        self.up_by = time.monotonic() + self.limit_s
        self._tls = subscriber.tls
        self._lock = threading.Lock()  # guards errands, bell and over: actors ask, the thread carries out
        self._errands: collections.deque[Callable[[], object]] = collections.deque()
        self._unconfirmed: dict[int, Callable[[str], object]] = {}
        self._tickets = itertools.count()
        self._close_by = 0.0
        self._over = False
        self._bell = -1
        self._thread = threading.Thread(target=self._run, name=f"{kind} link")

    # what the thread does

    def talk(self) -> None:
        """Connect, subscribe and go on until :meth:`finished`. Raises Broken, or any error of a socket."""
        raise NotImplementedError

    def end(self) -> None:
        """Close whatever is open."""
        raise NotImplementedError

    def do_acknowledge(self, name: Any) -> None:
        """Tell the broker."""
        raise NotImplementedError

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """Send it, and :meth:`confirm` the ticket once the broker has."""
        raise NotImplementedError

    def do_pause(self) -> None:
        """Tell the broker, where it makes sense."""

    def busy(self) -> bool:
        """Whether the broker has yet to confirm something besides replies."""
        return False

    # for subclasses

    def begin(self) -> None:
        """Start the thread, as the last step of making a link."""
        self._thread.start()

    def dial(self) -> socket.socket:
        """Connect, and encrypt if so wished; :meth:`close` breaks it off. Raises OSError or BadAuthorities."""
        secured = context(self._tls) if self._tls.enabled else None
        error: OSError | None = None
        for family, kind, number, _, address in socket.getaddrinfo(*self.at, type=socket.SOCK_STREAM):
            found = socket.socket(family, kind, number)
            try:
                found.setblocking(False)
                self._step(found, lambda found=found, address=address: found.connect(address))  # type: ignore[misc]
                if secured is not None:
                    found = secured.wrap_socket(found, server_hostname=self.at[0], do_handshake_on_connect=False)
                    self._step(found, found.do_handshake)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except ssl.SSLError:
                found.close()
                raise
            except OSError as failed:
                found.close()
                error = failed
            except BaseException:
                found.close()
                raise
            else:
                return found
        raise error or ConnectionError

    def wait(self, readable: Iterable[socket.socket], writable: Iterable[socket.socket] = (), limit_s: float = 1.0) -> None:
        """Wait for the first of these, for something to do, or for the time that is next."""
        watch = select.poll()
        watch.register(self._bell, select.POLLIN)
        for one in readable:
            watch.register(one, select.POLLIN)
        for one in writable:
            watch.register(one, select.POLLIN | select.POLLOUT)
        now = time.monotonic()
        times = [now + limit_s, *([] if self.is_up else [self.up_by]), *([self._close_by] if self._close_by else [])]
        watch.poll(max(0.0, min(times) - now) * 1000 + 1)
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 4096)

    def run_errands(self) -> None:
        """Do what others asked for, in order."""
        while self._errands:
            self._errands.popleft()()

    def finished(self) -> bool:
        """Whether the end is asked for and nothing that was asked for before is left, or the time for it is over."""
        if not self.is_up and not self._close_by and time.monotonic() > self.up_by:
            raise Broken(f"{self.place} did not answer in time.")
        return self._close_by > 0 and (time.monotonic() > self._close_by or not (self._errands or self._unconfirmed or self.busy()))

    def closing_late(self) -> bool:
        """Whether the time for what was asked for before the end is over."""
        return self._close_by > 0 and time.monotonic() > self._close_by

    def deliver(self, payload: bytes, name: Any = None, *, redelivered: bool = False) -> None:
        """Pass a delivery on; ``name`` is what the broker knows it by, if it wants to hear of it again."""
        if name is None:
            self.ears.delivered(Delivery(payload, None, redelivered))
            return
        handle = Held(name)
        self.held.add(handle)
        self.ears.delivered(Delivery(payload, handle, redelivered))

    def rise(self) -> None:
        """Tell that deliveries come."""
        self.is_up = True
        self.ears.up()

    def confirm(self, ticket: int, error: str = "") -> None:
        """Say once how a reply went."""
        with self._lock:
            done = self._unconfirmed.pop(ticket, None)
        if done is not None:
            done(error)

    # what others ask

    def acknowledge(self, handle: Any) -> None:
        """Tell the broker; a handle of another link, or the same one again, does nothing."""
        self._ask(lambda: self._acknowledge(handle))

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """Send a reply."""
        with self._lock:
            accepted = not (self._over or self._close_by)
            if accepted:
                ticket = next(self._tickets)
                self._unconfirmed[ticket] = done
                self._errands.append(lambda: self.do_publish(ticket, topic, payload))
                self._ring()
        if not accepted:
            done(OVER)

    def pause(self) -> None:
        """Deliver nothing any more; what comes stays without acknowledgement, so that it comes again."""
        self.paused = True
        self._ask(self.do_pause)

    def close(self) -> None:
        """Ask for the end."""
        with self._lock:
            if not self._close_by:
                self._close_by = time.monotonic() + CLOSE_LIMIT_S
            self._ring()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; tells whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # inside

    def _ask(self, errand: Callable[[], object]) -> None:
        with self._lock:
            if not (self._over or self._close_by):
                self._errands.append(errand)
                self._ring()

    def _acknowledge(self, handle: Any) -> None:
        if isinstance(handle, Held) and handle in self.held:
            self.held.remove(handle)
            self.do_acknowledge(handle.name)

    def _ring(self) -> None:
        if self._bell >= 0:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_write(self._bell, 1)

    def _step(self, found: socket.socket, step: Callable[[], object]) -> None:
        wanted = 0
        while True:
            try:
                step()
            except (BlockingIOError, ssl.SSLWantWriteError):
                wanted = select.POLLOUT
            except ssl.SSLWantReadError:
                wanted = select.POLLIN
            except OSError as error:
                if error.errno != errno.EISCONN:
                    raise
                return
            else:
                return
            watch = select.poll()
            watch.register(found, wanted)
            while not watch.poll(SLICE_S * 1000):
                if self.finished():
                    raise Broken("")

    def _run(self) -> None:
        why, refused = "", False
        try:
            with self._lock:
                self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self.talk()
        except Broken as broken:
            why, refused = str(broken), broken.refused
        except Exception as error:  # noqa: BLE001  # whatever happens, the end is told
            why, refused = trouble(error, self.at)
            if not isinstance(error, OSError | BadAuthorities):
                _log.warning("the link to %s ended by %s", self.place, type(error).__name__)
        finally:
            with contextlib.suppress(Exception):
                self.end()
            self._settle(why, refused=refused)

    def _settle(self, why: str, *, refused: bool) -> None:
        with self._lock:
            self._over = True
            asked = self._close_by > 0
            left, self._unconfirmed = list(self._unconfirmed.values()), {}
            self._errands.clear()
            bell, self._bell = self._bell, -1
            if bell >= 0:
                os.close(bell)
        for done in left:
            try:
                done(OVER)
            except Exception as error:  # noqa: BLE001  # the end is told whatever a listener does
                _log.error("who waited for a reply to be confirmed failed by %s", type(error).__name__)
        self.ears.lost("" if asked else why, refused=refused and not asked)
