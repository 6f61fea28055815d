"""The real service in a process of its own, on a folder and ports of its own."""

import ctypes
import json
import os
import re
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from doubles.network import VirtualNetwork

READY_LIMIT_S = 60
END_LIMIT_S = 40
PASSWORD = "correct-horse"
_PR_SET_PDEATHSIG = 1


def _die_with_the_test() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def otppi(*words: str, data: Path, stdin: str = "", env: dict[str, str] | None = None, limit_s: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run one command on a data folder."""
    return subprocess.run([sys.executable, "-m", "otppi", *words, "--data-dir", str(data)], input=stdin, capture_output=True, text=True,
                          timeout=limit_s, check=False, env={**os.environ, **(env or {})})


class Service:
    """``with Service(tmp_path, network) as service:`` is a gateway whose modems are the network's.

    API users: ``shop`` with :data:`PASSWORD`. ``modems`` overrides keys of each modem, in order.
    """

    def __init__(self, folder: Path, network: VirtualNetwork | None = None, *, modems: list[dict[str, Any]] | None = None,
                 settings: dict[str, Any] | None = None) -> None:
        self.data = folder / "data"
        links = network.links if network is not None else []
        more = modems or [{} for _ in links]
        self._sections: dict[str, Any] = {
            "modems": [{"id": f"modem{number}", "port": str(link), **keys} for number, (link, keys) in enumerate(zip(links, more, strict=True))],
            **(settings or {}),
        }
        self._sections["api"] = {"host": "127.0.0.1", "http_port": 0, **self._sections.get("api", {})}
        self._environment = {**os.environ, "OTPPI_ADMIN_HOST": "127.0.0.1", "OTPPI_ADMIN_PORT": "0", "OTPPI_PATHS_RUN": f"/tmp/otppi-test-{secrets.token_hex(6)}"}  # noqa: S108  # short: a socket's path is
        self.log = folder / "gateway.log"
        self.process: subprocess.Popen[str] | None = None
        self.session = requests.Session()
        self.session.auth = ("shop", PASSWORD)
        self.admin = self.api = ""

    def __enter__(self) -> Self:
        for section, value in self._sections.items():
            done = self.cli("settings", "set", section, "-", stdin=json.dumps(value))
            assert done.returncode == 0, done.stderr
        done = self.cli("user", "add-api", "shop", "--password-stdin", stdin=PASSWORD)
        assert done.returncode == 0, done.stderr
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.session.close()
        if self.process is not None and self.process.poll() is None:
            code = self.terminate()
            assert kind is not None or code == 0, f"the gateway ended with {code}:\n{self.log.read_text()}"

    def start(self) -> None:
        """Start the process and wait for its ready line."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "otppi", "run", "--data-dir", str(self.data)], stdout=subprocess.PIPE, stderr=log,
                                            text=True, env=self._environment, preexec_fn=_die_with_the_test)  # noqa: PLW1509  # no threads yet that matter
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"otppi ready admin=(\S+) api=(\S+)\n", line)
        assert found, f"no ready line but {line!r}:\n{self.log.read_text()}"
        self.admin, self.api = found[1], found[2].split(",")[0]

    def terminate(self) -> int:
        """Send SIGTERM, wait, give the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self._wait()

    def kill(self) -> None:
        """Send SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self._wait()

    def _wait(self) -> int:
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
        return otppi(*words, data=self.data, stdin=stdin, env=self._environment)
