import functools
import secrets
import socket
import time

import pytest
from doubles.broker_links import Links, ended, lost, up
from doubles.redis_server import PASSWORD, USER, RedisServer
from doubles.service import until
from redis import Redis

from otppi.adapters.brokers.redis import RedisLink
from otppi.config.subscribers import RedisSubscriber, Tls
from otppi.domain.secret import Secret


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def name():
    return secrets.token_hex(6)


@pytest.fixture
def shop(broker):
    """An application's own connection."""
    with Redis(port=broker.port) as found:
        yield found


@pytest.fixture
def opened():
    with Links(RedisLink) as links:
        yield links.at(RedisSubscriber)


@pytest.fixture
def stream(opened, name):
    """Opens links to one stream."""
    return functools.partial(opened, topic=name, mode="stream")


def add(shop, topic, *texts):
    for text in texts:
        shop.xadd(topic, {"payload": text})


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    rules = "~open:* &open:* +@all -xadd"
    with RedisServer(tmp_path_factory.mktemp("locked"), locked=True, rules=rules) as found:
        yield found


@pytest.fixture
def mortal(tmp_path):
    with RedisServer(tmp_path / "redis") as found:
        yield found


@pytest.mark.parametrize("mode", ["pubsub", "stream"])
def test_a_killed_broker_is_told_once_and_a_stream_loses_nothing(mortal, opened, name, mode):
    _, ears = opened(mortal, topic=name, mode=mode)
    up(ears)
    with Redis(port=mortal.port) as shop:
        if mode == "stream":
            add(shop, name, "open")
            ears.until(lambda: ears.deliveries)

    mortal.kill()
    why, refused = lost(ears)
    mortal.start()

    assert why == f"127.0.0.1:{mortal.port} closed the connection."
    assert not refused
    link, later = opened(mortal, topic=name, mode=mode)
    up(later)
    if mode == "stream":
        later.until(lambda: later.deliveries)
        assert [(delivery.payload, delivery.redelivered) for delivery in later.deliveries] == [(b"open", True)]
    ended(link, later)
    assert len(ears.losses) == 1


@pytest.mark.parametrize("mode", ["pubsub", "stream"])
def test_a_frozen_broker_is_noticed_and_replies_are_told(mortal, opened, name, mode):
    link, ears = opened(mortal, topic=name, mode=mode, timeout_ms=1000)
    up(ears)

    mortal.freeze()
    link.publish("reply", b"", ears.done)
    why, refused = lost(ears)

    assert "did not answer in time" in why
    assert not refused
    assert ears.published[0]


@pytest.mark.parametrize("mode", ["pubsub", "stream"])
def test_a_silent_frozen_broker_is_noticed_too(mortal, opened, name, mode):
    _, ears = opened(mortal, topic=name, mode=mode, timeout_ms=1000)
    up(ears)

    mortal.freeze()

    assert "did not answer in time" in lost(ears)[0]


def test_the_end_of_a_frozen_broker_s_link_is_quick(mortal, stream):
    link, ears = stream(mortal)
    up(ears)
    mortal.freeze()

    link.publish("reply", b"", ears.done)
    ended(link, ears)

    assert ears.published[0]


def test_a_quiet_link_stays(broker, opened, shop, name):
    _, ears = opened(broker, topic=name, timeout_ms=1000)
    _, heard = opened(broker, topic=f"{name}:stream", mode="stream", timeout_ms=1000)
    up(ears)
    up(heard)

    def signs():
        return shop.info("commandstats").get("cmdstat_ping", {}).get("calls", 0)

    before = signs()
    until(lambda: signs() >= before + 15)  # which takes longer than one without an answer is borne
    shop.publish(name, "still here")
    add(shop, f"{name}:stream", "here too")

    ears.until(lambda: ears.deliveries)
    heard.until(lambda: heard.deliveries)
    assert ears.losses == heard.losses == []


def test_passwords_are_asked_for(locked, opened, name):
    link, ears = opened(locked, topic="open:sms", username=USER, password=Secret(PASSWORD))
    other, heard = opened(locked, topic=name, password=Secret(PASSWORD))
    up(ears)
    up(heard)
    with Redis(port=locked.port, password=PASSWORD) as shop:
        assert {client["name"] for client in shop.client_list()} >= {USER, "otppi"}
    ended(link, ears)
    ended(other, heard)


@pytest.mark.parametrize("settings", [
    {"username": USER, "password": Secret("wrong-secret")}, {"password": Secret("wrong-secret")}, {},
], ids=["user", "password", "none"])
def test_wrong_credentials_are_a_refusal(locked, opened, settings):
    link, ears = opened(locked, topic="open:sms", **settings)
    link.publish("open:reply", b"", ears.done)

    assert lost(ears) == (f"127.0.0.1:{locked.port} does not accept user name or password.", True)
    assert ears.ups == 0
    assert len(ears.published) == 1
    assert ears.published[0]


def test_a_password_that_the_server_does_not_want_is_a_refusal(broker, opened):
    _, ears = opened(broker, password=Secret("wrong-secret"))

    assert lost(ears) == (f"127.0.0.1:{broker.port} does not accept user name or password.", True)


@pytest.mark.parametrize("mode", ["pubsub", "stream"])
def test_rights_that_are_missing_are_a_refusal(locked, opened, mode):
    _, ears = opened(locked, topic="closed", mode=mode, username=USER, password=Secret(PASSWORD))

    assert lost(ears) == (f"127.0.0.1:{locked.port} does not give this user the rights.", True)


def test_a_reply_that_may_not_be_written_ends_nothing(locked, opened):
    link, ears = opened(locked, topic="open:stream", mode="stream", username=USER, password=Secret(PASSWORD))
    up(ears)

    link.publish("open:reply", b"secret words", ears.done)
    ears.until(lambda: ears.published)

    assert "does not give this user the rights" in ears.published[0]
    ended(link, ears)


def test_a_topic_that_is_no_stream_is_a_refusal(broker, stream, shop, name):
    shop.set(name, "text")

    _, ears = stream(broker)

    assert lost(ears) == (f"127.0.0.1:{broker.port} has something else than a stream under the topic's name.", True)


def test_a_stream_that_is_removed_ends_the_link_and_the_next_one_makes_it_anew(broker, stream, shop, name):
    _, ears = stream(broker)
    up(ears)

    shop.delete(name)

    assert "has lost the stream" in lost(ears)[0]
    assert not ears.losses[0][1]
    _, later = stream(broker)
    up(later)
    add(shop, name, "again")
    later.until(lambda: later.payloads() == [b"again"])


def test_a_private_authority_is_trusted_and_an_unknown_one_refused(broker, opened, shop, name):
    encrypted = {"topic": name, "mode": "stream", "port": broker.tls_port}
    big = "x" * 500_000
    link, ears = opened(broker, **encrypted, tls=Tls(enabled=True, ca_file=broker.ca_file))
    add(shop, name, big, "small")
    ears.until(lambda: len(ears.deliveries) == 2)
    assert ears.payloads() == [big.encode(), b"small"]
    link.publish(f"{name}:reply", big.encode(), ears.done)
    ears.until(lambda: ears.published == [""])
    ended(link, ears)
    careless, heard = opened(broker, **encrypted, tls=Tls(enabled=True, verify=False))
    ended(careless, up(heard))

    _, strict = opened(broker, **encrypted, tls=Tls(enabled=True))
    _, broken = opened(broker, **encrypted, tls=Tls(enabled=True, ca_file=str(broker.folder / "redis.conf")))

    assert lost(strict)[1]
    assert "certificate" in strict.losses[0][0]
    assert lost(broken) == (f"{broker.folder}/redis.conf holds no certificates that can be read (PEM).", True)


def test_a_broker_that_is_down_or_mute_is_no_refusal(broker, opened):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        begun = time.monotonic()
        _, silent = opened(broker, port=port, timeout_ms=300)
        assert lost(silent) == (f"127.0.0.1:{port} did not answer in time.", False)
        assert time.monotonic() - begun < 2
    _, down = opened(broker, port=port)
    assert lost(down) == (f"Nothing listens at 127.0.0.1:{port}.", False)


def test_calls_after_the_end_do_no_harm(broker, stream, shop, name):
    link, ears = stream(broker)
    add(shop, name, "one")
    ears.until(lambda: ears.deliveries)
    ended(link, ears)

    link.acknowledge(ears.deliveries[0].handle)
    link.publish(name, b"late", ears.done)
    link.pause()
    link.close()

    assert ears.published[0]
    assert link.join(5)
    assert len(ears.losses) == 1
    assert shop.xlen(name) == 1


def test_what_was_asked_for_before_the_end_is_done(broker, stream, shop, name):
    link, ears = stream(broker, 50)
    add(shop, name, *map(str, range(50)))
    ears.until(lambda: len(ears.deliveries) == 50)

    for delivery in ears.deliveries:
        link.publish(f"{name}:reply", delivery.payload, ears.done)
        link.acknowledge(delivery.handle)
    ended(link, ears)

    assert ears.published == [""] * 50
    assert (shop.xlen(name), shop.xlen(f"{name}:reply")) == (0, 50)
