"""Protocols: what actors and web need from the outside, so that the composition root alone chooses who provides it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from otppi.domain.replies import Reply
from otppi.domain.requests import Request
from otppi.domain.secret import Secret

Tell = Callable[[Any], bool | None]
"""Delivers a message to an actor; never blocks, never raises. False when the actor is gone and the message with it."""


class Cancel(Protocol):
    """A wake-up that has been asked for."""

    def cancel(self) -> None:
        """Make sure that the wake-up is not delivered any more, unless it is on its way already."""


class Clock(Protocol):
    """The only source of time. Waits use :meth:`monotonic`; :meth:`wall` is for what people and protocols name."""

    def monotonic(self) -> float:
        """Give seconds that never jump."""

    def wall(self) -> float:
        """Give unix seconds."""

    def wall_is_plausible(self) -> bool:
        """Tell whether the wall clock can be right: neither before the build date nor before the last saved time."""

    def after(self, seconds: float, deliver: Callable[[], object]) -> Cancel:
        """Call ``deliver`` once, from the clock's thread, in ``seconds``. ``deliver`` must only tell."""


class Line(Protocol):
    """An open serial line. Bytes come in through the callback given at opening."""

    def write(self, data: bytes) -> None:
        """Write everything within two seconds or raise PortError."""

    def reset(self) -> None:
        """Drop the line's DTR and RTS for a moment and empty its buffers, as far as the port has them. Never raises, does not block."""

    def close(self) -> None:
        """Close; no callback comes after this returned. May be called twice."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How a serial line is opened."""

    path: str
    baud_rate: int = 115200
    parity: str = "N"
    stop_bits: float = 1


class Lines(Protocol):
    """Opens serial lines."""

    def open(self, settings: LineSettings, received: Callable[[bytes], object], lost: Callable[[str], object]) -> Line:
        """Open a line; ``received`` and ``lost`` are called from a thread of the adapter and must only tell.

        Raises PortMissing, PortTaken or PortError.
        """


class PortWatch(Protocol):
    """Looks for serial ports in a thread of its own and tells PortsSeen."""

    def every(self, seconds: float) -> None:
        """Look every so many seconds from now on; 0: only when asked to."""

    def also(self, paths: Iterable[str]) -> None:
        """Take these for ports too, when they are there: what settings name."""

    def look(self) -> None:
        """Look now, and tell what is there even if nothing came or went. Returns at once."""


class Journal(Protocol):
    """An append-only file of records that survives a crash at any byte."""

    def replay(self) -> Iterator[bytes]:
        """Give every whole record, oldest first; a torn tail is cut off and reported in the log. Call it once, first."""

    def append(self, payload: bytes) -> None:
        """Add one record with one write; on return it survives the death of the process. Raises StoreError."""

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace the whole file by these records, atomically and synced. Raises StoreError."""

    def close(self) -> None:
        """Close the file."""


class Chronicle(Protocol):
    """Journals by day: what was written down of every message."""

    def append(self, payload: bytes) -> None:
        """Add one record with one write; on return it survives the death of the process. Raises StoreError."""

    def syncing(self) -> Callable[[], None]:
        """Give a function, to be called once and by any thread, that makes what was appended survive a power cut.

        It raises StoreError.
        """

    def replay(self, since: float) -> Iterator[bytes]:
        """Give every whole record of the days from ``since`` (unix seconds) on, oldest first."""

    def search(self, moment: float, needle: bytes, days: int) -> Iterator[bytes]:
        """Give the records that hold ``needle``, of the day of ``moment`` and the ``days`` after it."""

    def close(self) -> None:
        """Close the file."""


class Spool(Protocol):
    """Bodies of messages that were answered "in hand", sealed."""

    def keep(self, message_id: str, body: bytes) -> None:
        """Seal and write a body; on return it survives the death of the process. Raises StoreError."""

    def drop(self, message_id: str) -> None:
        """Forget a body; it may be absent. Raises StoreError."""

    def kept(self) -> Iterator[tuple[str, bytes | None]]:
        """Give every id with its body, None where it cannot be opened."""


class MarkFile(Protocol):
    """How far one sender is with the job that it holds."""

    def write(self, value: Any) -> None:
        """Replace the mark; on return it survives the death of the process. Raises StoreError."""

    def close(self) -> None:
        """Close the file."""


class Sections(Protocol):
    """One JSON file per section, written atomically, the last good version kept."""

    def load(self, name: str) -> Any:
        """Give the section's JSON value, or None when there is none. Falls back to the last good version."""

    def save(self, name: str, value: Any) -> None:
        """Replace the section; on return it survives a power cut. Raises StoreError."""


class Audit(Protocol):
    """Append-only record of what administrators changed."""

    def record(self, who: str, operation: str, target: str, detail: str = "") -> None:
        """Add one line. Neither secrets nor whole numbers belong into it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: ``rest``, a broker's name, ``mail`` or ``page``, and who sent it."""

    door: str
    user: str = ""
    address: str = ""
    patient: bool = False
    """Whether the sender waits until the deadline for a modem (brokers do, REST does not)."""
    delivery: str = ""
    """Hash of the payload, where a broker delivers a message again until it is acknowledged."""
    redelivered: bool = False
    """Whether the broker says that it has delivered this one before."""
    hurried: bool = False
    """Whether the sender is told "in hand" as soon as the message is queued, since too many wait for their outcome."""


class Gateway(Protocol):
    """The way in for every request."""

    def submit(self, request: Request, origin: Origin) -> "Future[Reply]":
        """Hand a request over; exactly one reply comes into the future. Never blocks and never raises."""


class Control(Protocol):
    """Operations of administrators (see domain.operations), from the control socket or a page."""

    def do(self, name: str, arguments: dict[str, Any], who: str) -> "Future[Any]":
        """Run one operation; the future holds its JSON result, or raises Mistake or NotDone."""

    def ready(self) -> tuple[bool, str]:
        """Tell whether every configured part has been started and works, and if not, which does not."""


@dataclass(frozen=True, slots=True)
class ApiUser:
    """What a door needs to know of an API user. ``record`` is a password record of domain.passwords."""

    name: str
    record: str = field(repr=False)
    commands: frozenset[str] = frozenset()
    """Allowed commands; empty means all."""
    usable: bool = True
    """Neither blocked nor inactive."""


class Accounts(Protocol):
    """The accounts as an immutable snapshot that is replaced as a whole."""

    def api_user(self, name: str) -> ApiUser | None:
        """Give the user of that name, or None."""

    def version(self) -> int:
        """Give a number that changes whenever any account does."""

    def upgrade(self, name: str, old_record: str, password: Secret) -> None:
        """Ask for an imported record to be replaced by one of ours; returns at once."""
