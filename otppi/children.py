"""The device owners that the settings ask for: how each is made, and who hears of its end."""

import logging
from pathlib import Path
from typing import Any

from actors.base import teller
from actors.gateway import ActorGateway
from actors.modem import ModemOwner
from actors.modem_bringup import Memory, Neighbours
from actors.modem_facts import modem_facts
from actors.subscription import SubscriptionOwner
from otppi.adapters.brokers.opening import BrokerLinks
from otppi.adapters.serial_lines import LineWatch
from otppi.at.bringup import Hardware
from otppi.at.capabilities import Capabilities
from otppi.books import Books
from otppi.config.modem import Modem
from otppi.config.subscribers import Subscriber, Subscribers
from otppi.domain.identity import Identity, elsewhere
from otppi.domain.learned import Learned
from otppi.domain.messages.running import Child, Reconcile, State
from otppi.domain.messages.sending import SenderGone
from otppi.domain.messages.subscribing import PublisherIs
from otppi.domain.pin import PinBook
from otppi.domain.ports import Clock, Tell
from otppi.domain.sim_card import CardBook
from otppi.store.keys import key
from otppi.written import Written, safe_name

LEAST_WINDOW = 16  # messages of a broker without acknowledgement
_log = logging.getLogger(__name__)


class Children:
    """Tells the supervisor which children there are to be. Keeps what they need, nothing of their own."""

    def __init__(
        self, clock: Clock, *, supervisor: Tell, router: Tell, monitor: Tell, gateway: ActorGateway, data: Path, books: Books, written: Written,
        lines: LineWatch, brokers: BrokerLinks, inbox: Tell, inspector: Tell,
    ) -> None:
        self._clock, self._supervisor, self._router, self._monitor, self._gateway = clock, supervisor, router, monitor, gateway
        self._data, self._books, self._written, self._lines, self._brokers = data, books, written, lines, brokers
        self._inbox, self._inspector = inbox, inspector
        self._modems: tuple[Modem, ...] = ()
        self._subscribers = Subscribers()

    # modems

    def modems(self, modems: tuple[Modem, ...]) -> None:
        """Have every active modem driven that sends."""
        self._modems = modems
        working = [modem for modem in modems if modem.active and not modem.internet_access]
        for modem in modems:
            if modem not in working:
                self._show_idle(modem.id)
        self._supervisor(Reconcile("modem", tuple(self._modem(modem) for modem in working)))

    def _modem(self, modem: Modem) -> Child:
        sections, number_key, section = self._books.state, key(self._data / "numbers.key"), f"pin_{safe_name(modem.id)}"

        def start() -> Any:
            pins = PinBook(lambda: sections.load(section), lambda value: sections.save(section, value), number_key)
            neighbours = Neighbours(self._router, self._monitor, self._inbox, self._inspector)
            return ModemOwner.start(self._clock, self._supervisor, modem, self._lines, neighbours, pins, self._written.mark(modem.id), self._memory(modem, pins))

        def died(for_good: bool) -> None:  # noqa: FBT001  # Child's signature
            self._router(SenderGone(modem.id, removed=for_good))
            if for_good:
                self._show_idle(modem.id)

        return Child(f"modem {modem.id}", modem, start, died)

    def _memory(self, modem: Modem, pins: PinBook) -> Memory:
        sections = self._books.state
        cards = CardBook(sections.load, sections.save, key(self._data / "numbers.key"), modem.sim_pin, pins)
        learned = Learned(sections.load, sections.save)

        def note(who: Hardware, found: Capabilities) -> None:
            new = learned.of(who.imei, who.revision) is None
            why = learned.note(who.imei, who.revision, found.to_json(), at=self._clock.wall(), manufacturer=who.manufacturer, model=who.model)
            why = why or (self._books.learned.trim() if new else "")
            if why:
                _log.warning("what a modem can do is explored again at its next start: %s", why)

        identity = self._identity(modem)

        def note_imei(imei: str) -> None:
            if why := identity.note(imei):
                _log.warning("modem %s: its IMEI is learnt again at its next start: %s", modem.id, why)

        def is_anothers(imei: str) -> bool:
            others = [other for other in self._modems if other.id != modem.id and other.active]
            return elsewhere(imei, [text for other in others for text in (other.port.removeprefix("imei:"), other.imei, self._identity(other).imei())])

        return Memory(
            imei=identity.imei, note_imei=note_imei, elsewhere=is_anothers, capabilities=lambda imei, revision: Capabilities.from_json(learned.of(imei, revision)),
            note_capabilities=note, usb_id=self._lines.usb_id, cards=cards)

    def _identity(self, modem: Modem) -> Identity:
        sections, section = self._books.state, f"identity_{safe_name(modem.id)}"
        return Identity(modem.port, lambda: sections.load(section), lambda value: sections.save(section, value))

    def _show_idle(self, name: str) -> None:
        """Show a modem that nobody drives: as inactive or as the internet's, or no more when it is not set any more."""
        modem = next((modem for modem in self._modems if modem.id == name), None)
        state = "internet" if modem and modem.active else "inactive"
        self._monitor(State("modem", name, modem_facts(modem, None, None, state=state, connected=False) if modem else None))

    # subscribers

    def subscribers(self, subscribers: Subscribers) -> None:
        """Have every enabled subscriber connected; more modems than before take more messages at a time."""
        self._subscribers = subscribers
        enabled = [(kind, subscriber) for kind, subscriber in subscribers.each() if subscriber.enabled]
        window = max(LEAST_WINDOW, 2 * sum(modem.active for modem in self._modems))
        topics = frozenset(subscriber.topic for _, subscriber in enabled)
        self._supervisor(Reconcile("subscriber", tuple(self._subscriber(kind, subscriber, window, topics) for kind, subscriber in enabled)))

    def _subscriber(self, kind: str, subscriber: Subscriber, window: int, topics: frozenset[str]) -> Child:

        def start() -> Any:
            ref = SubscriptionOwner.start(self._clock, self._supervisor, kind, subscriber, window, subscribed=topics, brokers=self._brokers,
                                          submit=self._gateway.hand, router=self._router, monitor=self._monitor)
            self._inbox(PublisherIs(kind, teller(ref)))
            return ref

        def died(for_good: bool) -> None:  # noqa: FBT001  # Child's signature
            if for_good:
                self._inbox(PublisherIs(kind, None))
                self._monitor(State("subscriber", kind, None))

        return Child(f"subscriber {kind}", (subscriber, window, topics), start, died)
