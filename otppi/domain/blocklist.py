"""Numbers and prefixes that are never texted, whoever asks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from otppi.domain.errors import BadNumber, Mistake
from otppi.domain.msisdn import canonical, canonical_prefix

MAX_ENTRIES = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A number, or with a trailing star a prefix; ``blocked`` false is an exception that passes whatever shorter prefix is blocked."""

    pattern: str
    blocked: bool


class Blocklist:
    """The list as a map from pattern to blocked; a check costs one look-up per digit."""

    def __init__(self, entries: Mapping[str, bool]) -> None:
        self._entries = dict(entries)
        self._lengths = self._prefix_lengths()

    def blocks(self, number: str) -> bool:
        """Tell whether a canonical number must not be texted.

        What is said of a number itself overrules its prefixes, a longer prefix overrules a shorter one.
        """
        said = self._entries.get(number)
        if said is not None:
            return said
        for length in self._lengths:
            said = self._entries.get(number[:length] + "*") if length <= len(number) else None
            if said is not None:
                return said
        return False

    def entries(self, search: str = "") -> list[Entry]:
        """List what matches ``search`` (digits anywhere in the pattern), in order."""
        wanted = search.strip().lstrip("+")
        return [Entry(pattern, blocked) for pattern, blocked in sorted(self._entries.items()) if wanted in pattern]

    def put(self, patterns: Iterable[str], *, blocked: bool) -> int:
        """Block patterns or, with ``blocked`` false, let them through; gives how many changed."""
        changed = [pattern for pattern in dict.fromkeys(patterns) if self._entries.get(pattern) is not blocked]
        if len(self._entries) + sum(pattern not in self._entries for pattern in changed) > MAX_ENTRIES:
            raise Mistake(f"The blocklist holds at most {MAX_ENTRIES:,} entries.")
        self._entries.update(dict.fromkeys(changed, blocked))
        self._lengths = self._prefix_lengths()
        return len(changed)

    def unblock(self, patterns: Iterable[str]) -> int:
        """Take blocked patterns off the list, each for itself: a prefix above it stays; gives how many there were."""
        return self.delete([pattern for pattern in patterns if self._entries.get(pattern)])

    def delete(self, patterns: Iterable[str]) -> int:
        """Take patterns off the list; gives how many were there."""
        gone = sum(self._entries.pop(pattern, None) is not None for pattern in patterns)
        self._lengths = self._prefix_lengths()
        return gone

    def to_json(self) -> dict[str, bool]:
        """Give what is stored."""
        return dict(self._entries)

    def _prefix_lengths(self) -> list[int]:
        return sorted({len(pattern) - 1 for pattern in self._entries if pattern.endswith("*")}, reverse=True)


def pattern(text: str, country_code: str) -> str:
    """Read a number or prefix as a person writes it: ``0812*`` becomes ``62812*``. Raises :class:`BadNumber`."""
    stripped = text.strip()
    if stripped.endswith("*"):
        return canonical_prefix(stripped[:-1], country_code) + "*"
    return canonical(stripped, country_code)


def patterns(texts: Iterable[Any], country_code: str) -> list[str]:
    """Read several; the first that is no number is named by its place, not repeated. Raises :class:`BadNumber`."""
    read = []
    for place, text in enumerate(texts, start=1):
        try:
            read.append(pattern(str(text), country_code))
        except BadNumber as error:
            raise BadNumber(f"Entry {place}: {error}") from None
    return read


class BlocklistBook:
    """The blocklist with its file and its operations."""

    def __init__(self, load: Callable[[], Any], save: Callable[[Any], None], country_code: Callable[[], str]) -> None:
        stored = load()
        self.list = Blocklist({str(key): bool(value) for key, value in (stored or {}).items()})
        self._save = save
        self._country_code = country_code
        self.operations: dict[str, Callable[..., Any]] = {
            "blocklist.list": self.listing,
            "blocklist.add": self.block,
            "blocklist.unblock": self.unblock,
            "blocklist.delete": self.delete,
            "blocklist.import": self.take,
            "blocklist.export": self.listing,
        }

    def block(self, numbers: Iterable[str]) -> dict[str, int]:
        """Block numbers and prefixes; on return it is safe on disk."""
        read = patterns(numbers, self._country_code())
        return self._keep(lambda copy: copy.put(read, blocked=True))

    def unblock(self, numbers: Iterable[str]) -> dict[str, int]:
        """Free numbers and prefixes that are listed as blocked; ``still_blocked`` counts those below a prefix that is blocked."""
        read = patterns(numbers, self._country_code())
        changed = self._keep(lambda copy: copy.unblock(read))
        return changed | {"still_blocked": sum(self.list.blocks(pattern.rstrip("*")) for pattern in read)}

    def change_one(self, number: str, *, blocked: bool) -> None:
        """Block or unblock one number for a client; prefixes are the administrator's. Raises :class:`Mistake`."""
        read = canonical(number, self._country_code())
        self._keep(lambda copy: copy.put([read], blocked=True) if blocked else copy.unblock([read]))
        if not blocked and self.list.blocks(read):
            raise Mistake("The number begins with a prefix that an administrator has blocked; it stays blocked.")

    def delete(self, numbers: Iterable[str]) -> dict[str, int]:
        """Take numbers off the list, whether they are blocked or pass."""
        read = patterns(numbers, self._country_code())
        return self._keep(lambda copy: copy.delete(read))

    def take(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        """Add entries as :meth:`listing` gives them; nothing is taken when one of them is wrong. Only so an exception is made."""
        listed = list(entries)
        for place, entry in enumerate(listed, start=1):
            if not isinstance(entry, Mapping) or not isinstance(entry.get("blocked", True), bool):
                raise Mistake(f'Entry {place} must be {{"pattern": …, "blocked": true or false}}.')
        read = patterns((str(entry.get("pattern", "")) for entry in listed), self._country_code())
        blocked = [text for text, entry in zip(read, listed, strict=True) if entry.get("blocked", True)]
        passing = [text for text, entry in zip(read, listed, strict=True) if not entry.get("blocked", True)]
        return self._keep(lambda copy: copy.put(blocked, blocked=True) + copy.put(passing, blocked=False))

    def listing(self, search: str = "") -> list[dict[str, Any]]:
        """List the entries that match."""
        try:  # 0812 and +62 812 are looked for as they are listed
            wanted = canonical_prefix(search, self._country_code()) if search.strip()[:1] in {"0", "+"} else search
        except BadNumber:
            wanted = search
        return [{"pattern": entry.pattern, "blocked": entry.blocked} for entry in self.list.entries(wanted)]

    def _keep(self, change: Callable[[Blocklist], int]) -> dict[str, int]:
        copy = Blocklist(self.list.to_json())
        changed = change(copy)
        if changed:
            self._save(copy.to_json())
            self.list = copy
        return {"changed": changed}
