"""The inbox's ways out: webhooks, a broker's topic, and replies; what administrators do with messages (S9, S15)."""

import json

import pytest
from doubles.inbox_rig import FORWARD, SENDER, Rig, pdus
from doubles.pump import Told

from actors.inbox_forward import ANSWER_S, LONGEST_REST_S, PATIENCE
from otppi.config.sections import InboxForward, Sms
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.messages.receiving import Forwarded
from otppi.domain.messages.running import Operate
from otppi.domain.messages.subscribing import PublisherIs, PublishText
from otppi.domain.replies import Reply

DAY_S = 86_400.0
LONG = "A long text that takes three parts. " * 10


class Broker(Told):
    """A subscription that answers ``says`` at once; None: nothing. ``gone``: it has ended."""

    def __init__(self):
        super().__init__()
        self.says = ""
        self.gone = False

    def __call__(self, message):
        if self.gone:
            return False
        self.append(message)
        if self.says is not None:
            message.done(self.says)
        return True

    def texts(self):
        return [json.loads(one.body)["data"]["text"] for one in self.of(PublishText)]


def connect(rig, kind="mqtt"):
    broker = Broker()
    rig.pump.tell(PublisherIs(kind, broker))
    return broker


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path / "inbox").begin()


@pytest.fixture
def forwarding(tmp_path):
    return Rig(tmp_path / "inbox", forward=FORWARD).begin()


# webhooks


def test_what_nobody_confirmed_is_raised_again_in_the_next_life_under_its_key_for_two_days(rig):
    rig.hear(*pdus("one"), *pdus("two"), *pdus(LONG))
    keys = dict((text, key) for key, text in rig.told())  # noqa: C402  # pairs turned round
    rig.pump.tell(Forwarded(keys["two"]))
    rig.pump.tell(Forwarded("never was"))
    rig = rig.again().begin()
    assert sorted(rig.told()) == sorted([(keys["one"], "one"), (keys[LONG], LONG)])
    rig.clock.advance(2 * DAY_S + 1)
    assert rig.again().begin().told() == []


def test_webhooks_that_are_known_later_hear_what_came_before(rig):
    rig.configure("webhooks", None)
    rig.hear(*pdus("one"))
    assert rig.told() == []
    rig.configure("webhooks", rig.webhooks)
    assert [text for _, text in rig.told()] == ["one"]


# a broker's topic


def test_whole_messages_are_published_in_their_order_and_once(forwarding):
    rig, broker = forwarding, connect(forwarding)
    rig.hear(*pdus("one"), "00FF", *pdus(LONG)[:2])
    rig.hear(*pdus("two"))
    assert broker.texts() == ["one", "two"]
    [message] = [one for one in rig.listed() if one["text"] == "one"]
    asked = broker.of(PublishText)[0]
    assert asked.topic == "received"
    assert json.loads(asked.body) == {"event": "sms.received", "id": message["id"], "at": message["at"], "data": {
        "id": message["id"], "modem": "m", "sender": SENDER, "text": "one", "sent_at": "2027-01-15T08:00:00+00:00", "parts": 1, "flash": False}}
    rig = rig.again(forward=FORWARD).begin()
    broker = connect(rig)
    rig.hear(*pdus("three"))
    rig.advance(LONGEST_REST_S)
    assert broker.texts() == ["three"]


def test_one_is_under_way_at_a_time_and_none_overtakes(forwarding):
    rig, broker = forwarding, connect(forwarding)
    broker.says = None
    rig.hear(*pdus("one"), *pdus("two"))
    assert broker.texts() == ["one"]
    broker.of(PublishText)[0].done("")
    rig.pump.settle()
    assert broker.texts() == ["one", "two"]


def test_a_broker_that_is_away_gets_them_later_in_order_and_an_alarm_says_so_meanwhile(forwarding, caplog):
    rig, broker = forwarding, connect(forwarding)
    broker.says = "The broker is not connected."
    rig.hear(*pdus("one"), *pdus("two"))
    for _ in range(PATIENCE):
        assert (rig.alarm("inbox forward") is None) is (len(broker) < PATIENCE)
        rig.advance(LONGEST_REST_S)
    assert broker.texts() == ["one"] * (PATIENCE + 1)
    assert rig.alarm("inbox forward") == "Received SMS are not published to mqtt: The broker is not connected."
    assert caplog.text.count("are not published") == 1
    broker.clear()
    broker.says = ""
    rig.advance(LONGEST_REST_S)
    assert broker.texts() == ["one", "two"]
    assert rig.alarm("inbox forward") is None


def test_without_a_subscription_or_with_one_that_ended_it_is_tried_again(forwarding):
    rig = forwarding
    rig.hear(*pdus("one"))
    dead = connect(rig)
    dead.gone = True
    rig.advance(LONGEST_REST_S)
    rig.pump.tell(PublisherIs("mqtt", None))
    rig.advance(LONGEST_REST_S)
    broker = connect(rig)
    other = connect(rig, "redis")
    rig.advance(LONGEST_REST_S)
    assert (broker.texts(), other.texts()) == (["one"], [])


def test_a_subscription_that_ended_without_a_word_is_not_waited_for_for_ever_and_its_late_word_counts(forwarding):
    rig, broker = forwarding, connect(forwarding)
    broker.says = None
    rig.hear(*pdus("one"))
    rig.advance(ANSWER_S)
    rig.advance(LONGEST_REST_S)
    assert broker.texts() == ["one", "one"]
    broker.of(PublishText)[0].done("")
    rig.pump.settle()
    broker.of(PublishText)[1].done("")
    rig.pump.settle()
    rig = rig.again(forward=FORWARD).begin()
    again = connect(rig)
    rig.advance(LONGEST_REST_S)
    assert again.texts() == []


def test_what_was_not_published_is_in_the_next_life(forwarding):
    forwarding.hear(*pdus("one"), *pdus("two"))
    rig = forwarding.again(forward=FORWARD).begin()
    broker = connect(rig)
    rig.advance(LONGEST_REST_S)
    assert broker.texts() == ["one", "two"]


def test_what_was_deleted_before_it_could_be_published_is_not(forwarding):
    rig = forwarding
    rig.hear(*pdus("one"), *pdus("two"))
    rig.do("inbox.delete", ids=[one["id"] for one in rig.listed() if one["text"] == "one"])
    broker = connect(rig)
    rig.advance(LONGEST_REST_S)
    assert broker.texts() == ["two"]


def test_messages_of_before_it_was_wanted_are_not_published_and_another_topic_holds_at_once(rig):
    rig.hear(*pdus("before"))
    broker = connect(rig)
    rig.configure("sms", Sms(inbox_forward=FORWARD))
    rig.hear(*pdus("one"))
    rig.configure("sms", Sms(inbox_forward=InboxForward(subscriber="mqtt", topic="other")))
    rig.hear(*pdus("two"))
    rig.configure("sms", Sms())
    rig.hear(*pdus("three"))
    assert [(one.topic, text) for one, text in zip(broker, broker.texts(), strict=True)] == [("received", "one"), ("other", "two")]


# administrators


def reply(rig, said, text="Thank you.", name=0):
    """Reply to a message; the gateway answers ``said``. Gives what the administrator is told."""
    results = []
    rig.pump.tell(Operate("inbox.reply", {"id": rig.listed()[name]["id"], "text": text}, "cli:root", results.append, results.append))
    if said is not None:
        rig.asked[-1][2](said)
        rig.asked[-1][2](said)  # an owner that fails after it had answered answers once more
    [result] = results
    return result


def test_a_reply_goes_out_like_any_sms_and_its_outcome_is_told_once(rig):
    rig.hear(*pdus("hello"))
    data = {"id": "ABC", "client_id": None, "modemID": "m", "parts": {"sent": 1, "total": 1}, "reference": [7], "status": "sent", "result": "OK"}
    assert reply(rig, Reply("send-sms", "0000", data)) == {"id": "ABC", "status": "sent", "modem": "m", "error": ""}
    request, origin, _ = rig.asked[0]
    assert (request.command, request.receiver, request.text, request.data) == ("send-sms", SENDER, "Thank you.", {})
    assert (origin.door, origin.user) == ("cli", "root")
    assert reply(rig, Reply("send-sms", "1111", {**data, "status": "unknown"}, "No answer.")) == {"id": "ABC", "status": "unknown", "modem": "m", "error": "No answer."}


@pytest.mark.parametrize("said, sentence", [(Reply("send-sms", "1101", {}, "No usable modem."), "No usable modem."), (Reply("send-sms", "1102"), "The reply was not sent."),
                                            (Reply("send-sms", "1102", {}, "Full.", 503, 5), "Full.")])
def test_a_reply_that_was_not_sent_says_why(rig, said, sentence):
    rig.hear(*pdus("hello"))
    result = reply(rig, said)
    assert isinstance(result, NotDone)
    assert str(result) == sentence


@pytest.mark.parametrize("heard, text, sentence", [
    (pdus("hello", sender="INFO"), "Thank you.", "no number"), (["00FF"], "Thank you.", "no number"), (pdus("hello"), " \n", "no text"), (pdus("hello"), 7, "no text"),
], ids=["a name", "unreadable", "blank", "no text"])
def test_what_cannot_be_replied_to_is_refused_and_nothing_is_sent(rig, heard, text, sentence):
    rig.hear(*heard)
    result = reply(rig, None, text)
    assert isinstance(result, Mistake)
    assert sentence in str(result)
    assert rig.asked == []


def test_what_administrators_do_wrong_is_told(rig):
    rig.hear(*pdus("hello"))
    for name, words in (("inbox.show", {"id": "never"}), ("inbox.reply", {"id": "never", "text": "x"}), ("inbox.list", {"limit": 0}), ("inbox.delete", {"ids": 7}),
                        ("inbox.list", {"colour": "red"})):
        assert isinstance(rig.do(name, **words), Mistake), name
    assert rig.texts() == ["hello"]


def test_deleted_messages_are_gone_from_the_disk_and_a_modem_that_shows_them_again_brings_none_back(rig):
    secret = "secret text " * 20
    rig.hear(*pdus(secret))
    rig.hear(*pdus("stays"))
    [message] = [one for one in rig.listed() if one["text"] == secret]
    assert rig.do("inbox.delete", ids=[message["id"]]) == {"deleted": 1}
    for life in (rig, rig.again().begin()):
        assert life.texts() == ["stays"]
        assert len(life.hear(*pdus(secret), *pdus("stays"))) == 3
        assert life.texts() == ["stays"]
    disk = rig.on_disk()
    assert b"secret" not in disk
    assert not any(pdu.encode() in disk for pdu in pdus(secret))


def test_while_the_disk_takes_nothing_messages_can_be_read(rig):
    rig.hear(*pdus("hello"))
    rig.files.full = True
    rig.hear(*pdus("more"))
    assert rig.texts() == ["hello"]
    assert rig.do("inbox.show", id=rig.listed()[0]["id"])["text"] == "hello"
