"""The OTP desk alone, without threads: what it writes down, when, and what it tells the client."""

import re

import pytest
from doubles.clock import NOON, FakeClock
from doubles.pump import Pump, Told

from actors.otp_desk import SHOW_S, SWEEP_S, OtpDesk, OtpRules
from otppi.domain.errors import StoreError
from otppi.domain.intake import IntakeRules
from otppi.domain.job import Priority
from otppi.domain.messages.asking import AskOtp, AskRedelivered, AskVerify, OtpSettled
from otppi.domain.messages.running import Begin, Configure, State
from otppi.domain.messages.sending import Submit
from otppi.domain.messages.writing import OtpRecovered
from otppi.domain.outcome import Fate, Outcome
from otppi.domain.ports import Origin
from otppi.domain.requests import RequestOtp, VerifyOtp

TO = "08126666666"


class Paper:
    """A journal in memory; ``broken`` makes it fail."""

    def __init__(self, lines=()):
        self.lines, self.broken, self.closed = list(lines), False, False

    def replay(self):
        return iter(list(self.lines))

    def append(self, payload):
        if self.broken:
            raise StoreError("The disk is full.")
        self.lines.append(payload)

    def rewrite(self, payloads):
        self.lines = list(payloads)

    def close(self):
        self.closed = True


class Rig:
    """A desk whose router does nothing by itself."""

    def __init__(self, paper=None, rules=None):
        self.clock, self.router, self.monitor, self.replies = FakeClock(), Told(), Told(), []
        self.paper = paper or Paper()
        self.pump = Pump(OtpDesk(self.clock, self.router, self.monitor, self.paper, b"k" * 32, country_code="62", rules=rules or OtpRules(), intake=IntakeRules()))
        self.pump.tell(Begin())

    def create(self, reference="r", message="Code %s", to=TO, params=("", "", "", ""), expiration=None, date_time=None, *, patient=False, again=False):
        request = RequestOtp("request-otp", to, message, reference, params, "", date_time, expiration, 5, {"reference": reference, "receiver": to})
        self.pump.tell(AskOtp(request, Origin("rest", patient=patient, delivery="aa" if again else "", redelivered=again), self.replies.append))

    def submitted(self):
        """The one job since the last question, and its code."""
        [submit] = self.router.take(Submit)
        return submit, re.search(r"\d+", submit.job.text)[0]

    def settle(self, submit, fate=Fate.SENT, status="sent", error=""):
        submit.answer(Outcome(fate, status, error))
        submit.settle(Outcome(fate, status, error))
        self.pump.settle()

    def verify(self, code, reference="r", to=TO, params=("", "", "", "")):
        request = VerifyOtp("verify-otp", to, code, reference, params, {"reference": reference, "receiver": to})
        self.pump.tell(AskVerify(request, self.replies.append))
        return self.reply().code

    def reply(self):
        [reply] = self.replies
        self.replies.clear()
        return reply

    def sent(self, **words):
        """Create a code that is sent, and give it."""
        self.create(**words)
        submit, code = self.submitted()
        self.settle(submit)
        assert self.reply().code == "0000"
        return code


@pytest.fixture
def rig():
    return Rig()


def test_the_record_is_written_before_the_message_is_handed_on_and_the_reply_follows_the_outcome(rig):
    rig.create()
    assert len(rig.paper.lines) == 1
    submit, code = rig.submitted()
    assert (submit.job.to, submit.job.priority, submit.job.text) == ("628126666666", Priority.OTP, f"Code {code}")
    assert rig.replies == []
    rig.settle(submit)
    assert rig.reply().body() == {"command": "request-otp", "response_code": "0000", "data": {"reference": "r", "receiver": TO}}
    assert rig.verify(code) == "0000"
    assert rig.verify(code) == "1202"


def test_neither_the_journal_nor_any_printed_message_shows_the_code(rig):
    rig.create()
    submit, code = rig.submitted()
    assert code.encode() not in b"".join(rig.paper.lines)
    assert code not in repr(submit)
    assert TO[1:] not in repr(submit)


@pytest.mark.parametrize("fate, code, kept", [
    (Fate.SENT, "0000", True), (Fate.UNKNOWN, "1111", True), (Fate.FAILED, "1102", False), (Fate.NO_MODEM, "1101", False), (Fate.EXPIRED, "1203", False),
    (Fate.REFUSED, "1102", False)], ids=str)
def test_the_record_is_kept_or_dropped_by_the_table_before_the_client_is_told(rig, fate, code, kept):
    rig.create()
    submit, otp = rig.submitted()
    rig.settle(submit, fate, "some")
    assert rig.reply().code == code
    rig.create()
    if kept:
        assert rig.reply().code == "1201"
        assert rig.verify(otp) == "0000"
    else:
        assert len(rig.router.take(Submit)) == 1


def test_a_reference_in_use_is_the_routers_question_when_a_broker_delivers_its_request_again(rig):
    rig.create()
    rig.submitted()
    rig.create(again=True)
    [question] = rig.router.take(AskRedelivered)
    assert (question.request.reference, question.delivery, rig.replies) == ("r", "aa", [])
    question.reply("what the router says")
    assert rig.replies == ["what the router says"]


def test_a_client_that_was_told_in_hand_is_not_told_again_and_the_record_follows_the_outcome(rig):
    rig.create()
    submit, code = rig.submitted()
    submit.answer(Outcome(Fate.IN_HAND, "queued"))
    reply = rig.reply()
    assert (reply.code, reply.data["status"], reply.data["id"]) == ("1111", "queued", submit.job.id)
    submit.settle(Outcome(Fate.FAILED, "failed", "No."))
    rig.pump.settle()
    assert rig.replies == []
    assert rig.verify(code) == "1202"


def test_a_code_can_be_verified_before_its_outcome_is_known(rig):
    rig.create()
    submit, code = rig.submitted()
    assert rig.verify(code) == "0000"
    rig.settle(submit)
    assert rig.reply().code == "0000"
    assert rig.verify(code) == "1202"


def test_a_record_that_cannot_be_written_sends_nothing_and_frees_the_reference(rig):
    rig.paper.broken = True
    rig.create()
    assert rig.reply().code == "1102"
    assert rig.router == []
    rig.paper.broken = False
    rig.sent()


def test_a_right_code_that_cannot_be_noted_as_used_is_not_confirmed(rig):
    code = rig.sent()
    rig.paper.broken = True
    assert rig.verify(code) == "1102"


def test_another_life_reads_what_was_written_and_goes_on_counting_guesses(rig):
    code, used, guessed = (rig.sent(reference=reference) for reference in ("r", "used", "guessed"))
    assert rig.verify(used, "used") == "0000"
    for _ in range(4):
        assert rig.verify("no", "guessed") == "1202"
    again = Rig(Paper(rig.paper.lines))
    assert again.verify(used, "used") == "1202"
    assert again.verify("no", "guessed") == "1202"
    assert again.verify(guessed, "guessed") == "1202"
    assert again.verify(code) == "0000"


def test_expired_records_say_so_for_ten_minutes_and_are_then_swept_from_the_journal(rig):
    code = rig.sent(expiration=NOON + 5)
    rig.clock.advance(5)
    assert rig.verify(code) == "1203"
    rig.clock.advance(599)
    rig.pump.settle()
    assert rig.verify(code) == "1203"
    rig.clock.advance(SWEEP_S)
    rig.pump.settle()
    assert rig.verify(code) == "1202"
    assert rig.paper.lines[-1].startswith(b"-")
    assert rig.monitor.of(State)[-1].facts["live"] == 0


def test_settings_concern_the_next_code_and_the_guesses_of_all(rig):
    rig.sent()
    rig.pump.tell(Configure("otp", OtpRules(length=4, max_attempts=1)))
    assert len(rig.sent(reference="four")) == 4
    rig.verify("no", "four")
    rig.create(reference="four")
    assert rig.reply().code == "1201"


@pytest.mark.parametrize("words, code", [
    ({"message": "no place"}, "1102"), ({"message": "%s %s"}, "1102"), ({"to": "nobody"}, "1102"), ({"to": "a@example.org"}, "1102"),
    ({"message": "x" * 2000 + "%s"}, "1102"), ({"expiration": NOON}, "1203"), ({"date_time": NOON - 301}, "1203")])
def test_what_cannot_be_sent_writes_nothing(rig, words, code):
    rig.create(**words)
    assert rig.reply().code == code
    assert rig.paper.lines == []
    assert rig.router == []


def test_a_request_without_times_lives_as_long_as_the_settings_say(rig):
    code = rig.sent()
    rig.clock.advance(299)
    assert rig.verify("no") == "1202"
    rig.clock.advance(1)
    assert rig.verify(code) == "1203"


# another life


def left_behind(rig, *references):
    """Codes whose messages were on their way when the gateway died, with the tags that the router's journal holds."""
    found = {}
    for reference in references:
        rig.create(reference=reference)
        submit, code = rig.submitted()
        found[reference] = (submit.job.otp, code)
    return found


@pytest.mark.parametrize("fate, status, kept", [
    (Fate.SENT, "sent", True), (Fate.UNKNOWN, "unknown", True), (Fate.IN_HAND, "queued", True), (Fate.FAILED, "failed", False),
    (Fate.EXPIRED, "expired", False), (None, "", False)], ids=str)
def test_a_code_of_an_earlier_life_is_kept_or_dropped_by_what_became_of_its_message(rig, fate, status, kept):
    [(tag, code)] = left_behind(rig, "r").values()
    life = Rig(Paper(rig.paper.lines))
    life.pump.tell(OtpRecovered({tag: Outcome(fate, status)} if fate else {}))
    life.create()
    if kept:
        assert life.reply().code == "1201"
        assert life.verify(code) == "0000"
    else:
        assert len(life.router.take(Submit)) == 1
        assert life.verify(code) == "1202"


@pytest.mark.parametrize("fate, kept", [(Fate.SENT, True), (Fate.UNKNOWN, True), (Fate.FAILED, False), (Fate.EXPIRED, False), (Fate.NO_MODEM, False)], ids=str)
def test_a_code_whose_message_goes_on_is_settled_by_its_tag_and_nobody_is_told(rig, fate, kept):
    [(tag, code)] = left_behind(rig, "r").values()
    life = Rig(Paper(rig.paper.lines))
    life.pump.tell(OtpRecovered({tag: Outcome(Fate.IN_HAND, "queued")}))
    life.pump.tell(OtpSettled(bytes.fromhex(tag), Outcome(fate, "some"), lambda: None))
    assert life.replies == []
    assert life.verify(code) == ("0000" if kept else "1202")


def test_what_was_decided_at_the_start_is_written_down_and_not_decided_again(rig):
    tags = left_behind(rig, "sent", "lost")
    life = Rig(Paper(rig.paper.lines))
    life.pump.tell(OtpRecovered({tags["sent"][0]: Outcome(Fate.SENT, "sent")}))
    third = Rig(Paper(life.paper.lines))
    third.pump.tell(OtpRecovered({}))  # the router's journal of two days ago is not read any more
    assert third.verify(tags["sent"][1], "sent") == "0000"
    assert third.verify(tags["lost"][1], "lost") == "1202"


def test_codes_that_were_settled_before_are_not_touched_at_a_start(rig):
    code = rig.sent()
    life = Rig(Paper(rig.paper.lines))
    life.pump.tell(OtpRecovered({}))
    assert life.verify(code) == "0000"


def test_a_code_that_was_used_while_its_message_was_on_its_way_stays_used(rig):
    [(tag, code)] = left_behind(rig, "r").values()
    assert rig.verify(code) == "0000"
    life = Rig(Paper(rig.paper.lines))
    life.pump.tell(OtpRecovered({tag: Outcome(Fate.SENT, "sent")}))
    assert life.verify(code) == "1202"


def test_a_record_that_cannot_be_settled_on_disk_still_tells_the_client_what_became_of_the_message(rig):
    rig.create()
    submit, _ = rig.submitted()
    rig.paper.broken = True
    rig.settle(submit)
    assert rig.reply().code == "0000"


def test_the_tag_of_the_job_is_that_of_the_record_and_tells_nothing_of_it(rig):
    tags = left_behind(rig, "r", "other")
    assert len({tag for tag, _ in tags.values()}) == 2
    for tag, code in tags.values():
        assert bytes.fromhex(tag)
        assert code not in tag


def test_the_journal_is_closed_at_the_end(rig):
    rig.pump.actor.on_stop()
    assert rig.paper.closed


def test_the_figures_are_shown_soon_after_they_change(rig):
    rig.create()
    submit, code = rig.submitted()
    rig.settle(submit)
    rig.verify(f"{(int(code) + 1) % 10**6:06}" if rig.reply() else "")
    rig.verify(code)
    rig.monitor.take(State)
    rig.clock.advance(SHOW_S)
    rig.pump.settle()
    [shown] = rig.monitor.take(State)
    assert shown.facts == {"requested": 1, "verified": 1, "wrong": 1, "live": 0}
