"""The threads of a listener, and the selector in which connections wait that need none."""

import queue
import threading
from time import monotonic
from typing import Any

from cheroot.connections import ConnectionManager
from cheroot.workers.threadpool import _SHUTDOWNREQUEST, ThreadPool  # type: ignore[attr-defined]


class Crew(ThreadPool):
    """cheroot's pool, whose own ``stop`` waits without an end for a thread that does not come back."""

    _threads: list[threading.Thread]
    _queue: "queue.Queue[object]"

    def stop(self, timeout: float = 0) -> None:  # noqa: ARG002  # cheroot's
        for _ in self._threads:
            self._queue.put(_SHUTDOWNREQUEST)

    def gone(self, limit_s: float) -> bool:
        until = monotonic() + limit_s
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def widen(self, threads: int) -> None:
        """Have at least so many threads; a pool never shrinks."""
        self.max = max(self.max, threads)
        self.grow(threads - len(self._threads))


class Lobby(ConnectionManager):
    """cheroot's selector, with a limit for each connection by what it waits for."""

    server: Any
    _selector: Any

    @classmethod
    def instead_of(cls, other: Any) -> "Lobby":
        """Take the place of the one that cheroot has made."""
        other._selector.close()  # noqa: SLF001
        return cls(other.server)

    def put(self, conn: Any) -> None:
        if not conn.midway and conn.rfile.has_data():
            self.server.process_conn(conn)
        else:
            self.keep(conn)

    def keep(self, conn: Any) -> None:
        """Wait for its next byte; nothing is read, as the first one tells whether it is TLS."""
        self._selector.register(conn.socket.fileno(), conn.events, data=conn)

    def _expire(self, threshold: float) -> None:  # noqa: ARG002  # cheroot's
        now = monotonic()
        for number, conn in list(self._selector.connections):
            if conn is not self.server and conn.until < now:
                self._selector.unregister(number)
                conn.give_up()
