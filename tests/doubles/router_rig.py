"""A router without threads between recording parts, on real journals or on papers: what the tests of the router share."""

from pathlib import Path

from doubles.clock import FakeClock
from doubles.pump import Pump, Screener, Told

from actors.outbox import CATCH_UP_S, PUBLISH_S
from actors.router import Router
from otppi.adapters.seal import Seal
from otppi.config.modem import Modem
from otppi.domain.dispatch import Standing
from otppi.domain.intake import IntakeRules
from otppi.domain.ledger import Ledger
from otppi.domain.messages.asking import OtpSettled
from otppi.domain.messages.running import Configure, State
from otppi.domain.messages.sending import AskSend, Assign, Finished, SenderStanding
from otppi.domain.messages.subscribing import Acknowledged
from otppi.domain.messages.writing import AskStatus, OtpRecovered, Sync, Synced
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.ports import Origin
from otppi.domain.requests import GetMessageStatus, SendSms
from otppi.store.days import DayJournals
from otppi.store.spool import Spool

TO = "628126666666"
SENT = Attempt(Verdict.SENT, parts=(1, 1), references=(7,), result="OK")
FAILED = Attempt(Verdict.FAILED, "The network refused the message (+CMS ERROR 21).", parts=(0, 1))


class Syncs(Told):
    """A syncer that answers at once, or when it is let; ``error`` is what it answers. ``asked`` counts."""

    def __init__(self):
        super().__init__()
        self.answers, self.error, self.asked = True, "", 0

    def __call__(self, message):
        assert isinstance(message, Sync)
        self.append(message)
        self.asked += 1
        if self.answers:
            self.answer()

    def answer(self, error=None):
        """Answer the one sync that was asked for."""
        [message] = self
        self.clear()
        message.sync()
        message.answer_to(Synced(self.error if error is None else error))


class Rig:
    """A router with two modems, ``a`` and ``b``. With ``papers`` it writes there, else into ``folder``."""

    def __init__(self, folder: Path, *, papers=None, clock=None, life="life", marks=(), queue_limit=3):
        self.folder, self.papers = folder, papers
        self.clock, self.blocklist, self.monitor, self.replies = clock or FakeClock(), Screener(), Told(), []
        self.syncs, self.archive, self.otp_desk = Syncs(), Told(), Told()
        self.senders = {"a": Told(), "b": Told()}
        self.journal = papers or DayJournals(folder / "messages", self.clock.wall, 30)
        self.ledger = Ledger(self.journal, papers or Spool(folder / "spool", lambda: Seal(b"s" * 32)), b"n" * 32, 24)
        self.recovery = self.ledger.recover(marks, life, now=self.clock.wall(), monotonic=self.clock.monotonic())
        self.pump = Pump(Router(self.clock, self.ledger, blocklist=self.blocklist, syncer=self.syncs, archive=self.archive, monitor=self.monitor,
                                country_code="62", rules=IntakeRules(), queue_limit=queue_limit))
        self.modems(Modem(id="a", port="/dev/a"), Modem(id="b", port="/dev/b"))

    # other lives

    def take_up(self):
        """Hand the router what the earlier life left, as the composition root does."""
        self.pump.tell(Configure("otp_desk", self.otp_desk))
        self.pump.tell(Configure("recovery", self.recovery))
        return self

    def again(self, *modems, **words):
        """Another life on the same files, after a death without a word."""
        self.journal.close()
        rig = Rig(self.folder, papers=self.papers, clock=self.clock, **words)
        if modems:
            rig.modems(*modems)
        return rig.take_up()

    # what happens to it

    def modems(self, *modems):
        self.pump.tell(Configure("modems", modems))

    def stand(self, sender, standing=Standing.USABLE, port=None):
        self.pump.tell(SenderStanding(sender, standing, port or self.senders[sender]))

    def send(self, to=TO, *, patient=False, hurried=False, text="hello", id=None, user="shop", delivery="", again=False, **fields):  # noqa: A002  # the client's word
        data = {"receiver": to, "message": text} | ({} if id is None else {"id": id})
        request = SendSms("send-sms", to, text, **{"date_time": None, "expiration": None, "client_id": 5 if id is None else id, "data": data, **fields})
        self.pump.tell(AskSend(request, Origin("rest", user, patient=patient, hurried=hurried, delivery=delivery, redelivered=again), self.replies.append))

    def ask_status(self, message_id, user="shop"):
        """Give the reply; None when the archive was asked."""
        replies = []
        self.pump.tell(AskStatus(GetMessageStatus("get-message-status", message_id), Origin("rest", user), replies.append))
        return replies[0] if replies else None

    def acknowledge(self, delivery):
        """A broker was told that it need not deliver it again."""
        self.pump.tell(Acknowledged(delivery))

    def finish(self, sender, job, attempt=SENT):
        self.pump.tell(Finished(sender, job.id, attempt))

    def advance(self, seconds):
        self.clock.advance(seconds)
        self.pump.settle()

    def sync(self, error=""):
        self.syncs.answer(error)
        self.pump.settle()

    def catch_up(self):
        self.advance(CATCH_UP_S)

    # what came of it

    def assigned(self, sender):
        """The jobs that a sender was handed since the last question."""
        return [message.job for message in self.senders[sender].take(Assign)]

    def reply(self):
        """The one reply since the last question."""
        [reply] = self.replies
        self.replies.clear()
        return reply

    def traffic(self):
        """The figures that are shown, a moment later."""
        self.advance(PUBLISH_S)
        return self.monitor.of(State)[-1].facts

    def bodies(self):
        """Ids of the messages that lie sealed on disk."""
        return sorted(self.papers.bodies if self.papers else (path.name for path in (self.folder / "spool").iterdir()))

    def recovered(self):
        """What the OTP desk was told of an earlier life."""
        [told] = self.otp_desk.of(OtpRecovered)
        return told.outcomes

    def settled(self):
        return [(told.tag, told.outcome.status) for told in self.otp_desk.of(OtpSettled)]
