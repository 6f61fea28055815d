"""Links of the tests of the brokers' adapters: opened, listened to, and ended whatever happens."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from doubles.subscriber_ears import BrokerEars

WINDOW = 10
JOIN_S = 5.0
PASSWORDS = ("battery-staple", "correct-horse")
"""What no link may show of itself."""

Opened = tuple[Any, BrokerEars]


class Links:
    """``with Links(StompLink) as links``: every link that was opened is closed at the end, and its thread has gone."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._opened: list[Opened] = []

    def open(self, subscriber: Any, window: int = WINDOW, *, wait: bool = True) -> Opened:
        """Open one; unless told otherwise wait until it is up."""
        ears = BrokerEars()
        link = self._kind(subscriber, window, ears.ears)
        self._opened.append((link, ears))
        if wait:
            up(ears)
        return link, ears

    def at(self, subscriber: Any) -> Callable[..., Opened]:
        """Give what opens a link to a broker, with settings of this kind of subscriber, and waits for nothing."""
        def opened(broker: Any, window: int = WINDOW, **settings: Any) -> Opened:
            return self.open(subscriber(**{"host": broker.host, "port": broker.port, "timeout_ms": 5000, **settings}), window, wait=False)
        return opened

    @contextlib.contextmanager
    def opened(self, subscriber: Any, window: int = WINDOW, *, wait: bool = True) -> Iterator[Opened]:
        """A link that is up, and closed at the end."""
        link, ears = self.open(subscriber, window, wait=wait)
        try:
            yield link, ears
        finally:
            self._end()

    def refusal(self, subscriber: Any) -> tuple[str, bool]:
        """How a link ends that never comes up."""
        with self.opened(subscriber, wait=False) as (_, ears):
            found = lost(ears)
        assert not ears.ups
        return found

    def close(self, link: Any, ears: BrokerEars) -> float:
        """Close one; gives how long that took."""
        began = time.monotonic()
        ended(link, ears)
        assert link.join(JOIN_S)
        return time.monotonic() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        opened, self._opened = self._opened, []
        for link, _ in opened:
            link.close()
        for link, ears in opened:
            assert link.join(JOIN_S), "the thread goes"
            assert len(ears.losses) == 1, "the end is told exactly once"
            assert ears.ups <= 1
            assert not any(password in repr((ears.losses, ears.published, vars(link))) for password in PASSWORDS)
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("websocket reply")]


def up(ears: BrokerEars) -> BrokerEars:
    """Wait until it is subscribed."""
    ears.until(lambda: ears.ups or ears.losses)
    assert not ears.losses, ears.losses
    return ears


def lost(ears: BrokerEars, limit_s: float = 15) -> tuple[str, bool]:
    """Wait for the end, and give it."""
    ears.until(lambda: ears.losses, limit_s)
    return ears.losses[0]


def ended(link: Any, ears: BrokerEars) -> None:
    """Close a link, which takes no longer than it may."""
    link.close()
    assert lost(ears, 3) == ("", False)


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
