import secrets
import socket
import time
import tracemalloc

import pytest
from doubles.broker_links import Links, ended, lost, up
from doubles.mosquitto_server import PASSWORD, USER, MosquittoServer
from paho.mqtt import publish

from otppi.adapters.brokers.mqtt import MqttLink
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import MqttSubscriber, Tls
from otppi.domain.secret import Secret


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with MosquittoServer(tmp_path_factory.mktemp("mosquitto")) as found:
        yield found


@pytest.fixture
def mortal(tmp_path):
    with MosquittoServer(tmp_path / "mosquitto") as found:
        yield found


@pytest.fixture
def name():
    return secrets.token_hex(6)


@pytest.fixture
def opened():
    with Links(MqttLink) as links:
        yield links.at(MqttSubscriber)


def send(broker, topic, payload, qos=1, *, retain=False):
    publish.single(topic, payload, qos, retain=retain, hostname=broker.host, port=broker.port)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_wrong_credentials_are_a_refusal(tmp_path, opened, name, protocol):
    with MosquittoServer(tmp_path / "locked", anonymous=False) as locked:
        _, ears = opened(locked, topic=name, protocol=protocol, username=USER, password=Secret("wrong-secret"))
        why, refused = lost(ears)
        link, welcome = opened(locked, topic=name, protocol=protocol, username=USER, password=Secret(PASSWORD))
        ended(link, up(welcome))

    assert refused
    assert "does not let this user in" in why or "user name or password" in why
    assert "wrong-secret" not in why
    assert ears.ups == 0


def test_what_the_broker_does_not_allow_is_said(tmp_path, opened, name):
    with MosquittoServer(tmp_path / "strict", rules="topic write open/#\ntopic read open/#\n") as strict:
        link, allowed = opened(strict, topic="open/sms", protocol="5")
        up(allowed)
        link.publish("closed/reply", b"", allowed.done)
        allowed.until(lambda: allowed.published)
        _, ears = opened(strict, topic="+bad", protocol="5")
        why, refused = lost(ears)

    assert "not authorized" in allowed.published[0]
    assert (why, refused) == ("The topic is not one of MQTT's.", True)


def test_a_private_authority_is_trusted_and_an_unknown_one_refused(broker, opened, name):
    encrypted = {"topic": name, "port": broker.tls_port}
    link, ears = opened(broker, **encrypted, tls=Tls(enabled=True, ca_file=broker.ca_file))
    up(ears)
    big = "x" * 200_000
    send(broker, name, big)
    ears.until(lambda: ears.deliveries)
    assert ears.payloads() == [big.encode()]
    ended(link, ears)
    careless, heard = opened(broker, **encrypted, tls=Tls(enabled=True, verify=False))
    ended(careless, up(heard))

    _, strict = opened(broker, **encrypted, tls=Tls(enabled=True))
    _, nowhere = opened(broker, **encrypted, tls=Tls(enabled=True, ca_file="/nonexistent/root.pem"))

    assert lost(strict)[1]
    assert "certificate" in strict.losses[0][0]
    assert lost(nowhere) == ("/nonexistent/root.pem could not be read: No such file or directory.", True)


@pytest.mark.parametrize("protocol,qos,came", [("3.1.1", 0, [b"", b"next"]), ("3.1.1", 1, [b"", b"next"]), ("3.1.1", 2, [b"", b"next"]), ("5", 1, [b"next"])])
def test_what_is_too_large_is_left_out_by_the_broker_or_delivered_empty_and_acknowledged_for_good(broker, opened, name, protocol, qos, came):
    settings = {"topic": name, "client_id": name, "protocol": protocol, "qos": qos}
    link, ears = opened(broker, **settings)
    up(ears)
    send(broker, name, "x" * (MOST_BYTES + 1024 * 1024), qos)
    send(broker, name, "next", qos)
    ears.until(lambda: len(ears.deliveries) == len(came))
    assert ears.payloads() == came
    for delivery in ears.deliveries:
        link.acknowledge(delivery.handle)
    ended(link, ears)

    _, later = opened(broker, **settings)
    up(later)
    send(broker, name, "later", qos)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"later"]


def test_what_is_too_large_is_never_held_whole(broker, opened, name):
    link, ears = opened(broker, topic=name, client_id=name)
    ended(link, up(ears))
    send(broker, name, "x" * (MOST_BYTES + 1024 * 1024))
    tracemalloc.start()
    try:
        _, ears = opened(broker, topic=name, client_id=name)
        ears.until(lambda: ears.payloads() == [b""])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_BYTES / 4


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_another_client_with_our_name_ends_the_link(broker, opened, name, protocol):
    _, ears = opened(broker, topic=name, client_id=name, protocol=protocol)
    up(ears)

    _, other = opened(broker, topic=name, client_id=name, protocol=protocol)
    up(other)

    why, refused = lost(ears)
    assert f'another client with the client id "{name}"' in why
    assert not refused


def refusing(opened, broker, name, protocol, *answers):
    """What is lost at a broker that gives these answers to CONNECT and SUBSCRIBE; mosquitto gives none of them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, ears = opened(broker, topic=name, client_id=name, protocol=protocol, port=server.getsockname()[1])
        peer, _ = server.accept()
        with peer:
            for first, answer in zip((0x10, 0x82), answers, strict=False):
                assert peer.recv(1000)[0] == first
                peer.sendall(bytes(answer))
            return lost(ears)


@pytest.mark.parametrize("protocol,welcome,refusal", [("3.1.1", (0x20, 2, 0, 0), (0x90, 3, 0, 1, 0x80)), ("5", (0x20, 3, 0, 0, 0), (0x90, 4, 0, 1, 0, 0x87))])
def test_a_topic_that_may_not_be_subscribed_to_is_a_refusal(opened, broker, name, protocol, welcome, refusal):
    why, refused = refusing(opened, broker, name, protocol, welcome, refusal)

    assert "does not let this user subscribe to the topic" in why
    assert refused


@pytest.mark.parametrize("code,sentence,refused", [
    (2, "does not accept the client id", True), (3, "server unavailable", False), (4, "user name or password", True), (5, "does not let this user in", True),
])
def test_a_refused_connection_says_why(opened, broker, name, code, sentence, refused):
    why, found = refusing(opened, broker, name, "3.1.1", (0x20, 2, 0, code))

    assert sentence in why
    assert found == refused


def test_a_broker_s_word_that_the_session_was_taken_over_is_passed_on(opened, broker, name):
    why, refused = refusing(opened, broker, name, "5", (0x20, 3, 0, 0, 0, 0xE0, 2, 0x8E, 0))

    assert (why, refused) == (f'Another client with the client id "{name}" took the session over.', False)


def test_a_frozen_broker_is_noticed_and_replies_are_told(mortal, opened, name):
    link, ears = opened(mortal, topic=name, timeout_ms=1000)
    up(ears)

    mortal.freeze()
    link.publish(f"{name}/reply", b"", ears.done)
    why, refused = lost(ears)

    assert "did not answer in time" in why
    assert not refused
    assert len(ears.published) == 1
    assert ears.published[0]


def test_the_end_of_a_frozen_broker_s_link_is_quick(mortal, opened, name):
    link, ears = opened(mortal, topic=name)
    up(ears)
    mortal.freeze()

    link.publish(f"{name}/reply", b"", ears.done)
    ended(link, ears)

    assert ears.published[0]


def test_a_broker_that_is_down_or_mute_is_no_refusal(opened, name, broker):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        begun = time.monotonic()
        _, silent = opened(broker, topic=name, port=port, timeout_ms=300)
        assert lost(silent) == (f"127.0.0.1:{port} did not answer in time.", False)
        assert time.monotonic() - begun < 2
    _, down = opened(broker, topic=name, port=port)
    assert lost(down) == (f"Nothing listens at 127.0.0.1:{port}.", False)


def test_calls_after_the_end_do_no_harm(broker, opened, name):
    link, ears = opened(broker, topic=name)
    up(ears)
    send(broker, name, "one")
    ears.until(lambda: ears.deliveries)
    ended(link, ears)

    link.acknowledge(ears.deliveries[0].handle)
    link.publish(name, b"late", ears.done)
    link.pause()
    link.close()

    assert ears.published[0]
    assert link.join(5)
    assert len(ears.losses) == 1
