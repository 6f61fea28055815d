"""Posts over HTTP and HTTPS, from two threads at most that end when there is nothing to post.

Certificates are checked, redirects are not followed, and every wait has a limit: for the connection, then for the whole
answer, however slowly it drips. Proxies are those of the environment (http_proxy, https_proxy, no_proxy).
"""

import collections
import contextlib
import http.client
import io
import logging
import os
import queue
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from socket import AI_NUMERICHOST, SOCK_STREAM, gaierror, getaddrinfo
from socket import socket as Socket  # noqa: N812  # a type
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from otppi.adapters.brokers.bell import Bell
from otppi.adapters.brokers.common import BadAuthorities, context, trouble
from otppi.adapters.brokers.wire import Line, Wire
from otppi.config.subscribers import Tls
from otppi.domain.webhooks import Answer, Post

WORKERS = 2
CONNECT_S = 10.0
"""For the address, the connection and the encryption together."""
ANSWER_S = 10.0
"""From the request to the last byte of the answer that is read."""
MOST_ANSWER = 64 * 1024  # bytes of an answer's body; of what it says nothing but the status counts
MOST_READ = 4 * MOST_ANSWER  # with the head, which http.client limits by lines
IDLE_S = 5.0  # before a thread without work ends
MOST_LOOKING = 4  # names that the system's resolver may be looking for at a time; one that hangs cannot be stopped
LOOK_S = 0.25  # between two looks whether a lookup is still wanted
PORTS = {"http": 80, "https": 443}
Done = Callable[[Answer], object]
_log = logging.getLogger(__name__)


class HttpPoster:
    """Implements domain.webhooks.Poster. The condition's lock guards queue and threads: actors ask, the threads carry out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: collections.deque[tuple[Post, Done]] = collections.deque()
        self._threads: dict[threading.Thread, Bell] = {}
        self._idle = 0
        self._stopping = False
        self._names = _Names()
        self._contexts = _Contexts()

    def post(self, request: Post, done: Done) -> None:
        """Post in a thread of our own; ``done`` hears how it went, unless :meth:`stop` comes first."""
        with self._changed:
            if self._stopping:
                return
            self._queue.append((request, done))
            if self._idle < len(self._queue) and len(self._threads) < WORKERS:
                bell = Bell()
                thread = threading.Thread(target=self._work, args=(bell,), name="webhook post")
                self._threads[thread] = bell
                thread.start()
            self._changed.notify()

    def stop(self, limit_s: float) -> bool:
        """Break off what is on its way, and wait for the threads; tells whether they ended."""
        with self._changed:
            self._stopping = True
            self._queue.clear()
            threads = dict(self._threads)
            for bell in threads.values():
                bell.ring()
            self._changed.notify_all()
        end = time.monotonic() + limit_s
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _work(self, bell: Bell) -> None:
        try:
            while (work := self._next()) is not None:
                request, done = work
                answer = self._carry_out(request, bell)
                if not self._stopping:
                    done(answer)
        finally:
            with self._changed:
                self._threads.pop(threading.current_thread(), None)
            bell.close()

    def _next(self) -> tuple[Post, Done] | None:
        with self._changed:
            self._idle += 1
            try:
                self._changed.wait_for(lambda: self._queue or self._stopping, IDLE_S)
            finally:
                self._idle -= 1
            if self._queue:
                return self._queue.popleft()
            self._threads.pop(threading.current_thread(), None)  # before the lock is let go: who asks now starts another
            return None

    def _carry_out(self, request: Post, bell: Bell) -> Answer:
        parts = urlsplit(request.url)
        place = (parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))
        try:
            tls = self._contexts.get(request) if parts.scheme == "https" else None
            return self._visit(request, parts, tls, bell)
        except BadAuthorities as error:
            return Answer(0, str(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(0, _words(error, place))
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it; its own words may hold what was posted
            _log.error("a post to %s:%d failed by %s", *place, type(error).__name__)
            return Answer(0, f"The post to {place[0]}:{place[1]} failed by an error of the gateway.")

    def _visit(self, request: Post, parts: SplitResult, tls: ssl.SSLContext | None, bell: Bell) -> Answer:
        wire = _HttpWire(bell)
        connection = _Connection(parts, tls, wire, lambda host, port, by: self._names.find(host, port, by, self._ended), self._ended)
        with contextlib.closing(connection):
            connection.request("POST", connection.target, request.body, {**request.headers, **connection.more_headers, "Connection": "close"})
            response = connection.getresponse()
            if wire.ended:  # http.client takes the end of the stream for the end of the head
                raise http.client.IncompleteRead(b"")
            status, error = response.status, ""
            if len(response.read(MOST_ANSWER)) < MOST_ANSWER and response.length:
                raise http.client.IncompleteRead(b"")
            if 300 <= status < 400:
                error = f"{parts.hostname}:{parts.port or PORTS[parts.scheme]} answered with status {status}; redirects are not followed."
            return Answer(status, error)

    def _ended(self) -> bool:
        return self._stopping


class _ProxyTrouble(OSError):
    """The proxy is not there, or lets nobody through; says so in a sentence."""


class _HttpWire(Wire):
    """A wire that is encrypted after something was said on it, and knows whether the other side has ended it."""

    ended = False

    def encrypt(self, tls: ssl.SSLContext, name: str, limit: Callable[[], float]) -> Socket:
        """Encrypt what is connected. Raises OSError."""
        if self._socket is None:
            raise ConnectionError
        self._socket = secure = tls.wrap_socket(self._socket, server_hostname=name, do_handshake_on_connect=False)
        self._shake_hands(secure, limit)
        return secure

    def read(self, limit: int = MOST_READ) -> bytes | None:
        """Give what has come, and note the end."""
        data = super().read(limit)
        self.ended = self.ended or data == b""
        return data


class _HttpLine(Line):
    """A wire as http.client wants its socket."""

    def makefile(self, mode: str = "rb", *_: object) -> io.BufferedReader:
        """Give the answer as a file."""
        del mode
        return io.BufferedReader(_Stream(self))

    def close(self) -> None:
        """Hang up."""
        self._wire.close()


class _Stream(io.RawIOBase):
    def __init__(self, line: _HttpLine) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        data = self._line.recv(len(room))
        room[: len(data)] = data
        return len(data)


class _Connection(http.client.HTTPConnection):
    """One request; ``ended()`` tells that it is to be broken off."""

    def __init__(self, parts: SplitResult, tls: ssl.SSLContext | None, wire: _HttpWire,
                 find: Callable[[str, int, float], list[tuple[str, int]]], ended: Callable[[], bool]) -> None:
        self._name, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self._tls, self._wire, self._find, self._ended = tls, wire, find, ended
        self.more_headers = _basic("Authorization", parts)
        self.target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = _proxy(parts.scheme, f"{self._name}:{port}")
        self._through_proxy = proxy is not None
        super().__init__(self._name, port) if proxy is None else super().__init__(proxy.hostname or "", proxy.port or PORTS["http"])
        if proxy is not None and tls is not None:
            self.set_tunnel(self._name, port, _basic("Proxy-Authorization", proxy))
        elif proxy is not None:
            self.more_headers |= _basic("Proxy-Authorization", proxy)
            host = f"[{self._name}]" if ":" in self._name else self._name
            self.target = f"http://{host}:{port}{self.target}"

    def connect(self) -> None:
        """Connect within the limit, which the answer's follows. Raises OSError."""
        by = time.monotonic() + CONNECT_S
        limit = lambda: 0.0 if self._ended() else by  # noqa: E731
        try:
            stream = self._connected(self._find(self.host, self.port, by), limit)
            self.sock = self._line(stream, limit)
            if self._tunnel_host:  # type: ignore[attr-defined]  # of HTTPConnection, as HTTPSConnection uses it
                self._tunnel()  # type: ignore[attr-defined]
        except OSError as error:
            if self._through_proxy:
                raise _ProxyTrouble(f"There is no way to {self._name} through the proxy. {trouble(error, (self.host, self.port))[0]}") from error
            raise
        if self._tls is not None:
            stream = self._wire.encrypt(self._tls, self._name, limit)
        end = time.monotonic() + ANSWER_S
        self.sock = self._line(stream, lambda: 0.0 if self._ended() else end)

    def _connected(self, addresses: list[tuple[str, int]], limit: Callable[[], float]) -> Socket:
        error: OSError | None = None
        for address in addresses:
            try:
                return self._wire.connect(address, None, limit)
            except OSError as refused:
                error = error or refused
                if time.monotonic() >= limit():
                    break
        raise error or TimeoutError

    def _line(self, stream: Socket, limit: Callable[[], float]) -> Any:
        return _HttpLine(self._wire, stream, limit, MOST_READ)


class _Names:
    """Finds addresses of names. The lock guards the count of lookups, each of which has a thread that nobody can break off:
    it is left behind when its time is over, and a daemon, so that it does not keep the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looking = 0

    def find(self, name: str, port: int, by: float, ended: Callable[[], bool]) -> list[tuple[str, int]]:
        """Give address and port, until a monotonic time. Raises OSError."""
        with contextlib.suppress(gaierror, UnicodeError):
            return _addresses(name, port, AI_NUMERICHOST)
        with self._lock:
            if self._looking >= MOST_LOOKING:
                raise TimeoutError
            self._looking += 1
        found: queue.SimpleQueue[list[tuple[str, int]] | OSError] = queue.SimpleQueue()
        threading.Thread(target=self._look, args=(name, port, found), name="webhook address", daemon=True).start()
        while time.monotonic() < by and not ended():
            with contextlib.suppress(queue.Empty):
                result = found.get(timeout=min(LOOK_S, max(0.0, by - time.monotonic())))
                if isinstance(result, OSError):
                    raise result
                return result
        raise TimeoutError

    def _look(self, name: str, port: int, found: "queue.SimpleQueue[list[tuple[str, int]] | OSError]") -> None:
        try:
            found.put(_addresses(name, port))
        except OSError as error:
            found.put(error)
        except UnicodeError:  # a label of no or of too many letters
            found.put(gaierror())
        finally:
            with self._lock:
                self._looking -= 1


class _Contexts:
    """Encryption by authorities and verification: reading the system's authorities takes longer than a post.

    The lock guards the table, which both threads use; a file that changed is read anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, bool, float], ssl.SSLContext] = {}

    def get(self, request: Post) -> ssl.SSLContext:
        """Give the client's side. Raises BadAuthorities."""
        file = request.ca_file or ssl.get_default_verify_paths().cafile or ""
        changed = 0.0
        with contextlib.suppress(OSError):
            changed = os.stat(file).st_mtime if file else 0.0  # noqa: PTH116  # a Path of nothing is the working folder
        name = (request.ca_file, request.verify, changed)
        with self._lock:
            if name not in self._made:
                self._made = {other: made for other, made in self._made.items() if other[:2] != name[:2]}
                self._made[name] = context(Tls(ca_file=request.ca_file, verify=request.verify))
            return self._made[name]


def _addresses(name: str, port: int, flags: int = 0) -> list[tuple[str, int]]:
    return [(str(address[0]), port) for *_, address in getaddrinfo(name, port, type=SOCK_STREAM, flags=flags)]


def _proxy(scheme: str, place: str) -> SplitResult | None:
    proxies = getproxies()  # on Linux those of the environment
    found = proxies.get(scheme) or proxies.get("all")
    if not found or proxy_bypass(place):
        return None
    parts = urlsplit(found if "://" in found else f"http://{found}")
    return parts if parts.hostname else None


def _basic(header: str, parts: SplitResult) -> dict[str, str]:
    if not parts.username:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {header: "Basic " + b64encode(pair).decode()}


def _words(error: Exception, place: tuple[str, int]) -> str:
    if isinstance(error, _ProxyTrouble):
        return str(error)
    if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected):
        return f"{place[0]}:{place[1]} closed the connection before its answer was whole."
    if isinstance(error, OSError):  # before ValueError, which a certificate's error is as well
        return trouble(error, place)[0]
    return f"{place[0]}:{place[1]} did not answer as an HTTP server does."
