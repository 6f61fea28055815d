"""What messages cost, for the router: counts what each SIM sends, and knows which modem takes least and whose quota is reached."""

import logging
from datetime import date
from typing import Any

from otppi.config.modem import Modem
from otppi.config.routing import Routing
from otppi.config.zones import zone_of
from otppi.domain.allowances import PERIODS, Calendar, Usage
from otppi.domain.errors import Mistake
from otppi.domain.job import Job
from otppi.domain.messages.running import State
from otppi.domain.ports import Clock, Tell
from otppi.domain.pricing import Prices
from otppi.domain.tariffs import Tariff

KEEP_S = 300.0  # between two saves; what is missing after a crash is in the journal
SHOW_S = 1.0  # between two looks of a person nothing is missed
LOOK_S = 3600.0  # for a day to be noticed that began by a step of the clock
_log = logging.getLogger(__name__)


class Costs:
    """Belongs to the router, which has modems routed anew when it is told that a price has changed."""

    def __init__(self, clock: Clock, usage: Usage, monitor: Tell) -> None:
        self._routing = Routing()
        self.spent: dict[str, str] = {}
        """Modems whose quota is reached, with its period."""
        self._clock = clock
        self._usage = usage
        self._monitor = monitor
        self._modems: tuple[Modem, ...] = ()
        self._shown: set[str] = set()
        self._alarmed: dict[str, str] = {}
        self._to_show: set[str] = set()
        self._prices = Prices({}, {}, date.min)

    # what it is told

    def _take_zone(self, name: str) -> None:
        """Take the time zone by which days begin; the system's when it knows none of that name."""
        try:
            self._usage.calendar = Calendar(zone_of(name))
        except Mistake as error:
            _log.error("%s", error)
            self._usage.calendar = Calendar()

    def configure(self, section: str, value: Any) -> None:
        """Take the section ``routing`` or ``general``; prices are to be worked out after it."""
        if section == "routing":
            self._routing = value
        else:
            self._take_zone(value.time_zone)

    def price(self, modems: tuple[Modem, ...], country_code: str, most_parts: int) -> None:
        """Take what modems there are now, and work out all prices anew."""
        self._modems = tuple(modem for modem in modems if modem.active and not modem.internet_access)
        made = {tariff.id: tariff.made(country_code) for tariff in self._routing.tariffs}
        now = self.now()
        used = {modem.id: self._usage.used(modem.id, now) for modem in self._modems}
        self._prices = Prices({modem.id: _tariff(modem, made) for modem in self._modems}, used, self._usage.calendar.day(now), most_parts)
        self.spent = {modem.id: period for modem in self._modems if (period := self._prices.exhausted(modem.id))}
        self._to_show.update(used)

    def sim(self, modem: str, imsi: str) -> bool:
        """Note which SIM a modem has; True when that changes a price or a quota."""
        return self._usage.found(modem, imsi, self.now()) and self._recount(modem)

    def note(self, modem: str, sms: int) -> bool:
        """Count what a modem sent; True when that changes a price or a quota."""
        if sms <= 0:
            return False
        self._usage.note(modem, sms, self.now())
        return self._recount(modem)

    def correct(self, sent: list[tuple[str, float, int]]) -> None:
        """Take up what left before a crash and was not saved."""
        self._usage.correct(sent)

    def _recount(self, modem: str) -> bool:
        self._to_show.add(modem)
        changed, before = self._prices.note(modem, self._usage.used(modem, self.now())), self.spent.get(modem, "")
        period = self._prices.exhausted(modem)
        if period:
            self.spent[modem] = period
        else:
            self.spent.pop(modem, None)
        return changed or period != before

    # what it can be asked

    def now(self) -> float:
        """Give the time that counts: a clock that is known to be wrong counts on at the last known time."""
        wall = self._clock.wall()
        return wall if self._clock.wall_is_plausible() else max(wall, self._usage.until)

    def cheapest(self, job: Job, modems: tuple[str, ...]) -> tuple[str, ...]:
        """Give those of some modems that take least for a message."""
        return self._prices.cheapest(job.to, job.parts, modems)

    def explain(self, modem: str, number: str, rivals: tuple[str, ...]) -> dict[str, object]:
        """Tell what a modem takes for a number, and why it is passed over for that; nothing when no modem has a tariff."""
        told = self._prices.explain(modem, number, rivals)
        return {**told, "quota": self.spent[modem]} if modem in self.spent else told

    def look_in(self) -> float | None:
        """Give the seconds until prices are to be looked at again by :meth:`over`; None when no modem has a tariff."""
        now = self.now()
        return min(LOOK_S, max(0.0, self._usage.calendar.midnight(now) - now)) if self._prices.ever() else None

    def over(self) -> bool:
        """Tell whether another day has begun, by which prices, allowances and quotas may be others."""
        return self._usage.calendar.day(self.now()) != self._prices.today

    # what it tells

    def keep(self) -> None:
        """Have the counts saved."""
        self._usage.keep(self.now())

    def show(self) -> None:
        """Tell the monitor what has changed: what each SIM has sent, and an alarm for a quota that is reached."""
        now, names = self.now(), {modem.id: modem for modem in self._modems}
        for name in sorted(self._shown - names.keys()):
            self._tell(name, None, "")
        for name in sorted(self._to_show & names.keys()):
            period = self.spent.get(name, "")
            used = dict(zip(PERIODS, self._usage.used(name, now), strict=True))
            self._tell(name, {**used, "tariff": names[name].tariff, "quota_reached": period}, period)
        self._shown, self._to_show = set(names), set()

    def _tell(self, name: str, facts: dict[str, Any] | None, period: str) -> None:
        self._monitor(State("usage", name, facts))
        if self._alarmed.get(name, "") == period:
            return
        self._alarmed[name] = period
        alarm = f"modem {name} quota"
        text = f"Modem {name} has sent what its tariff allows in a {period}; it sends nothing until the {period} is over."
        self._monitor(State("alarm", alarm, {"source": f"modem {name}", "what": "quota", "text": text, "since": self.now()} if period else None))


def _tariff(modem: Modem, made: dict[str, Tariff]) -> Tariff | str:
    """Give a modem's tariff, or why there is none; nothing when none was meant."""
    if not modem.tariff:
        return ""
    return made.get(modem.tariff, f'there is no tariff "{modem.tariff}"')
