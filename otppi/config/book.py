"""All settings as one book: read at start, shown masked, replaced a section at a time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from otppi.config.kinds import Problems, did_you_mean
from otppi.config.sections import SECTIONS, Section
from otppi.domain.errors import BadSettings, Mistake
from otppi.domain.ports import Sections


@dataclass(frozen=True, slots=True)
class Change:
    """A section that has been saved: what it was and what it is, as :meth:`SettingsBook.get` gives it."""

    section: str
    old: Any
    new: Any


def _ignore(change: Change) -> None:
    del change


class SettingsBook:
    """Owns the settings. Not for several threads: one actor, or one command, holds it.

    ``changed`` is called with each :class:`Change` once it is safe on disk. Raises BadSettings, with every problem of
    every section at once, when what is stored cannot be used, and StoreError when it cannot be read.
    """

    def __init__(self, store: Sections, changed: Callable[[Change], None] = _ignore) -> None:
        self._store = store
        self._changed = changed
        problems: Problems = []
        self._values = {name: self._loaded(section, problems) for name, section in SECTIONS.items()}
        if problems:
            raise BadSettings(problems)
        self.operations: Mapping[str, Callable[..., Any]] = {"settings.show": self.show, "settings.set": self._set}

    def get(self, name: str) -> Any:
        """Give a section: its dataclass, or a tuple of them for a list. Raises Mistake for an unknown name."""
        return self._values[_section(name).name]

    def show(self, section: str) -> Any:
        """Give a section as JSON; secrets only tell that they are set. Raises Mistake for an unknown name."""
        return _section(section).to_json(self.get(section), masked=True)

    def set(self, section: str, value: Any) -> Change:
        """Replace a section by JSON: what is left out takes its default, a list is matched by ``id``.

        A secret that is left out or ``{"secret": "set"}`` stays, ``null`` clears it. Nothing is written unless all of it
        is right. Raises BadSettings, Mistake for an unknown section, StoreError.
        """
        kept, problems = _section(section), Problems()
        old = self._values[kept.name]
        new = kept.read(value, problems, old)
        if problems:
            raise BadSettings(problems)
        self._store.save(kept.name, kept.to_json(new, masked=False))
        self._values[kept.name] = new
        change = Change(kept.name, old, new)
        self._changed(change)
        return change

    def _set(self, section: str, value: Any) -> dict[str, Any]:
        return {"section": self.set(section, value).section, "saved": True}

    def _loaded(self, section: Section, problems: Problems) -> Any:
        stored = self._store.load(section.name)
        return section.default if stored is None else section.read(stored, problems)


def _section(name: str) -> Section:
    section = SECTIONS.get(name) if isinstance(name, str) else None
    if section is None:
        hint = did_you_mean(name, SECTIONS) if isinstance(name, str) else ""
        raise Mistake(f"There is no section {json.dumps(name)}{hint or '.'} Sections are: {', '.join(SECTIONS)}.")
    return section
