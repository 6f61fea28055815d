"""What a subscription holds: payloads read once, redeliveries recognised, equal payloads counted (B4, B7, B8)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.deliveries import PAYLOAD_LIMIT, Deliveries, delay_s, open_payload
from otppi.domain.links import Delivery
from otppi.domain.requests import SendSms

SMS = {"command": "send-sms", "data": {"receiver": "08126666666", "message": "hello"}}


def opened(value, commands=(), subscribed=("sms",)):
    return open_payload(value if isinstance(value, bytes) else json.dumps(value).encode(), commands, subscribed)


def test_a_request_with_a_callback_is_carried_out_and_answered_there():
    found = opened({**SMS, "callback_topic": "answers/1", "callback_delay": "50"})
    assert isinstance(found.request, SendSms)
    assert (found.reply, found.topic, found.delay_s) == (None, "answers/1", 0.05)


@pytest.mark.parametrize("payload, sentence", [
    (b"", "The body is not JSON"), (b"{", "The body is not JSON"), (b"\xff\xfe", "not UTF-8"), (b"[]", "must be an object"), (b'"x"', "must be an object"),
    (b'{"command": "fly", "data": {}}', "unknown"), (b'{"command": "echo"}', 'no "data"'), (b"x" * (PAYLOAD_LIMIT + 1), "larger than 64 KiB"),
    (b'{"command": "echo", "response_code": "0000", "data": {}}', "is a reply"),
])
def test_a_broken_payload_has_its_answer(payload, sentence):
    found = opened(payload)
    assert found.request is None
    assert found.reply.code == "1102"
    assert sentence in found.reply.error
    assert found.topic == ""


def test_a_broken_request_is_answered_where_it_says():
    found = opened({"command": "fly", "data": {}, "callback_topic": "answers"})
    assert (found.reply.code, found.topic) == ("1102", "answers")
    found = opened({"command": "send-sms", "data": {"priority": "highest"}, "callback_topic": "answers", "callback_delay": 7})
    assert (found.reply.code, found.topic, found.delay_s) == ("1102", "answers", 0.007)


@pytest.mark.parametrize("topic", ["a b", "x" * 201, "täglich", "a*", "a#", "a\n", "$SYS/x", "a\x00"])
def test_a_topic_for_replies_of_another_shape_means_1102_and_no_reply(topic):
    found = opened({**SMS, "callback_topic": topic})
    assert (found.request, found.reply.code, found.topic) == (None, "1102", "")


@pytest.mark.parametrize("topic", ["sms", "/topic/sms", "/queue/sms"])
@pytest.mark.parametrize("ours", ["sms", "/topic/sms", "/queue/sms"])
def test_a_reply_never_goes_to_a_topic_that_we_listen_to(topic, ours):
    found = opened({**SMS, "callback_topic": topic}, subscribed=("other", ours))
    assert (found.request, found.reply.code, found.topic) == (None, "1102", "")
    assert opened(b'{"callback_topic": "%s"}' % topic.encode(), subscribed=(ours,)).topic == ""


def test_a_command_that_the_broker_may_not_use_is_answered_so():
    found = opened({**SMS, "callback_topic": "answers"}, commands=("echo",))
    assert (found.request, found.reply.code, found.reply.error, found.topic) == (None, "1102", "This broker may not use send-sms.", "answers")
    assert opened(SMS, commands=("send-sms",)).request is not None


@pytest.mark.parametrize("sent, seconds", [(None, 0.01), (0, 0), (50, 0.05), (-50, 0.05), (60_001, 60), (1e300, 60)])
def test_the_delay_is_10_ms_unless_said_and_a_minute_at_most(sent, seconds):
    assert delay_s(sent) == seconds


def test_a_delivery_that_comes_again_after_a_loss_takes_its_old_place():
    deliveries = Deliveries()
    held, new = deliveries.take(Delivery(b"a", 1), (), ())
    assert new
    deliveries.lost()
    assert held.orphan
    again, new = deliveries.take(Delivery(b"a", 9, redelivered=True), (), ())
    assert (again is held, new, again.handle, again.orphan) == (True, False, 9, False)
    assert deliveries.take(Delivery(b"a", 10), (), ())[1]


def test_one_without_acknowledgement_is_never_taken_for_an_old_one():
    deliveries = Deliveries()
    deliveries.take(Delivery(b"a"), (), ())
    deliveries.lost()
    assert deliveries.take(Delivery(b"a"), (), ())[1]


@given(st.lists(st.sampled_from([b"a", b"b"]), max_size=8), st.data())
def test_of_equal_payloads_as_many_are_carried_out_as_were_published(published, data):
    """A broker keeps what is not acknowledged and delivers it again, in any order, after each loss; all are done once."""
    deliveries, waiting, carried_out, handle = Deliveries(), list(published), [], 0
    held = []
    for _ in range(3):
        for payload in data.draw(st.permutations(waiting)):
            handle += 1
            one, new = deliveries.take(Delivery(payload, handle), (), ())
            carried_out += [payload] if new else []
            held.append(one)
        done = data.draw(st.sets(st.integers(0, max(0, len(held) - 1)))) if held else set()
        for index in sorted(done):
            deliveries.drop(held[index])
        waiting = [one.print for index, one in enumerate(held) if index not in done]
        waiting = [next(payload for payload in (b"a", b"b") if Deliveries().take(Delivery(payload), (), ())[0].print == print_) for print_ in waiting]
        held = []
        deliveries.lost()
    assert sorted(carried_out) == sorted(published)
