"""Sections as frozen dataclasses whose fields carry their kind: the one mechanism behind site file, settings and forms.

    @settings
    class Bell:
        enabled: bool = flag("Ring the bell", default=False)
        pin: int = integer("GPIO pin", default=26, low=0, high=27)

A field without a default is required; one whose name ends in an underscore is written without it (``from_`` is ``from``,
a word of Python's own). A class may tell what its fields cannot know one by one in
``def problems(self) -> Iterable[tuple[str, str]]``; it is asked once each field is right.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform

from otppi.config.kinds import (
    Choice,
    Flag,
    Items,
    Kind,
    Number,
    Problems,
    SecretText,
    Text,
    did_you_mean,
    name_of,
)
from otppi.domain.secret import Secret

T = TypeVar("T")
_KIND = "kind"
HOST = r"[A-Za-z0-9_.:%-]+"  # a name, an IPv4 or an IPv6 address


def text(label: str, *, default: Any = dataclasses.MISSING, help: str = "", pattern: str = "", shape: str = "",  # noqa: A002
         rule: Callable[[str], None] | None = None, max_length: int = 200, private: bool = False, needed: bool = False,
         lines: bool = False) -> Any:
    """Declare a text; ``pattern`` must match all of it. A ``private`` one stays out of the repr; ``needed``: not empty;
    ``lines``: with line breaks.
    """
    needed = needed or default is dataclasses.MISSING
    kind = Text(label=label, help=help, pattern=re.compile(pattern) if pattern else None, shape=shape, rule=rule,
                max_length=max_length, needed=needed, lines=lines)
    return _field(kind, default, shown=not private)


def integer(label: str, *, low: int, high: int, default: Any = dataclasses.MISSING, unit: str = "", help: str = "") -> Any:  # noqa: A002
    """Declare a whole number; 5.0 is 5, as JSON Schema has it."""
    return _field(Number(label=label, help=help, unit=unit, low=low, high=high, whole=True), default)


def number(label: str, *, low: float, high: float, default: Any = dataclasses.MISSING, unit: str = "", help: str = "") -> Any:  # noqa: A002
    """Declare a number, held as float."""
    return _field(Number(label=label, help=help, unit=unit, low=low, high=high), default)


def flag(label: str, *, default: Any = dataclasses.MISSING, help: str = "") -> Any:  # noqa: A002
    """Declare a yes or no."""
    return _field(Flag(label=label, help=help), default)


def choice(label: str, *, choices: tuple[Any, ...], default: Any = dataclasses.MISSING, help: str = "") -> Any:  # noqa: A002
    """Declare one of a few texts or numbers."""
    return _field(Choice(label=label, help=help, choices=choices), default)


def secret(label: str, *, default: Any = dataclasses.MISSING, help: str = "", pattern: str = "", shape: str = "",  # noqa: A002
           max_length: int = 200, lines: bool = False) -> Any:
    """Declare a :class:`Secret`."""
    inner = Text(label=label, pattern=re.compile(pattern) if pattern else None, shape=shape, max_length=max_length, lines=lines)
    return _field(SecretText(label=label, help=help, text=inner), default)


def items(label: str, *, default: Any = dataclasses.MISSING, help: str = "", pattern: str = "", shape: str = "",  # noqa: A002
          rule: Callable[[str], None] | None = None, most: int = 100, lone: bool = False, max_length: int = 200,
          empty_entries: bool = False) -> Any:
    """Declare a tuple of texts; with ``lone`` a single text stands for a list of one."""
    item = Text(label=label, pattern=re.compile(pattern) if pattern else None, shape=shape, rule=rule,
                max_length=max_length, needed=not empty_entries)
    return _field(Items(label=label, help=help, item=item, most=most, lone=lone), default)


def group(label: str, *, default: Any, help: str = "") -> Any:  # noqa: A002
    """Declare a nested object; ``default`` is an instance of its dataclass."""
    return _field(Group(label=label, help=help, cls=type(default)), default)


def rows(label: str, *, cls: type[Any], most: int, default: Any = dataclasses.MISSING, help: str = "") -> Any:  # noqa: A002
    """Declare a tuple of nested objects; those with an ``id`` are matched by it."""
    return _field(Rows(label=label, help=help, cls=cls, most=most), default)


def of_kind(kind: Kind, *, default: Any = dataclasses.MISSING, private: bool = False) -> Any:
    """Declare a value of a kind of its own; a ``private`` one stays out of the repr."""
    return _field(kind, default, shown=not private)


@dataclass_transform(kw_only_default=True, frozen_default=True,
                     field_specifiers=(text, integer, number, flag, choice, secret, items, group, rows, of_kind))
def settings(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass with slots and named arguments only."""
    return dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group(Kind):
    """A nested object."""

    cls: type[Any]

    def read(self, value: Any, old: Any, at: str, problems: Problems) -> Any:
        return read(self.cls, value, problems, at, old)

    def left_out(self, default: Any, old: Any, at: str, problems: Problems) -> Any:
        return default if old is None else read(self.cls, {}, problems, at, old)  # its secrets stay

    def to_json(self, value: Any, *, masked: bool) -> Any:
        return to_json(value, masked=masked)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Kind):
    """A list of nested objects, held as a tuple."""

    cls: type[Any]
    most: int

    def read(self, value: Any, old: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, list | tuple) and len(value) > self.most:
            problems.append((at, f"must hold at most {self.most} entries."))
            return None
        found: Problems = []
        made = read_list(self.cls, value, found, old or ()) if "id" in kinds(self.cls) else _read_rows(self.cls, value, found)
        problems.extend((at + path, sentence) for path, sentence in found)
        return made

    def to_json(self, value: Any, *, masked: bool) -> Any:
        return [to_json(one, masked=masked) for one in value]


def kinds(cls: type[Any]) -> Mapping[str, Kind]:
    """Give the kind of every field, by key and in order; a form is made from this."""
    return {_key(field): field.metadata[_KIND] for field in dataclasses.fields(cls)}


def read(cls: type[T], value: Any, problems: Problems, at: str = "", old: T | None = None) -> T | None:
    """Make a ``cls`` from a JSON or TOML object; keys that are left out take their defaults, secrets stay as in ``old``.

    Everything that is wrong is added to ``problems`` with its path under ``at``; then the result is None.
    """
    if not isinstance(value, dict):
        problems.append((at, f"must be an object, not {name_of(value)}."))
        return None
    before = len(problems)
    known = kinds(cls)
    problems.extend((_join(at, str(key)), _unknown(str(key), known)) for key in value if key not in known)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # T is one of @settings
        name, key = field.name, _key(field)
        where, was = _join(at, key), getattr(old, name, None)
        if key in value:
            values[name] = known[key].read(value[key], was, where, problems)
        elif field.default is dataclasses.MISSING:
            problems.append((where, "is missing."))
        else:
            values[name] = known[key].left_out(field.default, was, where, problems)
    if len(problems) > before:
        return None
    made = cls(**values)
    rules: Callable[[Any], Any] | None = getattr(cls, "problems", None)
    if rules is not None:
        problems.extend((_join(at, path), sentence) for path, sentence in rules(made))
    return made if len(problems) == before else None


def read_list(cls: type[T], value: Any, problems: Problems, old: tuple[T, ...] = ()) -> tuple[T, ...] | None:
    """Make a tuple of ``cls``, which has an ``id``, from a JSON list; each is matched with the ``old`` one of its id."""
    if not isinstance(value, list | tuple):
        problems.append(("", f"must be a list, not {name_of(value)}."))
        return None
    before = len(problems)
    by_id = {getattr(one, "id"): one for one in old}  # noqa: B009  # T promises no id to the type checker
    made: list[T] = []
    seen: set[str] = set()
    for index, one in enumerate(value):
        name = one.get("id") if isinstance(one, dict) else None
        at = f"[{name}]" if isinstance(name, str) and name.isprintable() and name else f"[{index}]"
        result = read(cls, one, problems, at, by_id.get(name) if isinstance(name, str) else None)
        if isinstance(name, str) and name in seen:
            problems.append((f"{at}.id", "is there twice; give each its own."))
        elif isinstance(name, str):
            seen.add(name)
        if result is not None:
            made.append(result)
    return tuple(made) if len(problems) == before else None


def to_json(instance: Any, *, masked: bool) -> dict[str, Any]:
    """Give the JSON object; with ``masked`` a secret is ``{"secret": "set"}``, an empty one null in any case."""
    return {_key(field): field.metadata[_KIND].to_json(getattr(instance, field.name), masked=masked) for field in dataclasses.fields(instance)}


def _read_rows(cls: type[T], value: Any, problems: Problems) -> tuple[T, ...] | None:
    if not isinstance(value, list | tuple):
        problems.append(("", f"must be a list, not {name_of(value)}."))
        return None
    made = [read(cls, one, problems, f"[{place}]") for place, one in enumerate(value)]
    return tuple(one for one in made if one is not None)


def _key(field: "dataclasses.Field[Any]") -> str:
    return field.name.removesuffix("_")


def _field(kind: Kind, default: Any, *, shown: bool = True) -> Any:
    field: Any = dataclasses.field  # its overloads want to know whether there is a default
    if isinstance(default, str) and isinstance(kind, SecretText):
        default = Secret(default)
    return field(default=default, metadata={_KIND: kind}, repr=shown)


def _join(at: str, key: str) -> str:
    key = key if key.isprintable() else json.dumps(key)  # a path stays on its line
    return f"{at}.{key}" if at and key else at or key


def _unknown(key: str, known: Mapping[str, Kind]) -> str:
    return "is not known" + (did_you_mean(key, known) or f"; known are {json.dumps(list(known))[1:-1]}.")
