import os
import time

import pytest
from doubles.service import until

from otppi.at import pdu

TO = "628123456789"
PART = pdu.submit_pdus(TO, "hello")[0]
GOOD = "\r\n+CMGS: {}\r\n\r\nOK\r\n"


def submit(port):
    return port.submit(PART.hex, PART.length)


def body(port):
    port.write(f"AT+CMGS={PART.length}\r")
    port.until("> $")
    port.write(PART.hex + "\x1a")


def alive(port):
    return port.ask("AT") == "\r\nOK\r\n"


@pytest.mark.parametrize(
    "kind,options,answer",
    [
        ("cms", {"code": 38}, "+CMS ERROR: 38"),
        ("cms", {}, "+CMS ERROR: 500"),
        ("error", {}, "ERROR"),
        ("cme", {"code": 14}, "+CME ERROR: 14"),
    ],
)
def test_the_next_submits_end_in_the_error_ordered_and_the_one_after_is_sent(network, port, kind, options, answer):
    port.ask("AT+CMEE=1")
    network.fault(kind, count=2, **options)

    assert submit(port) == submit(port) == f"\r\n{answer}\r\n"
    assert network.submits() == []
    assert submit(port) == GOOD.format(0)


def test_an_error_may_hide_that_the_network_has_the_message(network, port):
    network.fault("cms", code=500, received=True)

    assert submit(port) == "\r\n+CMS ERROR: 500\r\n"

    assert len(network.received(1)) == 1


def test_an_error_may_come_in_place_of_the_prompt(network, port):
    network.fault("cms", code=304, at="prompt")

    assert port.lines(f"AT+CMGS={PART.length}") == ["+CMS ERROR: 304"]
    assert submit(port) == GOOD.format(0)


def test_a_prompt_that_never_comes_is_ended_with_esc(network, port):
    network.fault("no_prompt")
    port.write(f"AT+CMGS={PART.length}\r")
    network.wait_command("AT+CMGS")
    port.write("\x1b")

    assert port.until("OK\r\n") == "\r\nOK\r\n"
    assert network.submits() == []
    assert submit(port) == GOOD.format(0)


def test_a_slow_prompt_comes_after_its_time(network, port):
    network.fault("slow_prompt", seconds=0.2)
    begun = time.monotonic()

    assert submit(port) == GOOD.format(0)

    assert time.monotonic() - begun >= 0.2


def test_a_late_result_comes_after_its_time_though_the_network_has_the_message(network, port):
    network.fault("late", seconds=0.3)
    begun = time.monotonic()
    body(port)

    assert len(network.received(1)) == 1
    assert time.monotonic() - begun < 0.3
    assert port.until("OK\r\n") == GOOD.format(0)
    assert time.monotonic() - begun >= 0.3


def test_the_ok_after_the_reference_can_be_lost(network, port):
    network.fault("lost_ok")
    body(port)

    assert port.until(r"\+CMGS: 0\r\n")
    assert alive(port)


def test_everything_after_the_body_can_be_lost_with_and_without_the_message(network, port):
    network.fault("lost_result")
    network.fault("lost_result", received=False)
    body(port)
    assert alive(port)
    assert len(network.received(1)) == 1

    body(port)

    assert alive(port)
    assert len(network.received()) == 1


def test_the_reference_can_come_twice(network, port):
    network.fault("double_cmgs")

    assert submit(port) == "\r\n+CMGS: 0\r\n+CMGS: 0\r\n\r\nOK\r\n"


def test_a_modem_that_hangs_reads_and_never_answers_until_it_is_told(network, port):
    network.fault("hang", count=None)
    port.write("AT+CSQ\r")
    network.wait_command("AT+CSQ")
    network.clear_faults()

    assert alive(port)


def test_a_modem_can_be_pulled_and_comes_back_at_the_same_link_as_the_same(network, port, open_port):
    imei = port.lines("AT+CGSN")[0]
    network.unplug()
    assert port.hangs_up()
    assert not network.links[0].is_symlink()

    network.replug()

    assert open_port(network.links[0]).lines("AT+CGSN")[0] == imei


def test_a_modem_can_come_back_under_another_name(network, port, open_port, tmp_path):
    imei = port.lines("AT+CGSN")[0]
    old = network.links[0]
    network.unplug()

    network.replug(link=tmp_path / "elsewhere")

    assert not old.is_symlink()
    assert open_port(tmp_path / "elsewhere").lines("AT+CGSN")[0] == imei


@pytest.mark.parametrize("received", [True, False])
def test_a_modem_can_vanish_right_after_the_body(network, port, open_port, received):
    network.fault("unplug", received=received)
    body(port)
    assert port.hangs_up()

    network.replug()

    assert submit(open_port(network.links[0])).endswith("OK\r\n")
    assert len(network.received()) == 1 + received


def test_a_modem_can_vanish_within_the_body(network, port):
    network.fault("unplug", when="body_bytes", bytes=10)
    port.write(f"AT+CMGS={PART.length}\r")
    port.until("> $")

    port.write(PART.hex[:10])

    assert port.hangs_up()
    assert network.submits() == []


def test_a_modem_can_vanish_in_place_of_the_prompt(network, port):
    network.fault("unplug", when="prompt")

    port.write(f"AT+CMGS={PART.length}\r")

    assert port.hangs_up()


def test_unasked_lines_can_stand_between_the_lines_of_an_answer(network, port):
    network.inbound("62811111", "one")
    network.inbound("62811111", "two")
    network.fault("urc_storm", lines=["^RSSI:9", "+CREG: 1"])

    heads = [line.split(",")[0] for line in port.lines("AT+CMGL=4")]

    assert heads[0] == "+CMGL: 1"
    assert heads[2:4] == ["^RSSI:9", "+CREG: 1"]
    assert heads[4] == "+CMGL: 2"
    assert heads[6:] == ["^RSSI:9", "+CREG: 1"] * 2 + ["OK"]
    assert alive(port)


def test_a_storm_stands_between_reference_and_ok_too(network, port):
    port.write(f"AT+CMGS={PART.length}\r")
    port.until("> $")
    network.fault("urc_storm")
    port.write(PART.hex + "\x1a")

    assert "+CMGS: 0\r\n\r\n^RSSI:17\r\n" in port.until("\r\nOK\r\n")


def test_junk_comes_before_an_answer(network, port):
    network.fault("junk", hex="ff0041")

    assert port.ask("AT") == "\xff\x00A\r\nOK\r\n"
    assert alive(port)


def test_octets_can_come_one_by_one(network, port):
    network.fault("one_byte", count=None)

    port.write("ATI\r")
    sizes = []
    while "OK\r\n" not in port.heard:
        before = len(port.heard)
        assert port.more(5)
        sizes.append(len(port.heard) - before)

    assert len(sizes) > 20


def test_a_modem_without_network_gives_the_prompt_and_then_331(network, port):
    network.fault("not_registered", count=None)

    assert submit(port) == "\r\n+CMS ERROR: 331\r\n"

    network.clear_faults()
    assert submit(port) == GOOD.format(0)


def test_a_sim_can_be_absent(network, port):
    port.ask("AT+CMEE=1")
    network.fault("sim_absent", count=None)

    assert port.lines("AT+CPIN?") == ["+CME ERROR: 10"]
    assert port.lines("AT+CIMI") == ["+CME ERROR: 10"]
    assert port.lines("AT+CMGS=20") == ["+CMS ERROR: 310"]

    network.clear_faults(kind="sim_absent")
    assert port.lines("AT+CPIN?") == ["+CPIN: READY", "OK"]


def test_a_sim_can_be_busy_for_some_commands(network, port):
    port.ask("AT+CMEE=1")
    network.fault("sim_busy", count=2)

    assert port.lines("AT+CPIN?") == ["+CME ERROR: 14"]
    assert port.lines("AT+CMGS=20") == ["+CMS ERROR: 314"]
    assert port.lines("AT+CPIN?") == ["+CPIN: READY", "OK"]


@pytest.mark.parametrize("end", ["asked for", "cleared"])
def test_what_was_kept_while_a_sim_was_busy_comes_when_it_is_not_any_more(network, port, end):
    network.fault("sim_busy", count=1)
    network.inbound("62811111", "wait")
    assert network.state()["kept_by_network"] == 1

    if end == "asked for":
        port.ask("AT+CPIN?")
    else:
        network.clear_faults()

    until(lambda: network.state()["kept_by_network"] == 0)
    assert network.state()["stores"]["SM"] == [1]


def test_the_end_of_a_fault_brings_one_modem_what_was_kept_while_another_still_has_that_fault(start, open_port):
    network = start(count=2)
    for modem in (0, 1):
        network.fault("not_registered", modem=modem, count=None)
        network.inbound("62811111", "wait", modem=modem)

    network.clear_faults(modem=0)

    assert [network.state(modem)["kept_by_network"] for modem in (0, 1)] == [0, 1]


def test_a_store_can_be_called_full(network, port):
    network.fault("store_full", count=None)
    network.inbound("62811111", "wait")
    assert network.state()["kept_by_network"] == 1

    network.clear_faults()

    assert network.state()["kept_by_network"] == 0
    assert network.state()["stores"]["SM"] == [1]


def test_a_fault_of_one_modem_is_not_that_of_another(start, open_port):
    network = start(count=2)
    ports = [open_port(link) for link in network.links]
    network.fault("cms", modem=1, count=None, code=10)

    assert [submit(port) for port in ports] == [GOOD.format(0), "\r\n+CMS ERROR: 10\r\n"]


def test_an_unknown_fault_is_told_with_those_that_there_are(network):
    answer = network.ask("fault", must=False, kind="earthquake")

    assert not answer["ok"]
    assert "lost_ok" in answer["error"]
    assert set(network.ask("faults")["kinds"]) >= {"cms", "hang", "unplug"}


def test_a_reader_that_does_not_read_does_not_hold_up_the_others(start, open_port):
    network = start(count=2)
    silent, other = (open_port(link) for link in network.links)
    os.write(silent.descriptor, b"AT+CLAC\r" * 400)

    assert all(submit(other).endswith("OK\r\n") for _ in range(20))

    for _ in range(400):
        silent.until("OK\r\n")
