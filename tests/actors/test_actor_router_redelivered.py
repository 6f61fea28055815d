"""Deliveries of brokers that come again, without an id of their own: one SMS each, also in another life (B7)."""

import pytest
from doubles.router_rig import FAILED, Rig

from otppi.config.modem import Modem
from otppi.domain.chronicle import Mark
from otppi.domain.messages.asking import AskRedelivered
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.requests import RequestOtp

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
        lives[-1].stand("a")
        return lives[-1]

    yield start
    for life in lives:
        life.journal.close()


@pytest.mark.parametrize("attempt, status", [(None, "sent"), (UNKNOWN, "unknown")])
@pytest.mark.parametrize("died", [False, True])
def test_what_was_not_acknowledged_and_comes_again_gets_the_outcome_of_the_first(rig, again, attempt, status, died):
    rig.send(patient=True, delivery="aa")
    [job] = rig.assigned("a")
    rig.finish("a", job, *([attempt] if attempt else []))
    first = rig.reply()
    life = again() if died else rig
    life.send(patient=True, delivery="aa", again=True)
    assert (life.reply().data["id"], first.data["status"], life.assigned("a")) == (first.data["id"], status, [])


@pytest.mark.parametrize("died", [False, True])
def test_what_was_acknowledged_is_another_message_when_it_comes_again(rig, again, died):
    rig.send(patient=True, delivery="aa")
    rig.finish("a", *rig.assigned("a"))
    rig.acknowledge("aa")
    life = again() if died else rig
    life.send(patient=True, delivery="aa", again=True)
    assert len(life.assigned("a")) == 1


def test_without_the_brokers_word_an_equal_message_is_another_one(rig):
    for _ in range(2):
        rig.send(patient=True, delivery="aa")
        rig.finish("a", *rig.assigned("a"))
    assert [reply.code for reply in rig.replies] == ["0000", "0000"]


@pytest.mark.parametrize("died", [False, True])
def test_of_two_equal_messages_each_comes_again_for_itself(rig, again, died):
    for attempt in ({}, {"attempt": FAILED}):
        rig.send(patient=True, delivery="aa")
        rig.finish("a", *rig.assigned("a"), **attempt)
    life = again() if died else rig
    for _ in range(2):
        life.send(patient=True, delivery="aa", again=True)
    assert len(life.assigned("a")) == 1


def test_a_message_that_died_with_the_gateway_before_it_left_is_sent_when_it_comes_again(rig, again):
    rig.send(patient=True, delivery="aa")
    rig.assigned("a")
    life = again()
    life.send(patient=True, delivery="aa", again=True)
    assert len(life.assigned("a")) == 1


def test_a_message_whose_body_had_left_is_unknown_when_it_comes_again(rig, again):
    rig.send(patient=True, delivery="aa")
    [job] = rig.assigned("a")
    life = again(marks=[Mark(job.id, 1, left=True)])
    life.send(patient=True, delivery="aa", again=True)
    reply = life.reply()
    assert (reply.code, reply.data["status"], life.assigned("a")) == ("1111", "unknown", [])


def test_what_is_in_hand_is_kept_when_its_delivery_comes_again(rig, again):
    """The first delivery's subscription died: nobody else will ever acknowledge it."""
    rig.send(patient=True, delivery="aa")
    [job] = rig.assigned("a")
    rig.send(patient=True, delivery="aa", again=True)
    reply = rig.reply()
    assert (reply.code, reply.data["id"], reply.data["status"]) == ("1111", job.id, "queued")
    assert [one.id for one in again().assigned("a")] == [job.id]


def test_with_an_id_of_its_own_the_payload_does_not_matter(rig):
    rig.send(patient=True, delivery="aa", id="x")
    rig.finish("a", *rig.assigned("a"), FAILED)
    rig.send(patient=True, delivery="aa", id="x", again=True)
    assert len(rig.assigned("a")) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_code_that_is_asked_for_again_gets_the_outcome_of_the_first_or_is_a_duplicate(rig, known):
    if known:
        rig.send(patient=True, delivery="aa")
        rig.finish("a", *rig.assigned("a"))
        rig.reply()
    request = RequestOtp("request-otp", "0812", "%s", "r", ("", "", "", ""), "", None, None, None, {"reference": "r"})
    rig.pump.tell(AskRedelivered(request, "aa", rig.replies.append))
    reply = rig.reply()
    assert (reply.code, reply.data) == (("0000" if known else "1201"), {"reference": "r"})
