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
from otppi.domain.errors import NotDone
from otppi.store.lock import DataFolder
from otppi.store.run_directory import run_directory

USER = "demo"
USUAL_PORTS = (8888, 8899)
LATENCY_MS = 300
END_LIMIT_S = 30
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter looks like a digit


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo", help="run two virtual modems and a gateway on this machine, with a line to paste", description="Runs a gateway on loopback with two virtual modems.",
        epilog="example:\n  otppi demo --data-dir ./var/demo", formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("var/demo"), metavar="DIR", help="where the demo keeps its state (var/demo)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until Ctrl-C. 1 when one of the two processes ends by itself."""
    folder = args.data_dir.absolute()
    links = [folder / f"modem{number}" for number in range(2)]
    password = "".join(secrets.choice(ALPHABET) for _ in range(20))
    admin_port, api_port = (_free_port(port) for port in USUAL_PORTS)
    _set_up(folder / "data", links, password, api_port)
    environment = {**os.environ, "OTPPI_ADMIN_HOST": "127.0.0.1", "OTPPI_ADMIN_PORT": str(admin_port)}
    over = threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    network = _begin("virtual-modem", "--count", "2", "--link", str(folder / "modem%d"), "--latency-ms", str(LATENCY_MS), environment=environment)
    processes = [network]
    try:
        _wait_for(network, "virtual-modem ready")
        gateway = _begin("run", "--data-dir", str(folder / "data"), environment=environment)
        processes.append(gateway)
        ready = _wait_for(gateway, "otppi ready")
        _explain(ready, password)
        for process in processes:
            threading.Thread(target=_show, args=(process, over), daemon=True).start()
        over.wait()
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave a process behind
        for process in reversed(processes):
            _end(process)


def _set_up(data: Path, links: list[Path], password: str, api_port: int) -> None:
    """Write the demo's settings and give its user a new password."""
    folder = DataFolder(data)
    folder.lock(run_directory(data, None, os.environ))
    try:
        operations = open_books(data).operations()
        operations["settings.set"](section="api", value={"host": "127.0.0.1", "http_port": api_port})
        modems = [{"id": f"modem{number}", "name": f"Virtual modem {number}", "port": str(link), "default": True} for number, link in enumerate(links)]
        operations["settings.set"](section="modems", value=modems)
        known = any(user["kind"] == "api" and user["name"] == USER for user in operations["user.list"]())
        operations["user.passwd" if known else "user.add"](kind="api", name=USER, password=password)
    finally:
        folder.unlock()


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


def _free_port(usual: int) -> int:
    """Give the usual port when nobody holds it, else any free one."""
    for port in (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotDone("There is no free port on this machine.")
