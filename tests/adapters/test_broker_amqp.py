"""AMQP 0-9-1 against a real RabbitMQ."""

import contextlib
import socket
import ssl
import threading
import uuid
from dataclasses import replace

import pika
import pytest
from doubles import authority
from doubles.broker_links import JOIN_S, WINDOW, Links
from doubles.rabbitmq_client import applications, got, send, waiting
from doubles.rabbitmq_server import RabbitServer
from doubles.service import until
from doubles.subscriber_ears import BrokerEars

from otppi.adapters.brokers.amqp import AmqpLink
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import AmqpSubscriber, Tls
from otppi.domain.links import Ears
from otppi.domain.secret import Secret

links = Links(AmqpLink)


@pytest.fixture
def client(rabbit):
    """What the applications' side does."""
    with applications(rabbit) as channel:
        yield channel


@pytest.fixture
def topic():
    return f"sms.{uuid.uuid4().hex[:8]}"


@pytest.fixture
def settings(rabbit, topic):
    return AmqpSubscriber(host=rabbit.host, port=rabbit.port, username=rabbit.user, password=Secret(rabbit.password), topic=topic, timeout_ms=5000)


def test_what_is_sent_to_the_queue_is_delivered(settings, client, topic):
    with links.opened(settings) as (_, heard):
        send(client, topic, b'{"command": "ping"}', b"\xff\x00")
        heard.until(lambda: len(heard.deliveries) == 2)
        assert heard.payloads() == [b'{"command": "ping"}', b"\xff\x00"]
        assert not heard.deliveries[0].redelivered


def test_what_is_too_large_is_delivered_empty_and_goes_away(settings, client, topic):
    with links.opened(settings) as (link, heard):
        send(client, topic, b"x" * (MOST_BYTES + 100), b"next")
        heard.until(lambda: len(heard.deliveries) == 2)
        assert heard.payloads() == [b"", b"next"]
        for delivery in heard.deliveries:
            link.acknowledge(delivery.handle)
    assert waiting(client, topic) == 0


def test_what_is_acknowledged_does_not_come_again_and_the_rest_does(settings, client, topic):
    with links.opened(settings) as (link, heard):
        send(client, topic, b"one", b"two")
        heard.until(lambda: len(heard.deliveries) == 2)
        link.acknowledge(heard.deliveries[0].handle)
        link.acknowledge(heard.deliveries[0].handle)
    assert heard.losses == [("", False)]
    with links.opened(settings) as (link, heard):
        heard.until(lambda: heard.deliveries)
        assert [(delivery.payload, delivery.redelivered) for delivery in heard.deliveries] == [(b"two", True)]
        link.acknowledge(heard.deliveries[0].handle)
    until(lambda: waiting(client, topic) == 0)


def test_a_handle_of_another_connection_is_nothing(settings, client, topic):
    with links.opened(settings) as (link, heard):
        link.acknowledge(77)
        link.acknowledge(None)
        send(client, topic, b"one")
        heard.until(lambda: heard.deliveries)
        assert not heard.losses


def test_no_more_than_the_window_is_without_acknowledgement(settings, client, topic):
    with links.opened(settings, window=2) as (link, heard):
        send(client, topic, b"1", b"2", b"3", b"4")
        heard.until(lambda: len(heard.deliveries) == 2)
        until(lambda: waiting(client, topic) == 2)
        link.acknowledge(heard.deliveries[0].handle)
        heard.until(lambda: len(heard.deliveries) == 3)
        assert heard.payloads() == [b"1", b"2", b"3"]
        assert waiting(client, topic) == 1


@pytest.mark.parametrize("durable", [True, False])
def test_an_absent_queue_is_declared_as_the_setting_says(settings, client, topic, durable):
    with links.opened(replace(settings, durable=durable)):
        client.queue_declare(topic, durable=durable)
    assert client.queue_declare(topic, durable=durable).method.queue == topic  # it stays after us


def test_a_queue_of_another_shape_is_consumed_as_it_is(settings, client, topic):
    client.queue_declare(topic, durable=False, arguments={"x-max-length": 5})
    send(client, topic, b"kept")
    with links.opened(settings) as (_, heard):
        heard.until(lambda: heard.payloads() == [b"kept"])


def test_a_queue_that_another_connection_has_alone_is_refused(settings, client, topic):
    client.queue_declare(topic, exclusive=True)
    assert links.refusal(settings) == (f"The queue {topic} belongs to another connection alone.", True)


def test_a_queue_that_another_client_reads_alone_is_refused(settings, client, topic):
    client.queue_declare(topic)
    client.basic_consume(topic, lambda *_: None, exclusive=True)
    why, refused = links.refusal(settings)
    assert "reads it alone" in why
    assert refused


def test_a_reply_reaches_the_queue_of_its_name(settings, client, topic):
    client.queue_declare(f"{topic}.reply", durable=True)
    with links.opened(settings) as (link, heard):
        link.publish(f"{topic}.reply", b'{"code": 0}', heard.done)
        heard.until(lambda: heard.published == [""])
    _, properties, body = got(client, f"{topic}.reply")
    assert (body, properties.content_type, properties.delivery_mode) == (b'{"code": 0}', "application/json", 2)


def test_a_reply_that_no_queue_takes_is_told_and_declares_none(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    with links.opened(settings) as (link, heard):
        for name in ("none", "reply", "nobody"):
            link.publish(f"{topic}.{name}", b"{}", heard.done)
        heard.until(lambda: len(heard.published) == 3)
        assert sorted(heard.published) == ["", "nobody has a queue of that name", "nobody has a queue of that name"]
    got(client, f"{topic}.reply")
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no queue"):
        client.queue_declare(f"{topic}.none", passive=True)


def test_a_reply_is_confirmed_before_the_acknowledgement_after_it_goes_out(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    seen = []

    with links.opened(settings, window=1) as (link, heard):
        send(client, topic, b"1", b"2")
        heard.until(lambda: heard.deliveries)
        link.publish(f"{topic}.reply", b"{}", lambda error: seen.append((error, len(heard.deliveries))))
        link.acknowledge(heard.deliveries[0].handle)
        heard.until(lambda: len(heard.deliveries) == 2)
    assert seen == [("", 1)]


def test_a_hundred_replies_and_acknowledgements_are_all_done_before_the_close(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    with links.opened(settings, window=100) as (link, heard):
        send(client, topic, *[b"x"] * 100)
        heard.until(lambda: len(heard.deliveries) == 100)
        for delivery in heard.deliveries:
            link.publish(f"{topic}.reply", b"{}", heard.done)
            link.acknowledge(delivery.handle)
        link.close()
        heard.until(lambda: heard.losses)
    assert (heard.published, heard.losses) == ([""] * 100, [("", False)])
    until(lambda: waiting(client, f"{topic}.reply") == 100)
    assert waiting(client, topic) == 0


def test_a_user_who_may_not_send_hears_so_and_keeps_the_subscription(settings, rabbit, client, topic):
    client.queue_declare(topic)
    with links.opened(replace(settings, username=rabbit.reader)) as (link, heard):
        for _ in range(2):
            link.publish(topic, b"{}", heard.done)
            heard.until(lambda: heard.published)
            assert heard.published.pop() == "The broker does not let this user send there."
        send(client, topic, b"one")
        heard.until(lambda: heard.payloads() == [b"one"])
        link.acknowledge(heard.deliveries[0].handle)
    assert waiting(client, topic) == 0


def test_after_a_pause_nothing_is_delivered_and_replies_still_go_out(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    with links.opened(settings) as (link, heard):
        send(client, topic, b"one")
        heard.until(lambda: heard.deliveries)
        link.pause()
        link.publish(f"{topic}.reply", b"{}", heard.done)
        heard.until(lambda: heard.published == [""])
        send(client, topic, b"two")
        until(lambda: waiting(client, topic) == 1)
        link.acknowledge(heard.deliveries[0].handle)
    assert heard.payloads() == [b"one"]
    assert waiting(client, topic) == 1


def test_the_virtual_host_is_the_one_of_the_settings(settings, rabbit, topic):
    with links.opened(replace(settings, vhost=rabbit.vhost)) as (_, heard):
        there = pika.ConnectionParameters(rabbit.host, rabbit.port, rabbit.vhost, pika.PlainCredentials(rabbit.user, rabbit.password))
        with pika.BlockingConnection(there) as connection:
            send(connection.channel(), topic, b"side")
            heard.until(lambda: heard.payloads() == [b"side"])


@pytest.mark.parametrize("wrong", [{"password": Secret("wrong-battery-staple")}, {"username": "nobody"}])
def test_wrong_credentials_are_refused(settings, wrong):
    assert links.refusal(replace(settings, **wrong)) == ("The broker refuses the user name or the password.", True)


@pytest.mark.parametrize("vhost", ["none", "side"])
def test_a_virtual_host_that_is_absent_or_forbidden_is_refused(settings, rabbit, vhost):
    why, refused = links.refusal(replace(settings, vhost=vhost, username=rabbit.stranger))
    assert (why, refused) == (f"The broker has no virtual host {vhost}, or does not let this user into it.", True)


def test_a_queue_that_may_not_be_read_is_refused(settings, rabbit, client, topic):
    client.queue_declare(topic)
    why, refused = links.refusal(replace(settings, username=rabbit.stranger))
    assert f"does not let this user read the queue {topic}" in why
    assert refused


def test_an_encrypted_connection_trusts_the_private_authority_alone(settings, rabbit, tmp_path, client, topic):
    own = replace(settings, port=rabbit.tls_port, tls=Tls(enabled=True, ca_file=rabbit.ca_file))
    with links.opened(own) as (_, heard):
        send(client, topic, b"sealed")
        heard.until(lambda: heard.payloads() == [b"sealed"])
    other = tmp_path / "other.pem"
    other.write_text(authority.pair("other")[0])
    why, refused = links.refusal(replace(own, tls=Tls(enabled=True, ca_file=str(other))))
    assert "not trusted" in why
    assert refused
    with links.opened(replace(own, tls=Tls(enabled=True, verify=False))):
        pass


def test_an_authority_that_is_no_file_is_told(settings, tmp_path):
    why, refused = links.refusal(replace(settings, tls=Tls(enabled=True, ca_file=str(tmp_path / "none.pem"))))
    assert "none.pem" in why
    assert refused


def test_nothing_that_listens_is_no_refusal(settings):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert links.refusal(replace(settings, port=port)) == (f"Nothing listens at 127.0.0.1:{port}.", False)


@pytest.fixture
def mute():
    """Accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"AMQP\x00\x01\x00\x00"])
def test_a_server_of_another_protocol_is_told(settings, mute, words):
    with links.opened(replace(settings, port=mute.getsockname()[1]), wait=False) as (_, heard):
        visitor, _ = mute.accept()
        with visitor:
            visitor.recv(8)
            visitor.sendall(words)
        heard.until(lambda: heard.losses)
        why, refused = heard.losses[0]
    assert "does not speak AMQP 0-9-1" in why
    assert not refused


def test_a_reply_that_is_asked_for_while_it_connects_goes_out_before_the_close(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    with links.opened(settings, wait=False) as (link, heard):
        link.publish(f"{topic}.reply", b"{}", heard.done)
        link.close()
        heard.until(lambda: heard.losses)
    assert (heard.published, heard.losses) == ([""], [("", False)])
    got(client, f"{topic}.reply")


def test_after_the_end_nothing_is_done_and_replies_are_told_so(settings):
    with links.opened(settings) as (link, heard):
        link.close()
        link.join(JOIN_S)
        link.acknowledge(1)
        link.pause()
        link.close()
        link.publish("anybody", b"{}", heard.done)
        assert heard.published == ["The connection to the broker is closed."]
    assert heard.losses == [("", False)]


def test_a_deleted_queue_ends_the_link(settings, client, topic):
    with links.opened(settings) as (_, heard):
        client.queue_delete(topic)
        heard.until(lambda: heard.losses)
        assert heard.losses == [("The broker ended the subscription: the queue was deleted.", False)]


def test_a_killed_broker_is_lost_once_and_replies_are_told_so(settings, rabbit, topic):
    with links.opened(settings) as (link, heard):
        rabbit.kill()
        try:
            heard.until(lambda: heard.losses)
            why, refused = heard.losses[0]
            assert why
            assert not refused
            link.publish(topic, b"{}", heard.done)
            assert heard.published == ["The connection to the broker is closed."]
        finally:
            rabbit.start()


@contextlib.contextmanager
def frozen(server):
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


def test_a_frozen_broker_is_lost_and_a_reply_on_its_way_is_told_so(settings, rabbit, topic):
    with links.opened(replace(settings, timeout_ms=1000)) as (link, heard), frozen(rabbit):
        link.publish(topic, b"{}", heard.done)
        heard.until(lambda: heard.losses, 8)
        assert heard.losses == [("The broker gives no sign of life.", False)]
        assert heard.published == ["The broker gives no sign of life."]


def test_a_close_does_not_wait_for_a_frozen_broker(settings, rabbit, topic):
    with links.opened(settings) as (link, heard), frozen(rabbit):
        link.publish(topic, b"{}", heard.done)
        link.close()
        heard.until(lambda: heard.losses, 4)
        assert heard.losses == [("", False)]
        assert heard.published == ["The connection to the broker is closed."]


def test_a_listener_may_close_the_link_from_within(settings, client, topic):
    heard = BrokerEars()
    box = []
    known = threading.Event()

    def closing(delivery):
        heard.ears.delivered(delivery)
        known.wait(JOIN_S)
        box[0].close()

    inner = BrokerEars()
    inner.ears = Ears(heard.ears.up, closing, heard.ears.lost)
    box.append(AmqpLink(settings, WINDOW, inner.ears))
    known.set()
    heard.until(lambda: heard.ups)
    send(client, topic, b"one")
    heard.until(lambda: heard.losses == [("", False)])
    box[0].join(JOIN_S)


def test_the_double_serves_tls_with_its_own_authority(rabbit: RabbitServer):
    context = ssl.create_default_context(cafile=rabbit.ca_file)
    with socket.create_connection((rabbit.host, rabbit.tls_port)) as line, context.wrap_socket(line, server_hostname=rabbit.host) as sealed:
        assert sealed.version() is not None
