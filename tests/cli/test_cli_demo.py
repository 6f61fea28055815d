"""`otppi demo`: its lines work when pasted, it ends without leaving anything, and it works where the usual ports are taken."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import requests

from otppi.store.run_directory import run_directory

START_LIMIT_S = 40


def processes_of(folder):
    """The processes that name the folder in their words: the words by process id."""
    found = {}
    for about in Path("/proc").glob("[0-9]*"):
        try:
            words = (about / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has just ended
        if any(str(folder) in word for word in words):
            found[int(about.name)] = words
    return found


class Demo:
    """What the terminal of a running demo shows."""

    def __init__(self, process):
        self.process, self.shown = process, ""

    def until(self, pattern, limit_s=START_LIMIT_S):
        descriptor = self.process.stdout.fileno()
        while not (found := re.search(pattern, self.shown)):
            assert select.select([descriptor], [], [], limit_s)[0], f"not shown: {pattern}\n{self.shown}"
            chunk = os.read(descriptor, 65536).decode()
            assert chunk, f"the demo has ended\n{self.shown}"
            self.shown += chunk
        return found


@contextmanager
def demo(folder, program=("-m", "otppi"), **environment):
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, *program, "demo", "--data-dir", str(folder)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment})
    running = Demo(process)
    try:
        running.until(r"Ctrl-C ends")
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=40)
        running.shown += rest.decode()
        shutil.rmtree(run_directory(folder / "data", None, {}))  # it stays, as keys of codes must outlive a restart


def paste(line):
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, timeout=30).stdout


def curl_lines(shown):
    return [line.strip() for line in shown.splitlines() if line.strip().startswith("curl ")]


def test_the_lines_work_when_pasted_and_nothing_is_left_and_a_second_start_works(tmp_path):
    passwords = []
    for _ in range(2):
        with demo(tmp_path / "demo") as running:
            create, verify = curl_lines(running.shown)
            passwords.append(re.search(r"-u demo:(\S+) ", create)[1])
            assert '"response_code": "0000"' in paste(create)
            code = running.until(r"Your code is (\d{6})")[1]
            assert '"response_code": "1202"' in paste(verify)
            assert '"response_code": "0000"' in paste(verify.replace("CODE", code))
        assert running.process.returncode == 0
        assert "Traceback" not in running.shown
        assert processes_of(tmp_path) == {}
        assert not [path for path in (tmp_path / "demo").iterdir() if path.is_symlink()]
    assert passwords[0] != passwords[1]


def test_it_works_where_the_usual_ports_are_taken_and_beside_another_gateways_environment(tmp_path):
    taken = []
    for port in (8888, 8899):
        usual = socket.socket()
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            usual.bind(("0.0.0.0", port))
        except OSError:
            usual.close()  # somebody else takes it: as good
        else:
            usual.listen()
            taken.append(usual)
    try:
        with demo(tmp_path / "demo", OTPPI_ADMIN_PORT="8888", OTPPI_PATHS_RUN="/proc/no-such-place") as running:
            admin = running.until(r"administration (http://127\.0\.0\.1:\d+)")[1]
            create, _ = curl_lines(running.shown)
            assert not re.search(r":88(88|99)\b", admin + create)
            assert requests.get(admin + "/healthz", timeout=5).status_code == 200
            assert '"response_code": "0000"' in paste(create)
    finally:
        for usual in taken:
            usual.close()
    assert running.process.returncode == 0
    assert processes_of(tmp_path) == {}


def test_a_second_demo_in_the_same_folder_says_why_it_cannot_and_the_first_goes_on(tmp_path):
    with demo(tmp_path / "demo") as running:
        second = subprocess.run([sys.executable, "-m", "otppi", "demo", "--data-dir", str(tmp_path / "demo")], capture_output=True, text=True, check=False, timeout=30)
        assert (second.returncode, second.stdout) == (1, "")
        assert second.stderr.count("\n") == 1
        assert "runs already" in second.stderr
        assert '"response_code": "0000"' in paste(curl_lines(running.shown)[0])
    assert processes_of(tmp_path) == {}


def test_when_one_of_its_processes_dies_the_other_ends_too(tmp_path):
    with demo(tmp_path / "demo") as running:
        [gateway] = [pid for pid, words in processes_of(tmp_path).items() if "run" in words]
        os.kill(gateway, signal.SIGKILL)
        running.process.wait(40)
    assert running.process.returncode == 1
    assert "ended by itself" in running.shown
    assert processes_of(tmp_path) == {}


def test_a_port_that_is_taken_between_the_look_and_the_start_costs_another_try(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = ("import sys; from otppi.cli import demo, main; true = demo._free_ports; "
                   f"demo._free_ports = lambda usual: true(usual) if usual == (0, 0) else ({port}, {port}); sys.exit(main(sys.argv[1:]))")
        with demo(tmp_path / "demo", ("-c", program)) as running:
            assert '"response_code": "0000"' in paste(curl_lines(running.shown)[0])
    assert running.process.returncode == 0
    assert processes_of(tmp_path) == {}
