"""Requests that come again, and questions about messages: one SMS each, told to its owner alone, also in another life."""

import json

import pytest
from doubles.papers import Papers
from doubles.router_rig import FAILED, TO, Rig

from otppi.config.modem import Modem
from otppi.config.sections import Sms
from otppi.domain.messages.running import Configure, Drain
from otppi.domain.messages.writing import AskStatus
from otppi.domain.outcome import Attempt, Verdict

UNKNOWN = Attempt(Verdict.UNKNOWN, "The modem did not say what became of the message.", parts=(0, 1))


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    yield rig
    rig.journal.close()


@pytest.fixture
def again(rig):
    """Another life of the gateway, after a death without a word."""
    lives = []

    def start(**words):
        lives.append(rig.again(Modem(id="a", port="/dev/a"), **words))
        return lives[-1]

    yield start
    for life in lives:
        life.journal.close()


# the same request


@pytest.mark.parametrize("attempt, status", [(None, "sent"), (UNKNOWN, "unknown")])
def test_the_same_request_with_an_id_is_sent_once_and_gets_the_same_id_and_outcome(rig, attempt, status):
    rig.send(id="order-7")
    [job] = rig.assigned("a")
    rig.finish("a", job, *([attempt] if attempt else []))
    first = rig.reply()
    rig.send(id="order-7")
    assert rig.reply().body() == first.body()
    assert (first.data["id"], first.data["client_id"], first.data["status"]) == (job.id, "order-7", status)
    assert rig.assigned("a") == []
    assert rig.traffic()["in_hand"] == 0


def test_while_the_first_is_in_hand_the_second_hears_so_under_the_firsts_id(rig):
    rig.send(id=7)
    [job] = rig.assigned("a")
    rig.send(id=7)
    reply = rig.reply()
    assert (reply.code, reply.data["id"], reply.data["client_id"], reply.data["status"]) == ("1111", job.id, 7, "queued")
    rig.finish("a", job)
    assert rig.reply().code == "0000"
    assert rig.assigned("a") == []


def test_a_message_that_failed_was_blocked_or_expired_may_come_again(rig):
    rig.send(id="x")
    rig.finish("a", *rig.assigned("a"), FAILED)
    assert rig.reply().code == "1102"
    rig.blocklist.blocked = {TO}
    rig.send(id="x")
    assert rig.reply().data["status"] == "blocked"
    rig.blocklist.blocked = set()
    rig.send(id="x")
    assert len(rig.assigned("a")) == 1


def test_a_message_that_was_refused_may_come_again(rig):
    rig.syncs.error = "The disk is full."
    rig.send(id="x")
    assert rig.reply().status == 503
    rig.syncs.error = ""
    rig.catch_up()
    rig.send(id="x")
    assert len(rig.assigned("a")) == 1


@pytest.mark.parametrize("first, second", [
    ({}, {}), ({"id": ""}, {"id": ""}), ({"id": "1"}, {"id": 1}), ({"id": "x"}, {"id": "x", "text": "other"}), ({"id": "x"}, {"id": "x", "to": "628127777777"}),
])
def test_without_an_id_or_with_other_data_two_are_sent(rig, first, second):
    for words in (first, second):
        rig.send(**words)
        rig.finish("a", *rig.assigned("a"))
    assert [reply.code for reply in rig.replies] == ["0000", "0000"]
    assert rig.replies[0].data["id"] != rig.replies[1].data["id"]


def test_after_the_hours_of_the_settings_or_with_none_a_request_is_a_new_one(rig):
    rig.send(id="x")
    rig.finish("a", *rig.assigned("a"))
    rig.advance(24 * 3600)
    rig.send(id="x")
    rig.finish("a", *rig.assigned("a"))
    rig.pump.tell(Configure("sms", Sms(remember_h=0)))
    rig.send(id="x")
    assert len(rig.assigned("a")) == 1


def test_another_life_remembers_what_was_sent_and_what_is_in_hand_and_forgets_what_failed(rig, again):
    for key, attempt in (("sent", None), ("failed", FAILED)):
        rig.send(id=key)
        rig.finish("a", *rig.assigned("a"), *([attempt] if attempt else []))
    sent = rig.replies[0]
    rig.replies.clear()
    rig.send("628120000001", hurried=True)  # the modem is busy with it
    rig.send(id="kept", hurried=True)
    kept = rig.replies[-1].data["id"]
    life = again()
    life.send(id="sent")
    assert life.reply().body() == sent.body()
    life.send(id="kept")
    assert (life.replies[-1].code, life.reply().data["id"]) == ("1111", kept)
    life.stand("a")
    life.finish("a", *life.assigned("a"))
    assert [job.id for job in life.assigned("a")] == [kept]


# a second request is told "in hand": that too is a promise


def test_what_a_second_request_is_told_to_be_in_hand_is_kept_before(tmp_path):
    papers = Papers()
    rig = Rig(tmp_path, papers=papers)
    rig.stand("a")
    rig.send(id="x")
    [job] = rig.assigned("a")
    rig.send(id="x")
    assert rig.reply().code == "1111"
    assert list(papers.bodies) == [job.id]
    assert [json.loads(line)["r"] for line in papers.lines] == ["armed", "kept"]
    rig.finish("a", job)
    assert (rig.reply().code, papers.bodies) == ("0000", {})


def test_a_second_request_is_refused_when_the_message_cannot_be_kept_and_the_first_goes_its_way(tmp_path):
    papers = Papers()
    rig = Rig(tmp_path, papers=papers)
    rig.modems(Modem(id="a", port="/dev/a"))
    rig.stand("a")
    rig.send("628120000001")
    [held] = rig.assigned("a")
    rig.send(id="x")
    papers.fail_from = len(papers.calls)
    rig.send(id="x")
    assert (rig.reply().status, rig.traffic()["in_hand"]) == (503, 2)
    papers.fail_from = None
    rig.finish("a", held)
    rig.finish("a", *rig.assigned("a"))
    assert [reply.code for reply in rig.replies] == ["0000", "0000"]


def test_a_drain_leaves_to_the_next_life_what_a_second_request_was_promised_and_tells_the_first_the_same(rig, again):
    rig.send("628120000001")
    [held] = rig.assigned("a")
    rig.send(id="x")
    rig.send(id="x")
    second = rig.reply()
    rig.pump.tell(Drain(lambda: None))
    first = rig.reply()
    assert (first.code, first.data["id"]) == (second.code, second.data["id"]) == ("1111", second.data["id"])
    rig.finish("a", held)
    life = again()
    life.stand("a")
    assert [job.id for job in life.assigned("a")] == [second.data["id"]]


# another life


def test_what_was_in_hand_goes_on_and_is_settled_but_not_answered_again(rig, again):
    rig.send("628120000001", hurried=True, text="first")
    rig.send("628120000002", hurried=True, text="second")
    [held] = rig.assigned("a")
    ids = [reply.data["id"] for reply in rig.replies]
    life = again()
    assert life.traffic()["in_hand"] == 2
    life.stand("a")
    for text in ("first", "second"):  # nothing had left: no modem wrote a mark
        [job] = life.assigned("a")
        assert job.text == text
        life.finish("a", job)
    assert (life.replies, life.bodies(), life.traffic()["sent"]) == ([], [], 2)
    assert held.id in ids


def test_what_nobody_was_told_of_is_failed_and_forgotten(rig, again):
    rig.send(id="x")
    rig.assigned("a")
    life = again()
    assert (life.traffic()["failed"], life.traffic()["in_hand"]) == (1, 0)
    life.stand("a")
    life.send(id="x")
    assert len(life.assigned("a")) == 1


def test_after_a_power_cut_what_may_have_been_handed_out_is_unknown(rig, again):
    rig.send(hurried=True, id="x")
    [job] = rig.assigned("a")
    life = again(life="after a power cut")
    life.stand("a")
    assert (life.assigned("a"), life.traffic()["unknown"], life.bodies()) == ([], 1, [])
    life.send(id="x")
    assert (life.reply().data["status"], job.to) == ("unknown", TO)


def test_when_the_decisions_of_a_start_cannot_be_written_nothing_is_sent_until_they_are(tmp_path):
    papers = Papers()
    rig = Rig(tmp_path, papers=papers)
    rig.stand("a")
    rig.send(hurried=True)
    papers.fail_from = len(papers.calls)
    life = rig.again()
    assert life.traffic()["halted"] == "The disk is full."
    life.stand("a")
    life.send()
    assert (life.reply().status, life.assigned("a")) == (503, [])
    papers.fail_from = None
    life.catch_up()
    assert len(life.assigned("a")) == 1


# how a message stands


def test_the_owner_hears_how_a_message_in_hand_stands(rig):
    rig.send("628120000001")
    rig.send("628120000002", hurried=True)
    [held] = rig.assigned("a")
    waiting = rig.reply().data["id"]
    now = rig.clock.wall()
    assert rig.ask_status(waiting).body() == {
        "command": "get-message-status", "response_code": "0000",
        "data": {"id": waiting, "status": "queued", "modemID": "", "parts": {"sent": 0, "total": 1}, "history": [{"status": "queued", "at": now}]}}
    assert rig.ask_status(held.id).data == {
        "id": held.id, "status": "sending", "modemID": "a", "parts": {"sent": 0, "total": 1},
        "history": [{"status": "queued", "at": now}, {"status": "sending", "at": now}]}
    assert rig.archive == []


def test_the_archive_is_asked_about_what_is_not_in_hand_or_is_anothers(rig):
    rig.send()
    [job] = rig.assigned("a")
    assert rig.ask_status(job.id, user="other") is None
    assert rig.ask_status("nonsense") is None
    rig.finish("a", job)
    assert rig.ask_status(job.id) is None
    assert [(asked.request.message_id, asked.origin.user) for asked in rig.archive.of(AskStatus)] == [(job.id, "other"), ("nonsense", "shop"), (job.id, "shop")]


def test_a_message_of_an_earlier_life_is_its_owners_still(rig, again):
    rig.send(hurried=True)
    message_id = rig.reply().data["id"]
    life = again()
    assert life.ask_status(message_id).data["status"] == "queued"
    assert life.ask_status(message_id, user="other") is None


def test_an_error_of_ours_is_told_to_who_asks(rig, monkeypatch):
    monkeypatch.setattr(rig.ledger, "in_hand", lambda *_: 1 // 0)
    assert rig.ask_status("any").error == "The gateway failed; its log says more."
