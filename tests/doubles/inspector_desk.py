"""The inspector with its probers and its watch on a /dev of its own, where virtual modems are plugged in; time stands still until it is moved."""

import os
import tty
from contextlib import ExitStack

from doubles.clock import FakeClock
from doubles.ears import Ears
from doubles.network import VirtualNetwork
from doubles.usb_tree import UsbTree

from actors.base import teller
from actors.inspector import Inspector
from actors.prober import Prober
from otppi.adapters.serial_lines import LineWatch
from otppi.adapters.serial_ports import PortWatch
from otppi.config.modem import Modem
from otppi.domain.messages.ports import AskPort, FindPort, PortFree, PortIs, PortsSeen, PortUsed
from otppi.domain.messages.running import Configure, Operate, State
from otppi.domain.whereabouts import SETTLE_S

STEP_S = 0.05  # of real time for each second that a modem's answer is given
STEPS = 150


class InspectorDesk:
    """``asked`` are the names of ports in the order in which they were given to probers."""

    def __init__(self, folder):
        self.tree, self.clock, self.monitor, self.seen = UsbTree(folder), FakeClock(), Ears(), Ears()
        self.watch, self.lines = PortWatch(self.tree.ports), LineWatch(self.tree.ports)
        self.at_open = lambda settings: None
        self.stack = ExitStack()
        self.lines.start()
        self.probers = [Prober.start(number, self.clock, self) for number in (1, 2)]
        self.given = Ears()
        self.inspector = Inspector.start(self.clock, self.monitor, self.watch, tuple(self._tapped(ref) for ref in self.probers))
        self.tell = teller(self.inspector)
        self.watch.start(lambda message: (self.tell(message), self.seen(message)))

    def _tapped(self, ref):
        return lambda message: (self.given(message), teller(ref)(message))[1]

    def open(self, settings, received, lost):
        self.at_open(settings)
        return self.lines.open(settings, received, lost)

    def plugged(self, count, **words):
        """Plug so many virtual modems in, as ttyUSB0 and so on; gives their network."""
        return self.stack.enter_context(VirtualNetwork(self.tree.devices, count=count, name="ttyUSB", **words))

    def cable(self, name):
        """Plug something in that says nothing; gives the other end."""
        other, port = os.openpty()
        tty.setraw(port)
        self.stack.callback(os.close, other)
        self.stack.callback(os.close, port)
        self.tree.link(name, os.ttyname(port))
        return other

    def end(self):
        for ref in (self.inspector, *self.probers):
            ref.stop(timeout=10)
        self.watch.stop()
        self.lines.stop()
        self.stack.close()

    # what is told to it

    def modems(self, **ports):
        """Set the settings: names and ports."""
        self.tell(Configure("modems", tuple(Modem(id=name, port=port) if isinstance(port, str) else Modem(id=name, **port) for name, port in ports.items())))

    def look(self):
        """Have a look, and give what it saw."""
        before = len(self.seen.told)
        self.watch.look()
        found = self.seen.wait_for(PortsSeen, before + 1)
        self.listed()
        return found

    def find(self, modem, imei="", path="", answer_to=None):
        """A modem looks for its device; gives what it will be told."""
        before = len(self.seen.told)
        ears = Ears()
        self.tell(FindPort(modem, imei, path, answer_to or ears))
        self.seen.wait_for(PortsSeen, before + 1)
        self.listed()
        return ears

    def listed(self):
        """Give what ports.list does, once everything before it has been dealt with."""
        answer = Ears()
        self.tell(Operate("ports.list", {}, "admin", answer, answer))
        return answer.wait_for(list)

    def used(self, modem, name, imei=""):
        self.tell(PortUsed(modem, self.path(name), imei))

    def freed(self, modem, name, imei=""):
        self.tell(PortFree(modem, self.path(name), imei))

    def settle(self):
        """Let the time pass that a new port is given; what was seen has been dealt with before."""
        self.clock.advance(SETTLE_S)

    def passes(self, seconds):
        """Wait until somebody wants to be woken within so many seconds, and let them pass."""
        self.clock.wait_for_wakeup(seconds)
        self.clock.advance(seconds)

    # what came of it

    def path(self, name):
        return self.tree.path(name)

    def name(self, path):
        return path.rpartition("/")[2]

    @property
    def asked(self):
        return [self.name(message.settings.path) for message in self.given.of(AskPort)]

    def told(self, ears, count=1):
        """Where a modem was told to be: names, and sentences where it is nowhere."""
        self.patiently(lambda: len(ears.of(PortIs)) >= count, ears)
        return [self.name(message.path) or message.why for message in ears.of(PortIs)]

    @property
    def facts(self):
        """What is shown of each port now."""
        found = {}
        for state in self.monitor.of(State):
            assert state.kind == "port"
            found[self.name(state.name)] = state.facts
        return {name: facts for name, facts in found.items() if facts is not None}

    def shows(self, holds):
        """Wait until what is shown is so."""
        self.patiently(lambda: holds(self.facts), self.monitor)

    def patiently(self, holds, ears):
        """Wait for a fact; when it is long in coming, as after a modem's answer that came too late, time begins to move."""
        for patience_s in (2.0, *[STEP_S] * STEPS):
            with ears._changed:
                if ears._changed.wait_for(holds, patience_s):
                    return
            self.clock.advance(1)
        raise AssertionError(f"waited in vain; told: {ears.told[-5:]}")
