import os
import select
import time
from pathlib import Path

from otppi.at import pdu

PART = pdu.submit_pdus("628123456789", "hello")[0]


def sent_in(ports, seconds):
    """Submits answered while every port is kept busy."""
    poll, heard, answered = select.epoll(), {}, 0
    for port in ports:
        poll.register(port.descriptor, select.EPOLLIN)
        heard[port.descriptor] = b""
        port.write(f"AT+CMGS={PART.length}\r")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for descriptor, _ in poll.poll(1):
            heard[descriptor] += os.read(descriptor, 4096)
            if heard[descriptor].endswith(b"> "):
                os.write(descriptor, PART.hex.encode() + b"\x1a")
            elif heard[descriptor].endswith(b"OK\r\n"):
                answered += 1
                os.write(descriptor, f"AT+CMGS={PART.length}\r".encode())
            else:
                continue
            heard[descriptor] = b""
    poll.close()
    return answered


def test_eight_modems_take_more_than_two_thousand_messages_a_second(start, open_port):
    network = start(count=8, extra=["--quiet"])

    answered = sent_in([open_port(link) for link in network.links], 1)

    assert answered > 2000
    assert len(network.logged("submit")) >= answered


def test_thirty_two_modems_at_a_real_networks_pace_cost_little(start, open_port):
    network = start(count=32, latency_ms=200, extra=["--quiet"])
    ports = [open_port(link) for link in network.links]

    def cpu_s():
        fields = Path(f"/proc/{network.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = cpu_s()
    answered = sent_in(ports, 2)

    assert answered > 32 * 2 / 0.2 * 0.8
    assert cpu_s() - before < 0.5
