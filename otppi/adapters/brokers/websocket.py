"""A WebSocket message broker by websocket-client: one connection to hear, and a short one for each reply."""

import base64
import contextlib
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import quote

from otppi.adapters.brokers.base import CLOSE_LIMIT_S, MOST_PATIENCE_S, Broken, BrokerLink
from otppi.adapters.brokers.bell import Bell
from otppi.adapters.brokers.common import trouble
from otppi.adapters.brokers.wire import MOST_BYTES, Line, Wire
from otppi.config.subscribers import WebsocketSubscriber
from otppi.domain.links import Ears

STEP_S = 1.0  # how long half a frame may hold the thread, which then looks after everything else
PARTING_S = 1.0  # for the other side's word at the end
MOST_REPLIES = 8  # on their way at once
MOST_HEAD_BYTES = 16_384  # of the answer to a handshake
NORMAL, POLICY = 1000, 1008


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


class WebsocketLink(BrokerLink):
    """Implements domain.links.Link. There is no acknowledgement, and a pause needs no word: what comes is dropped."""

    def __init__(self, subscriber: WebsocketSubscriber, window: int, ears: Ears) -> None:
        del window  # the broker knows none
        super().__init__("websocket", subscriber, ears)
        self._subscriber = subscriber
        self._replies: ThreadPoolExecutor | None = None
        self._under_way: set[Future[None]] = set()
        self._bells: set[Bell] = set()
        self._cut = False
        self.begin()

    def talk(self) -> None:
        """Connect, then hear and answer until the end."""
        wire, stream = self.dial()
        line = Line(wire, stream, self.connect_by, MOST_HEAD_BYTES)
        socket = self._open(line, self._subscriber.topic)
        with contextlib.closing(_Parting(socket)):
            line.limit = self.due
            self.rise()
            self._hear(socket, line)

    def end(self) -> None:
        """Let the replies on their way end within the limit, and cut the rest."""
        if self._replies is None:
            return
        wait(self._under_way, max(0.0, min(time.monotonic() + CLOSE_LIMIT_S, self.due()) - time.monotonic()))
        self._cut = True
        for bell in list(self._bells):
            bell.ring()
        self._replies.shutdown()

    def do_publish(self, ticket: int, topic: str, payload: bytes) -> None:
        """Over a connection of its own, by a thread of its own, done with once it was written and the connection closed."""
        if self._replies is None:
            self._replies = ThreadPoolExecutor(MOST_REPLIES, thread_name_prefix="websocket reply")
        reply = self._replies.submit(self._reply, ticket, topic, payload, time.monotonic() + self.limit_s)
        self._under_way.add(reply)
        reply.add_done_callback(self._under_way.discard)

    def _hear(self, socket: Any, line: Line) -> None:
        """Deliver, ping and answer until the end. Raises Broken."""
        from websocket import ABNF, WebSocketTimeoutException  # noqa: PLC0415  # who has no such broker need not carry it

        pace = min(MOST_PATIENCE_S, self.limit_s)
        pinged = heard = time.monotonic()
        silent = True
        while True:
            self.run_errands()
            if self.finished():
                return
            line.settimeout(min(STEP_S, pace))
            now = time.monotonic()
            if pinged > heard and now - pinged >= self.limit_s:
                socket.shutdown()  # no last word for the deaf
                raise self.late()
            if now - max(pinged, heard) >= pace and pinged <= heard:
                pinged = now
                socket.ping()
            due = pinged + self.limit_s if pinged > heard else heard + pace
            if not self.wait([line.stream], limit_s=due - now):
                continue
            try:
                code, frame = socket.recv_data_frame(control_frame=True)
            except WebSocketTimeoutException:
                continue  # half a frame; the library keeps it
            line.next(MOST_BYTES)
            heard = time.monotonic()
            if code == ABNF.OPCODE_CLOSE:
                raise self._hung_up(frame.data, at_once=silent)
            silent = False
            if code in {ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY}:
                self.deliver(bytes(frame.data))

    def _hung_up(self, data: bytes, *, at_once: bool) -> Broken:
        """Say why the broker closes. Some let everybody in and close at once on those whose password is wrong."""
        code = int.from_bytes(data[:2]) or NORMAL
        if code == POLICY or (code == NORMAL and at_once):
            return Broken(f"{host_of(self._subscriber)} closed the connection (code {code}); check the user name and the password.", refused=True)
        return Broken(f"{host_of(self._subscriber)} closed the connection (code {code}).")

    def _open(self, line: Line, topic: str) -> Any:
        """Shake hands. Raises Broken."""
        from websocket import WebSocket  # noqa: PLC0415

        subscriber = self._subscriber
        header = []
        if subscriber.username:
            word = base64.b64encode(f"{subscriber.username}:{subscriber.password.reveal()}".encode()).decode()
            header = [f"Authorization: Basic {word}"]
        socket: Any = WebSocket(skip_utf8_validation=True)  # what is no text is the reader's to refuse, and no reason to hang up
        socket.connect(url_of(subscriber, topic), socket=line, header=header, host=host_of(subscriber),
                       suppress_origin=True, redirect_limit=0)  # whoever redirects would get the password sent elsewhere
        line.next(MOST_BYTES)
        return socket

    def _reply(self, ticket: int, topic: str, payload: bytes, end: float) -> None:
        bell = Bell()
        wire = Wire(bell)
        self._bells.add(bell)

        def limit() -> float:
            return 0.0 if self._cut else end

        try:
            line = Line(wire, wire.connect(self.at, self.encryption(), limit), limit, MOST_HEAD_BYTES)
            with contextlib.closing(_Parting(self._open(line, topic))) as parting:
                parting.socket.send(payload)
            error = ""
        except Exception as trouble_met:  # noqa: BLE001  # whatever it is, it is told
            error = self.in_words(trouble_met)[0]
        finally:
            wire.close()
            self._bells.discard(bell)
            bell.close()
        self.confirm(ticket, error)
        self.bell.ring()

    def in_words(self, error: Exception) -> tuple[str, bool]:
        """Say in a sentence what went wrong, and whether we are refused. What the broker wrote stays out."""
        from websocket import WebSocketBadStatusException, WebSocketException, WebSocketTimeoutException  # noqa: PLC0415

        place = host_of(self._subscriber)
        match error:
            case WebSocketBadStatusException(status_code=401 | 403):
                return f"{place} refuses the user name or the password (status {error.status_code}).", True
            case WebSocketBadStatusException():
                return f"{place} does not take the connection (status {error.status_code}).", error.status_code == 404
            case WebSocketTimeoutException():
                return trouble(TimeoutError(), self.at)
            case WebSocketException() if isinstance(error.__context__, OSError):
                return trouble(error, self.at)
            case WebSocketException():
                return f"{place} broke the connection or the rules of WebSocket.", False
        return super().in_words(error)


class _Parting:
    """Closes a connection as the protocol wants it, however far it got."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def close(self) -> None:
        """Say the last word, wait for the other side's, and let go."""
        self.socket.close(timeout=PARTING_S)
        self.socket.shutdown()
