"""The inspector with its probers and its watch on a /dev of its own, where virtual modems are plugged in; time stands still until it is moved."""

from doubles.clock import FakeClock
from doubles.ears import Ears
from doubles.usb_tree import UsbTree

from actors.base import teller
from actors.inspector import Inspector
from actors.prober import Prober
from otppi.adapters.serial_lines import LineWatch
from otppi.adapters.serial_ports import PortWatch
from otppi.config.modem import Modem
from otppi.domain.messages.ports import AskPort, FindPort, PortFree, PortIs, PortsSeen, PortUsed
from otppi.domain.messages.running import Configure, State
from otppi.domain.whereabouts import SETTLE_S


class InspectorDesk:
    """``asked`` are the names of ports in the order in which they were given to probers."""

    def __init__(self, folder):
        self.tree, self.clock, self.monitor, self.seen = UsbTree(folder), FakeClock(), Ears(), Ears()
        self.watch, self.lines = PortWatch(self.tree.ports), LineWatch(self.tree.ports)
        self.at_open = lambda settings: None
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

    def end(self):
        for ref in (self.inspector, *self.probers):
            ref.stop(timeout=10)
        self.watch.stop()
        self.lines.stop()

    # what is told to it

    def modems(self, **ports):
        """Set the settings: names and ports."""
        self.tell(Configure("modems", tuple(Modem(id=name, port=port) if isinstance(port, str) else Modem(id=name, **port) for name, port in ports.items())))

    def look(self):
        """Have a look, and give what it saw."""
        before = len(self.seen.told)
        self.watch.look()
        return self.seen.wait_for(PortsSeen, before + 1)

    def find(self, modem, imei="", path=""):
        """A modem looks for its device; gives what it will be told."""
        before = len(self.seen.told)
        ears = Ears()
        self.tell(FindPort(modem, imei, path, ears))
        self.seen.wait_for(PortsSeen, before + 1)
        return ears

    def used(self, modem, name, imei=""):
        self.tell(PortUsed(modem, self.path(name), imei))

    def freed(self, modem, name, imei=""):
        self.tell(PortFree(modem, self.path(name), imei))

    def settle(self):
        """Let the time pass that a new port is given."""
        self.passes(SETTLE_S)

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
        ears.wait_for(PortIs, count)
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
        self.monitor.wait(lambda _: holds(self.facts))
