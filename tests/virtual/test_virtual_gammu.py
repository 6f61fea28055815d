"""gammu, an independent program, takes the virtual modem for a real one. Its waits are long, so all runs go at once."""

import shutil
import signal
import subprocess

import pytest
from doubles.network import VirtualNetwork

from otppi.virtual.makes import PROFILES as MAKES

pytestmark = pytest.mark.skipif(shutil.which("gammu") is None, reason="the gammu program is not installed")

TO = "628123456789"
LONG = "Kode Anda adalah 123456. " * 16
EMOJI = "Kode 😀 123456 é€"
LIMIT_S = 50
CALM = sorted(name for name, make in MAKES.items() if name != "generic" and not make.noise)
"""A ZTE's +ZUSIMR or a Huawei's ^DSFLOWRPT in place of an answer can keep gammu waiting for good, as with real ones."""
RUNS = {
    "identify": ["identify"],
    "networkinfo": ["networkinfo"],
    "short": ["sendsms", "TEXT", TO, "-text", "Hello from gammu @{}"],
    "long": ["sendsms", "TEXT", TO, "-len", "400", "-text", LONG],
    "emoji": ["sendsms", "TEXT", TO, "-unicode", "-text", EMOJI],
    "report": ["sendsms", "TEXT", TO, "-report", "-flash", "-text", "flash"],
    "getallsms": ["getallsms"],
    "huawei": ["sendsms", "TEXT", TO, "-text", "by a huawei"],
    "sim800": ["getallsms"],
    "pin": ["entersecuritycode", "PIN", "4321"],
    "getussd": ["getussd", "*888#"],
    **{f"identify {make}": ["identify"] for make in CALM},
}
PROFILES = [name.removeprefix("identify ") if name.removeprefix("identify ") in MAKES else "generic" for name in RUNS]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each run printed, and what the network received through its modem."""
    folder = tmp_path_factory.mktemp("gammu")
    with (
        VirtualNetwork(folder, count=len(RUNS), profile=PROFILES) as network,
        VirtualNetwork(folder, name="locked", extra=["--pin", "4321"]) as locked,
    ):
        links = dict(zip(RUNS, network.links, strict=True)) | {"pin": locked.links[0]}
        for name in ("getallsms", "sim800"):
            modem = list(RUNS).index(name)
            network.inbound("62811111", "Halo gammu", modem=modem)
            network.inbound("62811111", LONG, modem=modem)
        running = {}
        for name, words in RUNS.items():
            settings = folder / f"{name}.rc"
            settings.write_text(f"[gammu]\ndevice={links[name]}\nconnection=at\n")
            running[name] = subprocess.Popen(
                ["gammu", "-c", str(settings), *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        printed = {}
        try:
            for name, process in running.items():
                if name == "getussd":
                    # gammu would show the answer only after ten more seconds of listening.
                    network.wait_command("AT+CUSD=1,", modem=list(RUNS).index(name), timeout_s=LIMIT_S)
                    process.send_signal(signal.SIGINT)
                printed[name] = process.communicate(timeout=LIMIT_S)[0]
        finally:
            for process in running.values():
                process.kill()
                process.communicate()
        received = {name: [] for name in RUNS}
        for message in network.received():
            received[list(RUNS)[message["modem"]]].append(message)
        yield {
            "printed": printed,
            "code": {name: process.returncode for name, process in running.items()},
            "received": received,
            "submits": [event for event in network.submits() if event["modem"] == list(RUNS).index("report")],
            "state": network.state(list(RUNS).index("identify")),
            "imei": {name: network.state(number)["imei"] for number, name in enumerate(RUNS)},
            "sim": locked.state()["sim"],
        }


def test_gammu_knows_who_the_modem_is(answers):
    printed = answers["printed"]["identify"]

    assert answers["code"]["identify"] == 0
    assert answers["state"]["imei"] in printed
    assert answers["state"]["imsi"] in printed
    assert "OTTPI" in printed


@pytest.mark.parametrize("make", CALM)
def test_gammu_knows_each_make(answers, make):
    name = f"identify {make}"
    assert answers["code"][name] == 0
    assert answers["imei"][name] in answers["printed"][name]
    assert MAKES[make].revision in answers["printed"][name]


def test_gammu_sees_the_home_network(answers):
    assert "home network" in answers["printed"]["networkinfo"]
    assert "001 01" in answers["printed"]["networkinfo"]


def test_gammu_sends_a_short_message(answers):
    assert answers["code"]["short"] == 0
    assert [message["text"] for message in answers["received"]["short"]] == ["Hello from gammu @{}"]


def test_gammu_sends_a_long_message_in_three_parts(answers):
    assert answers["code"]["long"] == 0
    message = answers["received"]["long"][0]
    assert (message["text"], message["parts"]) == (LONG, 3)


def test_gammu_sends_emoji(answers):
    assert answers["code"]["emoji"] == 0
    assert answers["received"]["emoji"][0]["text"] == EMOJI


def test_gammu_asks_for_a_report_and_flashes(answers):
    assert answers["code"]["report"] == 0
    assert (answers["submits"][0]["status_report"], answers["submits"][0]["flash"]) == (True, True)


@pytest.mark.parametrize("run", ["getallsms", "sim800"])
def test_gammu_lists_what_came_in(answers, run):
    assert answers["code"][run] == 0
    assert "Halo gammu" in answers["printed"][run]
    assert "part 3 of 3" in answers["printed"][run]


def test_gammu_asks_for_the_balance(answers):
    assert "Sisa pulsa Anda adalah Rp 12345" in answers["printed"]["getussd"]


def test_gammu_sends_through_a_huawei_that_chatters(answers):
    assert answers["code"]["huawei"] == 0
    assert answers["received"]["huawei"][0]["text"] == "by a huawei"


def test_gammu_opens_a_locked_sim(answers):
    assert answers["code"]["pin"] == 0
    assert answers["sim"] == "READY"
