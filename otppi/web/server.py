"""All doors over HTTP: the API's port, the administrator's port and the control socket, each with its own tree and threads."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from time import monotonic

from otppi.config.certificates import Certificate
from otppi.config.pair import BadPair, Pair, proven
from otppi.config.sections import Api as ApiSection
from otppi.domain.errors import NotDone
from otppi.domain.ports import Accounts, Clock, Control, Gateway
from otppi.web.admin import Admin
from otppi.web.api import HURRIED, HURRIED_AT_ONCE, MESSAGES, USSD, USSD_AT_ONCE, Api
from otppi.web.auth import Gate
from otppi.web.client_address import ClientAddress
from otppi.web.control import ControlSocket
from otppi.web.listener import Listener
from otppi.web.ports import Address, Ports
from otppi.web.waits import Waits

SPARE_THREADS = 8  # of the API, beyond those that wait for an outcome: a waiting send never takes the last one
ADMIN_THREADS = 4
CONTROL_THREADS = 2
HTTP, HTTPS = "API", "HTTPS API"
RELEASE_S = 1.0  # of the limit of closing: for requests that still wait and are told that their outcome is unknown

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """URLs at which the doors answer, with real ports."""

    admin: str
    api: tuple[str, ...]
    trouble: str = ""
    """What is not open though the settings ask for it, in one sentence, until they change."""


class Doors:
    """Opens, moves and closes the doors. ``waiting`` is how many requests may wait for the outcome of a message at a time.

    The lock keeps a change of the settings and the end of the service apart.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        accounts: Accounts,
        control: Control,
        admin: tuple[str, int],
        control_socket: Path,
        trusted_proxies: Iterable[str],
        waiting: int,
        clock: Clock,
    ) -> None:
        self._waits = Waits({MESSAGES: waiting, HURRIED: HURRIED_AT_ONCE, USSD: USSD_AT_ONCE})
        self._api = Api(gateway, Gate(accounts, clock), ClientAddress(trusted_proxies), self._waits)
        self._waiting = waiting
        self._admin = Listener("administrator's page", Admin(control), ADMIN_THREADS, *admin)
        self._control = Listener("control socket", ControlSocket(control, self._waits), CONTROL_THREADS, path=control_socket)
        self._ports = Ports(self._opened)
        self._clock = clock
        self._certificate: Certificate | None = None
        self._pair: Pair | None = None
        self._lock = threading.Lock()
        self._closed = False

    def open(self, api: ApiSection, certificates: Iterable[Certificate] = ()) -> Opened:
        """Open everything. Raises NotDone with a sentence that names the door, and leaves nothing open then."""
        try:
            self._admin.open()
            self._control.open()
            return self.apply(api, certificates)
        except NotDone:
            self.close(RELEASE_S)
            raise

    def apply(self, api: ApiSection, certificates: Iterable[Certificate] = (), waiting: int | None = None) -> Opened:
        """Take changed settings while everything else goes on; without ``waiting`` that bound stays.

        A new port is opened before the old one is closed, another certificate counts from the next connection on. Raises
        NotDone when it cannot be: then all is as it was.
        """
        active = next((one for one in certificates if one.active), None)
        with self._lock:
            if self._closed:
                raise NotDone("The gateway is shutting down.")
            pair = self._pair if active == self._certificate else _pair(active)
            before, self._pair = self._pair, pair
            try:
                self._ports.move({
                    HTTP: (api.host, api.http_port) if api.http_enabled else None,
                    HTTPS: (api.host, api.https_port) if api.https_enabled and pair else None,
                })
            except NotDone:
                self._pair = before
                raise
            self._show(active)
            self._widen(waiting or self._waiting)
            self._api.configure((path for paths in astuple(api.paths) for path in paths), api.reply_timeout_s, hurry=api.overload == "accept")
            urls = tuple(self._ports.live[name].url for name in (HTTP, HTTPS) if name in self._ports.live)
            trouble = "The API's HTTPS is not open: no certificate is active." if api.https_enabled and not pair else ""
            return Opened(self._admin.url, urls, trouble)

    def drain(self) -> None:
        """Refuse new requests at the API; those that wait get their reply."""
        self._api.draining = True

    def close(self, limit_s: float) -> None:
        """Close every door and end every thread; a request that still waits is answered just before the limit.

        Raises NotDone when a thread does not end.
        """
        until = monotonic() + limit_s
        with self._lock:
            self._closed = True
            doors = (*self._ports.all, self._admin, self._control)
            for door in doors:
                door.stop()
        for door in doors:
            door.gone(until - RELEASE_S - monotonic())
        self._waits.release()
        stuck = [door.door for door in doors if not door.gone(max(until - monotonic(), 0.0))]
        if stuck:
            raise NotDone("Threads do not end: " + ", ".join(stuck) + ".")

    def _opened(self, name: str, address: Address) -> Listener:
        context = self._pair.context if name == HTTPS and self._pair else None
        listener = Listener(name, self._api, self._waiting + SPARE_THREADS, *address, context=context)
        listener.open()
        return listener

    def _show(self, certificate: Certificate | None) -> None:
        """Let new connections see this certificate."""
        context = self._pair.context if self._pair else None
        self._admin.context = context
        if HTTPS in self._ports.live:
            self._ports.live[HTTPS].context = context
        if certificate and self._pair and certificate != self._certificate and self._clock.wall_is_plausible():
            now = self._clock.wall()
            if not self._pair.begins <= now <= self._pair.ends:
                _log.warning('The certificate "%s" %s; clients will refuse it.', certificate.id, "has expired" if now > self._pair.ends else "is not valid yet")
        self._certificate = certificate

    def _widen(self, waiting: int) -> None:
        """Let more or fewer requests wait for their outcome; threads come, and stay."""
        self._waits.bound(MESSAGES, waiting)
        self._waiting = waiting
        for door in self._ports.live.values():
            door.widen(waiting + SPARE_THREADS)


def _pair(certificate: Certificate | None) -> Pair | None:
    if certificate is None:
        return None
    try:
        return proven(certificate.certificate, certificate.key)
    except BadPair as bad:
        raise NotDone(f'The certificate "{certificate.id}" cannot serve: its {bad.field} {bad}') from bad
