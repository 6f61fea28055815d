"""Helpers for dialogues with a virtual modem over its real pseudo-terminal."""

import os
import re
import select
import time
from contextlib import ExitStack

import pytest
from doubles.network import VirtualNetwork

LIMIT_S = 5.0
FINAL = re.compile(r"(?:^|\r\n)(OK|ERROR|\+CM[ES] ERROR: [^\r]*|COMMAND NOT SUPPORT)\r\n")


class Port:
    """A program that has the port open; every wait has a limit."""

    def __init__(self, link):
        self.descriptor = os.open(link, os.O_RDWR | os.O_NOCTTY)
        self.heard = ""

    def close(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def write(self, data):
        os.write(self.descriptor, data.encode("latin-1"))

    def until(self, pattern, limit_s=LIMIT_S):
        """What was heard up to the end of `pattern`; it is then forgotten."""
        deadline = time.monotonic() + limit_s
        while not (match := re.search(pattern, self.heard)):
            if not self.more(deadline - time.monotonic()):
                raise TimeoutError(f"waited for {pattern!r}, heard {self.heard!r}")
        found, self.heard = self.heard[: match.end()], self.heard[match.end() :]
        return found

    def more(self, limit_s):
        """Read what comes within the limit; False when nothing does."""
        if not select.select([self.descriptor], [], [], max(0, limit_s))[0]:
            return False
        chunk = os.read(self.descriptor, 65536)
        if not chunk:
            raise EOFError
        self.heard += chunk.decode("latin-1")
        return True

    def ask(self, line):
        """One command line; its answer up to the final result."""
        self.write(f"{line}\r")
        return self.until(FINAL)

    def lines(self, line):
        """The same, as lines without blanks."""
        return [found for found in self.ask(line).split("\r\n") if found.strip()]

    def submit(self, pdu_hex, length, *, body_end="\x1a"):
        """AT+CMGS and its body, up to the final result."""
        self.write(f"AT+CMGS={length}\r")
        self.until("> $")
        self.write(pdu_hex + body_end)
        return self.until(FINAL)

    def hangs_up(self, limit_s=LIMIT_S):
        """True once the cable has been pulled."""
        deadline = time.monotonic() + limit_s
        try:
            while self.more(deadline - time.monotonic()):
                pass
        except OSError:
            return True
        except EOFError:
            return True
        return False


@pytest.fixture
def stack():
    with ExitStack() as found:
        yield found


@pytest.fixture
def start(stack, tmp_path):
    """Start a virtual network; it ends with the test."""
    return lambda **words: stack.enter_context(VirtualNetwork(tmp_path, reports=True, **words))


@pytest.fixture
def open_port(stack):
    """Open a modem's port without echo; `bare` leaves the modem as it came up."""

    def opened(link, *, bare=False):
        port = Port(link)
        stack.callback(port.close)
        if not bare:
            port.ask("ATE0")
        return port

    return opened


@pytest.fixture
def network(start):
    return start()


@pytest.fixture
def port(network, open_port):
    return open_port(network.links[0])
