"""The real service in a process of its own, on a folder and ports of its own."""

import ctypes
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from doubles.network import VirtualNetwork

from otppi.books import open_books
from otppi.store.lock import DataFolder
from otppi.web.control_client import ask

READY_LIMIT_S = 60
END_LIMIT_S = 40
FACT_LIMIT_S = 10
BREATH_S = 0.005
PASSWORD = "correct-horse"
_PR_SET_PDEATHSIG = 1


def _die_with_the_test() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def otppi(*words: str, data: Path, stdin: str = "", env: dict[str, str] | None = None, limit_s: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run one command on a data folder."""
    return subprocess.run([sys.executable, "-m", "otppi", *words, "--data-dir", str(data)], input=stdin, capture_output=True, text=True,
                          timeout=limit_s, check=False, env={**os.environ, **(env or {})})


def until(fact: Callable[[], Any], limit_s: float = FACT_LIMIT_S) -> Any:
    """Ask again and again until the answer is true, with a breath between, so that who is waited for has the processor."""
    end = time.monotonic() + limit_s
    breath = threading.Event()
    while not (found := fact()):
        assert time.monotonic() < end, "what was waited for did not come"
        breath.wait(BREATH_S)
    return found


class Arrivals:
    """What reaches the network from here on."""

    def __init__(self, network: VirtualNetwork) -> None:
        self._network = network
        self._messages, self._submits = len(network.received()), len(network.submits())

    def messages(self, count: int = 0, timeout_s: float = 10) -> list[dict[str, Any]]:
        """Whole messages, once there are ``count``."""
        return self._network.received(self._messages + count, timeout_s, since=self._messages)

    def submits(self, count: int = 0, timeout_s: float = 10) -> list[dict[str, Any]]:
        """Parts, once there are ``count``."""
        return self._network.submits(self._submits + count, timeout_s, since=self._submits)

    def code(self, count: int = 1) -> str:
        """The digits in the last of ``count`` messages."""
        found = re.search(r"\d{4,}", self.messages(count)[-1]["text"])
        assert found, "the message holds no code"
        return found[0]


class Service:
    """``with Service(tmp_path, network) as service:`` is a gateway whose modems are the network's.

    API users: ``shop`` with :data:`PASSWORD`. ``modems`` overrides keys of each modem, in order.
    """

    def __init__(self, folder: Path, network: VirtualNetwork | None = None, *, modems: list[dict[str, Any]] | None = None,
                 settings: dict[str, Any] | None = None, module: str = "otppi", environment: dict[str, str] | None = None) -> None:
        self.data = folder / "data"
        self.module = module
        self.run = Path(f"/tmp/otppi-test-{secrets.token_hex(6)}")  # short: a socket's path is
        weakref.finalize(self, shutil.rmtree, self.run, ignore_errors=True)  # also of one that is never entered
        links = network.links if network is not None else []
        more = modems or [{} for _ in links]
        self.modems = [{"id": f"modem{number}", "port": str(link), **keys} for number, (link, keys) in enumerate(zip(links, more, strict=True))]
        self._sections: dict[str, Any] = {"modems": self.modems, **(settings or {})}
        self._sections["api"] = {"host": "127.0.0.1", "http_port": 0, **self._sections.get("api", {})}
        self.environment = {**os.environ, "OTPPI_ADMIN_HOST": "127.0.0.1", "OTPPI_ADMIN_PORT": "0", "OTPPI_PATHS_RUN": str(self.run),
                            **(environment or {})}
        self.log = folder / "gateway.log"
        self.process: subprocess.Popen[str] | None = None
        self.session = requests.Session()
        self.session.auth = ("shop", PASSWORD)
        self.admin = self.api = ""

    def __enter__(self) -> Self:
        self.set_up()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.session.close()
        if self.process is not None and self.process.poll() is None:
            code = self.terminate()
            assert kind is not None or code == 0, f"the gateway ended with {code}:\n{self.log.read_text()}"

    def set_up(self) -> None:
        """Write settings and user as the command line does without a service, in this process: a tenth of the time."""
        folder = DataFolder(self.data)
        folder.lock(self.run)
        try:
            operations = open_books(self.data).operations()
            for section, value in self._sections.items():
                operations["settings.set"](section=section, value=value)
            operations["user.add"](kind="api", name="shop", password=PASSWORD)
        finally:
            folder.unlock()

    def begin(self) -> "subprocess.Popen[str]":
        """Start the process; nothing is waited for."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen([sys.executable, "-m", self.module, "run", "--data-dir", str(self.data)], stdout=subprocess.PIPE, stderr=log,
                                            text=True, env=self.environment, preexec_fn=_die_with_the_test)  # noqa: PLW1509  # no threads yet that matter
        return self.process

    def start(self) -> None:
        """Start the process and wait for its ready line."""
        process = self.begin()
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"otppi ready admin=(\S+) api=(\S+)\n", line)
        assert found, f"no ready line but {line!r}:\n{self.log.read_text()}"
        self.admin, self.api = found[1], found[2].split(",")[0]

    def terminate(self) -> int:
        """Send SIGTERM, wait, give the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.wait()

    def kill(self) -> None:
        """Send SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for the end and give the exit code."""
        assert self.process is not None
        code = self.process.wait(END_LIMIT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def post(self, command: str, *, path: str = "/api/sms", timeout: float = 60, **data: Any) -> dict[str, Any]:
        """Run a command over REST; gives the reply."""
        return self.send({"command": command, "data": data}, path=path, timeout=timeout).json()

    def send(self, body: Any, *, path: str = "/api/sms", timeout: float = 60) -> requests.Response:
        """POST a body: bytes as they are, anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.session.post(self.api.rstrip("/") + path, data=raw, timeout=timeout)

    def cli(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command on this gateway's data folder."""
        return otppi(*words, data=self.data, stdin=stdin, env=self.environment)

    def do(self, name: str, /, **arguments: Any) -> Any:
        """Run an operation of the running service, as the command line does but without a process."""
        return ask(self.run / "control.sock", name, arguments)

    def modem(self, name: str) -> dict[str, Any]:
        """What the service tells of a modem; empty when it knows none of that name."""
        return self.do("status").get("modem", {}).get(name, {})

    def until_modem(self, name: str, state: str) -> dict[str, Any]:
        """Wait until a modem is in that state."""
        return until(lambda: (found := self.modem(name)).get("state") == state and found)

    def until_in_hand(self, count: int) -> None:
        """Wait until so many messages are in hand."""
        until(lambda: self.do("status")["traffic"]["router"]["in_hand"] == count)
