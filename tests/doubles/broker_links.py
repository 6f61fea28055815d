"""Links of the tests of the brokers' adapters: opened, listened to, and ended whatever happens."""

import contextlib
import socket
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from doubles.subscriber_ears import BrokerEars

JOIN_S = 5.0


class Links:
    """``with Links(StompLink) as links``: every link that was opened is closed at the end, and its thread has gone."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._opened: list[tuple[Any, BrokerEars]] = []

    def open(self, subscriber: Any, window: int = 10, *, wait: bool = True) -> tuple[Any, BrokerEars]:
        """Open one; unless told otherwise wait until it is up."""
        ears = BrokerEars()
        link = self._kind(subscriber, window, ears.ears)
        self._opened.append((link, ears))
        if wait:
            ears.until(lambda: ears.ups or ears.losses)
            assert not ears.losses, ears.losses
        return link, ears

    def close(self, link: Any, ears: BrokerEars) -> float:
        """Close one; gives how long that took."""
        began = time.monotonic()
        link.close()
        ears.until(lambda: ears.losses)
        link.join(JOIN_S)
        assert ears.losses == [("", False)]
        return time.monotonic() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for link, _ in self._opened:
            link.close()
        for link, ears in self._opened:
            link.join(JOIN_S)
            assert not link._thread.is_alive()
            assert len(ears.losses) == 1, "the end is told exactly once"
            assert ears.ups <= 1


@contextlib.contextmanager
def mute() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port where connecting neither succeeds nor fails: its queue is full."""
    with socket.socket() as server, contextlib.ExitStack() as others:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = others.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]
