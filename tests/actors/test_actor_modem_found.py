"""A modem and the inspector: what its owner says of ports, and what it does when it is told where its device is."""

from doubles.ears import Ears
from doubles.modem_desk import Desk

from actors.modem import ModemOwner
from actors.modem_bringup import SEEK_AGAIN_S, Memory, Neighbours
from otppi.domain.messages.ports import FindPort, PortFree, PortIs, PortUsed
from otppi.domain.pin import PinBook


class SeekingDesk(Desk):
    """A desk with somebody who knows about ports."""

    inspector = None
    memory = Memory()

    def start(self):
        self.inspector = Ears()
        pins = PinBook(lambda: None, self.save, b"key")
        neighbours = Neighbours(self.router, self.monitor, self.inbox, self.inspector)
        self.ref = ModemOwner.start(self.clock, self.supervisor, self.settings, self, neighbours, pins, self, self.memory)
        return self


def started(stack, port, memory=None, **settings):
    desk = SeekingDesk(port, **settings)
    desk.memory = memory or Memory()
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


GONE = "867962041234567"


def learnt(known, others=()):
    return Memory(imei=lambda: known[-1], note_imei=known.append, elsewhere=lambda imei: imei in others)


def test_a_modem_that_is_nowhere_any_more_was_replaced_by_the_one_at_its_port(network, stack):
    known = [GONE]
    desk = started(stack, str(network.links[0]), learnt(known))
    desk.until(lambda: "wrong modem" in desk.states, each=0.5)
    found = desk.inspector.wait_for(FindPort)
    assert found.imei == GONE
    found.answer_to(PortIs("", "It is at no port."))
    desk.ready()
    assert known == [GONE, "", network.state()["imei"]]


def test_the_modem_of_another_name_is_never_taken_as_a_replacement(network, stack):
    known = [GONE]
    desk = started(stack, str(network.links[0]), learnt(known, {network.state()["imei"]}))
    desk.until(lambda: "wrong modem" in desk.states, each=0.5)
    found = desk.inspector.wait_for(FindPort)
    found.answer_to(PortIs("", "It is at no port."))
    desk.until(lambda: desk.facts[-1]["why"] == "It is at no port.")
    assert known == [GONE]
    assert "ready" not in desk.states
