"""All doors over HTTP: the API's port, the administrator's port and the control socket, each with its own tree and threads."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from time import monotonic

from otppi.config.sections import Api as ApiSection
from otppi.domain.errors import NotDone
from otppi.domain.ports import Accounts, Clock, Control, Gateway
from otppi.web.admin import Admin
from otppi.web.api import MESSAGES, USSD, USSD_AT_ONCE, Api
from otppi.web.auth import Gate
from otppi.web.client_address import ClientAddress
from otppi.web.control import ControlSocket
from otppi.web.listener import Listener
from otppi.web.waits import Waits

SPARE_THREADS = 8  # of the API, beyond those that wait for an outcome: a waiting send never takes the last one
ADMIN_THREADS = 4
CONTROL_THREADS = 2
RELEASE_S = 1.0  # of the limit of closing: for requests that still wait and are told that their outcome is unknown

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """URLs at which the doors answer, with real ports."""

    admin: str
    api: tuple[str, ...]


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
        self._waits = Waits({MESSAGES: waiting, USSD: USSD_AT_ONCE})
        self._api = Api(gateway, Gate(accounts, clock), ClientAddress(trusted_proxies), self._waits)
        self._api_threads = waiting + SPARE_THREADS
        self._admin = Listener("administrator's page", Admin(control), ADMIN_THREADS, *admin)
        self._control = Listener("control socket", ControlSocket(control, self._waits), CONTROL_THREADS, path=control_socket)
        self._listener: Listener | None = None
        self._retired: list[Listener] = []
        self._lock = threading.Lock()
        self._closed = False

    def open(self, api: ApiSection) -> Opened:
        """Open everything. Raises NotDone with a sentence that names the door, and leaves nothing open then."""
        try:
            self._admin.open()
            self._control.open()
            return Opened(self._admin.url, self.apply(api))
        except NotDone:
            self.close(RELEASE_S)
            raise

    def apply(self, api: ApiSection) -> tuple[str, ...]:
        """Take a changed section while everything else goes on; gives the URLs of the API.

        A new port is opened before the old one is closed. Raises NotDone when it cannot be: then all is as it was.
        """
        with self._lock:
            if self._closed:
                raise NotDone("The gateway is shutting down.")
            if api.https_enabled:
                _log.warning("The API's HTTPS is not opened: HTTPS comes with certificates.")
            self._move((api.host, api.http_port) if api.http_enabled else None)
            self._api.configure((path for paths in astuple(api.paths) for path in paths), api.reply_timeout_s)
            return (self._listener.url,) if self._listener else ()

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
            doors = [door for door in (self._listener, self._admin, self._control, *self._retired) if door]
            for door in doors:
                door.stop()
        for door in doors:
            door.gone(until - RELEASE_S - monotonic())
        self._waits.release()
        stuck = [door.door for door in doors if not door.gone(max(until - monotonic(), 0.0))]
        if stuck:
            raise NotDone("Threads do not end: " + ", ".join(stuck) + ".")

    def _move(self, wanted: tuple[str, int] | None) -> None:
        old = self._listener
        if wanted == (old.asked if old else None):
            return
        self._retired = [door for door in self._retired if not door.gone(0)]
        same_port = bool(old and wanted and wanted[1] == old.bind_addr[1])
        if old and (same_port or not wanted):
            self._retire(old)
        try:
            self._listener = self._opened(wanted) if wanted else None
        except NotDone:
            if old and same_port:
                self._listener = self._opened((old.asked[0], old.bind_addr[1]))
            raise
        if old and wanted and not same_port:
            self._retire(old)

    def _opened(self, address: tuple[str, int]) -> Listener:
        listener = Listener("API", self._api, self._api_threads, *address)
        listener.open()
        return listener

    def _retire(self, door: Listener) -> None:
        """Close its socket; its threads end when what they hold is answered."""
        door.stop()
        self._retired.append(door)
