"""The written side of every message: what is on disk before what is said, and what is read back after a crash."""

import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from otppi.domain import chronicle
from otppi.domain.awaited import Awaited, Match
from otppi.domain.chronicle import Facts, Late, Mark, Next, Report, Story, after_crash
from otppi.domain.errors import StoreError
from otppi.domain.job import Job, Priority
from otppi.domain.msisdn import mask
from otppi.domain.outcome import Fate, Outcome
from otppi.domain.ports import Chronicle, Spool
from otppi.domain.remembered import Known, Remembered, fingerprint
from otppi.domain.unacknowledged import Unacknowledged

DAY_S = 86_400.0
READ_BACK_S = 2 * DAY_S  # of journals at start, or as long as requests are remembered; all of them when a kept message is older
NUMBER_HASH_BYTES = 12


@dataclass(slots=True)
class _Open:
    facts: Facts
    armed: bool = False
    kept: bool = False
    began: float | None = None
    sender: str = ""


@dataclass(slots=True)
class Recovery:
    """What an earlier life left: jobs to go on with, and messages that came to an end now."""

    resumed: list[Job] = field(default_factory=list)
    ended: list[tuple[Facts, Outcome]] = field(default_factory=list)
    sent: list[tuple[str, float, int]] = field(default_factory=list)
    """Sender, unix second and number of SMS of everything that left or may have in the last day, oldest first, for the senders' limits."""
    otps: dict[str, Outcome] = field(default_factory=dict)
    """What became of the latest message of each OTP record; one without any was never handed to a sender."""
    trouble: str = ""
    """Why the decisions could not be written down; nothing may be handed out until :meth:`Ledger.catch_up` succeeds."""


class Ledger:
    """Keeps the records of all messages in hand. Times are unix seconds; one thread uses it."""

    def __init__(self, journal: Chronicle, spool: Spool, number_key: bytes, remember_h: float) -> None:
        self.remembered = Remembered(remember_h)
        self._unacknowledged = Unacknowledged()
        self._awaited = Awaited()
        self._journal = journal
        self._spool = spool
        self._key = number_key
        self._open: dict[str, _Open] = {}
        self._life = ""
        self._late: deque[tuple[bytes, str]] = deque()  # records to write, each with the body to drop after it

    # a message's way

    def arrived(self, job: Job, now: float) -> None:
        """Take a message in; nothing is written yet."""
        number, delivery = self._hashed(b"number", job.to), self._hashed(b"delivery", job.delivery) if job.delivery else ""
        owner = owner_of(job.source, job.user)
        self._open[job.id] = _Open(Facts(job.id, now, mask(job.to), number, owner, job.parts, job.print, job.otp, delivery))
        if job.print:
            self.remembered.begin(bytes.fromhex(job.print), job.id, now)
        if delivery:
            self._unacknowledged.begin(delivery, job.id)

    def arm(self, job_ids: Iterable[str]) -> None:
        """Write down that these may be handed out; the caller sees to the sync. Raises StoreError.

        What is late comes first: a sender that gets a new message writes over the mark of one whose end is not on disk.
        """
        self.catch_up()
        for job_id in job_ids:
            if (entry := self._open.get(job_id)) is not None:
                entry.armed = True  # before the write: a torn one may still have reached the disk
                self._journal.append(chronicle.armed(entry.facts, self._life))

    def keep(self, job: Job, *, now: float, monotonic: float) -> None:
        """Seal a message on disk, before its sender is told that it is in hand. Raises StoreError."""
        entry = self._open[job.id]
        self._spool.keep(job.id, _body(job, now, monotonic))
        entry.kept = True
        self._journal.append(chronicle.kept(entry.facts, self._life))

    def syncing(self) -> Callable[[], None]:
        """Give a function, for another thread, that makes what was written survive a power cut. Raises StoreError."""
        return self._journal.syncing()

    def begun(self, job_id: str, sender: str, now: float) -> None:
        """Note that a sender got the message."""
        entry = self._open[job_id]
        entry.began, entry.sender = now, sender

    def settled(self, job: Job, outcome: Outcome, now: float) -> None:
        """Write an outcome down, before its sender is told. Raises StoreError; the record is then written later."""
        entry = self._open.pop(job.id, None)
        if entry is None:
            return
        if job.print:
            self.remembered.end(bytes.fromhex(job.print), job.id, outcome)
        if entry.facts.delivery:
            self._unacknowledged.end(entry.facts.delivery, job.id, outcome)
        if outcome.fate is Fate.REFUSED and not entry.armed and not entry.kept:
            return  # its sender was told to come again: it is as if it had never been here
        self._await_reports(entry.facts, outcome, now)
        self._late.append((chronicle.end(entry.facts, outcome, at=now, began=entry.began), job.id if entry.kept else ""))
        self.catch_up()

    def _await_reports(self, facts: Facts, outcome: Outcome, ended: float) -> None:
        if outcome.sender and outcome.sms:
            self._awaited.expect(facts.id, outcome.sender, facts.who, outcome.references, facts.parts, ended, in_doubt=outcome.fate is Fate.UNKNOWN)

    def reported(self, sender: str, reference: int, recipient: str, *, delivered: bool, code: int, now: float) -> Match | None:
        """Write down the network's last word on a part; gives the message, None when nobody waits for it. Raises StoreError.

        ``recipient`` is canonical, ``reference`` the TP-MR, ``code`` the TP-ST of the report.
        """
        match = self._awaited.find(sender, self._hashed(b"number", recipient), reference)
        if match is None:
            self._journal.append(chronicle.stray(sender, mask(recipient), delivered=delivered, code=code, at=now))
        else:
            self._journal.append(chronicle.reported(Report(match.id, match.part, delivered, code, now)))
            self._awaited.settle(match.id, match.part, delivered=delivered)
        return match

    def sent_after_all(self, message_id: str, sender: str, reference: int, now: float) -> bool:
        """Write down that the last part of a message of unknown fate was taken; False when nobody waits for that. Raises StoreError."""
        part = self._awaited.told(message_id, sender, reference)
        if part:
            self._journal.append(chronicle.late(Late(message_id, sender, reference, now)))
        return part > 0

    def acknowledged(self, delivery: str) -> None:
        """Write down that a payload will not be delivered again. Raises StoreError."""
        if message_id := self._unacknowledged.acknowledged(self._hashed(b"delivery", delivery)):
            self._journal.append(chronicle.acknowledged(message_id))

    def left(self, job_id: str) -> None:
        """Forget a message in RAM; what is on disk stays for the next life."""
        self._open.pop(job_id, None)

    def _hashed(self, what: bytes, value: str) -> str:
        return hmac.digest(self._key, what + b"\0" + value.encode(), hashlib.sha256)[:NUMBER_HASH_BYTES].hex()

    def catch_up(self) -> None:
        """Write down what could not be written before, and drop the bodies of what has ended. Raises StoreError."""
        while self._late:
            record, body = self._late[0]
            if record:
                self._journal.append(record)
                self._late[0] = (b"", body)
            if body:
                self._spool.drop(body)
            self._late.popleft()

    @property
    def behind(self) -> bool:
        """Whether something could not be written yet; nothing may be handed to a sender meanwhile."""
        return bool(self._late)

    # what is asked of it

    def print_of(self, command: str, data: dict[str, Any]) -> str:
        """Give the fingerprint of a request that carries an id, in hex digits; of any other, and when it is off, nothing."""
        wanted = data.get("id") not in (None, "") and self.remembered.hours > 0
        return fingerprint(self._key, command, data).hex() if wanted else ""

    def known(self, print_: str, now: float) -> Known | None:
        """Give the message of an equal request that must not be sent again."""
        return self.remembered.find(bytes.fromhex(print_), now) if print_ else None

    def redelivered(self, delivery: str) -> Known | None:
        """Give the message of a payload that its broker delivered again; each is given once."""
        return self._unacknowledged.claim(self._hashed(b"delivery", delivery)) if delivery else None

    def in_hand(self, message_id: str, owner: str) -> dict[str, Any] | None:
        """Tell how a message in hand stands, to its owner alone."""
        entry = self._open.get(message_id)
        if entry is None or entry.facts.owner != owner:
            return None
        told = Story(entry.facts).status()
        if entry.began is not None:
            told |= {"status": "sending", "modemID": entry.sender, "history": [*told["history"], {"status": "sending", "at": entry.began}]}
        return told

    # a new life

    def recover(self, marks: Iterable[Mark | None], life: str, *, now: float, monotonic: float) -> Recovery:
        """Read back what an earlier life left, decide about every message without an outcome, write that down.

        ``life`` must differ after a power cut whatever survives on disk: the kernel's boot id does. None among the marks
        is one that cannot be read. Raises StoreError when the journals or the spool cannot be read; a failing write is
        told in the result.
        """
        self._life = life
        bodies, all_marks = dict(self._spool.kept()), list(marks)
        found, stories, over = self._read_back(now - max(READ_BACK_S, self.remembered.hours * 3600), now, bodies)
        if any(message_id not in over and not (message_id in stories and stories[message_id].kept) for message_id in bodies):
            found, stories, over = self._read_back(0.0, now, bodies)  # kept long ago, or the clock was changed
        for story in stories.values():
            outcome = self._decide(story, all_marks, bodies.get(story.facts.id), found, now=now, monotonic=monotonic)
            self._remember(story.facts, outcome, found)
        self._late.extend((b"", message_id) for message_id in bodies if message_id not in stories)  # over, or never promised: the record follows the body
        found.sent.sort(key=lambda sent: sent[1])
        try:
            self.catch_up()
        except StoreError as error:
            found.trouble = str(error)
        return found

    def _read_back(self, since: float, now: float, bodies: Container[str]) -> tuple[Recovery, dict[str, Story], set[str]]:
        """Give what is known of messages that ended, the stories of those that did not, and which ended ones have a body."""
        found, with_body, gone = Recovery(), set[str](), set[str]()

        def over(story: Story) -> None:
            outcome = story.outcome()
            if story.end is None or outcome is None:
                return
            self._remember(story.facts, outcome, found)
            self._await_reports(story.facts, outcome, float(story.end["ended"]))
            ended = min(float(story.end["ended"]), now)  # the clock may have been set back
            if outcome.sms and ended > now - DAY_S:
                found.sent.append((outcome.sender, ended, outcome.sms))
            if story.facts.id in bodies:
                with_body.add(story.facts.id)

        self._unacknowledged, self._awaited = Unacknowledged(), Awaited()
        stories = chronicle.read(self._journal.replay(since), over, gone.add, self._heard_later)
        self._unacknowledged.drop(gone)
        return found, stories, with_body

    def _heard_later(self, word: Report | Late) -> None:
        if isinstance(word, Late):
            self._awaited.told(word.id, word.sender, word.reference)
        else:
            self._awaited.settle(word.id, word.part, delivered=word.delivered)

    def _decide(self, story: Story, marks: list[Mark | None], body: bytes | None, found: Recovery, *, now: float, monotonic: float) -> Outcome:
        job = _job(story.facts, body, now, monotonic) if body is not None else None
        whole = [mark for mark in marks if mark is not None]
        step, outcome = after_crash(story, whole, same_life=story.life == self._life, body_kept=job is not None, marks_whole=len(whole) == len(marks))
        if step is Next.RESUME and job is not None:
            self._open[job.id] = _Open(story.facts, armed=story.armed, kept=True)
            self._late.append((chronicle.kept(story.facts, self._life), ""))  # once more, for it to lie among the newest
            found.resumed.append(job)
        else:
            self._late.append((chronicle.end(story.facts, outcome, at=now, began=None), story.facts.id))
            found.ended.append((story.facts, outcome))
            self._await_reports(story.facts, outcome, now)
            if outcome.sender and outcome.sms:
                found.sent.append((outcome.sender, now, outcome.sms))
        return outcome

    def _remember(self, facts: Facts, outcome: Outcome, found: Recovery) -> None:
        if facts.otp:
            found.otps[facts.otp] = outcome
        if facts.print and outcome.fate.keeps_otp:
            self.remembered.begin(bytes.fromhex(facts.print), facts.id, facts.at)
            if outcome.final:
                self.remembered.end(bytes.fromhex(facts.print), facts.id, outcome)
        if facts.delivery and outcome.fate.keeps_otp:
            self._unacknowledged.begin(facts.delivery, facts.id)
            if outcome.final:
                self._unacknowledged.end(facts.delivery, facts.id, outcome)


def owner_of(source: str, user: str) -> str:
    """Name whose message it is: the door, and the user where the door knows one."""
    return f"{source}:{user}"


def story_of(records: Iterable[bytes], message_id: str, owner: str) -> dict[str, Any] | None:
    """Tell the story of one message out of its records, to its owner alone."""
    story = chronicle.read(records).get(message_id)
    return story.status() if story is not None and story.facts.owner == owner else None


_BODY = ("to", "text", "parts", "expires", "flash", "validity_s", "source", "user", "client_id", "print", "delivery", "otp")


def _body(job: Job, now: float, monotonic: float) -> bytes:
    body = {name: getattr(job, name) for name in _BODY} | {"priority": int(job.priority), "deadline": job.deadline, "kept": [now, monotonic]}
    return json.dumps(body).encode()


def _job(facts: Facts, body: bytes, now: float, monotonic: float) -> Job | None:
    """Make the job that was kept; None when another version of us wrote its body in words that are not understood.

    Monotonic seconds go on until the machine is started anew, whatever is done to the wall clock meanwhile. Only where
    they start again (a container's own time) the wall clock tells how much is left.
    """
    try:
        read = json.loads(body)
        kept_now, kept_monotonic = read["kept"]
        due = read["deadline"] if monotonic >= kept_monotonic else read["deadline"] - kept_monotonic + kept_now - now + monotonic
        plain = {name: read[name] for name in _BODY if name in read}
        return Job(id=facts.id, priority=Priority(read["priority"]), deadline=due, reply_due=None, patient=True, **plain)
    except (ValueError, KeyError, TypeError):
        return None
