"""The script that asks a modem to start anew, though it may not answer any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from otppi.at.dialogue import Command, Escape, Script

ANSWER_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Restarted:
    """The commands were given; whether they were heard shows when the port is opened anew."""


def restart(commands: Sequence[str]) -> Script:
    """Give the family's commands for a restart, whatever is answered. Returns Restarted."""
    yield Escape()
    for text in commands:
        yield Command(text, ANSWER_LIMIT_S)
    return Restarted()
