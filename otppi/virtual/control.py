"""The control socket: tests and demos ask what the network received, send messages and order faults. JSON lines."""

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from otppi.virtual.control_requests import Requests
from otppi.virtual.loop import Loop
from otppi.virtual.simulator import Simulator

REQUEST_LIMIT: Final = 1 << 20
"""Octets of one request; who sends more is cut off."""
READ_SIZE: Final = 65536


class Connection:
    """One client; its requests are answered in their order, one at a time."""

    def __init__(
        self, loop: Loop, peer: socket.socket, requests: Requests, gone: Callable[["Connection"], None]
    ) -> None:
        self._loop = loop
        self._peer = peer
        self._requests = requests
        self._gone = gone
        self._input = bytearray()
        self._output = bytearray()
        self._waiting = False
        peer.setblocking(False)
        loop.watch(peer.fileno(), self._on_event)

    def close(self) -> None:
        """Hang up."""
        if self._peer.fileno() >= 0:
            self._loop.forget(self._peer.fileno())
            self._peer.close()
            self._gone(self)

    def _on_event(self, _events: int) -> None:
        try:
            self._send()
            while chunk := self._peer.recv(READ_SIZE):
                self._input += chunk
                if len(self._input) > REQUEST_LIMIT:
                    break
        except BlockingIOError:
            self._next()
            return
        except OSError:
            pass
        self.close()

    def _next(self) -> None:
        while not self._waiting and b"\n" in self._input:
            line, _, rest = bytes(self._input).partition(b"\n")
            self._input[:] = rest
            self._waiting = True
            self._requests.handle(_parsed(line), self._answer)

    def _answer(self, answer: dict[str, Any]) -> None:
        if self._peer.fileno() < 0:
            return
        self._waiting = False
        self._output += json.dumps(answer).encode() + b"\n"
        try:
            self._send()
        except OSError:
            self.close()
            return
        self._next()

    def _send(self) -> None:
        with suppress(BlockingIOError):
            while self._output:
                del self._output[: self._peer.send(self._output)]
        self._loop.want_write(self._peer.fileno(), wanted=bool(self._output))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


class Control:
    """Listens on a Unix socket that only its owner can open."""

    def __init__(self, simulator: Simulator, path: Path) -> None:
        """OSError when the socket cannot be made; a stale one is replaced."""
        self._loop = simulator.loop
        self._path = path
        self._requests = Requests(simulator)
        self._connections: list[Connection] = []
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.setblocking(False)
        before = os.umask(0o077)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        self._listener.listen()
        self._loop.watch(self._listener.fileno(), self._on_event)

    def close(self) -> None:
        """Hang up on everybody and take the socket away."""
        for connection in list(self._connections):
            connection.close()
        self._loop.forget(self._listener.fileno())
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _on_event(self, _events: int) -> None:
        with suppress(BlockingIOError):
            while True:
                peer, _ = self._listener.accept()
                self._connections.append(Connection(self._loop, peer, self._requests, self._connections.remove))
