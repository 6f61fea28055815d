"""redis-py's connection as a link needs it: on a socket of ours, without retries, read when there is something to read."""

import collections
import socket
import time
from collections.abc import Callable
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import TimeoutError as TooLate
from redis.retry import Retry

from otppi.adapters.brokers.base import Broken
from otppi.adapters.brokers.wire import MOST_BYTES, Line

WRITE_LIMIT_S = 2.0  # also for the rest of an answer that has begun
ANSWERS_AT_ONCE = 100  # before everything else has its turn
MOST_ANSWER_BYTES = 4 * MOST_BYTES  # it may hold a window of messages


class RedisWire(Connection):
    """Commands go out at once; their answers come in order and are given to whoever asked."""

    def __init__(self, line: Line, at: tuple[str, int], patience_s: float) -> None:
        self._line = line
        self._patience_s = patience_s
        self._place = f"{at[0]}:{at[1]}"
        self._awaited: collections.deque[tuple[Callable[[Any], object], float]] = collections.deque()
        self._heard = time.monotonic()
        super().__init__(*at, socket_timeout=WRITE_LIMIT_S, retry=Retry(NoBackoff(), 0), protocol=2,  # type: ignore[no-untyped-call]
                         redis_connect_func=lambda wire: wire._parser.on_connect(wire))  # noqa: SLF001  # the greeting is ours
        self.connect()  # type: ignore[no-untyped-call]

    def ask(self, *words: str | bytes | int, then: Callable[[Any], object], extra_s: float = 0.0) -> None:
        """Send a command; ``then`` gets the answer, or redis-py's error for it. Raises Broken."""
        self._awaited.append((then, time.monotonic() + extra_s + self._patience_s))
        self._line.settimeout(WRITE_LIMIT_S)
        try:
            self.send_command(*words, check_health=False)  # type: ignore[no-untyped-call]
        except RedisError as error:
            raise self.broken(error) from None

    def read(self, pushed: Callable[[Any], bool]) -> bool:
        """Take what has come; ``pushed`` takes what nobody asked for. Tells whether there is more. Raises Broken and OSError."""
        try:
            for _ in range(ANSWERS_AT_ONCE):
                if not self.can_read(0):
                    return False
                try:
                    answer = self.read_response(disconnect_on_error=False)
                except TooLate:
                    return False  # the rest is still on its way
                except ResponseError as error:
                    answer = error
                self._heard = time.monotonic()
                self._line.next(MOST_ANSWER_BYTES)
                if not pushed(answer) and self._awaited:
                    self._awaited.popleft()[0](answer)
        except RedisError as error:
            raise self.broken(error) from None
        return True

    def sockets(self) -> list[socket.socket]:
        """What to wait for; empty once it is closed."""
        return [] if self._sock is None else [self._line.stream]

    def look_alive(self) -> None:
        """Ask for a sign of life when it is long that one came. Raises Broken when an answer is overdue."""
        now = time.monotonic()
        if self._awaited and now > max(self._awaited[0][1], self._heard + self._patience_s):
            raise Broken(f"{self._place} did not answer in time.")
        if not self._awaited and now > self._heard + self._patience_s / 4:
            self.ask("PING", then=lambda _: None)

    def broken(self, error: Exception) -> Broken:
        """Say what an error means. Redis repeats a command's words in some, so none of its texts gets out."""
        for kind, start, refused, what in _MEANINGS:
            if isinstance(error, kind) and str(error).startswith(start):
                return Broken(f"{self._place} {what}.", refused=refused)
        return Broken(f"{self._place} closed the connection.")

    def _connect(self) -> Line:
        return self._line


_MEANINGS: tuple[tuple[type[Exception], str, bool, str], ...] = (  # the first that fits
    (AuthenticationError, "", True, "does not accept user name or password"),
    (NoPermissionError, "", True, "does not give this user the rights"),
    (BusyLoadingError, "", False, "is still loading its data"),
    (TooLate, "", False, "did not answer in time"),
    (ResponseError, "WRONGTYPE", True, "has something else than a stream under the topic's name"),
    (ResponseError, "NOGROUP", False, "has lost the stream or its consumer group"),
    (ResponseError, "UNBLOCKED", False, "has lost the stream or its consumer group"),
    (ResponseError, "", False, "refuses a command"),
)
