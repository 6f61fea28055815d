"""A modem that works: sends one message at a time, and between two messages reads what came in, asks USSD codes, runs errands.

It is ready between two things. While the network bars it nothing is sent, and what comes in is read. It is looked at when
nothing was sent for long, and when in doubt. How it becomes ready, and again, is in modem_bringup.
"""

import secrets
from typing import Any

from actors.base import handles
from actors.modem_balance import CreditQuestion
from actors.modem_bringup import Memory, ModemBringup, Neighbours
from actors.modem_errands import Errands
from actors.modem_flood import Flood
from actors.modem_job import InHand, encoded
from actors.modem_mail import Mailbag
from actors.modem_rest import Rests
from actors.modem_tools import tool_errand
from actors.modem_ussd import SESSION_S, UssdTalk
from otppi.at import urc
from otppi.at.bringup import PinTried, Subscriber
from otppi.at.gsm7 import TextError
from otppi.at.pdu import PduError
from otppi.at.profiles import GENERIC
from otppi.at.restart import Restarted
from otppi.at.results import Meaning
from otppi.at.submit import Answered, Started, Submitted, submit
from otppi.at.ussd import Cancelled, NotSaid, Said
from otppi.config.modem import Modem
from otppi.domain.balance import BalanceWatch, Reading
from otppi.domain.dispatch import Standing
from otppi.domain.errors import NotDone
from otppi.domain.job import Job
from otppi.domain.messages.asking import AskTool, AskUssd
from otppi.domain.messages.receiving import Safe
from otppi.domain.messages.running import Begin, Retire, Retired, Wake
from otppi.domain.messages.sending import Assign, SentAfterAll
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.pin import PinBook
from otppi.domain.ports import Clock, Lines, MarkFile, Tell

NO_SIM_REST_S = 60.0  # a SIM that may not be used by its own word is left alone for so long
SHOW_S = 0.2  # between two looks of a person nothing is missed
QUIET_S = 60.0  # without a message before a ready modem is asked how it stands, which shows that it lives


class ModemOwner(ModemBringup):
    """Owns one modem's port. Tells the router how it stands, takes one job at a time, and answers for each."""

    def __init__(
        self, clock: Clock, supervisor: Tell, settings: Modem, lines: Lines, neighbours: Neighbours, pins: PinBook, mark: MarkFile, memory: Memory = Memory(),  # noqa: B008  # immutable
    ) -> None:
        super().__init__(clock, supervisor, settings, lines, neighbours, pins, memory)
        self._mark = mark
        self._tell_router = neighbours.router
        self._talk = UssdTalk()
        self._bag = Mailbag(settings.id, neighbours.inbox, neighbours.router, clock.monotonic)
        self._flood = Flood(clock.monotonic)
        self._rests = Rests(settings.id, clock, neighbours.monitor)
        balance = settings.balance
        self._balance = BalanceWatch(balance.ussd, balance.pattern, balance.every_h, balance.low)
        credit = CreditQuestion(self._balance, clock, self._packed, self._credit)
        self._errands = Errands(self._flood.due, self._bag.due, credit.due)
        self._in_hand: InHand | None = None
        self._in_doubt = ""
        """The message whose last part may still be answered, as nothing was said to the modem since but greetings."""
        self._doubt: urc.News | None = None
        self._reference = secrets.randbelow(256)

    # life

    @handles(Wake)
    def wake(self, message: Wake) -> None:
        """Go on after a rest, a deadline of the dialogue, a quiet time, or with a doubt."""
        free = not self.dialogue.busy
        match message.what:
            case "show":
                self._show()
            case "deadline":
                self.act(self.dialogue.wake(self.clock.monotonic()))
            case "open":
                self.begin(Begin())
            case "doubt" if self._doubt is urc.News.RESTARTED:
                self._lose("restarted", "The modem started anew by itself.")
            case "look" | "doubt" if free and not self._talk.open:
                self._look()
            case "back" if free:
                self._resting = False
                self._look()
            case "back":
                self.wake_in(1.0, "back")
            case "session" if self._talk.open and free:
                self._run_ussd()
            case "errand" if free and not self._talk.open:
                self._next()

    @handles(Retire)
    def retire(self, _: Retire) -> None:
        """Finish what is in hand, then end."""
        self._retiring = True
        self._sign.close("stopping", self.tell)
        if self._in_hand is None:
            self.stop()

    def on_stop(self) -> None:
        """Clean up, and say so when it was the supervisor's wish; after an error the supervisor hears Died instead."""
        super().on_stop()
        if self._supervisor is not None and self._retiring:
            self._supervisor(Retired(self.name))

    def clean_up(self) -> None:
        """Say what became of the job in hand and of one that was not even looked at, close the port."""
        self._sign.close("stopped", self.tell)  # first, so that a job is not offered here again
        if self._in_hand is not None:
            self._finish(self._in_hand.cut_short("The modem's driver ended while it was sending."))
        for message in self.unread():
            if isinstance(message, Assign):
                self._sign.finished(message.job, InHand(message.job).cut_short("The modem's driver ended before it could send."))
            elif isinstance(message, AskUssd):
                self._talk.take(message, ready=False)
            elif isinstance(message, AskTool):
                message.failed(NotDone("The modem's driver ended before it could look."))
        self._talk.drop("The modem's driver ended before the network answered.")
        self._errands.lost()
        self._rests.end()
        self.close_line()
        self._mark.close()

    def _ready(self, subscriber: Subscriber) -> None:
        self._doubt = None
        self._bag.open(subscriber.capabilities, self.tell)
        if self._balance.low:
            self._send_nothing("no credit", "The SIM is out of credit.")
        self._next()

    def _looked_well(self) -> None:
        self._next()

    def _look(self) -> None:
        self._doubt = None
        super()._look()

    def _next(self) -> None:
        """Go on when the modem is ready and the dialogue free: to the end, with a doubt, an errand, a job that waited, or waiting."""
        if self._retiring and self._in_hand is None:
            self.stop()
        elif self._doubt is urc.News.DOUBTFUL:
            self._look()
        elif (errand := self._errands.next(waits=self._in_hand is not None)) is not None:
            self.run(errand.script())
        elif self._in_hand is not None:
            self._send(self._in_hand.job)
        elif self._talk.waiting:
            self._run_ussd()
        else:
            self._show_soon()
            if not self._resting:
                self.wake_in(QUIET_S, "look")
            due_s = [due_s for due_s in (self._bag.due_in(), self._balance.due_in(self.clock.monotonic())) if due_s is not None]
            if due_s:
                self.wake_in(min(due_s), "errand")

    # sending

    @handles(Assign)
    def assign(self, message: Assign) -> None:
        """Send a job as soon as the dialogue is free."""
        self._in_hand = InHand(message.job)
        if not self._sign.open:
            self._finish(self._in_hand.cut_short("The modem was lost before the message could be sent."))
        elif not self.dialogue.busy:
            self._send(message.job)

    def _send(self, job: Job) -> None:
        left_s = job.deadline - self.clock.monotonic()
        self._reference = (self._reference + 1) % 256
        try:
            pdus = encoded(job, self._reference, left_s, status_report=self._reports())
        except (PduError, TextError) as error:
            self._finish(Attempt(Verdict.FAILED, f"The message cannot be encoded: {error}", parts=(0, job.parts)))
            self._next()
            return
        self._bag.sending(now=True)
        self._in_doubt = ""
        self._show_soon()  # before the prompt is asked for: whoever sees the modem busy sees why
        self.run(submit(pdus, left_s))

    def _reports(self) -> bool:
        """Whether reports on what is sent reach us."""
        return self._sign.subscriber is not None and bool(self._sign.subscriber.capabilities.reports)

    def _submitted(self, submitted: Submitted) -> None:
        attempt = submitted.attempt
        if not submitted.healthy:
            self._fell_silent(attempt.error, attempt)
        elif submitted.trouble is Meaning.SIM and not submitted.barred:
            self._lose("barred", attempt.error, attempt, rest_s=NO_SIM_REST_S, away=True)
        else:
            self._rests.note(attempt, submitted)
            if submitted.barred:
                self._rest(attempt)
            elif submitted.trouble is Meaning.NETWORK:
                self._doubt = self._doubt or urc.News.DOUBTFUL
            elif submitted.trouble is Meaning.MEMORY:
                self._bag.look()
            self._finish(attempt)
            self._next()

    def _rest(self, attempt: Attempt) -> None:
        """Send nothing for a while, longer each time: the network bars the SIM, often for want of credit."""
        self._send_nothing("barred", attempt.error)
        self._balance.hurry(self.clock.monotonic())
        self.wake_in(self._rests.next_s(), "back")

    def _send_nothing(self, state: str, why: str) -> None:
        self._resting = True
        self._sign.enter(state, self.tell, Standing.AWAY, why)
        self.let_sleep("look")

    def _credit(self, reading: Reading) -> None:
        """Take the SIM out of the pool, or back, by what its operator says."""
        self._sign.balance = self._balance.facts()
        self._rests.alarm("credit", reading.sentence if reading.low else "")
        if reading.low:
            self._send_nothing("no credit", reading.sentence)
        elif self._resting:
            self.wake_in(0, "back")

    def _finish(self, attempt: Attempt) -> None:
        if self._in_hand is not None:
            job, self._in_hand = self._in_hand.job, None
            self._in_doubt = job.id if attempt.verdict is Verdict.UNKNOWN and attempt.parts[0] == job.parts - 1 else ""
            self._sign.finished(job, attempt)
            self._bag.sending(now=False)

    def _show_soon(self) -> None:
        """Show the modem: at once after a quiet time, else in a moment, once for all that happens until then."""
        if self.wake_paced(SHOW_S, "show"):
            self._show()

    def _show(self) -> None:
        self.done_now("show")
        self._sign.show("sending" if self._in_hand is not None and self._sign.usable else "")

    # receiving

    @handles(Safe)
    def safe(self, message: Safe) -> None:
        """Remove from the modem, as soon as its dialogue is free, what is on disk now."""
        self._bag.safe(message.places)
        self._errand_soon()

    def _errand_soon(self) -> None:
        if not self.dialogue.busy and self._opened:
            self.wake_in(0, "errand")

    # tools

    @handles(AskTool)
    def ask_tool(self, message: AskTool) -> None:
        """Use a tool as soon as the dialogue is free; a port that is closed is the asker's own to open."""
        if self._memory.cards is None or not self._opened or self._retiring:
            message.failed(NotDone("The modem's port is not open."))
            return
        profile = self._sign.hardware.profile if self._sign.hardware is not None else GENERIC
        self._errands.queue(tool_errand(message.tool, message.done, message.failed, book=self._memory.cards, profile=profile))
        self._errand_soon()

    # USSD

    def _packed(self) -> bool:
        return self._sign.subscriber is not None and self._sign.subscriber.capabilities.ussd == "packed"

    @handles(AskUssd)
    def ask_ussd(self, message: AskUssd) -> None:
        """Ask the network as soon as the dialogue is free; meanwhile, and while a session is open, nothing is sent."""
        if self._talk.take(message, ready=self._sign.usable or self._talk.open) and not self.dialogue.busy and self._in_hand is None:
            self._run_ussd()

    def _run_ussd(self) -> None:
        for what in ("look", "session"):
            self.let_sleep(what)
        self._sign.enter("USSD", self.tell, Standing.COMING)
        self.run(self._talk.script(packed=self._packed()))

    def _ussd_done(self, result: Said | NotSaid | Cancelled) -> None:
        self._talk.settle(result)
        if isinstance(result, Said):
            self._learned(ussd=result.coding)
        if self._talk.open:
            self.wake_in(SESSION_S, "session")
            return
        if isinstance(result, NotSaid):
            self._doubt = self._doubt or urc.News.DOUBTFUL
        self._sign.enter("ready", self.tell, Standing.USABLE)
        self._next()

    # what comes from the line

    def marked(self, what: Any) -> None:
        """Note on disk that a body is about to leave or has its answer, or what the SIM said of the PIN.

        When the disk cannot be written the body does not leave: the error ends this actor, and the next one leaves the prompt.
        """
        match what:
            case Started() if self._in_hand is not None:
                self._mark.write(self._in_hand.mark(left=True).to_json())
                self._in_hand.left = True
            case Answered(taken) if self._in_hand is not None:
                self._in_hand.left, self._in_hand.taken = False, taken
                self._mark.write(self._in_hand.mark(left=False).to_json())
            case PinTried():
                self._tried_pin(what)

    def unsolicited(self, line: str, pdu: str) -> None:
        """Take what came in, and note that a modem which was ready may not be so any more; what came with the line is dealt with first."""
        if line.startswith("+CMGS:"):
            self._answered_late(line)
        elif self._bag.heard(line, pdu) or self._flood.heard(line, self._sign.hardware):
            self._errand_soon()
        elif self._sign.usable and (news := urc.news(line)) is not None:
            self._doubt = news
            self.wake_in(0, "doubt")

    def _answered_late(self, line: str) -> None:
        reference = line.removeprefix("+CMGS:").strip()
        if self._in_doubt and reference.isdecimal():
            self._tell_router(SentAfterAll(self._settings.id, self._in_doubt, int(reference)))
            self._in_doubt = ""

    def close_line(self) -> None:
        """Close the line; what was not answered on it never will be."""
        super().close_line()
        self._in_doubt = ""

    def done(self, result: Any) -> None:
        """Take the next step after a script has returned."""
        match result:
            case _ if self._errands.running:
                if self._errands.done(result):
                    self._next()
                else:
                    self._fell_silent("The modem stopped answering.")
            case Submitted():
                self._submitted(result)
            case Said() | NotSaid() | Cancelled():
                self._ussd_done(result)
            case Restarted():
                self._lose("silent", self._sign.why, rest_s=self._after_restart_s)
            case _:
                super().done(result)

    def _fallen(self, why: str, attempt: Attempt | None) -> None:
        self._talk.drop(why)
        self._errands.lost()
        self._doubt = None
        if self._in_hand is not None:
            self._finish(attempt or self._in_hand.cut_short(why or "The modem was lost before the message could be sent."))
