"""The composition root: builds everything, starts it, drains it, stops it. The gateway's life story on one screen.

Lock → books and what is written of an earlier life → clock and lines → owners of state → router and OTP desk → modems → doors → ready;
the other way round at the end: doors refuse, router drains, doors close, children stop, owners stop, lines, clock, lock.
"""

import logging
import threading
from pathlib import Path
from typing import Any

import pykka

from actors.accounts import AccountsOwner, LiveAccounts
from actors.archive import Archive
from actors.audit import AuditOwner
from actors.base import teller
from actors.blocklist import BlocklistOwner
from actors.control import ActorControl
from actors.doors import DoorKeeper
from actors.gateway import ActorGateway
from actors.inbox import InboxOwner
from actors.inspector import Inspector
from actors.monitor import Monitor
from actors.otp_desk import OtpDesk
from actors.owner import Owner
from actors.prober import Prober
from actors.router import Router
from actors.settings import SettingsOwner
from actors.supervisor import Supervisor, stop_actor
from actors.syncer import Syncer
from actors.timekeeper import Timekeeper
from actors.usage_keeper import UsageKeeper
from actors.webhooks import Webhooks
from otppi.adapters.brokers.opening import BrokerLinks
from otppi.adapters.clock import SystemClock
from otppi.adapters.http import HttpPoster
from otppi.adapters.serial_lines import LineWatch
from otppi.adapters.serial_ports import PortWatch, SerialPorts
from otppi.books import Books, open_books
from otppi.children import Children
from otppi.config.book import Change
from otppi.config.modem import Modem
from otppi.config.sections import SECTIONS
from otppi.config.site import Site
from otppi.domain.allowances import Usage
from otppi.domain.errors import NotDone
from otppi.domain.intake import IntakeRules
from otppi.domain.messages.running import (
    Configure,
    Drain,
    GiveUp,
    PauseChildren,
    StopChildren,
    TellWhenStarted,
)
from otppi.domain.messages.writing import Keep
from otppi.domain.ports import Tell
from otppi.parts.part import House, Part
from otppi.parts.table import PARTS
from otppi.store.journal import FileJournal
from otppi.store.keys import key
from otppi.web.server import Doors, Opened
from otppi.written import open_written

CONTROL_SOCKET = "control.sock"
DRAIN_LIMIT_S = 20.0
MODEM_START_LIMIT_S = 150.0  # greeting, PIN and a minute for the network; a modem that takes longer is not waited for
CLOSE_LIMIT_S = 5.0
CHILDREN_LIMIT_S = 30.0
_log = logging.getLogger(__name__)


class Service:
    """One gateway. Build it, :meth:`start` it, :meth:`stop` it; once only."""

    def __init__(self, site: Site, run_dir: Path) -> None:
        self._site = site
        self._run = run_dir
        self._data = Path(site.paths.data)
        self._books = open_books(self._data)
        self._clock = SystemClock(self._books.saved_time.last())
        ports = SerialPorts(site.paths.devices)
        self._lines, self._port_watch = LineWatch(ports), PortWatch(ports)
        self._brokers = BrokerLinks()
        self._poster = HttpPoster()
        self._written = open_written(self._data, run_dir, self._clock, self._books.settings.get("sms").remember_h,
                                     [modem.id for modem in self._books.settings.get("modems")])
        self._refs: list[tuple[str, pykka.ActorRef[Any]]] = []
        self._values = {name: self._books.settings.get(name) for name in SECTIONS}
        self._owners: dict[str, Tell] = {}
        self._started = self._draining = False
        self._doors: Doors | None = None
        self._parts: tuple[Part, ...] = ()
        self._built = False

    # start

    def start(self, go_on: threading.Event) -> Opened:
        """Start everything and wait for the modems' first word, which sets ``go_on``; who is in a hurry sets it first.

        Raises NotDone when a door cannot be opened.
        """
        self._clock.start()
        self._lines.start()
        self._build_owners(self._books)
        self._port_watch.start(self._inspector)
        doors = self._build_doors()
        opened = doors.open(self._values["api"], self._values["certificates"])
        self._doors = doors
        self._door_keeper = self._began("doors", DoorKeeper.start(self._clock, self._monitor, doors.apply, opened))
        self._children.modems(self._values["modems"])
        self._children.subscribers(self._values["subscribers"])
        for part in self._parts:
            self._owners_of_state.update(part.start(self._values))
        self._owners.update(self._owners_of_state)  # not before: a change of the settings must find everybody whom it concerns
        self._router(TellWhenStarted(go_on.set))
        if not go_on.wait(MODEM_START_LIMIT_S):
            _log.warning("not every modem has said whether it can send; going on without")
        self._started = True
        return opened

    def _build_owners(self, books: Books) -> None:
        values, clock = self._values, self._clock
        self._accounts = LiveAccounts()
        self._audit = self._began("audit", AuditOwner.start(clock, books.audit))
        self._monitor = self._began("monitor", Monitor.start(clock))
        self._timekeeper = self._began("timekeeper", Timekeeper.start(clock, books.saved_time.save))
        self._webhooks = self._began("webhooks", Webhooks.start(clock, self._written.events, self._poster, self._monitor, values["webhooks"]))
        probers = tuple(self._began(f"prober {number}", Prober.start(number, clock, self._lines)) for number in (1, 2))
        self._inspector = self._began("inspector", Inspector.start(clock, self._monitor, self._port_watch, probers))
        accounts = self._began("accounts", AccountsOwner.start(clock, books.accounts, self._accounts.publish))
        self._accounts.publish(books.accounts.snapshot())
        self._accounts.ask_upgrade = accounts
        self._blocklist = self._began("blocklist", BlocklistOwner.start(clock, books.make_blocklist, values["sms"].country_code))
        syncer = self._began("syncer", Syncer.start(clock))
        archive = self._began("archive", Archive.start(clock, self._written.journal))
        usage_keeper = self._began("usage_keeper", UsageKeeper.start(clock, lambda value: books.state.save("usage", value)))
        usage = Usage(lambda: books.state.load("usage"), lambda value: usage_keeper(Keep(value)))
        self._router = self._began("router", Router.start(
            clock, self._written.ledger, blocklist=self._blocklist, syncer=syncer, archive=archive, monitor=self._monitor,
            country_code=values["sms"].country_code, rules=self._intake(), queue_limit=values["sms"].queue_limit,
            usage=usage))
        self._otp_desk = self._began("otp_desk", OtpDesk.start(
            clock, self._router, self._monitor, *self._otp_store(), country_code=values["sms"].country_code, rules=values["otp"], intake=self._intake()))
        settings = self._began("settings", SettingsOwner.start(clock, books.make_settings, self._changed))
        self._supervisor = self._began("supervisor", Supervisor.start(clock, self._monitor))
        self._gateway = ActorGateway(router=self._router, otp_desk=self._otp_desk, blocklist=self._blocklist, monitor=self._monitor, imei_write=self._site.gates.imei_write)
        self._inbox = self._began("inbox", InboxOwner.start(clock, books.inbox, sms=values["sms"], submit=self._gateway.hand, monitor=self._monitor))
        self._owners_of_state = {"monitor": self._monitor, "router": self._router, "settings": settings, "accounts": accounts, "blocklist": self._blocklist,
                                 "gateway": self._gateway.operate, "webhooks": self._webhooks, "inbox": self._inbox, "inspector": self._inspector,
                                 "learned": self._began("learned", Owner.start("learned", clock, books.learned.operations))}
        self._children = Children(clock, supervisor=self._supervisor, router=self._router, monitor=self._monitor, gateway=self._gateway,
                                  data=self._data, books=books, written=self._written, lines=self._lines, brokers=self._brokers, inbox=self._inbox,
                                  inspector=self._inspector)
        house = House(self._site, self._data, self._run, clock, books, self._written, self._supervisor, self._monitor, self._router, self._gateway, self._began)
        self._parts = tuple(part(house) for part in PARTS)
        self._built = True
        self._blocklist(Configure("router", self._router))
        self._webhooks(Configure("inbox", self._inbox))
        for tell in (self._inbox, self._router, self._monitor):
            tell(Configure("webhooks", self._webhooks))
        for section in ("general", "sms", "routing", "modems"):
            self._router(Configure(section, values[section]))
        for section in ("general", "modems"):
            self._inspector(Configure(section, values[section]))
        for section, value in (("otp_desk", self._otp_desk), ("recovery", self._written.recovery)):
            self._router(Configure(section, value))

    def _build_doors(self) -> Doors:
        return Doors(
            gateway=self._gateway,
            accounts=self._accounts,
            control=ActorControl(self._owners, self._audit, self._ready),
            admin=(self._site.admin.host, self._site.admin.port),
            control_socket=self._run / CONTROL_SOCKET,
            trusted_proxies=self._site.proxy.trusted,
            waiting=self._may_wait(),
            clock=self._clock,
        )

    def _may_wait(self) -> int:
        """How many requests may wait for the outcome of a message: more than there are modems to work on them."""
        modems: tuple[Modem, ...] = self._values["modems"]
        return max(16, 2 * sum(modem.active for modem in modems))

    def _otp_store(self) -> tuple[FileJournal, bytes]:
        """Give journal and key of the OTP records; without the key of before (a power cut) the records are void."""
        journal, key_file = FileJournal(self._data / "otp.journal"), self._run / "otp.key"
        if not key_file.exists():
            journal.rewrite(())
        return journal, key(key_file)

    def _began(self, name: str, ref: "pykka.ActorRef[Any]") -> Tell:
        self._refs.append((name, ref))
        return teller(ref)

    # settings: who is told of a changed section

    def _changed(self, change: Change) -> None:
        """Tell everybody whom a section concerns. Runs in the settings owner's thread, which alone changes values."""
        self._values = {**self._values, change.section: change.new}
        concerned: dict[str, tuple[Tell, ...]] = {
            "general": (self._router, self._inspector),
            "routing": (self._router,),
            "webhooks": (self._webhooks,),
            "sms": (self._router, self._otp_desk, self._blocklist, self._inbox),
            "otp": (self._otp_desk,),
            "modems": (self._router, self._inbox, self._inspector),
        }
        for tell in concerned.get(change.section, ()):
            tell(Configure(change.section, change.new))
        for part in self._parts:
            if change.section in part.sections:
                part.changed(change.section, self._values)
        if change.section in {"api", "certificates", "modems"}:
            self._door_keeper(Configure("doors", (self._values["api"], self._values["certificates"], self._may_wait())))
        if change.section == "modems":
            self._children.modems(change.new)
        if change.section in {"modems", "subscribers"}:
            self._children.subscribers(self._values["subscribers"])
        for tell in (self._router, self._otp_desk):
            tell(Configure("intake", self._intake()))

    def _intake(self) -> IntakeRules:
        general, api, sms, otp = (self._values[name] for name in ("general", "api", "sms", "otp"))
        return IntakeRules(
            drop_expired=general.drop_expired,
            expiration_ms=otp.expiration_ms,
            max_parts=sms.max_parts,
            max_wait_rest_s=sms.max_wait_s.rest,
            max_wait_broker_s=sms.max_wait_s.broker,
            reply_timeout_s=api.reply_timeout_s,
        )

    def _ready(self) -> tuple[bool, str]:
        if self._draining:
            return False, "The gateway is shutting down."
        if not self._started:
            return False, "The gateway is starting."
        dead = [name for name, ref in self._refs if not ref.is_alive()]
        return (False, f"Not running: {', '.join(dead)}.") if dead else (True, "Ready.")

    # stop

    def stop(self, limit_s: float = DRAIN_LIMIT_S) -> bool:
        """Drain and stop; True when every thread ended. What a modem still holds at the limit is unknown."""
        self._draining = True
        if self._doors is not None:
            self._doors.drain()
        if self._built:
            self._supervisor(PauseChildren("subscriber"))
            for part in self._parts:
                part.pause()
            drained = threading.Event()
            self._router(Drain(drained.set))
            if not drained.wait(limit_s):
                _log.warning("a modem still holds a message after %.0f s; its fate is unknown", limit_s)
                self._router(GiveUp())
        clean = self._close_doors()
        if self._built:
            stopped = threading.Event()
            self._supervisor(StopChildren(stopped.set))
            clean = stopped.wait(CHILDREN_LIMIT_S) and clean
        for name, ref in reversed(self._refs):
            stop_actor(name, ref)
        for part in reversed(self._parts):
            part.close(CLOSE_LIMIT_S)
        self._written.journal.close()
        self._brokers.stop(CLOSE_LIMIT_S)
        self._poster.stop(CLOSE_LIMIT_S)
        self._port_watch.stop()
        self._lines.stop()
        self._clock.stop()
        left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
        if left:
            _log.error("threads that did not end: %s", ", ".join(left))
        return clean and not left

    def _close_doors(self) -> bool:
        try:
            if self._doors is not None:
                self._doors.close(CLOSE_LIMIT_S)
        except NotDone as error:
            _log.error("the doors did not close: %s", error)
            return False
        return True
