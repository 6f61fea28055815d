"""The virtual network as a real process of its own, for tests: `with VirtualNetwork(tmp_path, count=2) as network:`."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import otppi

START_LIMIT_S = 15.0
END_LIMIT_S = 10.0
ANSWER_MARGIN_S = 10.0
"""Beyond the time that a request may wait by itself."""

_ROOT = Path(otppi.__file__).parent.parent


class VirtualNetwork:
    """Starts `otppi virtual-modem`, waits until it is ready, talks to its control socket, ends it and expects 0.

    The process dies with the test's, even by SIGKILL (PR_SET_PDEATHSIG, set by util-linux's setpriv).
    """

    def __init__(
        self,
        tmp_path: Path,
        count: int = 1,
        profile: str | Sequence[str] = "generic",
        latency_ms: float = 0,
        extra: Sequence[str] = (),
        name: str = "modem",
        *,
        reports: bool = False,
    ) -> None:
        """With ``reports`` the network says of each SMS that asks for it that it was delivered."""
        self.links = [tmp_path / f"{name}{number}" for number in range(count)]
        self.log = tmp_path / f"{name}-network.jsonl"
        self.control = tmp_path / f"{name}.control"
        self.output = b""
        profiles = [profile] if isinstance(profile, str) else list(profile)
        self._reports = reports
        self._words = [
            *(word for link in self.links for word in ("--link", str(link))),
            *(word for profile in profiles for word in ("--profile", profile)),
            *("--latency-ms", str(latency_ms), "--log", str(self.log), "--control", str(self.control)),
            *extra,
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None
        self._answers = b""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "otppi", "virtual-modem", *self._words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        try:
            self.output_until(b"ready", START_LIMIT_S)
            self._peer = socket.socket(socket.AF_UNIX)
            self._peer.connect(str(self.control))
            self.ask("reports", automatic=self._reports)
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._peer is not None:
            self._peer.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._kill()
            raise
        if kind is None:
            assert self._process.returncode == 0
            assert not any(link.is_symlink() for link in self.links)

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def output_until(self, word: bytes, timeout_s: float = 5) -> str:
        """Everything that the terminal showed, once `word` is in it and the line is whole."""
        assert self._process is not None
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while word not in self.output or not self.output.endswith(b"\n"):
            if not select.select([descriptor], [], [], timeout_s)[0]:
                raise TimeoutError(f"the virtual network does not show {word!r}")
            chunk = os.read(descriptor, 65536)
            if not chunk:
                raise RuntimeError(f"the virtual network has ended with {self._process.wait(END_LIMIT_S)}")
            self.output += chunk
        return self.output.decode()

    def ask(self, do: str, /, *, must: bool = True, **fields: Any) -> dict[str, Any]:
        """One request to the control socket; an answer that is not `ok` fails the test, unless `must` is False."""
        assert self._peer is not None
        self._peer.settimeout(float(fields.get("timeout_s") or 0) + ANSWER_MARGIN_S)
        self._peer.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
        while b"\n" not in self._answers:
            chunk = self._peer.recv(1 << 20)
            if not chunk:
                raise RuntimeError("the virtual network has hung up")
            self._answers += chunk
        line, _, self._answers = self._answers.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if must and not answer["ok"]:
            raise AssertionError(f"{do}: {answer}")
        return answer

    def received(self, count: int = 0, timeout_s: float = 5, since: int = 0) -> list[dict[str, Any]]:
        """Whole messages since the start, without the first `since`, once there are at least `count`."""
        return self.ask("received", count=count, timeout_s=timeout_s, since=since)["messages"]

    def submits(self, count: int = 0, timeout_s: float = 5, since: int = 0) -> list[dict[str, Any]]:
        """SUBMITs since the start, each part one, without the first `since`, once there are at least `count`."""
        return self.ask("submits", count=count, timeout_s=timeout_s, since=since)["submits"]

    def logged(self, event: str | None = None) -> list[dict[str, Any]]:
        """The log file: what a SIGKILL of anybody cannot have lost."""
        lines = self.log.read_bytes().splitlines() if self.log.exists() else []
        events = [json.loads(line) for line in lines]
        return [found for found in events if event is None or found["event"] == event]

    def commands(self, modem: int = 0) -> list[str]:
        """The command lines that a modem has seen."""
        return self.ask("commands", modem=modem)["commands"]

    def wait_command(self, starts: str, modem: int = 0, count: int = 1, timeout_s: float = 5) -> None:
        """Until a modem has seen `count` command lines with this beginning."""
        self.ask("wait_command", modem=modem, starts=starts, count=count, timeout_s=timeout_s)

    def inbound(self, sender: str, text: str, modem: int = 0, **options: Any) -> int:
        """Send a message to a modem; `flash`, `reference`, `wide`, `order`. How many parts it had is returned."""
        return self.ask("inbound", modem=modem, text=text, **{"from": sender}, **options)["parts"]

    def status_report(self, tp_mr: int, to: str, status: int = 0, modem: int = 0) -> None:
        """Send a status report to a modem."""
        self.ask("status_report", modem=modem, tp_mr=tp_mr, to=to, status=status)

    def reports(self, **fields: Any) -> None:
        """What happens by itself when a SUBMIT asks for a report: `automatic`, `delay_s`, `status`."""
        self.ask("reports", **fields)

    def fault(self, kind: str, modem: int | None = None, count: int | None = 1, **options: Any) -> None:
        """Order a fault for the next `count` occasions, or until it is cleared (None)."""
        self.ask("fault", kind=kind, modem=modem, count=count, **options)

    def clear_faults(self, modem: int | None = None, kind: str | None = None) -> None:
        """Forget faults; a modem that hangs wakes up."""
        self.ask("clear_faults", modem=modem, kind=kind)

    def unplug(self, modem: int = 0) -> None:
        """Pull a modem's cable."""
        self.ask("unplug", modem=modem)

    def replug(self, modem: int = 0, link: Path | None = None) -> None:
        """Put it in again, perhaps under another name."""
        self.ask("replug", modem=modem, link=str(link) if link else None)
        if link:
            self.links[modem] = link

    def urc(self, *lines: str, modem: int = 0) -> None:
        """Let a modem say something unasked."""
        self.ask("urc", modem=modem, lines=list(lines))

    def latency(self, ms: float, modem: int | None = None) -> None:
        """Change the network's time for each SUBMIT."""
        self.ask("latency", modem=modem, ms=ms)

    def credit(self, amount: int, modem: int = 0) -> None:
        """What the SIM's credit is from now on, in Rupiah."""
        self.ask("credit", modem=modem, amount=amount)

    def state(self, modem: int = 0) -> dict[str, Any]:
        """One modem's state."""
        return self.ask("state")["modems"][modem]

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
