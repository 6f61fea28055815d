"""STOMP on RabbitMQ, whose queues, windows and refusals are not ActiveMQ's."""

import pytest
from doubles.broker_links import Links
from doubles.stomp_client import StompClient

from otppi.adapters.brokers.stomp import StompLink
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import StompSubscriber
from otppi.domain.secret import Secret


@pytest.fixture
def links():
    with Links(StompLink) as opened:
        yield opened


@pytest.fixture
def client(rabbit):
    with StompClient(rabbit, rabbit.stomp_port) as opened:
        yield opened


@pytest.fixture
def subscriber(rabbit, request):
    """A subscriber on a destination that no other test uses."""
    def make(**more):
        return StompSubscriber(**{"host": "127.0.0.1", "port": rabbit.stomp_port, "username": rabbit.user, "password": Secret(rabbit.password),
                                  "topic": request.node.name, "destination": "queue", "timeout_ms": 5000, **more})
    return make


def test_a_queues_message_comes_again_marked_until_it_is_acknowledged(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", '{"text":"grüße"}'.encode())
    [delivery] = ears.until(lambda: ears.deliveries)
    assert (delivery.payload, delivery.redelivered) == ('{"text":"grüße"}'.encode(), False)
    links.close(link, ears)
    link, ears = links.open(settings)
    [delivery] = ears.until(lambda: ears.deliveries)
    assert (delivery.payload, delivery.redelivered) == ('{"text":"grüße"}'.encode(), True)
    link.acknowledge(delivery.handle)
    links.close(link, ears)
    client.send(f"/queue/{settings.topic}", b"next")
    _, ears = links.open(settings)
    ears.until(lambda: ears.deliveries)
    assert ears.payloads() == [b"next"]


def test_what_is_too_large_is_delivered_empty_and_goes_away(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", b"x" * (MOST_BYTES + 1024 * 1024), b"next")
    ears.until(lambda: ears.payloads() == [b"", b"next"])
    for delivery in ears.deliveries:
        link.acknowledge(delivery.handle)
    links.close(link, ears)
    client.send(f"/queue/{settings.topic}", b"later")
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"later"]


def test_no_more_are_delivered_than_the_window_holds(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings, window=2)
    client.send(f"/queue/{settings.topic}", *[b"%d" % number for number in range(5)])
    ears.until(lambda: len(ears.deliveries) == 2)
    link.publish("elsewhere", b"a round trip later", ears.done)
    ears.until(lambda: ears.published)
    assert ears.payloads() == [b"0", b"1"]
    link.acknowledge(ears.deliveries[1].handle)
    ears.until(lambda: len(ears.deliveries) == 3)
    assert ears.payloads() == [b"0", b"1", b"2"]


def test_a_topic_knows_no_acknowledgement(subscriber, links, client):
    settings = subscriber(destination="topic")
    _, ears = links.open(settings, window=1)
    client.send(f"/topic/{settings.topic}", b"one", b"two")
    ears.until(lambda: len(ears.deliveries) == 2)
    assert [delivery.handle for delivery in ears.deliveries] == [None, None]


def test_a_name_with_a_slash_is_taken_as_it_is(subscriber, links, client):
    settings = subscriber(destination="topic", topic="/queue/named-in-full")
    _, ears = links.open(settings)
    client.send("/queue/named-in-full", b"here")
    ears.until(lambda: ears.payloads() == [b"here"])
    assert ears.deliveries[0].handle is not None


@pytest.mark.parametrize("destination", ["topic", "queue"])
def test_a_reply_goes_to_the_same_kind_of_destination_without_a_length(subscriber, links, client, destination):
    client.subscribe(f"/{destination}/stomp-answers")
    link, ears = links.open(subscriber(destination=destination, topic="asked"))
    link.publish("stomp-answers", '{"text":"grüße"}'.encode(), ears.done)
    ears.until(lambda: ears.published)
    command, headers, body = client.frame()
    assert (command, headers["destination"], headers["content-type"]) == ("MESSAGE", f"/{destination}/stomp-answers", "application/json")
    assert body == '{"text":"grüße"}'.encode()
    assert ears.published == [""]


def test_a_refused_reply_is_told_and_so_is_the_end(subscriber, links):
    link, ears = links.open(subscriber())
    link.publish("/exchange/no-such-exchange/x", b"{}", ears.done)
    ears.until(lambda: ears.losses)
    assert len(ears.published) == 1
    assert ears.published[0].endswith(".")
    assert not ears.losses[0][1], "another connection can do better"


def test_a_paused_link_still_acknowledges_and_answers_but_delivers_no_more(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", b"one")
    ears.until(lambda: ears.deliveries)
    link.pause()
    client.send(f"/queue/{settings.topic}", b"two")
    link.acknowledge(ears.deliveries[0].handle)
    link.publish("elsewhere", b"{}", ears.done)
    ears.until(lambda: ears.published == [""])
    links.close(link, ears)
    assert ears.payloads() == [b"one"]
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"two"]


def test_a_wrong_password_is_a_refusal_without_a_secret(subscriber, links, rabbit):
    _, ears = links.open(subscriber(password=Secret("not-the-password")), wait=False)
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert refused
    assert "refuses the log-in" in why
    assert not any(secret in why for secret in ("not-the-password", rabbit.password))


def test_a_destination_that_is_not_there_is_a_refusal(subscriber, links):
    _, ears = links.open(subscriber(topic="/amq/queue/no-such-queue"), wait=False)
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert refused
    assert "refuses the subscription" in why


def test_a_frozen_broker_is_noticed(subscriber, links, rabbit):
    link, ears = links.open(subscriber(timeout_ms=600))
    rabbit.freeze()
    try:
        link.publish("elsewhere", b"{}", ears.done)
        ears.until(lambda: ears.losses, 5)
    finally:
        rabbit.thaw()
    assert ears.losses == [(f"127.0.0.1:{rabbit.stomp_port} did not answer in time.", False)]
    assert len(ears.published) == 1
    assert ears.published != [""]


def test_heart_beats_keep_a_quiet_connection(subscriber, links, client):
    settings = subscriber(timeout_ms=500)
    link, ears = links.open(settings)
    while link._sent < link.up_by + 1.5:
        client.send("/queue/pace-of-the-test", b"x")
        assert ears.losses == []
    client.send(f"/queue/{settings.topic}", b"still here")
    ears.until(lambda: ears.deliveries)


def test_a_queue_outlives_a_killed_broker_whose_end_is_told_once(subscriber, links, rabbit):
    settings = subscriber()
    link, ears = links.open(settings)
    with StompClient(rabbit, rabbit.stomp_port) as client:
        client.send(f"/queue/{settings.topic}", b"kept")
    ears.until(lambda: ears.deliveries)
    rabbit.kill()
    try:
        ears.until(lambda: ears.losses)
        link.acknowledge(ears.deliveries[0].handle)
        link.publish("elsewhere", b"{}", ears.done)
        link.close()
        assert ears.until(lambda: ears.published) != [""]
    finally:
        rabbit.start()
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"kept"]
    assert len(ears.losses) == 1
    assert not ears.losses[0][1]
