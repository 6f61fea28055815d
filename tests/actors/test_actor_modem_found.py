"""A modem and the inspector: what its owner says of ports, and what it does when it is told where its device is."""

from doubles.ears import Ears
from doubles.modem_desk import Desk

from actors.modem import ModemOwner
from actors.modem_bringup import SEEK_AGAIN_S, Neighbours
from otppi.domain.messages.ports import FindPort, PortFree, PortIs, PortUsed
from otppi.domain.pin import PinBook


class SeekingDesk(Desk):
    """A desk with somebody who knows about ports."""

    inspector = None

    def start(self):
        self.inspector = Ears()
        pins = PinBook(lambda: None, self.save, b"key")
        neighbours = Neighbours(self.router, self.monitor, self.inbox, self.inspector)
        self.ref = ModemOwner.start(self.clock, self.supervisor, self.settings, self, neighbours, pins, self)
        return self


def started(stack, port, **settings):
    desk = SeekingDesk(port, **settings)
    stack.callback(desk.end)
    return desk.start()


def test_a_modem_named_by_its_imei_asks_where_it_is_and_stays_where_it_was_found(network, stack):
    imei, link = network.state()["imei"], str(network.links[0])
    desk = started(stack, f"imei:{imei}")
    found = desk.inspector.wait_for(FindPort)
    assert (found.modem, found.imei, found.path) == ("m1", imei, "")

    found.answer_to(PortIs(link))
    desk.ready()
    for _ in range(15):  # longer than the rest of before, in steps that a modem's answers keep up with
        desk.clock.advance(SEEK_AGAIN_S / 10)
        desk.router_settles()

    assert desk.states == ["starting", "no port", "starting", "registering", "ready"]
    assert len(desk.opened_at) == 1
    assert [(used.path, used.imei) for used in desk.inspector.of(PortUsed)] == [(link, ""), (link, imei)]
    desk.ref.stop(timeout=10)
    assert desk.inspector.wait_for(PortFree) == PortFree("m1", link, imei)


def test_a_modem_that_finds_another_at_its_port_leaves_it_and_asks_where_its_own_is(network, stack):
    link, imei = str(network.links[0]), network.state()["imei"]
    desk = started(stack, link, imei="867962041234567")
    desk.until(lambda: "wrong modem" in desk.states, each=0.5)

    assert desk.inspector.wait_for(PortFree) == PortFree("m1", link, imei)
    found = desk.inspector.wait_for(FindPort)
    assert (found.imei, found.path) == ("867962041234567", link)
