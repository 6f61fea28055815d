"""ActiveMQ over its STOMP port: queues, topics, durable subscriptions and replies, on a real broker that is killed, frozen and left alone."""

import time

import pytest
from doubles import authority
from doubles.activemq_server import ActivemqServer
from doubles.broker_links import Links
from doubles.stomp_client import StompClient

from otppi.adapters.brokers.stomp import StompLink
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import ActivemqSubscriber, Tls
from otppi.domain.secret import Secret


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with ActivemqServer(tmp_path_factory.mktemp("activemq")) as server:
        yield server


@pytest.fixture
def links():
    with Links(StompLink) as opened:
        yield opened


@pytest.fixture
def client(broker):
    with StompClient(broker, broker.port) as opened:
        yield opened


@pytest.fixture
def subscriber(broker, request):
    """A subscriber on a destination that no other test uses."""
    name = request.node.name.partition("[")[0]

    def make(**more):
        return ActivemqSubscriber(**{"host": "127.0.0.1", "port": broker.port, "username": broker.user, "password": Secret(broker.password),
                                     "topic": name, "destination": "queue", "timeout_ms": 5000, **more})
    return make


def test_a_queues_message_comes_and_is_gone_once_it_is_acknowledged(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", '{"text":"grüße"}'.encode())
    [delivery] = ears.until(lambda: ears.deliveries)
    assert (delivery.payload, delivery.redelivered) == ('{"text":"grüße"}'.encode(), False)
    link.acknowledge(delivery.handle)
    links.close(link, ears)
    client.send(f"/queue/{settings.topic}", b"next")
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"next"]


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


def test_what_was_not_acknowledged_comes_again_and_is_marked(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", b"one", b"two")
    ears.until(lambda: len(ears.deliveries) == 2)
    link.acknowledge(ears.deliveries[0].handle)
    links.close(link, ears)
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert [(delivery.payload, delivery.redelivered) for delivery in later.deliveries] == [(b"two", True)]


def test_an_acknowledgement_twice_or_of_another_link_harms_nobody(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", b"one")
    [delivery] = ears.until(lambda: ears.deliveries)
    for handle in (delivery.handle, delivery.handle, "ID:of-another:1", None):
        link.acknowledge(handle)
    link.publish(settings.topic, b"two", ears.done)
    ears.until(lambda: ears.published == [""])
    ears.until(lambda: ears.payloads() == [b"one", b"two"])
    assert not ears.losses


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


def test_a_topic_without_a_client_id_knows_no_acknowledgement(subscriber, links, client):
    settings = subscriber(destination="topic")
    link, ears = links.open(settings, window=1)
    client.send(f"/topic/{settings.topic}", b"one", b"two")
    ears.until(lambda: len(ears.deliveries) == 2)
    assert [delivery.handle for delivery in ears.deliveries] == [None, None]
    links.close(link, ears)
    client.send(f"/topic/{settings.topic}", b"lost")
    _, later = links.open(settings)
    client.send(f"/topic/{settings.topic}", b"heard")
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"heard"]


def test_a_durable_subscription_outlives_our_absence_and_the_brokers_death(subscriber, links, broker):
    settings = subscriber(destination="topic", client_id="gateway-1")
    link, ears = links.open(settings)
    link.pause()
    links.close(link, ears)
    with StompClient(broker, broker.port) as client:
        client.send(f"/topic/{settings.topic}", b"one", b"two")
    broker.kill()
    broker.start()
    link, ears = links.open(settings)
    ears.until(lambda: len(ears.deliveries) == 2)
    assert ears.payloads() == [b"one", b"two"]
    link.acknowledge(ears.deliveries[0].handle)
    links.close(link, ears)
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"two"]


def test_the_end_of_a_killed_broker_is_told_once_and_a_queue_outlives_it(subscriber, links, broker):
    settings = subscriber()
    with StompClient(broker, broker.port) as client:
        client.send(f"/queue/{settings.topic}", b"kept")
    link, ears = links.open(settings)
    ears.until(lambda: ears.deliveries)
    broker.kill()
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert why.endswith(".")
    assert not refused
    link.acknowledge(ears.deliveries[0].handle)
    link.publish("answers", b"{}", ears.done)
    link.pause()
    link.close()
    assert ears.until(lambda: ears.published) != [""]
    gone, silence = links.open(settings, wait=False)
    silence.until(lambda: silence.losses)
    assert silence.losses == [(f"Nothing listens at 127.0.0.1:{broker.port}.", False)]
    gone.join(5)
    broker.start()
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"kept"]
    assert len(ears.losses) == 1


def test_a_frozen_broker_is_noticed_and_what_it_did_not_confirm_is_told(subscriber, links, broker):
    link, ears = links.open(subscriber(timeout_ms=600))
    broker.freeze()
    try:
        link.publish("answers", b"{}", ears.done)
        ears.until(lambda: ears.losses, 5)
    finally:
        broker.thaw()
    assert ears.losses == [(f"127.0.0.1:{broker.port} did not answer in time.", False)]
    assert len(ears.published) == 1
    assert ears.published != [""]


def test_the_heart_beats_alone_notice_a_frozen_broker(subscriber, links, broker):
    _, ears = links.open(subscriber(timeout_ms=800))
    broker.freeze()
    try:
        ears.until(lambda: ears.losses, 6)
    finally:
        broker.thaw()
    assert ears.losses == [(f"127.0.0.1:{broker.port} did not answer in time.", False)]


def test_our_heart_beats_keep_a_quiet_connection(subscriber, links, client):
    settings = subscriber(timeout_ms=500)
    link, ears = links.open(settings)
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        client.send("/queue/pace", b"x")
    client.send(f"/queue/{settings.topic}", b"still here")
    ears.until(lambda: ears.deliveries)
    assert ears.losses == []
    assert link._sent > link.up_by, "it had to send heart-beats"


def test_closing_a_frozen_broker_takes_no_longer_than_promised(subscriber, links, broker):
    link, ears = links.open(subscriber())
    broker.freeze()
    try:
        link.publish("answers", b"{}", ears.done)
        assert links.close(link, ears) < 3
    finally:
        broker.thaw()
    assert len(ears.published) == 1


def test_what_was_asked_for_before_the_end_is_done_first(subscriber, links, client):
    settings = subscriber()
    client.subscribe("/queue/answers-before-the-end")
    link, ears = links.open(settings, wait=False)
    for number in range(20):
        link.publish("answers-before-the-end", b"%d" % number, ears.done)
    assert links.close(link, ears) < 2
    assert ears.published == [""] * 20
    assert [client.frame()[2] for _ in range(20)] == [b"%d" % number for number in range(20)]


@pytest.mark.parametrize("destination, where", [("topic", "/topic/texts"), ("queue", "/queue/texts")])
def test_a_reply_is_a_text_of_the_same_kind_that_expires(subscriber, links, client, destination, where):
    client.subscribe(where)
    link, ears = links.open(subscriber(destination=destination, time_to_live_ms=30_000))
    before = time.time() * 1000
    link.publish("texts", '{"text":"grüße"}'.encode(), ears.done)
    ears.until(lambda: ears.published)
    command, headers, body = client.frame()
    assert (command, headers["destination"], body) == ("MESSAGE", where, '{"text":"grüße"}'.encode())
    assert "content-length" not in headers, "that is how ActiveMQ shows a BytesMessage"
    assert headers["content-type"] == "application/json"
    assert headers.get("persistent", "false") == "false"
    assert before + 29_000 < int(headers["expires"]) < before + 40_000
    assert ears.published == [""]


def test_a_reply_can_live_for_ever(subscriber, links, client):
    client.subscribe("/queue/answers-for-ever")
    link, ears = links.open(subscriber(time_to_live_ms=0))
    link.publish("answers-for-ever", b"{}", ears.done)
    _, headers, _ = client.frame()
    assert headers["expires"] == "0"


def test_a_paused_link_still_acknowledges_and_answers_but_delivers_no_more(subscriber, links, client):
    settings = subscriber()
    link, ears = links.open(settings)
    client.send(f"/queue/{settings.topic}", b"one")
    ears.until(lambda: ears.deliveries)
    link.pause()
    client.send(f"/queue/{settings.topic}", b"two")
    link.acknowledge(ears.deliveries[0].handle)
    link.publish("answers", b"{}", ears.done)
    ears.until(lambda: ears.published == [""])
    links.close(link, ears)
    assert ears.payloads() == [b"one"]
    _, later = links.open(settings)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"two"]


def test_a_wrong_password_is_a_refusal_without_a_secret(subscriber, links, broker):
    _, ears = links.open(subscriber(password=Secret("not-the-password")), wait=False)
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert refused
    assert "refuses the log-in" in why
    assert not any(secret in why for secret in ("not-the-password", broker.user, broker.password))


def test_a_client_id_in_use_is_no_refusal_as_it_will_be_free_again(subscriber, links):
    settings = subscriber(destination="topic", client_id="gateway-2")
    links.open(settings)
    _, ears = links.open(settings, wait=False)
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert "already connected" in why
    assert not refused


def test_encryption_with_a_private_authority(subscriber, links, broker, client):
    settings = subscriber(port=broker.tls_port, tls=Tls(enabled=True, ca_file=str(broker.ca_file)))
    link, ears = links.open(settings)
    large = b"x" * 200_000
    client.send(f"/queue/{settings.topic}", large)
    [delivery] = ears.until(lambda: ears.deliveries)
    assert delivery.payload == large
    link.publish(settings.topic, large, ears.done)
    ears.until(lambda: ears.published == [""])
    ears.until(lambda: ears.payloads() == [large, large])


def test_an_unknown_authority_is_a_refusal(subscriber, links, broker, tmp_path):
    other = tmp_path / "other.pem"
    other.write_text(authority.pair("somebody else")[0])
    _, ears = links.open(subscriber(port=broker.tls_port, tls=Tls(enabled=True, ca_file=str(other))), wait=False)
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert refused
    assert "not trusted" in why


def test_without_verification_any_certificate_will_do(subscriber, links, broker):
    _, ears = links.open(subscriber(port=broker.tls_port, tls=Tls(enabled=True, verify=False)))
    assert ears.ups == 1
