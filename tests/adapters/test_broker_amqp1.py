"""AMQP 1.0 against a real RabbitMQ with its plug-in; the applications' side speaks AMQP 0-9-1."""

import contextlib
import socket
import subprocess
import sys
import uuid
from dataclasses import replace

import pika
import proton
import pytest
from doubles import authority
from doubles.amqp1_peer import Amqp1Peer
from doubles.broker_links import JOIN_S, Links
from doubles.rabbitmq_client import applications, got, send, waiting
from doubles.service import until

from otppi.adapters.brokers.amqp1 import Amqp1Link
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import AmqpSubscriber, Tls
from otppi.domain.secret import Secret

links = Links(Amqp1Link)


@pytest.fixture
def client(rabbit):
    """What the applications' side does."""
    with applications(rabbit) as channel:
        yield channel


@pytest.fixture
def topic():
    return f"sms/{uuid.uuid4().hex[:8]}"


@pytest.fixture
def settings(rabbit, topic):
    return AmqpSubscriber(host=rabbit.host, port=rabbit.port, username=rabbit.user, password=Secret(rabbit.password), topic=topic, timeout_ms=5000,
                          version="1.0")


def test_what_is_sent_to_the_queue_is_delivered(settings, client, topic):
    big = b"x" * 200_000
    with links.opened(settings) as (_, heard):
        send(client, topic, b'{"command": "ping"}', b"\xff\x00", big)
        heard.until(lambda: len(heard.deliveries) == 3)
        assert heard.payloads() == [b'{"command": "ping"}', b"\xff\x00", big]
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
        for handle in (heard.deliveries[0].handle, heard.deliveries[0].handle, 77, None):
            link.acknowledge(handle)
    assert heard.losses == [("", False)]
    with links.opened(settings) as (link, heard):
        heard.until(lambda: heard.payloads() == [b"two"])
        link.acknowledge(heard.deliveries[0].handle)
    until(lambda: waiting(client, topic) == 0)


def test_no_more_than_the_window_is_without_acknowledgement(settings, client, topic):
    with links.opened(settings, window=2) as (link, heard):
        send(client, topic, b"1", b"2", b"3", b"4")
        heard.until(lambda: len(heard.deliveries) == 2)
        until(lambda: waiting(client, topic) == 2)
        link.acknowledge(heard.deliveries[0].handle)
        heard.until(lambda: len(heard.deliveries) == 3)
        assert heard.payloads() == [b"1", b"2", b"3"]
        assert waiting(client, topic) == 1


def test_five_hundred_messages_that_wait_never_pass_the_window_whoever_acknowledges_them_when(settings, client, topic):
    window = 16
    client.queue_declare(topic, durable=True)
    send(client, topic, *[b"%d" % number for number in range(500)])
    with links.opened(settings, window=window) as (link, heard):
        for count in range(500):
            heard.until(lambda count=count: len(heard.deliveries) > count)
            assert len(heard.deliveries) <= count + window
            link.acknowledge(heard.deliveries[count].handle)
        assert heard.payloads() == [b"%d" % number for number in range(500)]
    assert waiting(client, topic) == 0


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


def test_a_reply_reaches_the_queue_of_its_name(settings, client, topic):
    client.queue_declare(f"{topic}.reply", durable=True)
    with links.opened(settings) as (link, heard):
        link.publish(f"{topic}.reply", b'{"code": 0}', heard.done)
        heard.until(lambda: heard.published == [""])
    _, properties, body = got(client, f"{topic}.reply")
    assert (body, properties.content_type, properties.delivery_mode) == (b'{"code": 0}', "application/json", 2)


def test_a_reply_that_nobody_waits_for_declares_no_queue(settings, client, topic):
    with links.opened(settings) as (link, heard):
        link.publish(f"{topic}.none", b"{}", heard.done)
        heard.until(lambda: heard.published)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no queue"):
        client.queue_declare(f"{topic}.none", passive=True)


def test_fifty_replies_and_acknowledgements_are_all_done_before_the_close(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    with links.opened(settings, window=50) as (link, heard):
        send(client, topic, *[b"x"] * 50)
        heard.until(lambda: len(heard.deliveries) == 50)
        for delivery in heard.deliveries:
            link.publish(f"{topic}.reply", b"{}", heard.done)
            link.acknowledge(delivery.handle)
        link.close()
        heard.until(lambda: heard.losses)
    assert (heard.published, heard.losses) == ([""] * 50, [("", False)])
    until(lambda: waiting(client, f"{topic}.reply") == 50)
    assert waiting(client, topic) == 0


def test_acknowledgements_alone_are_done_before_the_close(settings, client, topic):
    with links.opened(settings, window=100) as (link, heard):
        send(client, topic, *[b"x"] * 100)
        heard.until(lambda: len(heard.deliveries) == 100)
        for delivery in heard.deliveries:
            link.acknowledge(delivery.handle)
    with links.opened(settings) as (_, again):
        send(client, topic, b"next")
        again.until(lambda: again.deliveries)
        assert again.payloads() == [b"next"]


def test_a_user_who_may_not_send_hears_so_and_keeps_the_subscription(settings, rabbit, client, topic):
    client.queue_declare(topic)
    with links.opened(replace(settings, username=rabbit.reader)) as (link, heard):
        link.publish(topic, b"{}", heard.done)
        heard.until(lambda: heard.published == ["The broker does not let this user send there."])
        send(client, topic, b"one")
        heard.until(lambda: heard.payloads() == [b"one"])


def test_after_a_pause_nothing_is_delivered_and_replies_still_go_out(settings, client, topic):
    client.queue_declare(f"{topic}.reply")
    with links.opened(settings) as (link, heard):
        send(client, topic, b"one")
        heard.until(lambda: heard.deliveries)
        link.pause()
        link.publish(f"{topic}.reply", b"{}", heard.done)
        heard.until(lambda: heard.published == [""])
        send(client, topic, b"two")
        link.acknowledge(heard.deliveries[0].handle)
    assert heard.payloads() == [b"one"]
    until(lambda: waiting(client, topic) == 1)


def test_the_virtual_host_is_the_one_of_the_settings(settings, rabbit, topic):
    with links.opened(replace(settings, vhost=rabbit.vhost)) as (_, heard):
        there = pika.ConnectionParameters(rabbit.host, rabbit.port, rabbit.vhost, pika.PlainCredentials(rabbit.user, rabbit.password))
        with pika.BlockingConnection(there) as connection:
            send(connection.channel(), topic, b"side")
            heard.until(lambda: heard.payloads() == [b"side"])


def test_wrong_credentials_are_refused(settings):
    assert links.refusal(replace(settings, password=Secret("wrong-battery-staple"))) == ("The broker refuses the user name or the password.", True)


@pytest.mark.parametrize("vhost", ["none", "side"])
def test_a_virtual_host_that_is_absent_or_forbidden_is_refused(settings, rabbit, vhost):
    why, refused = links.refusal(replace(settings, vhost=vhost, username=rabbit.stranger))
    assert (why, refused) == (f"The broker has no virtual host {vhost}, or does not let this user into it.", True)


def test_a_queue_that_may_not_be_read_is_refused(settings, rabbit, client, topic):
    client.queue_declare(topic)
    assert links.refusal(replace(settings, username=rabbit.stranger)) == (f"The broker does not let this user read the queue {topic}.", True)


def test_a_queue_that_another_connection_has_alone_is_refused(settings, client, topic):
    client.queue_declare(topic, exclusive=True)
    assert links.refusal(settings) == (f"The queue {topic} belongs to another connection alone.", True)


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


def test_a_server_of_another_protocol_is_told(settings, mute):
    with links.opened(replace(settings, port=mute.getsockname()[1]), wait=False) as (_, heard):
        visitor, _ = mute.accept()
        with visitor:
            visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            heard.until(lambda: heard.losses)
        why, refused = heard.losses[0]
    assert "does not speak AMQP 1.0" in why
    assert not refused


def test_after_the_end_nothing_is_done_and_replies_are_told_so(settings):
    with links.opened(settings) as (link, heard):
        link.close()
        link.join(JOIN_S)
        link.acknowledge(1)
        link.pause()
        link.publish("anybody", b"{}", heard.done)
        assert heard.published == ["The connection to the broker is closed."]
    assert heard.losses == [("", False)]


def test_a_deleted_queue_ends_the_link(settings, client, topic):
    with links.opened(settings) as (_, heard):
        client.queue_delete(topic)
        heard.until(lambda: heard.losses)
        why, refused = heard.losses[0]
        assert why  # RabbitMQ 3 resets the connection
        assert not refused


def test_a_killed_broker_is_lost_once(settings, rabbit):
    with links.opened(settings) as (_, heard):
        rabbit.kill()
        try:
            heard.until(lambda: heard.losses)
            why, refused = heard.losses[0]
            assert why
            assert not refused
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


def test_a_close_does_not_wait_for_a_frozen_broker(settings, rabbit):
    with links.opened(settings) as (link, heard), frozen(rabbit):
        link.close()
        heard.until(lambda: heard.losses, 4)
        assert heard.losses == [("", False)]


def test_without_the_extra_it_says_how_to_get_it(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "proton", None)
    assert links.refusal(settings) == ("AMQP 1.0 needs the extra: pip install otppi[amqp1]", True)


@pytest.mark.parametrize("module", ["amqp", "amqp1"])
def test_a_broker_that_is_not_used_costs_no_library(module):
    words = f"import sys, otppi.adapters.brokers.{module}; sys.exit(any(name in sys.modules for name in ('pika', 'proton')))"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0


def test_another_broker_hears_plain_names(settings):
    with Amqp1Peer() as peer, links.opened(replace(settings, port=peer.port, topic="sms")) as (link, heard):
        heard.until(lambda: heard.payloads() == [b"for sms"])
        link.publish("reply/x", b"{}", heard.done)
        heard.until(lambda: heard.published == [""])
    assert (peer.sources, peer.targets, peer.bodies) == (["sms"], ["reply/x"], [b"{}"])


@pytest.mark.parametrize("outcome", [proton.Delivery.REJECTED, proton.Delivery.RELEASED])
def test_a_reply_that_the_broker_does_not_take_is_told(settings, outcome):
    with Amqp1Peer(outcome) as peer, links.opened(replace(settings, port=peer.port)) as (link, heard):
        link.publish("reply", b"{}", heard.done)
        heard.until(lambda: heard.published == ["The broker did not take it."])


def test_a_reply_to_an_address_that_is_refused_is_told(settings):
    with Amqp1Peer(missing=["reply"]) as peer, links.opened(replace(settings, port=peer.port)) as (link, heard):
        for name in ("reply", "other"):
            link.publish(name, b"{}", heard.done)
        heard.until(lambda: sorted(heard.published) == ["", "nobody has a queue of that name"])


def test_a_subscription_that_is_refused_ends_the_link(settings, topic):
    with Amqp1Peer(missing=[topic]) as peer:
        assert links.refusal(replace(settings, port=peer.port)) == (f"The broker has no queue {topic}.", True)
