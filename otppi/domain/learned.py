"""What was found out about each modem, kept per IMEI and firmware, so that it is found out once; and that as JSON for people."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from otppi.domain.errors import NotDone, StoreError

MOST = 64
"""Modems whose findings are kept; the one that was explored longest ago makes room."""
MOST_TEXT = 100
"""Characters of what a modem says of itself."""
_PREFIX = "learned_"


class Learned:
    """The findings of one IMEI. ``load`` and ``save`` reach a section by its name; findings are JSON and not looked into."""

    def __init__(self, load: Callable[[str], Any], save: Callable[[str, Any], None]) -> None:
        self._load, self._save = load, save

    def of(self, imei: str, revision: str) -> Any:
        """Give the findings; None when there are none for this firmware, or they cannot be read."""
        try:
            stored = self._load(_name(imei)) if imei.isdecimal() else None
        except StoreError:
            return None
        return stored.get("found") if isinstance(stored, dict) and stored.get("revision") == revision[:MOST_TEXT] else None

    def note(self, imei: str, revision: str, found: Any, *, at: float = 0.0, manufacturer: str = "", model: str = "") -> str:
        """Keep findings, unless they are kept already; ``at`` is in unix seconds. Gives why that failed; it costs no more than a second exploration."""
        if not imei.isdecimal() or self.of(imei, revision) == found:
            return ""
        who = {"revision": revision, "manufacturer": manufacturer, "model": model}
        try:
            self._save(_name(imei), {**{name: text[:MOST_TEXT] for name, text in who.items()}, "at": int(at), "found": found})
        except StoreError as error:
            return str(error)
        return ""


class LearnedBook:
    """The findings of all modems. ``names`` gives the sections with a prefix, ``drop`` removes one."""

    def __init__(self, load: Callable[[str], Any], names: Callable[[str], Iterable[str]], drop: Callable[[str], None]) -> None:
        self._load, self._names, self._drop = load, names, drop

    @property
    def operations(self) -> Mapping[str, Callable[..., Any]]:
        """Give the operations of domain.operations that this book answers."""
        return {"modem.learned": self.export, "modem.forget": self.forget}

    def export(self, imei: str = "") -> list[dict[str, Any]]:
        """Give all findings, or those of one modem, each as the virtual modem can play it. Raises StoreError."""
        return [{"imei": found, **entry} for found, entry in self._entries() if imei in {"", found}]

    def forget(self, imei: str) -> None:
        """Forget what was found of a modem, so that it is explored when it next becomes ready. Raises NotDone, StoreError."""
        if imei not in {found for found, _ in self._entries()}:
            raise NotDone("Nothing was found out about a modem with this IMEI.")
        self._drop(_name(imei))

    def trim(self) -> str:
        """Forget the oldest when there are too many. Gives why that failed."""
        try:
            entries = sorted(self._entries(), key=lambda entry: int(entry[1]["at"]))
            for imei, _ in entries[:-MOST]:
                self._drop(_name(imei))
        except StoreError as error:
            return str(error)
        return ""

    def _entries(self) -> list[tuple[str, dict[str, Any]]]:
        stored = ((name.removeprefix(_PREFIX), self._load(name)) for name in sorted(self._names(_PREFIX)))
        return [(imei, _told(value)) for imei, value in stored if isinstance(value, dict) and "found" in value]


def _told(value: Mapping[str, Any]) -> dict[str, Any]:
    at = value.get("at")
    texts = {name: str(value.get(name, ""))[:MOST_TEXT] for name in ("revision", "manufacturer", "model")}
    return {**texts, "at": at if isinstance(at, int) else 0, "capabilities": value["found"]}


def _name(imei: str) -> str:
    return _PREFIX + imei
