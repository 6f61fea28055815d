"""The virtual modem's own speed: whether it, and not the gateway, would be what the other rows measure."""

import os
import select
import time
from contextlib import ExitStack
from pathlib import Path

from bench.process import cpu_s
from bench.table import Row
from doubles.network import VirtualNetwork

from otppi.at import pdu

PART = pdu.submit_pdus("628123456789", "hello")[0]
LATENCY_MS = 200


def measure(folder: Path, *, seconds: float = 2) -> list[Row]:
    """Keep every port busy: eight without any latency, thirty-two at a real network's pace."""
    with VirtualNetwork(folder, count=8, extra=("--quiet",), name="quick") as network:
        quick = _answered(network, seconds) / seconds
    with VirtualNetwork(folder, count=32, latency_ms=LATENCY_MS, extra=("--quiet",), name="paced") as network:
        before = cpu_s(network.pid)
        share = _answered(network, seconds) / (32 * seconds / (LATENCY_MS / 1000))
        used = (cpu_s(network.pid) - before) / seconds
    return [
        Row("-", "virtual: 8 modems, no latency", ">= 2000 SMS/s", f"{quick:.0f} SMS/s", quick >= 2000),
        Row("-", "virtual: 32 modems, 200 ms", "<= 25 % of a core", f"{used:.0%}", used <= 0.25, f"{share:.0%} of the possible rate"),
    ]


def _answered(network: VirtualNetwork, seconds: float) -> int:
    """Count the submits that were answered while every port was kept busy."""
    answered, heard = 0, {}
    with ExitStack() as stack:
        poll = stack.enter_context(select.epoll())
        for link in network.links:
            port = os.open(link, os.O_RDWR | os.O_NOCTTY)
            stack.callback(os.close, port)
            poll.register(port, select.EPOLLIN)
            heard[port] = b""
            os.write(port, f"ATE0\rAT+CMGS={PART.length}\r".encode())
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for port, _ in poll.poll(1):
                heard[port] += os.read(port, 4096)
                if heard[port].endswith(b"> "):
                    os.write(port, PART.hex.encode() + b"\x1a")
                elif b"+CMGS:" in heard[port] and heard[port].endswith(b"OK\r\n"):
                    answered += 1
                    os.write(port, f"AT+CMGS={PART.length}\r".encode())
                else:
                    continue
                heard[port] = b""
    return answered
