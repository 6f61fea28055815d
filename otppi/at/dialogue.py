"""One conversation at a time with a modem, without I/O: scripts yield steps, bytes and time come in, effects go out.

A script is a generator. It yields a :class:`Command`, :class:`Body`, :class:`Await`, :class:`Pause`, :class:`Escape` or :class:`Mark`,
is sent the :class:`Answer`, and returns its result. Lines are told apart by what they are, never by where they stand.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from otppi.at.lines import PROMPT, LineReader
from otppi.at.results import Final, Kind, parse_final
from otppi.at.urc import carries_pdu, is_urc

COMMAND_LIMIT_S = 10.0  # for commands that only look at the modem itself; V.250 leaves it open, fleets show seconds
DRAIN_S = 0.5  # of silence after an ESC before the next command may go out
DRAIN_LIMIT_S = 5.0  # a modem that never stops talking is not waited for longer
SETTLE_S = 2.0  # for an OK that may be missing
MAX_STEPS_LOST = 50  # a script that does not end when the line is gone is ended
MAX_LINES = 2000  # of one answer: a full store of 255 messages has 510
CTRL_Z = b"\x1a"
ESC = b"\x1b"
_PDU = re.compile(r"([0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line without its end. ``expects`` begins the lines of its answer, ``prompt`` waits for "> " instead of OK.

    ``settles`` begins a line after which the final OK may be missing (Wavecom's +CPIN), so that it is not waited for long.
    Raises ValueError for a text that would not stay one line.
    """

    text: str = field(repr=False)
    limit_s: float = COMMAND_LIMIT_S
    expects: str = ""
    prompt: bool = False
    settles: str = ""

    def __post_init__(self) -> None:
        if not (self.text.isascii() and self.text.isprintable()):
            raise ValueError("A command is one line of printable ASCII")


@dataclass(frozen=True, slots=True)
class Body:
    """What follows a prompt: a PDU in hexadecimal digits; it is ended by Ctrl-Z. Raises ValueError for anything else."""

    text: str = field(repr=False)
    limit_s: float
    expects: str = ""
    settles: str = ""

    def __post_init__(self) -> None:
        if not _PDU.fullmatch(self.text):
            raise ValueError("A body is hexadecimal digits, in pairs")


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for an unasked line that begins with ``expects``; while a quoted text in it is open, the lines after it belong to it."""

    expects: str
    limit_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait; lines that come meanwhile are taken as unsolicited."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Escape:
    """Leave a prompt that may be open, and swallow what still comes, until it is quiet."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Tell the owner of the dialogue how far it is; it may write that down before the next step goes out."""

    what: Any


Step = Command | Body | Await | Pause | Escape | Mark


@dataclass(frozen=True, slots=True)
class Answer:
    """What a step came to. Lines may hold numbers and texts."""

    final: Final
    lines: tuple[str, ...] = field(default=(), repr=False)

    def first(self, prefix: str) -> str:
        """Give what follows ``prefix`` on the first line that begins with it, or an empty text."""
        return next((line[len(prefix):].strip() for line in self.lines if line.startswith(prefix)), "")


Script = Generator[Step, Answer, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """Effect: write these bytes."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """Effect: a line that nobody asked for, with its PDU when it carries one."""

    line: str = field(repr=False)
    pdu: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Marked:
    """Effect: the script passed a :class:`Mark`."""

    what: Any


@dataclass(frozen=True, slots=True)
class Done:
    """Effect: the script returned."""

    result: Any = field(repr=False)


Effect = Write | Unsolicited | Marked | Done
_NOTHING = Answer(Final(Kind.OK))


class Dialogue:
    """Runs one script at a time over a stream of bytes. Times are monotonic seconds; nothing here blocks or raises."""

    def __init__(self) -> None:
        self._reader = LineReader()
        self._script: Script | None = None
        self._step: Step | None = None
        self._lines: list[str] = []
        self._awaiting_pdu = ""
        self._drain_until = 0.0
        self._effects: list[Effect] = []
        self.deadline: float | None = None
        """When :meth:`wake` wants to be called, None for never."""

    @property
    def busy(self) -> bool:
        """Whether a script runs."""
        return self._script is not None

    def run(self, script: Script, now: float) -> list[Effect]:
        """Start a script. The caller sees to it that none is running."""
        self._script = script
        self._advance(None, now)
        return self._take()

    def feed(self, data: bytes, now: float) -> list[Effect]:
        """Take bytes from the modem."""
        for line in self._reader.feed(data):
            self._line(line, now)
        if isinstance(self._step, Escape):
            self.deadline = min(now + DRAIN_S, self._drain_until)
        return self._take()

    def wake(self, now: float) -> list[Effect]:
        """Note that the deadline may have passed."""
        if self.deadline is not None and now >= self.deadline:
            quiet = isinstance(self._step, Pause | Escape) or self._settled()
            self._advance(Answer(Final(Kind.OK if quiet else Kind.TIMEOUT), tuple(self._lines)), now)
        return self._take()

    def lost(self, now: float) -> list[Effect]:
        """Note that the line is gone: every step of the running script fails from now on."""
        for _ in range(MAX_STEPS_LOST):
            if self._script is None:
                break
            self._advance(Answer(Final(Kind.LOST), tuple(self._lines)), now, mute=True)
        self._script, self._step, self.deadline = None, None, None
        return [effect for effect in self._take() if not isinstance(effect, Write)]

    def _line(self, line: str, now: float) -> None:
        step = self._step
        if isinstance(step, Command):
            line = line.removeprefix(step.text)  # the echo, before ATE0 took effect; some modems glue the answer to it
        if self._is_pdu(line) or not line:
            return
        if not isinstance(step, Command | Body):
            self._unasked(line, now)
        elif line == PROMPT:
            if isinstance(step, Command) and step.prompt:
                self._advance(Answer(Final(Kind.PROMPT), tuple(self._lines)), now)
        elif (final := parse_final(line)) is not None:
            self._advance(Answer(final, tuple(self._lines)), now)
        elif is_urc(line, step.expects):
            self._unsolicited(line)
        elif len(self._lines) < MAX_LINES:
            self._lines.append(line)
            if self._settled():
                self.deadline = now + SETTLE_S if self.deadline is None else min(self.deadline, now + SETTLE_S)

    def _unasked(self, line: str, now: float) -> None:
        step = self._step
        if not isinstance(step, Await) or not (self._lines or line.startswith(step.expects)):
            self._unsolicited(line)
            return
        self._lines.append(line)
        if "".join(self._lines).count('"') % 2 == 0 or len(self._lines) > MAX_LINES:
            self._advance(Answer(Final(Kind.OK), tuple(self._lines)), now)

    def _is_pdu(self, line: str) -> bool:
        """Pass on a +CMT or +CDS that waited for its PDU, and tell whether this line is it; else the PDU never came."""
        if not self._awaiting_pdu:
            return False
        head, self._awaiting_pdu = self._awaiting_pdu, ""
        whole = _PDU.fullmatch(line) is not None
        self._effects.append(Unsolicited(head, line if whole else ""))
        return whole

    def _unsolicited(self, line: str) -> None:
        if line == PROMPT:
            return
        if carries_pdu(line):
            self._awaiting_pdu = line
        else:
            self._effects.append(Unsolicited(line))

    def _settled(self) -> bool:
        step = self._step
        return isinstance(step, Command | Body) and bool(step.settles) and any(line.startswith(step.settles) for line in self._lines)

    def _advance(self, answer: Answer | None, now: float, *, mute: bool = False) -> None:
        """Send an answer into the script and begin its next step; marks are passed on the way."""
        script = self._script
        if script is None:
            return
        self._lines = []
        try:
            step = next(script) if answer is None else script.send(answer)
            while isinstance(step, Mark):
                self._effects.append(Marked(step.what))
                step = script.send(_NOTHING)
        except StopIteration as stop:
            self._script, self._step, self.deadline = None, None, None
            self._effects.append(Done(stop.value))
            return
        self._step = step
        if not mute:
            self._begin(step, now)

    def _begin(self, step: Step, now: float) -> None:
        match step:
            case Command(text=text, limit_s=limit_s):
                self._effects.append(Write(text.encode("ascii") + b"\r"))
                self.deadline = now + limit_s
            case Body(text=text, limit_s=limit_s):
                self._effects.append(Write(text.encode("ascii") + CTRL_Z))
                self.deadline = now + limit_s
            case Await(limit_s=limit_s):
                self.deadline = now + limit_s
            case Pause(seconds=seconds):
                self.deadline = now + seconds
            case Escape():
                self._effects.append(Write(ESC))
                self._drain_until = now + DRAIN_LIMIT_S
                self.deadline = now + DRAIN_S

    def _take(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects
