"""V.250 command lines: `ATE0V1+CMEE=1;+CPIN?` into commands, without knowing what any of them does.

Basic commands (a letter, or `&` and a letter, then digits) follow each other unseparated; extended ones (`+`, `^`, `$`, `!`,
`#`, `*`, `%` and a name) end at a semicolon that is not within quotes (V.250 section 5.4).
"""

import re
from dataclasses import dataclass
from enum import Enum

_BASIC = re.compile(r"(&[A-Z]|[A-Z])\s*([0-9]*)", re.IGNORECASE)
_S_REGISTER = re.compile(r"S([0-9]+)\s*(=\s*([0-9]*)|\?)", re.IGNORECASE)
_EXTENDED = re.compile(r"[+^$!#*%][A-Z][A-Z0-9]*", re.IGNORECASE)
_DIAL = "D"


class Kind(Enum):
    """The four shapes of an extended command."""

    RUN = "run"
    """`+CSQ`"""
    READ = "read"
    """`+CMGF?`"""
    TEST = "test"
    """`+CMGF=?`"""
    SET = "set"
    """`+CMGF=0`"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line: the name in capitals, its shape, what followed the equals sign."""

    name: str
    kind: Kind
    text: str = ""
    values: tuple[str, ...] = ()
    """`text` cut at the commas outside quotes; quotes and outer blanks are taken off."""

    def value(self, position: int, default: str = "") -> str:
        """The value at `position`, or `default` where it was left out."""
        found = self.values[position] if position < len(self.values) else ""
        return found or default


class MalformedLineError(ValueError):
    """The line is no V.250 command line; a modem answers ERROR to it as a whole."""


def cut(text: str, separator: str) -> list[str]:
    """Cut `text` at each `separator` that is not within double quotes."""
    if '"' not in text:
        return text.split(separator)
    pieces, start, quoted = [], 0, False
    for position, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            pieces.append(text[start:position])
            start = position + 1
    pieces.append(text[start:])
    return pieces


def _unquoted(value: str) -> str:
    value = value.strip()
    return value.strip('"') if value.startswith('"') else value


def _extended(piece: str) -> Command:
    match = _EXTENDED.match(piece)
    if match is None:
        raise MalformedLineError
    name, rest = match.group().upper(), piece[match.end() :].strip()
    if not rest:
        return Command(name, Kind.RUN)
    if rest == "?":
        return Command(name, Kind.READ)
    if rest == "=?":
        return Command(name, Kind.TEST)
    if rest.startswith("="):
        text = rest[1:].strip()
        return Command(name, Kind.SET, text, tuple(_unquoted(value) for value in cut(text, ",")))
    raise MalformedLineError


def parse(line: str) -> list[Command]:
    """The commands of a line whose `AT` has been taken off; MalformedLineError when it is none.

    `ATD…` takes the rest of its line: the dial string may hold anything.
    """
    commands = []
    for piece in cut(line, ";"):
        rest = piece.strip()
        while rest and rest[0] not in "+^$!#*%":
            if register := _S_REGISTER.match(rest):
                kind = Kind.READ if register.group(2) == "?" else Kind.SET
                value = register.group(3) or ""
                commands.append(Command(f"S{register.group(1)}", kind, value, (value,)))
                rest = rest[register.end() :].lstrip()
                continue
            match = _BASIC.match(rest)
            if match is None:
                raise MalformedLineError
            name, digits = match.group(1).upper(), match.group(2)
            if name == _DIAL:
                return [*commands, Command(name, Kind.SET, line[line.upper().index(_DIAL) + 1 :])]
            commands.append(Command(name, Kind.SET if digits else Kind.RUN, digits, (digits,) if digits else ()))
            rest = rest[match.end() :].lstrip()
        if rest:
            commands.append(_extended(rest))
    return commands
