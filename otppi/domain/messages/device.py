"""Between a modem's line and its owner."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """Line → modem: bytes. ``opening`` counts the openings of the port: bytes of an earlier one count for nothing."""

    opening: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LineLost:
    """Line → modem: the port went away."""

    opening: int
    why: str
