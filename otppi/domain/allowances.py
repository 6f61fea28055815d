"""How many SMS each SIM has sent in the day, the week and the month of the local calendar; for allowances, quotas and people.

Counts are kept by the period they fell into: a clock that jumps goes on counting where that period was left, and what it
counted meanwhile is not taken from another one.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from otppi.domain.tariffs import Used

PERIODS = ("day", "week", "month")
KEPT = 4  # periods of each kind that are remembered: the present one, and those a clock may jump back to
MOST_SIMS = 256  # that are remembered; the one that has sent nothing for longest goes first


class Calendar:
    """Local time of a zone; None is the system's."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._named: tuple[float, float, tuple[str, str, str]] = (0.0, 0.0, ("", "", ""))

    def day(self, now: float) -> date:
        """Give the local date of a unix second."""
        return self._local(now).date()

    def midnight(self, now: float) -> float:
        """Give the unix second at which the next local day begins, which is up to 25 hours away."""
        after = datetime.combine(self.day(now) + timedelta(days=1), datetime.min.time(), self._zone)
        return after.timestamp()

    def keys(self, now: float) -> tuple[str, str, str]:
        """Name the present day, ISO week and month."""
        since, until, names = self._named
        if since <= now < until:
            return names
        today = self.day(now)
        year, week, _ = today.isocalendar()
        names = today.isoformat(), f"{year:04d}-W{week:02d}", f"{today:%Y-%m}"
        self._named = now, self.midnight(now), names
        return names

    def _local(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, self._zone) if self._zone is not None else datetime.fromtimestamp(now).astimezone()


class Usage:
    """The counts of all SIMs. A SIM is known by its IMSI, or by its modem's id while that is all that is known of it.

    ``load`` gives what ``save`` was given last, or None; damaged parts of it count for nothing. Times are unix seconds.
    """

    def __init__(self, load: Callable[[], Any] = lambda: None, save: Callable[[Any], object] = lambda value: None) -> None:
        self.calendar = Calendar()
        self._save = save
        self._changed = False
        self._counts: dict[str, dict[str, dict[str, int]]] = {}  # SIM → kind of period → name of period → SMS
        self._sims: dict[str, tuple[str, float]] = {}  # modem → its SIM, and since when
        self.until = 0.0
        """Everything that left before is counted."""
        self._read(load())

    def used(self, modem: str, now: float) -> Used:
        """Tell what the SIM of a modem has sent in the present periods."""
        counts = self._counts.get(self.sim(modem), {})
        return Used(*(counts.get(kind, {}).get(name, 0) for kind, name in zip(PERIODS, self.calendar.keys(now), strict=True)))

    def sim(self, modem: str) -> str:
        """Name the SIM in a modem."""
        return self._sims.get(modem, (modem, 0.0))[0]

    def found(self, modem: str, imsi: str, now: float) -> bool:
        """Note which SIM a modem says it has; True when that is another one than before. What was counted while none was known is this one's."""
        before = self.sim(modem)
        if not imsi or imsi == before:
            return False
        if before == modem and imsi not in self._counts and before in self._counts:
            self._counts[imsi] = self._counts.pop(before)
        known_since = 0.0 if before == modem else now
        self._sims[modem] = (imsi, known_since)
        self._changed = True
        return True

    def note(self, modem: str, sms: int, now: float) -> None:
        """Count SMS that left, or may have."""
        if sms > 0:
            self._add(self.sim(modem), self.calendar.keys(now), sms)

    def correct(self, sent: Iterable[tuple[str, float, int]]) -> None:
        """Make up for what was not saved before a crash: ``sent`` lists modem, unix second and SMS of the last day.

        What left after the last save is added, and no day holds less than that list.
        """
        days: dict[tuple[str, tuple[str, str, str]], int] = {}
        for modem, at, sms in sent:
            name, since = self._sims.get(modem, (modem, 0.0))
            if at < since:
                continue  # another SIM's
            keys = self.calendar.keys(at)
            days[name, keys] = days.get((name, keys), 0) + sms
            if at > self.until:
                self._add(name, keys, sms)
        for (name, keys), sms in days.items():
            missing = sms - self._counts.get(name, {}).get("day", {}).get(keys[0], 0)
            if missing > 0:
                self._add(name, keys, missing)

    def keep(self, now: float) -> None:
        """Save what has changed. Not between the count of a message and the note of its end: what ended before ``now`` is in it."""
        if not self._changed:
            return
        self._changed = False
        self.until = max(self.until, round(now + 0.001, 3))  # ends are written down in whole milliseconds
        self._save({
            "until": self.until,
            "modems": {modem: {"sim": sim, "since": round(since, 3)} for modem, (sim, since) in self._sims.items()},
            "sims": {sim: {kind: dict(names) for kind, names in counts.items()} for sim, counts in self._counts.items()},
        })

    def _add(self, sim: str, keys: tuple[str, str, str], sms: int) -> None:
        counts = self._counts.pop(sim) if sim in self._counts else {kind: {} for kind in PERIODS}
        self._counts[sim] = counts  # the latest stands last
        if len(self._counts) > MOST_SIMS:
            del self._counts[next(iter(self._counts))]
        for kind, name in zip(PERIODS, keys, strict=True):
            names = counts[kind]
            names[name] = names.pop(name, 0) + sms
            if len(names) > KEPT:
                del names[next(iter(names))]
        self._changed = True

    def _read(self, stored: Any) -> None:
        if not isinstance(stored, Mapping):
            return
        for sim, counts in _items(stored.get("sims")):
            self._counts[sim] = {
                kind: {name: count for name, count in _items(_items_of(counts, kind)) if isinstance(count, int) and count > 0} for kind in PERIODS}
        for modem, said in _items(stored.get("modems")):
            sim, since = _items_of(said, "sim"), _items_of(said, "since")
            if isinstance(sim, str) and isinstance(since, int | float):
                self._sims[modem] = (sim, float(since))
        until = stored.get("until")
        self.until = float(until) if isinstance(until, int | float) else 0.0


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, Mapping) else ()


def _items_of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None
