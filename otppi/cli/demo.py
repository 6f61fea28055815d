"""``otppi demo``: what ``make run`` starts: two virtual modems and a gateway, with a line to paste."""

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from otppi.books import open_books
from otppi.cli.common import Commands
from otppi.domain.errors import DataLocked, NotDone
from otppi.store.lock import DataFolder
from otppi.store.run_directory import run_directory

USER = "demo"
USUAL_PORTS = (8888, 8899)
LATENCY_MS = 300
END_LIMIT_S = 30
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter looks like a digit


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo", help="run two virtual modems and a gateway on this machine, with a line to paste", description="Runs a gateway on loopback with two virtual modems, until Ctrl-C. Nothing is sent to anybody; no real modem is needed.",
        epilog="example:\n  otppi demo --data-dir ./var/demo")
    parser.add_argument("--data-dir", type=Path, default=Path("var/demo"), metavar="DIR", help="where the demo keeps its state (var/demo)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C. 1 when one of the two processes ends by itself."""
    folder = args.data_dir.absolute()
    password = "".join(secrets.choice(ALPHABET) for _ in range(20))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTPPI_") and name != "RUNTIME_DIRECTORY"}
    over = threading.Event()
    _set_up(folder, password, _free_ports(USUAL_PORTS), environment)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes: list[subprocess.Popen[str]] = []
    try:
        network = _begin("virtual-modem", "--count", "2", "--link", str(folder / "modem%d"), "--latency-ms", str(LATENCY_MS), environment=environment)
        processes.append(network)
        _wait_for(network, "virtual-modem ready")
        ready = _start_gateway(folder, password, environment, processes)
        _explain(ready, password)
        for process in processes:
            threading.Thread(target=_show, args=(process, over), daemon=True).start()
        over.wait()
    except KeyboardInterrupt:
        return 0
    else:
        raise NotDone("One of the demo's two processes ended by itself; see above.")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave a process behind
        for process in reversed(processes):
            _end(process)


def _start_gateway(folder: Path, password: str, environment: dict[str, str], processes: "list[subprocess.Popen[str]]") -> str:
    """Start it and give its ready line; once more with other ports, as one that was free can be taken a moment later."""
    words = ("run", "--site", str(folder / "otppi.toml"), "--data-dir", str(folder / "data"))
    gateway = _begin(*words, environment=environment)
    processes.append(gateway)
    try:
        return _wait_for(gateway, "otppi ready")
    except NotDone:
        _end(processes.pop())
    print("Once more, with other ports.", flush=True)
    _set_up(folder, password, _free_ports((0, 0)), environment)
    gateway = _begin(*words, environment=environment)
    processes.append(gateway)
    return _wait_for(gateway, "otppi ready")


def _set_up(folder: Path, password: str, ports: tuple[int, int], environment: dict[str, str]) -> None:
    """Write the demo's site file, which keeps it apart from a gateway of this machine, its settings and its user."""
    admin_port, api_port = ports
    data = DataFolder(folder / "data")
    try:
        data.lock(run_directory(data.path, None, environment))
    except DataLocked:
        raise NotDone(f"A demo runs already in {folder}; --data-dir takes another folder.") from None
    try:
        (folder / "otppi.toml").write_text(f'[admin]\nhost = "127.0.0.1"\nport = {admin_port}\n')
        operations = open_books(data.path).operations()
        operations["settings.set"](section="api", value={"host": "127.0.0.1", "http_port": api_port})
        operations["settings.set"](section="modems", value=[
            {"id": f"modem{number}", "name": f"Virtual modem {number}", "port": str(folder / f"modem{number}"), "default": True} for number in range(2)])
        known = any(user["kind"] == "api" and user["name"] == USER for user in operations["user.list"]())
        operations["user.passwd" if known else "user.add"](kind="api", name=USER, password=password)
    finally:
        data.unlock()


def _explain(ready: str, password: str) -> None:
    words = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    api = words["api"].rstrip("/")
    reference = f"demo-{secrets.token_hex(3)}"
    request = json.dumps({"command": "request-otp", "data": {"receiver": "08123456789", "message": "Your code is %s", "reference": reference}})
    verify = json.dumps({"command": "verify-otp", "data": {"receiver": "08123456789", "otp": "CODE", "reference": reference}})
    print(f"\notppi runs: API {api}, administration {words['admin']}; user {USER}, password {password}\n")
    print("Paste this in another terminal; the SMS with its code appears here, on the virtual network:\n")
    print(f"  curl -u {USER}:{password} {api}/api/otp -d '{request}'\n")
    print("Then this, with the code in place of CODE:\n")
    print(f"  curl -u {USER}:{password} {api}/api/otp -d '{verify}'\n")
    print("Ctrl-C ends both.\n", flush=True)


def _begin(*words: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "otppi", *words], stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)


def _stdout(process: "subprocess.Popen[str]") -> IO[str]:
    if process.stdout is None:
        raise NotDone("A process of the demo has no output.")
    return process.stdout


def _wait_for(process: "subprocess.Popen[str]", beginning: str) -> str:
    for line in _stdout(process):
        if line.startswith(beginning):
            return line.strip()
        print(line, end="", flush=True)
    raise NotDone("A process of the demo ended before it was ready; see above.")


def _show(process: "subprocess.Popen[str]", over: threading.Event) -> None:
    for line in _stdout(process):
        print(line, end="", flush=True)
    over.set()


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(END_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_ports(usual: tuple[int, int]) -> tuple[int, int]:
    """Give the usual ports where nobody holds them, else any free ones."""
    with socket.socket() as one, socket.socket() as two:  # both held at a time, so that they differ
        return _take(one, usual[0]), _take(two, usual[1])


def _take(probe: socket.socket, usual: int) -> int:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for port in (usual, 0):
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return int(probe.getsockname()[1])
    raise NotDone("There is no free port on this machine.")
