import logging
import secrets

import pytest
from doubles.broker_links import Links, ended, lost, up
from doubles.mosquitto_server import MosquittoServer
from doubles.service import until
from paho.mqtt import publish
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from otppi.adapters.brokers import mqtt
from otppi.adapters.brokers.mqtt import MqttLink
from otppi.config.subscribers import MqttSubscriber

KEPT = [("3.1.1", 1), ("3.1.1", 2), ("5", 1), ("5", 2)]


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


def known(opened, broker, name):
    """A link whose client id the broker knows from now on."""
    link, ears = opened(broker, topic=name, client_id=name)
    return link, up(ears)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_messages_of_every_quality_arrive_in_order(broker, opened, name, protocol, qos):
    link, ears = opened(broker, topic=name, protocol=protocol, qos=qos, client_id=name)
    up(ears)

    for text in ("one", "two", "three"):
        send(broker, name, text, qos)

    ears.until(lambda: len(ears.deliveries) == 3)
    assert ears.payloads() == [b"one", b"two", b"three"]
    assert [delivery.handle is None for delivery in ears.deliveries] == [qos == 0] * 3
    assert not any(delivery.redelivered for delivery in ears.deliveries)
    ended(link, ears)
    assert (ears.ups, len(ears.losses)) == (1, 1)


def test_a_message_sent_with_less_quality_has_nothing_to_acknowledge(broker, opened, name):
    _, ears = opened(broker, topic=name, qos=2)
    up(ears)

    send(broker, name, "careless", 0)

    ears.until(lambda: ears.deliveries)
    assert ears.deliveries[0].handle is None


@pytest.mark.parametrize("protocol,qos", KEPT)
def test_what_was_not_acknowledged_comes_again_and_is_flagged(broker, opened, name, protocol, qos):
    settings = {"topic": name, "client_id": name, "protocol": protocol, "qos": qos}
    first, heard = opened(broker, **settings)
    up(heard)
    for text in ("done", "open", "done too"):
        send(broker, name, text, qos)
    heard.until(lambda: len(heard.deliveries) == 3)
    first.acknowledge(heard.deliveries[0].handle)
    first.acknowledge(heard.deliveries[2].handle)
    ended(first, heard)
    send(broker, name, "while away", qos)

    second, ears = opened(broker, **settings)
    ears.until(lambda: len(ears.deliveries) == 2)

    assert {(delivery.payload, delivery.redelivered) for delivery in ears.deliveries} == {(b"open", True), (b"while away", False)}
    for delivery in ears.deliveries:
        second.acknowledge(delivery.handle)
    up(ears)
    ended(second, ears)
    third, last = opened(broker, **settings)
    up(last)
    send(broker, name, "new", qos)
    last.until(lambda: last.deliveries)
    assert last.payloads() == [b"new"]
    third.acknowledge(last.deliveries[0].handle)
    ended(third, last)


@pytest.mark.parametrize("protocol,qos", [("3.1.1", 1), ("5", 2)])
def test_a_killed_broker_loses_nothing_of_a_session(mortal, opened, name, protocol, qos):
    settings = {"topic": name, "client_id": name, "protocol": protocol, "qos": qos}
    _, heard = opened(mortal, **settings)
    up(heard)
    for number in range(3):
        send(mortal, name, f"number {number}", qos)
    heard.until(lambda: len(heard.deliveries) == 3)
    mortal.save("number 0", "number 1", "number 2")

    mortal.kill()
    why, refused = lost(heard)
    mortal.start()
    second, ears = opened(mortal, **settings)
    ears.until(lambda: len(ears.deliveries) == 3)

    assert sorted(ears.payloads()) == [b"number 0", b"number 1", b"number 2"]
    assert why
    assert not refused
    assert len(heard.losses) == 1
    for delivery in ears.deliveries:
        second.acknowledge(delivery.handle)
    ended(second, up(ears))


@pytest.mark.parametrize("protocol,qos", KEPT)
def test_no_more_than_the_window_is_without_acknowledgement(broker, opened, name, protocol, qos):
    link, ears = opened(broker, 2, topic=name, client_id=name, protocol=protocol, qos=qos)
    up(ears)
    for number in range(5):
        send(broker, name, str(number), qos)

    ears.until(lambda: len(ears.deliveries) == 2)
    link.publish(f"{name}/reply", b"a round trip later", ears.done)
    ears.until(lambda: ears.published)
    assert len(ears.deliveries) == 2
    for count in range(5):
        ears.until(lambda count=count: len(ears.deliveries) > count)
        link.acknowledge(ears.deliveries[count].handle)

    assert ears.payloads() == [b"0", b"1", b"2", b"3", b"4"]
    ended(link, ears)


def test_a_broker_that_answers_acknowledgements_with_ever_more_does_not_fill_the_window(broker, opened, name):
    link, ears = opened(broker, 4, topic=name, client_id=name)
    up(ears)
    publish.multiple([(name, str(number), 1) for number in range(300)], hostname=broker.host, port=broker.port)
    for count in range(300):
        ears.until(lambda count=count: len(ears.deliveries) > count)
        assert len(ears.deliveries) <= count + 4
        link.acknowledge(ears.deliveries[count].handle)

    assert ears.payloads() == [b"%d" % number for number in range(300)]
    ended(link, ears)


def test_what_has_no_place_to_wait_comes_by_the_next_link_and_nothing_comes_twice(broker, opened, name, monkeypatch):
    monkeypatch.setattr(mqtt, "MOST_WAITING", 30)
    ended(*known(opened, broker, name))
    publish.multiple([(name, str(number), 1) for number in range(200)], hostname=broker.host, port=broker.port)
    came, links = [], 0
    while len(came) < 200:
        link, ears = opened(broker, 4, topic=name, client_id=name)
        links += 1
        done = 0
        while ears.until(lambda: ears.losses or len(ears.deliveries) > done or len(came) + done == 200) and done < len(ears.deliveries):  # noqa: B023
            if (links, done) == (1, 4):
                until(lambda: link._left_out)  # noqa: B023  # for each of those four this broker sends twenty more
            link.acknowledge(ears.deliveries[done].handle)
            done += 1
        came += ears.payloads()
        assert not ears.losses or "comes by a new connection" in ears.losses[0][0]

    assert links > 1
    assert sorted(came, key=int) == [b"%d" % number for number in range(200)]
    ended(link, ears)


def test_a_paused_session_keeps_what_comes(broker, opened, name):
    link, ears = opened(broker, topic=name, client_id=name)
    up(ears)
    send(broker, name, "before")
    ears.until(lambda: ears.deliveries)

    link.pause()
    send(broker, name, "after")
    link.acknowledge(ears.deliveries[0].handle)
    link.publish(f"{name}/reply", b"still possible", ears.done)
    ears.until(lambda: ears.published == [""])
    ended(link, ears)

    assert ears.payloads() == [b"before"]
    _, later = opened(broker, topic=name, client_id=name)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"after"]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_replies_are_confirmed_and_reach_those_who_listen(broker, opened, name, protocol):
    got = []
    listener = Client(CallbackAPIVersion.VERSION2)
    listener.on_message = lambda client, data, message: got.append((message.payload, message.qos, message.retain))
    listener.connect("127.0.0.1", broker.port)
    listener.subscribe(f"{name}/reply", 2)
    link, ears = opened(broker, topic=name, protocol=protocol)
    until(lambda: listener.loop(0.05) or ears.ups)

    for number in range(30):
        link.publish(f"{name}/reply", b"reply %d" % number, ears.done)
    link.publish("not/#/allowed", b"", ears.done)
    until(lambda: listener.loop(0.05) or len(got) == 30)

    ears.until(lambda: len(ears.published) == 31)
    assert sorted(ears.published)[:30] == [""] * 30
    assert "not one of MQTT's" in max(ears.published)
    assert got == [(b"reply %d" % number, 1, False) for number in range(30)]
    listener.disconnect()
    ended(link, ears)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_retained_message_is_not_carried_out_at_every_connection(broker, opened, name, protocol, caplog):
    caplog.set_level(logging.INFO)
    send(broker, name, "retained text", retain=True)

    link, ears = opened(broker, topic=name, client_id=name, protocol=protocol)
    up(ears)
    send(broker, name, "fresh")
    ears.until(lambda: ears.deliveries)
    link.acknowledge(ears.deliveries[0].handle)
    ended(link, ears)

    assert ears.payloads() == [b"fresh"]
    assert [record.levelname for record in caplog.records if "retained message" in record.message] == ["WARNING"]
    assert "retained text" not in caplog.text


def test_a_topic_that_was_given_up_no_longer_reaches_us_through_the_session(broker, opened, name):
    first, heard = opened(broker, topic=f"{name}/old", client_id=name)
    ended(first, up(heard))
    send(broker, f"{name}/old", "for nobody")

    second, ears = opened(broker, topic=f"{name}/new/+", client_id=name)
    up(ears)
    send(broker, f"{name}/new/1", "for us")
    ears.until(lambda: ears.deliveries)

    assert ears.payloads() == [b"for us"]
    second.acknowledge(ears.deliveries[0].handle)
    ended(second, ears)


def test_a_handle_of_another_link_does_nothing(broker, opened, name):
    _, other = opened(broker, topic=name)
    link, ears = opened(broker, topic=name, client_id=name)
    up(other)
    up(ears)
    send(broker, name, "kept")
    other.until(lambda: other.deliveries)
    ears.until(lambda: ears.deliveries)

    link.acknowledge(other.deliveries[0].handle)
    ended(link, ears)

    _, later = opened(broker, topic=name, client_id=name)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"kept"]


def test_what_was_asked_for_before_the_end_is_done(broker, opened, name):
    link, ears = opened(broker, topic=name, client_id=name)
    up(ears)
    for number in range(8):
        send(broker, name, str(number))
    ears.until(lambda: len(ears.deliveries) == 8)

    for delivery in ears.deliveries:
        link.acknowledge(delivery.handle)
        link.publish(f"{name}/reply", delivery.payload, ears.done)
    ended(link, ears)

    assert ears.published == [""] * 8
    _, later = opened(broker, topic=name, client_id=name)
    up(later)
    send(broker, name, "last")
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"last"]
