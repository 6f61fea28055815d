import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from doubles.network import VirtualNetwork

from otppi.at import pdu
from otppi.cli import virtual_modem
from otppi.domain.errors import Mistake

PART = pdu.submit_pdus("628123456789", "hello")[0]


def test_ready_names_every_port_and_each_is_a_terminal(start):
    network = start(count=3)

    assert network.output_until(b"ready") == "virtual-modem ready " + ",".join(map(str, network.links)) + "\n"
    assert all(link.resolve().is_char_device() for link in network.links)


def test_each_modem_may_be_of_another_make(start, open_port):
    network = start(count=3, profile=["huawei", "sim800"])

    models = [open_port(link).lines("AT+CGMM")[-2] for link in network.links]

    assert models == ["E173", "SIMCOM_SIM800C", "SIMCOM_SIM800C"]


def test_the_log_is_appended_to_and_holds_whole_lines(tmp_path, open_port):
    for _ in range(2):
        with VirtualNetwork(tmp_path) as network:
            open_port(network.links[0]).submit(PART.hex, PART.length)

    events = [json.loads(line)["event"] for line in (tmp_path / "modem-network.jsonl").read_text().splitlines()]
    assert events == ["submit", "message"] * 2


def test_quiet_shows_the_ready_line_alone(start, open_port):
    network = start(extra=["--quiet"])
    open_port(network.links[0]).submit(PART.hex, PART.length)
    network.received(1)

    assert network.output_until(b"ready").count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_and_takes_links_and_socket_away(start, number):
    network = start(count=2)
    os.kill(network.pid, number)

    network.__exit__(None, None, None)

    assert not any(link.is_symlink() for link in network.links)
    assert not network.control.exists()


def test_it_goes_on_when_nobody_reads_its_output_any_more(tmp_path):
    link = tmp_path / "modem"
    words = [sys.executable, "-m", "otppi", "virtual-modem", "--link", str(link), "--log", str(tmp_path / "log")]
    root = str(Path(virtual_modem.__file__).parents[2])
    with subprocess.Popen(words, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}) as process:
        process.stdout.readline()
        process.stdout.close()
        descriptor = os.open(link, os.O_RDWR | os.O_NOCTTY)
        for _ in range(2):
            os.write(descriptor, f"AT+CMGS={PART.length}\r{PART.hex}\x1a".encode())
        log, deadline = tmp_path / "log", time.monotonic() + 5
        while log.read_bytes().count(b"message") < 2:
            assert time.monotonic() < deadline
        os.close(descriptor)
        process.terminate()
        assert process.wait(5) == 0


@pytest.mark.parametrize(
    "links,count,paths",
    [
        (["/tmp/m"], None, ["/tmp/m"]),
        (["/tmp/a", "/tmp/b"], None, ["/tmp/a", "/tmp/b"]),
        (["/tmp/m"], 1, ["/tmp/m"]),
        (["/tmp/m"], 3, ["/tmp/m0", "/tmp/m1", "/tmp/m2"]),
        (["/tmp/m%d.tty"], 2, ["/tmp/m0.tty", "/tmp/m1.tty"]),
        (["/tmp/a", "/tmp/b"], 2, ["/tmp/a", "/tmp/b"]),
    ],
)
def test_links_are_named_one_by_one_or_by_number(links, count, paths):
    assert [str(path) for path in virtual_modem._links(links, count)] == paths


@pytest.mark.parametrize("links,count", [(["/tmp/a", "/tmp/b"], 3), (["/tmp/a"], 0)])
def test_a_count_that_does_not_fit_is_told(links, count):
    with pytest.raises(Mistake, match="--count"):
        virtual_modem._links(links, count)


def run(*words):
    root = str(Path(virtual_modem.__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-m", "otppi", "virtual-modem", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": root},
        timeout=10,
    )


def test_a_link_that_cannot_be_made_is_told_in_one_sentence(tmp_path):
    done = run("--link", str(tmp_path / "missing" / "modem"))

    assert done.returncode == 1
    assert str(tmp_path / "missing") in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_of_the_users_is_not_replaced_by_a_link(tmp_path):
    (tmp_path / "precious").write_text("kept")

    done = run("--link", str(tmp_path / "precious"))

    assert done.returncode == 1
    assert (tmp_path / "precious").read_text() == "kept"


@pytest.mark.parametrize(
    "words",
    [
        ("--imei", "123"),
        ("--pin", "12"),
        ("--latency-ms", "-1"),
        ("--link", "m", "--link", "m"),
        ("--profile", "nokia"),
    ],
)
def test_wrong_words_end_with_2(tmp_path, words):
    done = run("--link", str(tmp_path / "modem"), *words)

    assert done.returncode == 2
    assert words[0] in done.stderr


def test_a_reader_of_the_terminal_that_stops_reading_does_not_hold_up_the_modems(start, open_port):
    network = start()
    port = open_port(network.links[0])
    long = pdu.submit_pdus("628123456789", "x" * 160)[0]

    for _ in range(600):
        assert port.submit(long.hex, long.length).endswith("OK\r\n")

    assert len(network.received(600)) == 600
