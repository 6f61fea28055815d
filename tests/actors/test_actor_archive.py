"""The archive alone, on real journals: stories of messages that are over, told to their owners for 30 days."""

import pytest
from doubles.clock import NOON, FakeClock
from doubles.pump import Pump

from actors.archive import Archive
from otppi.domain import chronicle
from otppi.domain.chronicle import Facts
from otppi.domain.errors import StoreError
from otppi.domain.job import new_id
from otppi.domain.ledger import owner_of
from otppi.domain.messages.writing import AskStatus
from otppi.domain.outcome import Fate, Outcome
from otppi.domain.ports import Origin
from otppi.domain.requests import GetMessageStatus
from otppi.store.days import DayJournals

DAY_S = 86_400.0
SENT = Outcome(Fate.SENT, "sent", "", "a", (2, 2), (7, 8), "OK")
FAILED = Outcome(Fate.FAILED, "failed", "The network refused the message (+CMS ERROR 21).", "a", (0, 2))
NONE_OF_YOURS = "There is no message of yours with this id; states are kept for 30 days."


class Rig:
    def __init__(self, folder):
        self.clock = FakeClock()
        self.journal = DayJournals(folder, self.clock.wall, 30)
        self.pump = Pump(Archive(self.clock, self.journal))

    def facts(self, owner="rest:shop"):
        return Facts(new_id(self.clock.wall()), self.clock.wall(), "62812XXX", "ab", owner, 2)

    def over(self, outcome=SENT, took_s=3.0, **words):
        """Write down a message from its arrival to its end; gives its id."""
        facts = self.facts(**words)
        self.journal.append(chronicle.armed(facts, "life"))
        self.clock.advance(took_s)
        self.journal.append(chronicle.end(facts, outcome, at=self.clock.wall(), began=facts.at + 1))
        return facts.id

    def ask(self, message_id, door="rest", user="shop"):
        replies = []
        self.pump.tell(AskStatus(GetMessageStatus("get-message-status", message_id), Origin(door, user), replies.append))
        [reply] = replies
        return reply


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.journal.close()


def test_the_story_of_a_sent_message_is_told(rig):
    message_id = rig.over()
    assert rig.ask(message_id).body() == {
        "command": "get-message-status", "response_code": "0000",
        "data": {"id": message_id, "status": "sent", "modemID": "a", "parts": {"sent": 2, "total": 2},
                 "history": [{"status": "queued", "at": NOON}, {"status": "sending", "at": NOON + 1}, {"status": "sent", "at": NOON + 3}]}}


def test_a_failure_is_told_with_its_reason(rig):
    data = rig.ask(rig.over(FAILED)).data
    assert (data["status"], data["error"]) == ("failed", FAILED.error)


def test_a_message_that_took_a_day_is_found_in_the_files_of_both_days(rig):
    data = rig.ask(rig.over(took_s=DAY_S)).data
    assert [entry["status"] for entry in data["history"]] == ["queued", "sending", "sent"]


@pytest.mark.parametrize("door, user", [("rest", "other"), ("rest", ""), ("amqp", "shop"), ("amqp", ""), ("rest", "shop:"), ("rest:shop", "")])
def test_others_hear_the_same_as_of_an_id_that_never_was(rig, door, user):
    message_id = rig.over()
    never = rig.ask(new_id(NOON), door, user)
    reply = rig.ask(message_id, door, user)
    assert reply == never
    assert (reply.code, reply.error, reply.data) == ("1102", NONE_OF_YOURS, {})


@pytest.mark.parametrize("nonsense", [
    "", " ", "nonsense", "é" * 26, "\ud800" * 26, "0" * 26, "V" * 26, "v" * 26, "V" * 10, "0" * 18, "V" * 34, "V" * 60_002, "../../etc/passwd", '"', "\n", "7" * 26,
], ids=lambda text: ascii(text)[:12])
def test_nonsense_is_no_message(rig, nonsense, caplog):
    rig.over()
    assert rig.ask(nonsense).error == NONE_OF_YOURS
    assert caplog.text == ""


def test_a_part_of_an_id_is_no_id(rig):
    message_id = rig.over()
    for part in (message_id[:-1], message_id[:18], message_id + "0", message_id.lower(), f" {message_id}"):
        assert rig.ask(part).error == NONE_OF_YOURS


def test_a_message_is_told_of_for_30_days_and_then_no_more(rig):
    message_id = rig.over()
    for _ in range(30):
        rig.clock.advance(DAY_S)
        rig.over()
        assert rig.ask(message_id).code == "0000"
    rig.clock.advance(DAY_S)
    rig.over()
    assert rig.ask(message_id).error == NONE_OF_YOURS


def test_a_message_without_an_end_is_queued(rig):
    facts = rig.facts()
    rig.journal.append(chronicle.armed(facts, "life"))
    assert rig.ask(facts.id).data["status"] == "queued"


def test_after_the_clock_was_set_back_messages_are_found_all_the_same(rig):
    before = rig.over()
    rig.clock.set_wall(NOON - 40 * DAY_S)
    after = rig.over(FAILED)
    assert (rig.ask(before).data["status"], rig.ask(after).data["status"]) == ("sent", "failed")


@pytest.mark.parametrize("error, sentence", [(StoreError("2027.journal cannot be read: Input/output error."), "2027.journal cannot be read: Input/output error."),
                                             (ZeroDivisionError(), "The gateway failed; its log says more.")])
def test_what_cannot_be_read_is_told_and_the_next_question_is_answered(rig, monkeypatch, error, sentence):
    message_id = rig.over()

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(rig.journal, "search", fail)
        assert rig.ask(message_id).error == sentence
    assert rig.ask(message_id).code == "0000"


def test_the_owner_is_the_door_and_the_user():
    assert owner_of("rest", "shop") == "rest:shop"
    assert owner_of("amqp", "") == "amqp:"
