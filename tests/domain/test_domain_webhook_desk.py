"""The desk of the webhooks: an event with a key is told once a life, however often it is raised (S15)."""

from dataclasses import dataclass, field

import pytest

from otppi.domain import webhook_desk
from otppi.domain.messages.receiving import Happened
from otppi.domain.secret import Secret
from otppi.domain.webhook_desk import WebhookDesk
from otppi.domain.webhooks import Answer

RAISED = Happened("sms.received", 1000.0, {"text": "hello"}, "a message of the inbox")


@dataclass(frozen=True)
class Hook:
    """As settings have it."""

    id: str = "shop"
    url: str = "http://127.0.0.1:1/"
    place: str = "127.0.0.1:1"
    secret: Secret = field(default=Secret("of both"), repr=False)
    events: tuple = ()
    active: bool = True
    ca_file: str = ""
    verify: bool = True


@dataclass
class Spool:
    """In memory."""

    bodies: dict = field(default_factory=dict)

    def keep(self, name, body):
        self.bodies[name] = body

    def drop(self, name):
        self.bodies.pop(name, None)

    def kept(self):
        return iter(list(self.bodies.items()))


@pytest.fixture
def told():
    return []


@pytest.fixture
def begin(told):
    def begin(spool):
        desk = WebhookDesk(spool, told.append, lambda: 0.5)
        desk.configure([Hook()], 1000.0)
        assert desk.recover(0.0, 1000.0) == 0
        return desk

    return begin


def answered(desk, status=204):
    posts = list(desk.posts(0.0, 1000.0))
    for ticket, _ in posts:
        desk.settle(ticket, Answer(status, ""), 0.0, 1000.0)
    return [post.body for _, post in posts]


def test_what_an_earlier_life_left_is_told_once_although_it_is_raised_again_before_and_after_it_was_taken(begin, told):
    spool = Spool()
    begin(spool).take(RAISED, 0.0, 1000.0)

    again = begin(spool)
    assert not again.take(RAISED, 0.0, 1000.0), "it waits already"
    assert len(answered(again)) == 1
    assert not again.take(RAISED, 0.0, 1000.0), "it was taken"

    assert answered(again) == []
    assert told == [RAISED.key, RAISED.key], "whoever raised it is told each time that nobody needs it"
    assert spool.bodies == {}


def test_without_a_key_each_one_is_another_event(begin):
    desk = begin(Spool())
    event = Happened("message.sent", 1000.0, {})
    for _ in range(2):
        assert desk.take(event, 0.0, 1000.0)
        assert len(answered(desk)) == 1


def test_so_many_are_known_and_no_more(begin, monkeypatch):
    monkeypatch.setattr(webhook_desk, "MOST_DONE", 2)
    desk = begin(Spool())
    for key in ("first", "second", "third"):
        desk.take(Happened("sms.received", 1000.0, {}, key), 0.0, 1000.0)
        answered(desk)
    assert not desk.take(Happened("sms.received", 1000.0, {}, "second"), 0.0, 1000.0)
    assert desk.take(Happened("sms.received", 1000.0, {}, "first"), 0.0, 1000.0)
