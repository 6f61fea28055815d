"""Which modem sends to which number: prefixes first, then default modems, then all; and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from otppi.domain.msisdn import mask


@dataclass(frozen=True, slots=True)
class Path:
    """What routing needs to know of a modem. ``prefixes`` are canonical; ``from_api`` false: only for a manual send."""

    id: str
    name: str
    prefixes: tuple[str, ...] = ()
    default: bool = False
    from_api: bool = True


@dataclass(frozen=True, slots=True)
class Candidates:
    """The modems to choose from, and the reason in words."""

    modems: tuple[str, ...]
    reason: str


class Routes:
    """The routing table. ``prefix_length`` N > 0 makes only prefixes of N digits count; 0 takes the longest match."""

    def __init__(self, paths: Iterable[Path], prefix_length: int = 0) -> None:
        self._paths = tuple(path for path in paths if path.from_api)
        self._prefix_length = prefix_length
        owners: dict[str, list[str]] = {}
        for path in self._paths:
            for prefix in dict.fromkeys(path.prefixes):
                if prefix_length in {0, len(prefix)}:
                    owners.setdefault(prefix, []).append(path.id)
        self._owners: Mapping[str, tuple[str, ...]] = {prefix: tuple(ids) for prefix, ids in owners.items()}
        self._lengths = sorted({len(prefix) for prefix in owners}, reverse=True)
        self._defaults = tuple(path.id for path in self._paths if path.default)
        self._all = tuple(path.id for path in self._paths)
        self._rest = tuple(group for group in (self._defaults, self._all) if group)

    def modems(self, number: str, usable: Callable[[str], bool]) -> tuple[str, ...]:
        """Give the modems of :meth:`candidates`, in a tenth of the time: it is asked of every message that waits, again and again."""
        for length in self._lengths:
            if (owners := self._owners.get(number[:length])) is not None and length <= len(number):
                if fit := tuple(filter(usable, owners)):
                    return fit
                break
        return next((fit for group in self._rest if (fit := tuple(filter(usable, group)))), ())

    def candidates(self, number: str, usable: Callable[[str], bool]) -> Candidates:
        """Give the first group with a usable modem: longest prefix, defaults, all. Empty when none is usable."""
        for modems, reason in self._groups(number):
            fit = tuple(modem for modem in modems if usable(modem))
            if fit:
                return Candidates(fit, reason)
        return Candidates((), "no modem is usable" if self._all else "no modem may send for the API")

    def explain(
        self, number: str, state: Callable[[str], str], usable: Callable[[str], bool],
        cost: Callable[[str, tuple[str, ...]], Mapping[str, object]] = lambda modem, rivals: {},
    ) -> dict[str, object]:
        """Tell the choice and how it came about, group by group. ``cost`` tells the price of a modem beside its usable rivals, and whether it is dearer."""
        chosen = self.candidates(number, usable)
        names, groups = {path.id: path.name for path in self._paths}, []
        for modems, reason in self._groups(number):
            rivals = tuple(filter(usable, modems))
            groups.append({"reason": reason, "modems": [
                {"id": modem, "name": names[modem], "state": state(modem), "usable": usable(modem), **cost(modem, rivals)} for modem in modems]})
        cheapest = [modem for modem in chosen.modems if not cost(modem, chosen.modems).get("dearer")]
        reason = chosen.reason if len(cheapest) == len(chosen.modems) else f"{chosen.reason}, the cheapest"
        return {"number": mask(number), "chosen": cheapest, "reason": reason, "groups": groups}

    def _groups(self, number: str) -> Sequence[tuple[tuple[str, ...], str]]:
        groups: list[tuple[tuple[str, ...], str]] = []
        for length in self._lengths:
            owners = self._owners.get(number[:length])
            if owners and length <= len(number):
                groups.append((owners, f"prefix {number[:length]}"))
                break  # the longest match only: a shorter prefix is another tariff
        if self._defaults:
            groups.append((self._defaults, "default modems, as no modem with a matching prefix is usable" if groups else "default modems, as no prefix matches"))
        if self._all:
            groups.append((self._all, "all modems that send for the API"))
        return groups
