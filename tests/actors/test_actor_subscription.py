"""A subscription alone, its broker played by the test: connecting, replying, acknowledging, leaving (B3–B8)."""

import json

import pytest
from doubles.broker_link import PlayedBrokers
from doubles.clock import FakeClock
from doubles.pump import Pump, Told

from actors.subscription import AGAIN_S, CLOSING_S, REFUSED_REST_S, SHOW_S, TRIES, SubscriptionOwner
from otppi.config.subscribers import AmqpSubscriber
from otppi.domain import replies
from otppi.domain.messages.running import Begin, Retire, State
from otppi.domain.messages.subscribing import Acknowledged, Pause, PublishText
from otppi.domain.replies import Reply

SMS = {"command": "send-sms", "data": {"receiver": "08126666666", "message": "hello"}}
SENT = Reply("send-sms", "0000", {"status": "sent"})


class Rig:
    def __init__(self, **settings):
        self.clock, self.brokers, self.router, self.monitor, self.supervisor = FakeClock(), PlayedBrokers(), Told(), Told(), Told()
        self.asked = []  # request, origin, reply
        self.actor = SubscriptionOwner(self.clock, self.supervisor, "amqp", AmqpSubscriber(enabled=True, reconnect_delay_ms=1000, **settings), 16,
                                       subscribed=("sms",), brokers=self.brokers, submit=lambda *asked: self.asked.append(asked), router=self.router,
                                       monitor=self.monitor)
        self.stopped = False
        self.actor.stop = lambda: setattr(self, "stopped", True)
        self.pump = Pump(self.actor)
        self.pump.tell(Begin())
        self.up()

    @property
    def link(self):
        return self.brokers.link

    def up(self):
        self.link.ears.up()
        self.pump.settle()

    def lose(self, why="gone", *, refused=False):
        self.link.ears.lost(why, refused)
        self.pump.settle()

    def deliver(self, body, handle=1, **words):
        self.link.deliver(body if isinstance(body, bytes) else json.dumps(body), handle, **words)
        self.pump.settle()

    def reply(self, reply=SENT, number=-1):
        self.asked[number][2](reply)
        self.pump.settle()

    def advance(self, seconds):
        self.clock.advance(seconds)
        self.pump.settle()

    def shown(self):
        self.advance(SHOW_S)
        return self.monitor.of(State)[-1].facts


@pytest.fixture
def rig():
    return Rig()


def test_without_a_callback_a_message_is_acknowledged_after_its_outcome(rig):
    rig.deliver(SMS, 7)
    assert rig.link.asked == []
    rig.reply()
    assert rig.link.asked == [("ack", 7)]
    assert rig.router == [Acknowledged(rig.asked[0][1].delivery)]
    facts = rig.shown()
    assert (facts["received"], facts["answered"], facts["in_hand"], facts["state"]) == (1, 1, 0, "connected")


def test_the_sender_waits_for_the_outcome_and_the_router_knows_its_door(rig):
    rig.deliver(SMS, 7, redelivered=True)
    origin = rig.asked[0][1]
    assert (origin.door, origin.patient, origin.redelivered, len(origin.delivery)) == ("amqp", True, True, 64)


def test_the_reply_goes_out_after_its_delay_and_before_the_acknowledgement(rig):
    rig.deliver({**SMS, "callback_topic": "answers", "callback_delay": 50}, 7)
    rig.reply()
    rig.advance(0.04)
    assert rig.link.asked == []
    rig.advance(0.02)
    assert rig.link.asked == [("publish", "answers", SENT.encode()), ("ack", 7)]


def test_no_acknowledgement_before_the_broker_has_confirmed_the_reply(rig):
    rig.link.confirms = None
    rig.deliver({**SMS, "callback_topic": "answers"}, 7)
    rig.reply()
    rig.advance(1)
    assert [word for word, *_ in rig.link.asked] == ["publish"]


def test_a_reply_that_nobody_takes_is_tried_a_few_times_and_then_given_up(rig):
    rig.link.confirms = "nobody has a queue of that name"
    rig.deliver({**SMS, "callback_topic": "answers"}, 7)
    rig.reply()
    for _ in range(TRIES):
        rig.advance(10)
    assert [word for word, *_ in rig.link.asked] == ["publish"] * TRIES + ["ack"]
    assert rig.shown()["unpublished"] == 1


def test_a_delay_holds_up_nobody_else(rig):
    rig.deliver({**SMS, "callback_topic": "answers", "callback_delay": 60_000}, 1)
    rig.deliver(SMS, 2)
    rig.reply(number=0)
    rig.reply(number=1)
    assert rig.link.asked == [("ack", 2)]


def test_a_broken_payload_is_counted_and_acknowledged_and_its_text_is_in_no_log(rig, caplog):
    rig.deliver(b"{secret-text", 3)
    assert (rig.link.asked, rig.asked, rig.shown()["broken"]) == ([("ack", 3)], [], 1)
    assert "secret-text" not in caplog.text
    assert "1102" in caplog.text


def test_a_broken_request_is_answered_where_it_says(rig):
    rig.deliver({"command": "fly", "data": {}, "callback_topic": "answers"}, 3)
    rig.advance(0.01)
    (publish, topic, payload), ack = rig.link.asked
    assert (publish, topic, json.loads(payload)["response_code"], ack) == ("publish", "answers", "1102", ("ack", 3))


def test_a_reply_to_our_own_topic_is_refused_and_so_is_its_message(rig):
    rig.deliver({**SMS, "callback_topic": "sms"}, 3)
    rig.advance(1)
    assert (rig.link.asked, rig.asked) == ([("ack", 3)], [])


def test_after_a_loss_what_comes_again_is_not_carried_out_again(rig):
    rig.deliver({**SMS, "callback_topic": "answers"}, 7)
    first = rig.link
    rig.lose()
    rig.reply()  # while there is no connection
    rig.advance(1.2)
    rig.up()
    assert (rig.link is first, rig.link.asked) == (False, [])
    rig.deliver({**SMS, "callback_topic": "answers"}, 70, redelivered=True)
    rig.advance(0)
    assert len(rig.asked) == 1
    assert [one for one in rig.link.asked if one[0] == "publish"] == [("publish", "answers", SENT.encode())]
    assert rig.link.asked[-1] == ("ack", 70)
    assert first.asked == []


def test_after_a_loss_the_outcome_may_come_later_than_the_redelivery(rig):
    rig.deliver(SMS, 7)
    rig.lose()
    rig.advance(1.2)
    rig.up()
    rig.deliver(SMS, 70, redelivered=True)
    rig.reply()
    assert (len(rig.asked), rig.link.asked) == (1, [("ack", 70)])


def test_the_reply_to_a_broker_without_acknowledgements_goes_out_on_the_next_connection(rig):
    rig.deliver({**SMS, "callback_topic": "answers"}, None)
    rig.lose()
    rig.reply()
    rig.advance(1.2)
    rig.up()
    assert rig.link.asked == [("publish", "answers", SENT.encode())]


def test_a_word_of_an_old_connection_counts_for_nothing(rig):
    old = rig.link
    rig.lose()
    rig.advance(1.2)
    rig.up()
    old.deliver(json.dumps(SMS), 1)
    old.ears.lost("again", True)
    rig.pump.settle()
    assert (rig.asked, rig.shown()["state"]) == ([], "connected")


def test_a_message_that_is_refused_stays_with_the_broker_and_is_tried_again_later(rig):
    rig.deliver(SMS, 7)
    rig.reply(replies.refused("send-sms", "The queue is full; try again in a moment."))
    assert (rig.link.asked, len(rig.asked)) == ([], 1)
    rig.advance(AGAIN_S)
    assert len(rig.asked) == 2
    rig.reply()
    assert rig.link.asked == [("ack", 7)]


def test_a_message_that_is_refused_and_comes_again_is_carried_out_then(rig):
    rig.deliver(SMS, 7)
    rig.reply(replies.refused("send-sms", "The queue is full; try again in a moment."))
    rig.lose()
    rig.advance(AGAIN_S + 1)
    rig.up()
    assert len(rig.asked) == 1
    rig.deliver(SMS, 70, redelivered=True)
    assert len(rig.asked) == 2
    rig.reply()
    assert rig.link.asked == [("ack", 70)]


def test_a_refused_message_of_a_broker_that_keeps_none_is_lost_and_counted(rig):
    rig.deliver(SMS, None)
    rig.reply(replies.refused("send-sms", "The queue is full; try again in a moment."))
    rig.advance(AGAIN_S)
    assert (len(rig.asked), rig.shown()["lost"], rig.shown()["in_hand"]) == (1, 1, 0)


def test_it_comes_back_after_longer_and_longer_rests_and_says_why(rig):
    opened = []
    for _ in range(8):
        rig.lose("cannot reach it")
        assert rig.shown()["state"] == "lost"
        waited = 0
        while len(rig.brokers.links) == len(opened) + 1:
            rig.advance(0.5)
            waited += 0.5
        opened.append(waited)
    assert opened[0] <= 1.5
    assert opened[-1] <= 73
    assert opened[-1] > 45
    assert rig.shown()["last_error"] == "cannot reach it"


def test_a_broker_that_refuses_us_is_asked_once_a_minute(rig):
    rig.lose("The broker refuses the user name or the password.", refused=True)
    rig.advance(REFUSED_REST_S * 0.7)
    assert len(rig.brokers.links) == 1
    assert rig.shown()["state"] == "refused"
    rig.advance(REFUSED_REST_S * 0.6)
    assert len(rig.brokers.links) == 2


def test_a_refresh_connects_anew_at_once_and_takes_nothing_meanwhile():
    rig = Rig(refresh_s=60)
    rig.deliver(SMS, 1)
    rig.advance(60)
    assert rig.link.closed
    rig.deliver(SMS, 2)
    assert len(rig.asked) == 1
    rig.lose("")
    assert len(rig.brokers.links) == 2
    rig.up()
    rig.deliver(SMS, 10, redelivered=True)
    rig.reply()
    assert rig.link.asked == [("ack", 10)]


def test_paused_it_takes_nothing_new_and_still_answers(rig):
    rig.deliver(SMS, 1)
    rig.pump.tell(Pause())
    rig.deliver(SMS, 2)
    rig.reply()
    assert (rig.link.paused, len(rig.asked), rig.link.asked) == (True, 1, [("ack", 1)])


def test_paused_while_it_refreshes_it_does_not_connect_anew():
    rig = Rig(refresh_s=60)
    rig.advance(60)
    rig.pump.tell(Pause())
    rig.lose("")
    rig.advance(600)
    assert len(rig.brokers.links) == 1


def test_when_it_is_retired_replies_go_out_at_once_and_the_rest_stays_with_the_broker(rig):
    rig.deliver({**SMS, "callback_topic": "answers", "callback_delay": 60_000}, 1)
    rig.deliver(SMS, 2)
    rig.reply(number=0)
    rig.pump.tell(Retire())
    assert rig.link.asked == [("publish", "answers", SENT.encode()), ("ack", 1)]
    assert rig.link.closed
    assert not rig.stopped
    rig.lose("")
    assert rig.stopped


def test_a_connection_that_does_not_close_does_not_keep_it(rig):
    rig.pump.tell(Retire())
    rig.advance(CLOSING_S)
    assert rig.stopped


def test_at_its_end_what_is_answered_is_published_and_acknowledged_in_this_order(rig):
    rig.deliver({**SMS, "callback_topic": "answers", "callback_delay": 60_000}, 1)
    rig.deliver(SMS, 2)
    rig.deliver(SMS, 3)
    rig.reply(number=0)
    rig.asked[1][2](SENT)  # not yet read when the end comes
    rig.actor.clean_up()
    assert rig.link.asked == [("ack", 2), ("publish", "answers", SENT.encode()), ("ack", 1)]
    assert rig.link.closed


def test_a_text_of_the_inbox_is_published_while_there_is_a_connection_and_else_its_owner_is_told(rig):
    said = []
    publish = lambda topic="received": rig.pump.tell(PublishText(topic, b"{}", said.append))  # noqa: E731
    publish()
    assert (rig.link.asked, said) == ([("publish", "received", b"{}")], [""])
    publish("sms")
    assert said.pop() == "The topic is a topic that this gateway listens to."
    rig.lose()
    publish()
    rig.advance(2)  # it connects
    publish()
    assert said == ["", "The broker is not connected.", "The broker is not connected."]
    rig.up()
    publish()
    assert rig.link.asked == [("publish", "received", b"{}")]
    assert said[3:] == [""]
