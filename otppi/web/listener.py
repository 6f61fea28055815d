"""One listening socket: CherryPy's WSGI server with its own tree, threads that can be ended, and limits for bad clients.

With a ``context`` it speaks TLS; another one, or none, counts from the next connection on, and the socket stays open.
"""

import contextlib
import errno
import logging
import os
import socket
import ssl
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import cherrypy
from cherrypy._cpserver import Server
from cherrypy._cptree import Tree
from cherrypy._cpwsgi_server import CPWSGIServer

from otppi.domain.errors import NotDone
from otppi.web import streams
from otppi.web.answers import log_failure
from otppi.web.connection import IDLE_S, Connection
from otppi.web.crew import Crew, Lobby
from otppi.web.request import Request

BACKLOG = 128  # connections that the kernel keeps until they are accepted
MAX_CONNECTIONS = 400  # of one listener; below the usual limit of 1,024 open files for all of them
_SWEEP_S = 1.0  # how often connections are looked for whose time is over
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # for the URL that people click on

_log = logging.getLogger(__name__)
cherrypy.log.screen = False


class Listener(CPWSGIServer):  # type: ignore[misc]
    """A server on its own threads. ``door`` names it in sentences: "API", "administrator's page"."""

    ConnectionClass = Connection
    expiration_interval = _SWEEP_S
    keep_alive_conn_limit = MAX_CONNECTIONS
    bind_addr: Any
    _connections: Any

    def __init__(
        self, door: str, application: Any, threads: int, host: str = "", port: int = 0, path: Path | None = None, context: ssl.SSLContext | None = None,
    ) -> None:
        self.door, self.asked, self.context = door, (host, port), context
        self._accepting: threading.Thread | None = None
        self._failure: OSError | None = None
        self._stopping = False
        self._handing_back = threading.Lock()  # a connection must not come back to a selector that is being closed
        adapter = Server()
        adapter.socket_host, adapter.socket_port = host or None, port
        adapter.socket_file = str(path) if path else None
        adapter.peercreds = path is not None
        adapter.socket_queue_size, adapter.socket_timeout = BACKLOG, int(IDLE_S)
        adapter.max_request_header_size, adapter.max_request_body_size = streams.HEAD_LIMIT, 0  # bodies: otppi.web.body
        super().__init__(adapter)
        self.ConnectionClass.RequestHandlerClass = Request  # CherryPy has just put its own there
        self.requests = Crew(self, min=threads, max=threads)
        self.server_name = "otppi"
        tree = Tree()
        tree.graft(application)
        self.wsgi_app = tree

    @property
    def url(self) -> str:
        """The URL that reaches this listener from the machine itself."""
        host = _WILDCARDS.get(self.asked[0]) or (f"[{self.asked[0]}]" if ":" in self.asked[0] else self.asked[0])
        return f"{'https' if self.context else 'http'}://{host}:{self.bind_addr[1]}"

    def open(self) -> None:
        """Listen and serve. Raises NotDone with a sentence that names the port."""
        try:
            self.prepare()
        except OSError as error:
            self._forget()
            raise NotDone(self._why(self._failure or error)) from error
        self._connections = Lobby.instead_of(self._connections)
        self._accepting = threading.Thread(target=self.serve, name=f"accept {self.door}")
        self._accepting.start()

    def widen(self, threads: int) -> None:
        """Have at least so many threads from now on."""
        self.requests.widen(threads)

    def patience_s(self) -> float:
        """How long a body may take to arrive: less while others queue for its thread, no longer when the door closes."""
        if not self.ready:
            return 0.0
        return streams.CROWDED_LIMIT_S if self.requests.qsize else streams.REQUEST_LIMIT_S

    def process_conn(self, conn: Any) -> None:
        """Keep a new connection in the selector until it says something, so that silence costs no thread."""
        if conn.until:
            super().process_conn(conn)
        elif self._connections._num_connections < MAX_CONNECTIONS:  # noqa: SLF001
            conn.idle()
            self._connections.keep(conn)
        else:
            conn.close()

    def put_conn(self, conn: Any) -> None:
        """Take a connection back from a thread that has nothing to do for it."""
        with self._handing_back:
            if not self._stopping:
                super().put_conn(conn)
                return
        conn.close()

    def serve(self) -> None:
        """Accept until :meth:`stop`."""
        while self.ready:
            try:
                self._connections.run(self.expiration_interval)
            except Exception as error:  # noqa: BLE001  # one bad connection must not close the door
                log_failure(f"Accepting at the {self.door}", error)

    def stop(self) -> None:
        """Close the socket and idle connections at once; threads end when they have answered. See :meth:`gone`."""
        with self._handing_back:
            self._stopping = True
        if self.ready:
            self._connections._stop_requested = True  # noqa: SLF001
            self._wake()
        super().stop()
        self._forget()

    def gone(self, limit_s: float) -> bool:
        """Wait for the threads to end after :meth:`stop`."""
        until = monotonic() + limit_s
        if self._accepting is not None:
            self._accepting.join(limit_s)
        return self.requests.gone(until - monotonic()) and not (self._accepting and self._accepting.is_alive())

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002
        """Bind as cheroot does, but close the socket that could not be bound, and remember why."""
        sock: socket.socket = self.prepare_socket(self.bind_addr, family, type, proto, self.nodelay, self.ssl_adapter, self.reuse_port)
        try:
            self.bind_socket(sock, self.bind_addr)
        except OSError as error:
            sock.close()
            self._failure = error
            raise
        self.socket, self.bind_addr = sock, self.resolve_real_bind_addr(sock)
        return sock

    def bind_unix_socket(self, bind_addr: str) -> socket.socket:
        """Bind a socket that is its owner's from its first moment, in place of one that nobody listens at any more."""
        path = Path(bind_addr)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _clear(path)
            os.fchmod(sock.fileno(), 0o600)  # before bind: Linux gives the file the socket's mode
            sock.bind(bind_addr)
        except OSError as error:
            sock.close()
            self._failure = error
            raise
        self.socket = sock
        return sock

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Take cheroot's log lines; their text may hold what a client sent, so only the kind of failure is kept."""
        failure = sys.exc_info()[1]
        if traceback and failure is not None:
            log_failure(f"The {self.door}", failure)
        elif level >= logging.WARNING:
            _log.log(level, "The %s's server reports trouble.", self.door)

    def _wake(self) -> None:
        with socket.socket(self.socket.family, socket.SOCK_STREAM) as sock:
            sock.settimeout(1.0)
            with contextlib.suppress(OSError):  # then the sweep wakes it, a second later
                sock.connect(self.bind_addr)

    def _forget(self) -> None:
        """Take this server out of cheroot's process-wide table, which would keep it for ever."""
        logging.statistics.pop(f"Cheroot HTTPServer {id(self)}", None)  # type: ignore[attr-defined]
        if isinstance(self.bind_addr, str) and self._accepting:
            Path(self.bind_addr).unlink(missing_ok=True)

    def _why(self, error: OSError) -> str:
        host, port = self.asked
        if isinstance(self.bind_addr, str):
            taken = error.errno == errno.EADDRINUSE
            return (f"Another gateway answers at {self.bind_addr}." if taken
                    else f"The control socket {self.bind_addr} cannot be opened: {error.strerror or error}.")
        if error.errno == errno.EADDRINUSE:
            return f"The {self.door}'s port {port} is taken by another program."
        if error.errno == errno.EACCES:
            return f"The {self.door}'s port {port} may not be opened by this user."
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            return f"The {self.door} cannot listen at {host}: that is no address of this machine."
        return f"The {self.door}'s port {port} cannot be opened: {error.strerror or error}."


def _clear(path: Path) -> None:
    """Remove a socket at which nobody listens any more."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(1.0)
        try:
            sock.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
