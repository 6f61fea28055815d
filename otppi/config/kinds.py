"""Kinds of values: each knows its label, unit and range, how to check a value and how to write it back.

A form is driven by these objects: a new setting needs a label, not a page.
"""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from otppi.domain.errors import Mistake
from otppi.domain.secret import Secret

Problems = list[tuple[str, str]]
"""What is wrong, as ``(path, sentence)``; the sentence goes on after the path: ``must be …``."""

SECRET_SET = {"secret": "set"}
"""How a secret is shown; sent back, it keeps the stored one."""

_BREAKS = str.maketrans("", "", "\r\n\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a form and a reader must know of one value."""

    label: str
    help: str = ""
    unit: str = ""

    def check(self, value: Any) -> Any:
        """Give the value as the dataclass holds it. Raises Mistake with a sentence that goes on after the path."""
        raise NotImplementedError

    def read(self, value: Any, old: Any, at: str, problems: Problems) -> Any:
        """Like :meth:`check`, but note the problem. ``old`` is what has been in its place, or None."""
        del old
        try:
            return self.check(value)
        except Mistake as mistake:
            problems.append((at, str(mistake)))
            return None

    def left_out(self, default: Any, old: Any, at: str, problems: Problems) -> Any:
        """Give the value for a key that is not there."""
        del old, at, problems
        return default

    def from_text(self, text: str) -> Any:
        """Give the JSON value that a person means by ``text`` in an environment variable; odd ones fail in the check."""
        return text

    def to_json(self, value: Any, *, masked: bool) -> Any:
        """Give the JSON value; with ``masked`` a secret only tells that it is set."""
        del masked
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Kind):
    """A line of text, or several with ``lines``. ``rule`` refuses by raising Mistake; an empty text passes unless ``needed``."""

    max_length: int = 200
    lines: bool = False
    pattern: re.Pattern[str] | None = None
    shape: str = ""
    """What the pattern asks for: ``must be <shape>.``"""
    rule: Callable[[str], None] | None = None
    needed: bool = False

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Mistake(f"must be a text, not {name_of(value)}.")
        if not value:
            if self.needed:
                raise Mistake("must not be empty.")
            return value
        if len(value) > self.max_length:
            raise Mistake(f"must have at most {self.max_length} characters.")
        if not (value.translate(_BREAKS) if self.lines else value).isprintable():
            raise Mistake("must not hold control characters.")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise Mistake(f"must be {self.shape}.")
        if self.rule is not None:
            self.rule(value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Kind):
    """A number in a range, both ends included."""

    low: float
    high: float
    whole: bool = False

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Mistake(f"must be {self._wanted()}, not {name_of(value)}.")
        if not self.low <= value <= self.high or (self.whole and value != math.floor(value)):  # NaN is in no range
            raise Mistake(f"must be {self._wanted()}.")
        return int(value) if self.whole else float(value)

    def from_text(self, text: str) -> Any:
        try:
            return int(text) if self.whole else float(text)
        except ValueError:
            return text

    def to_json(self, value: Any, *, masked: bool) -> Any:
        del masked
        return int(value) if value == math.floor(value) else value

    def _wanted(self) -> str:
        unit = f" ({self.unit})" if self.unit else ""
        return f"a {'whole ' if self.whole else ''}number from {self.low} to {self.high}{unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Kind):
    """Yes or no."""

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Mistake(f"must be true or false, not {name_of(value)}.")
        return value

    def from_text(self, text: str) -> Any:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.strip().lower(), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Kind):
    """One of a few texts or numbers."""

    choices: tuple[Any, ...]

    def check(self, value: Any) -> Any:
        for choice in self.choices:
            if not isinstance(value, bool) and value == choice:
                return choice
        hint = did_you_mean(value, (one for one in self.choices if isinstance(one, str))) if isinstance(value, str) else ""
        raise Mistake(f"must be one of {', '.join(json.dumps(choice) for choice in self.choices)}{hint or '.'}")

    def from_text(self, text: str) -> Any:
        return next((choice for choice in self.choices if str(choice) == text.strip()), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretText(Kind):
    """A text that is never shown again. The stored one stays when the key is left out or says that it is set."""

    text: Text

    def check(self, value: Any) -> Secret:
        if value is None:
            return Secret("")
        if not isinstance(value, str):
            raise Mistake(f"must be a text, null to clear it, or {json.dumps(SECRET_SET)} to keep it.")
        return Secret(self.text.check(value))

    def read(self, value: Any, old: Any, at: str, problems: Problems) -> Any:
        if value != SECRET_SET:
            return Kind.read(self, value, old, at, problems)
        if not old:
            problems.append((at, "says that a secret is stored, but there is none; write the secret itself, or null."))
        return old

    def left_out(self, default: Any, old: Any, at: str, problems: Problems) -> Any:
        del at, problems
        return old or default

    def to_json(self, value: Any, *, masked: bool) -> Any:
        if not value:
            return None
        return dict(SECRET_SET) if masked else value.reveal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Kind):
    """A list of texts, held as a tuple. With ``lone`` a single text stands for a list of one."""

    item: Text
    most: int = 100
    lone: bool = False

    def check(self, value: Any) -> tuple[str, ...]:
        if self.lone and isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple):
            raise Mistake(f"must be a {'text or a ' if self.lone else ''}list of texts, not {name_of(value)}.")
        if len(value) > self.most:
            raise Mistake(f"must hold at most {self.most} entries.")
        return tuple(self._entry(number, entry) for number, entry in enumerate(value, 1))

    def from_text(self, text: str) -> Any:
        return [entry.strip() for entry in text.split(",") if entry.strip()]

    def to_json(self, value: Any, *, masked: bool) -> Any:
        del masked
        return list(value)

    def _entry(self, number: int, entry: Any) -> str:
        try:
            return self.item.check(entry)
        except Mistake as mistake:
            raise Mistake(f"entry {number} {mistake}") from None


def name_of(value: Any) -> str:
    """Name a JSON value's type for a person."""
    names: dict[type, str] = {bool: "true or false", str: "a text", int: "a number", float: "a number", list: "a list",
                              tuple: "a list", dict: "an object", type(None): "null"}
    return names.get(type(value), "a date or time")


def did_you_mean(word: str, known: Iterable[Any]) -> str:
    """Give ``; did you mean "…"?`` or nothing; capitals and dashes do not count."""
    names = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), names, 1)
    return f"; did you mean {json.dumps(names[near[0]])}?" if near else ""
