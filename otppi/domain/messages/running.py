"""The life of the house: beginning, waking, configuring, operating, dying."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Begin:
    """An actor to itself, first of all: start working (an error in on_start would kill it silently)."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Clock → actor: the time asked for has come. ``ticket`` tells a cancelled or replaced wake-up from the current one."""

    what: str
    ticket: int


@dataclass(frozen=True, slots=True)
class Configure:
    """Settings → whoever a section concerns: its new value (a dataclass of otppi.config, or a tuple of them)."""

    section: str
    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operate:
    """Control socket or page → owner: run one operation of domain.operations.

    ``done`` takes the JSON result, ``failed`` the Mistake or NotDone that explains why not.
    """

    name: str
    arguments: Mapping[str, Any] = field(repr=False)
    who: str
    done: Callable[[Any], None] = field(repr=False)
    failed: Callable[[Exception], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Died:
    """Actor → supervisor, from its last breath: it failed and must be started anew."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class State:
    """Owner → monitor: how a part stands. ``facts`` is immutable JSON; the last one of a name counts, None removes it."""

    kind: str
    name: str
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Drain:
    """App → router: take nothing new; ``drained`` is called once no sender holds a job any more."""

    drained: Callable[[], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GiveUp:
    """App → router: the drain's limit is over; what a sender still holds is unknown from now on."""


@dataclass(frozen=True, slots=True)
class Child:
    """A device owner that the supervisor keeps alive. ``start`` starts it and gives its reference, never blocks.

    ``value`` is what it was configured with: another value means another child. ``died`` tells whoever must know before
    the successor starts; its argument says that there will be none.
    """

    name: str
    value: Any = field(repr=False)
    start: Callable[[], Any] = field(repr=False)
    died: Callable[[bool], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """App → supervisor: these are the children of a kind from now on."""

    kind: str
    children: tuple[Child, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PauseChildren:
    """App → supervisor: tell every child of a kind to take nothing new."""

    kind: str


@dataclass(frozen=True, slots=True)
class StopChildren:
    """App → supervisor: stop every child, the youngest first, and start none any more; then call ``done``."""

    done: Callable[[], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TellWhenStarted:
    """App → router: call ``done`` once every modem has said whether it can send."""

    done: Callable[[], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """Control → audit: an administrator changed something."""

    who: str
    operation: str
    target: str


@dataclass(frozen=True, slots=True)
class Retire:
    """Supervisor → device owner: finish what you hold, take nothing new, then stop."""


@dataclass(frozen=True, slots=True)
class Retired:
    """Device owner → supervisor, from its last breath: it ended as it was asked to."""

    name: str
