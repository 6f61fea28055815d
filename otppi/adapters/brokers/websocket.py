"""A WebSocket message broker by websocket-client: one connection to hear, and a short one for each reply."""

import base64
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from otppi.adapters.brokers.common import CLOSE_LIMIT_S, Once, context, trouble
from otppi.adapters.brokers.wire import Wire
from otppi.config.subscribers import WebsocketSubscriber
from otppi.domain.links import Delivery, Ears

MOST_SILENCE_S = 10.0
STEP_S = 1.0  # how long half a frame may hold the thread, which then looks after everything else
LEAST_S = 0.05  # a socket takes 0 for no waiting at all
PARTING_S = 1.0  # for the other side's word at the end
MOST_REPLIES = 8  # on their way at once
NORMAL, POLICY = 1000, 1008
ENDED = "The connection to the broker has ended."
_NEVER = float("inf")


def url_of(subscriber: WebsocketSubscriber, topic: str) -> str:
    """Give ``ws[s]://host[:port]/path?topic=T``: a topic in the path is replaced, other arguments are kept, a usual port is left out."""
    path, _, query = subscriber.path.removeprefix("/").replace("#", "%23").partition("?")
    parts = [part for part in query.split("&") if part]
    old = [number for number, part in enumerate(parts) if part.partition("=")[0] == "topic"]
    place = old[0] if old else len(parts)
    kept = [part for number, part in enumerate(parts) if number not in old]
    kept.insert(place, f"topic={quote(topic, safe='')}")
    return f"{'wss' if subscriber.tls.enabled else 'ws'}://{host_of(subscriber)}/{path}?{'&'.join(kept)}"


def host_of(subscriber: WebsocketSubscriber) -> str:
    """Give host and port as a URL and the Host header have them."""
    host, port = subscriber.where()
    name = f"[{host}]" if ":" in host else host
    return name if port == subscriber.PORTS[subscriber.tls.enabled] else f"{name}:{port}"


class WebsocketLink:
    """Implements domain.links.Link.

    The lock guards the wires of the replies and the wish to end: a wire that is begun is either let end, or cut.
    """

    def __init__(self, subscriber: WebsocketSubscriber, window: int, ears: Ears) -> None:
        del window  # the broker knows none
        self._subscriber, self._ears = subscriber, Once(ears)
        self._where = subscriber.where()
        self._timeout_s = subscriber.timeout_ms / 1000
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._closing = self._up = self._paused = self._over = self._cut = False
        self._close_by = _NEVER
        self._busy = 0  # replies that are not done with
        self._replies: ThreadPoolExecutor | None = None
        self._wire = Wire()
        self._wires = {self._wire}
        self._thread = threading.Thread(target=self._run, name=f"websocket-{self._where[0]}")
        self._thread.start()

    def acknowledge(self, handle: Any) -> None:
        """There is no acknowledgement."""

    def publish(self, topic: str, payload: bytes, done: Callable[[str], object]) -> None:
        """See Link: over a connection of its own, by a thread of its own, done with once it was written and the connection closed."""
        with self._lock:
            taken = not self._over and not self._closing
            if taken:
                self._busy += 1
                if self._replies is None:
                    self._replies = ThreadPoolExecutor(MOST_REPLIES, thread_name_prefix=f"{self._thread.name}-reply")
                self._replies.submit(self._reply, topic, payload, done, time.monotonic() + self._timeout_s)
        if not taken:
            done(ENDED)

    def pause(self) -> None:
        """See Link: the connection stays, and what it brings is dropped."""
        self._paused = True

    def close(self) -> None:
        """See Link."""
        with self._lock:
            self._closing = True
            self._close_by = min(self._close_by, time.monotonic() + CLOSE_LIMIT_S)
            shaking_hands = not self._up
        if shaking_hands:
            self._wire.cut()  # the library waits there, not we
        self._wire.nudge()

    def join(self, timeout: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            end = self._listen()
        except Exception as error:  # noqa: BLE001  # the end of the thread, for any reason, is told
            end = self._told(error)
        self._settle_replies()
        self._release(self._wire)
        why, refused = ("", False) if self._closing else end
        self._ears.lost(why, refused=refused)

    def _settle_replies(self) -> None:
        """Let those on their way end within the limit, and cut the rest."""
        limit = time.monotonic() + CLOSE_LIMIT_S
        with self._lock:
            self._over = True
            self._idle.wait_for(lambda: not self._busy, max(0.0, min(limit, self._close_by) - time.monotonic()))
            self._cut = True
            for wire in self._wires:
                wire.cut()
                wire.nudge()
        if self._replies is not None:
            self._replies.shutdown()

    def _listen(self) -> tuple[str, bool]:
        socket = self._open(self._wire, self._subscriber.topic, lambda: 0.0 if self._closing else _NEVER, time.monotonic() + self._timeout_s)
        with contextlib.closing(_Parting(socket)):
            with self._lock:
                self._up = True
            self._ears.up()
            return self._hear(socket)

    def _hear(self, socket: Any) -> tuple[str, bool]:
        """Deliver and ping until the end; gives the reason."""
        from websocket import ABNF, WebSocketTimeoutException  # noqa: PLC0415  # who has no such broker need not carry it

        pace = min(MOST_SILENCE_S, self._timeout_s)
        socket.settimeout(min(STEP_S, pace))
        pinged = heard = time.monotonic()
        silent = True
        while not self._closing:
            now = time.monotonic()
            if pinged > heard and now - pinged >= self._timeout_s:
                socket.shutdown()  # no last word for the deaf
                return trouble(TimeoutError(), self._where)
            if now - max(pinged, heard) >= pace and pinged <= heard:
                pinged = now
                socket.ping()
            due = pinged + self._timeout_s if pinged > heard else heard + pace
            if not (getattr(socket.sock, "pending", int)() or self._wire.wait(due)):
                continue
            try:
                code, frame = socket.recv_data_frame(control_frame=True)
            except WebSocketTimeoutException:
                continue  # half a frame; the library keeps it
            heard = time.monotonic()
            if code == ABNF.OPCODE_CLOSE:
                return self._hung_up(frame.data, at_once=silent)
            silent = False
            if code in {ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY} and not self._paused and not self._closing:
                self._ears.delivered(Delivery(bytes(frame.data)))
        return "", False

    def _hung_up(self, data: bytes, *, at_once: bool) -> tuple[str, bool]:
        """Say why the broker closes. Some let everybody in and close at once on those whose password is wrong."""
        code = int.from_bytes(data[:2]) or NORMAL
        if code == POLICY or (code == NORMAL and at_once):
            return f"{host_of(self._subscriber)} closed the connection (code {code}); check the user name and the password.", True
        return f"{host_of(self._subscriber)} closed the connection (code {code}).", False

    def _open(self, wire: Wire, topic: str, stop: Callable[[], float], limit: float) -> Any:
        """Connect and shake hands. Raises OSError and what the library raises."""
        from websocket import WebSocket  # noqa: PLC0415

        subscriber = self._subscriber
        tls = context(subscriber.tls) if subscriber.tls.enabled else None
        stream = wire.connect(self._where, tls, lambda: min(limit, stop()))
        left = max(LEAST_S, limit - time.monotonic())
        stream.settimeout(left)
        header = []
        if subscriber.username:
            word = base64.b64encode(f"{subscriber.username}:{subscriber.password.reveal()}".encode()).decode()
            header = [f"Authorization: Basic {word}"]
        socket: Any = WebSocket(skip_utf8_validation=True)  # what is no text is the reader's to refuse, and no reason to hang up
        if stop() == 0:
            raise TimeoutError
        socket.connect(url_of(subscriber, topic), socket=_Until(stream, time.monotonic() + left), timeout=left, header=header, host=host_of(subscriber),
                       suppress_origin=True, redirect_limit=0)  # whoever redirects would get the password sent elsewhere
        socket.sock = stream
        return socket

    def _reply(self, topic: str, payload: bytes, done: Callable[[str], object], limit: float) -> None:
        wire = Wire()
        try:
            self._send(wire, topic, payload, limit)
            error = ""
        except Exception as trouble_met:  # noqa: BLE001  # whatever it is, it is told
            error = self._told(trouble_met)[0]
        self._release(wire)
        try:
            done(error)
        finally:
            with self._lock:
                self._busy -= 1
                self._idle.notify_all()

    def _send(self, wire: Wire, topic: str, payload: bytes, limit: float) -> None:
        with self._lock:
            self._wires.add(wire)
            late = self._cut or time.monotonic() >= limit
        if late:
            raise TimeoutError
        with contextlib.closing(_Parting(self._open(wire, topic, lambda: 0.0 if self._cut else _NEVER, limit))) as parting:
            parting.socket.settimeout(max(LEAST_S, limit - time.monotonic()))
            parting.socket.send(payload)

    def _release(self, wire: Wire) -> None:
        with self._lock:
            self._wires.discard(wire)
        wire.close()

    def _told(self, error: Exception) -> tuple[str, bool]:
        """Say in a sentence what went wrong, and whether we are refused. What the broker wrote stays out."""
        from websocket import WebSocketBadStatusException, WebSocketException, WebSocketTimeoutException  # noqa: PLC0415

        place = host_of(self._subscriber)
        match error:
            case WebSocketBadStatusException(status_code=401 | 403):
                return f"{place} refuses the user name or the password (status {error.status_code}).", True
            case WebSocketBadStatusException():
                return f"{place} does not take the connection (status {error.status_code}).", error.status_code == 404
            case WebSocketTimeoutException():
                return trouble(TimeoutError(), self._where)
            case WebSocketException() if not isinstance(error.__context__, OSError):
                return f"{place} broke the connection or the rules of WebSocket.", False
        return trouble(error, self._where)


class _Until:
    """A socket whose reads all end by one time: the library's own limit is one for each byte."""

    def __init__(self, stream: Any, end: float) -> None:
        self._stream = stream
        self._end = end

    def recv(self, size: int) -> bytes:
        """Read. Raises OSError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._stream.settimeout(left)
        read: bytes = self._stream.recv(size)
        return read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Parting:
    """Closes a connection as the protocol wants it, however far it got."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def close(self) -> None:
        """Say the last word, wait for the other side's, and let go."""
        self.socket.close(timeout=PARTING_S)
        self.socket.shutdown()
