"""What the private brokers of the tests have in common: a folder, a port, a process that can be killed, frozen and started again."""

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from doubles.service import until

LOWEST_PORT = 12_000
START_LIMIT_S = 60.0
_PR_SET_PDEATHSIG = 1
_CLAIMS: list[socket.socket] = []
"""Names that one process of the machine alone can have, for as long as it lives: a server binds its port seconds after it was chosen."""


def free_port() -> int:
    """A port of the loopback that nobody uses and no other test is given, below those that the kernel gives to outgoing connections."""
    first_of_kernel = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = secrets.randbelow(first_of_kernel - LOWEST_PORT) + LOWEST_PORT
        claim = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe, contextlib.suppress(OSError):
            claim.bind(f"\0otppi-test-port-{port}")
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            _CLAIMS.append(claim)
            return port
        claim.close()


def _die_with_the_test() -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Broker:
    """``with SomeBroker(folder) as broker:`` is a real server on the loopback; its port stays the same over :meth:`kill` and :meth:`start`.

    A subclass gives :meth:`command` and :meth:`answers`, and keeps what must survive a kill in ``folder``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host, self.port = "127.0.0.1", free_port()
        self.environment: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """The words of the process, in the foreground."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it serves clients: a port that is bound is no proof."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def begin(self) -> None:
        """Start the process; nothing is waited for."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                                             env={**os.environ, **self.environment}, preexec_fn=_die_with_the_test)  # noqa: PLW1509

    def start(self) -> None:
        """Start it, after :meth:`kill` on the same port and folder, and wait until it serves."""
        self.begin()
        self.until_up()

    def until_up(self) -> None:
        """Wait until it serves."""
        until(self._up, START_LIMIT_S)

    def _up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the broker ended:\n{(self.folder / 'server.log').read_text()[-2000:]}"
        return self.answers()

    def kill(self) -> None:
        """SIGKILL for it and all of its processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP: connections stay and nobody answers."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGCONT)

    def bound(self) -> bool:
        """Whether something accepts connections at the port."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.host, self.port)) == 0


def tries(ask: Callable[[], object], *errors: type[BaseException]) -> bool:
    """Whether asking raises none of these errors."""
    try:
        ask()
    except errors:
        return False
    return True
