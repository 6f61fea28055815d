"""The OTP desk: makes codes, keeps their hashes, verifies them. The clear code lives only in the job it sends."""

from dataclasses import dataclass, replace
from typing import Any

from actors.base import Actor, handles
from otppi.at.concatenation import count
from otppi.domain import replies
from otppi.domain.errors import Mistake, StoreError
from otppi.domain.intake import Expired, IntakeRules, moment, otp_job
from otppi.domain.job import Job
from otppi.domain.messages.asking import AskOtp, AskRedelivered, AskVerify, OtpSettled
from otppi.domain.messages.running import Begin, Configure, State, Wake
from otppi.domain.messages.sending import Submit
from otppi.domain.messages.writing import OtpRecovered
from otppi.domain.msisdn import canonical
from otppi.domain.otp import Change, Claim, OtpBook, Verified, canonical_address, from_line, new_code, render, to_line
from otppi.domain.outcome import Outcome
from otppi.domain.ports import Clock, Journal, Tell

SWEEP_S = 60.0
SHOW_S = 0.2  # between two looks of a person nothing is missed
COMPACT_FROM = 10_000  # changes in the journal before it is worth writing it anew


@dataclass(frozen=True, slots=True)
class OtpRules:
    """What the settings say of codes."""

    length: int = 6
    expiration_ms: int = 300_000
    max_attempts: int = 5


class OtpDesk(Actor):
    """Owns the OTP records. Every change is in the journal before the answer to it leaves."""

    def __init__(self, clock: Clock, router: Tell, monitor: Tell, journal: Journal, key: bytes, *, country_code: str, rules: OtpRules, intake: IntakeRules) -> None:
        super().__init__("otp_desk", clock)
        self._router = router
        self._monitor = monitor
        self._journal = journal
        self._country_code = country_code
        self._rules = rules
        self._intake = intake
        self._book = OtpBook(key, max_attempts=rules.max_attempts)
        self._changes = 0
        self._figures = {"requested": 0, "verified": 0, "wrong": 0}

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Read what an earlier life left."""
        self._book.load(from_line(line) for line in self._journal.replay())
        self._compact()
        self.wake_in(SWEEP_S, "sweep")
        self._publish()

    @handles(OtpRecovered)
    def recovered(self, message: OtpRecovered) -> None:
        """Keep the codes of an earlier life whose messages left, may have left or go on; drop the others."""
        for tag in self._book.in_hand():
            outcome = message.outcomes.get(tag.hex())
            if outcome is None or not outcome.fate.keeps_otp:
                self._note(self._book.failed(tag))
            elif outcome.final:
                self._note(self._book.sent(tag))

    @handles(Configure)
    def configure(self, message: Configure) -> None:
        """Take new settings; codes that are out keep what they were made with, but for the number of guesses."""
        match message.section:
            case "otp":
                self._rules = message.value
                self._book.max_attempts = message.value.max_attempts
            case "intake":
                self._intake = message.value
            case "sms":
                self._country_code = message.value.country_code

    @handles(AskOtp)
    def ask_otp(self, message: AskOtp) -> None:
        """Take the reference, send the code; the reply follows the message's outcome."""
        request, reply = message.request, message.reply
        try:
            claim, code, expires_at, job = self._prepare(message)
        except Expired as error:
            reply(replies.Reply(request.command, replies.EXPIRED, data=request.echoed, error=str(error)))
            return
        except Mistake as error:
            reply(replies.failed(request, str(error)))
            return
        put = self._book.reserve(claim, code, expires_at, self.clock.wall())
        if put is None:
            if message.origin.redelivered and message.origin.delivery:
                self._router(AskRedelivered(request, message.origin.delivery, reply))
            else:
                reply(replies.duplicate(request))
            return
        try:
            self._note(put)
        except StoreError:
            self._book.failed(put.tag)
            raise
        self._count("requested")
        self._router(self._submit(message, replace(job, otp=put.tag.hex())))

    def _prepare(self, message: AskOtp) -> tuple[Claim, str, float, Job]:
        """Make code, message and job of a request. Raises Expired or Mistake."""
        request, now = message.request, moment(self.clock)
        claim = self._claim(request.reference, request.receiver, request.params)
        if "@" in claim.receiver:
            raise Mistake("This version does not send e-mail yet.")
        code = new_code(self._rules.length)
        text = render(request.template, code)
        expires_at = request.expiration
        if expires_at is None:
            expires_at = (now.wall if request.date_time is None else request.date_time) + self._rules.expiration_ms / 1000
        job = otp_job(request, message.origin, now, self._intake, to=claim.receiver, text=text, parts=count(text), expires_at=expires_at)
        return claim, code, expires_at, job

    def _submit(self, message: AskOtp, job: Job) -> Submit:
        """Wrap a job: "in hand" goes to the client at once, an outcome only after the record has followed it."""
        request, reply, tell = message.request, message.reply, self.tell
        told = False

        def answer(outcome: Outcome) -> None:
            nonlocal told
            if not outcome.final:
                told = True
                reply(replies.of_outcome(request, job.id, job.client_id, outcome))

        def settle(outcome: Outcome) -> None:
            final = replies.of_outcome(request, job.id, job.client_id, outcome)
            tell(OtpSettled(bytes.fromhex(job.otp), outcome, (lambda: None) if told else (lambda: reply(final))))

        return Submit(job, answer, settle)

    @handles(OtpSettled)
    def settled(self, message: OtpSettled) -> None:
        """Keep the record of a code that left or may have left, drop it otherwise; only then is the client told."""
        kept = message.outcome.fate.keeps_otp
        self._note(self._book.sent(message.tag) if kept else self._book.failed(message.tag))
        message.then()

    @handles(AskVerify)
    def ask_verify(self, message: AskVerify) -> None:
        """Check a code; a right one is used up on disk before the client is told."""
        request, reply = message.request, message.reply
        try:
            claim = self._claim(request.reference, request.receiver, request.params)
        except Mistake as error:
            reply(replies.Reply(request.command, replies.INVALID_OTP, data=request.echoed, error=str(error)))
            return
        verified, change = self._book.verify(claim, request.code, self.clock.wall())
        self._note(change)
        match verified:
            case Verified.RIGHT:
                self._count("verified")
                reply(replies.Reply(request.command, replies.OK, data=request.echoed))
            case Verified.EXPIRED:
                reply(replies.Reply(request.command, replies.EXPIRED, data=request.echoed, error="The code has expired."))
            case Verified.WRONG:
                self._count("wrong")
                reply(replies.Reply(request.command, replies.INVALID_OTP, data=request.echoed, error="The code is wrong."))

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Show the figures, or forget what is long over."""
        if message.what == "show":
            self._publish()
            return
        for drop in self._book.sweep(self.clock.wall()):
            self._note(drop)
        self.wake_in(SWEEP_S, "sweep")
        self._publish()

    def clean_up(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _claim(self, reference: str, receiver: str, params: tuple[str, str, str, str]) -> Claim:
        to = canonical_address(receiver) if "@" in receiver else canonical(receiver, self._country_code)
        return Claim(reference, to, params)

    def _note(self, change: Change | None) -> None:
        """Write a change down, if there is one. Raises StoreError."""
        if change is None:
            return
        self._journal.append(to_line(change))
        self._changes += 1
        if self._changes > COMPACT_FROM + 2 * len(self._book):
            self._compact()

    def _compact(self) -> None:
        self._journal.rewrite(to_line(put) for put in self._book.everything())
        self._changes = 0

    def _count(self, what: str) -> None:
        self._figures[what] += 1
        self.wake_soon(SHOW_S, "show")

    def _publish(self) -> None:
        self._monitor(State("otp", "otp_desk", {**self._figures, "live": len(self._book)}))

    def failed(self, message: Any) -> None:
        """Answer a request that an error of ours hit."""
        match message:
            case AskOtp(request, _, reply) | AskVerify(request, reply):
                reply(replies.failed(request, "The gateway failed; its log says more."))
            case OtpSettled(_, _, then):
                then()
            case Wake():
                self.wake_in(SWEEP_S, "sweep")

