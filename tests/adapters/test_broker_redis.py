import functools
import secrets
import time
import tracemalloc

import pytest
from doubles.broker_links import Links, ended, up
from doubles.redis_server import RedisServer
from redis import Redis

from otppi.adapters.brokers.redis import RedisLink
from otppi.adapters.brokers.wire import MOST_BYTES
from otppi.config.subscribers import RedisSubscriber


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


def test_what_is_too_large_is_delivered_empty_and_a_streams_entry_goes_away(broker, opened, stream, shop, name):
    large = b"x" * (MOST_BYTES + 1024 * 1024)
    link, ears = stream(broker)
    _, heard = opened(broker, topic=f"{name}/pubsub")
    up(ears)
    up(heard)
    add(shop, name, large, b"next")
    for payload in (large, b"next"):
        shop.publish(f"{name}/pubsub", payload)
    heard.until(lambda: heard.payloads() == [b"", b"next"])
    ears.until(lambda: ears.payloads() == [b"", b"next"])
    for delivery in ears.deliveries:
        link.acknowledge(delivery.handle)
    ended(link, ears)
    assert shop.xlen(name) == 0


def test_what_is_too_large_is_never_held_whole(broker, stream, shop, name):
    add(shop, name, b"x" * (MOST_BYTES + 1024 * 1024))
    tracemalloc.start()
    try:
        _, ears = stream(broker)
        ears.until(lambda: ears.payloads() == [b""])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_BYTES / 4


def test_a_window_full_of_large_entries_is_worked_off(broker, stream, shop, name):
    add(shop, name, *[b"x" * MOST_BYTES] * 6)
    link, ears = stream(broker)
    ears.until(lambda: ears.payloads() == [b""] * 6)
    ended(link, ears)
    link, ears = stream(broker)
    ears.until(lambda: len(ears.deliveries) == 6)
    for delivery in ears.deliveries:
        link.acknowledge(delivery.handle)
    ended(link, ears)
    assert shop.xlen(name) == 0


def test_pubsub_delivers_in_order_and_knows_no_acknowledgement(broker, opened, shop, name):
    link, ears = opened(broker, topic=name)
    up(ears)

    for text in ("one", "two", "three"):
        shop.publish(name, text)

    ears.until(lambda: len(ears.deliveries) == 3)
    assert ears.payloads() == [b"one", b"two", b"three"]
    assert {(delivery.handle, delivery.redelivered) for delivery in ears.deliveries} == {(None, False)}
    ended(link, ears)
    assert (ears.ups, len(ears.losses)) == (1, 1)


def test_a_paused_subscriber_of_pubsub_hears_nothing_but_can_reply(broker, opened, shop, name):
    link, ears = opened(broker, topic=name)
    up(ears)

    link.pause()
    link.publish(name, b"to ourselves", ears.done)
    ears.until(lambda: ears.published)
    shop.publish(name, "nobody listens")
    ended(link, ears)

    assert ears.published == [""]
    assert ears.deliveries == []


def test_a_stream_gives_what_was_there_before_us(broker, stream, shop, name):
    add(shop, name, "early")

    link, ears = stream(broker)
    up(ears)
    add(shop, name, "late")

    ears.until(lambda: len(ears.deliveries) == 2)
    assert ears.payloads() == [b"early", b"late"]
    assert not any(delivery.redelivered for delivery in ears.deliveries)
    for delivery in ears.deliveries:
        link.acknowledge(delivery.handle)
    ended(link, ears)
    assert (shop.xlen(name), shop.xpending(name, "otppi")["pending"]) == (0, 0)


def test_what_was_not_acknowledged_comes_again_and_is_flagged(broker, stream, shop, name):
    first, heard = stream(broker)
    up(heard)
    add(shop, name, "done", "open", "done too")
    heard.until(lambda: len(heard.deliveries) == 3)
    first.acknowledge(heard.deliveries[0].handle)
    first.acknowledge(heard.deliveries[2].handle)
    ended(first, heard)
    add(shop, name, "while away")

    second, ears = stream(broker)
    ears.until(lambda: len(ears.deliveries) == 2)

    assert [(delivery.payload, delivery.redelivered) for delivery in ears.deliveries] == [(b"open", True), (b"while away", False)]
    for delivery in ears.deliveries:
        second.acknowledge(delivery.handle)
    ended(second, ears)
    _, last = stream(broker)
    up(last)
    add(shop, name, "new")
    last.until(lambda: last.deliveries)
    assert last.payloads() == [b"new"]


def test_a_long_backlog_of_unacknowledged_ones_comes_a_window_at_a_time(broker, stream, shop, name):
    first, heard = stream(broker, 100)
    up(heard)
    add(shop, name, *map(str, range(7)))
    heard.until(lambda: len(heard.deliveries) == 7)
    ended(first, heard)
    shop.xdel(name, shop.xrange(name)[3][0])

    second, ears = stream(broker, 2)
    for count in range(6):
        ears.until(lambda count=count: len(ears.deliveries) > count)
        assert len(ears.deliveries) - count <= 2
        second.acknowledge(ears.deliveries[count].handle)
    add(shop, name, "fresh")
    ears.until(lambda: len(ears.deliveries) == 7)

    assert ears.payloads() == [b"0", b"1", b"2", b"4", b"5", b"6", b"fresh"]
    assert [delivery.redelivered for delivery in ears.deliveries] == [True] * 6 + [False]
    second.acknowledge(ears.deliveries[6].handle)
    ended(second, ears)
    assert shop.xpending(name, "otppi")["pending"] == 0


def test_no_more_than_the_window_is_without_acknowledgement(broker, stream, shop, name):
    link, ears = stream(broker, 2)
    add(shop, name, *map(str, range(5)))

    ears.until(lambda: len(ears.deliveries) == 2)
    for _ in range(3):
        link.publish(f"{name}:reply", b"round trip", ears.done)
    ears.until(lambda: len(ears.published) == 3)
    assert len(ears.deliveries) == 2
    assert shop.xpending(name, "otppi")["pending"] == 2
    for count in range(5):
        ears.until(lambda count=count: len(ears.deliveries) > count)
        link.acknowledge(ears.deliveries[count].handle)

    assert ears.payloads() == [b"0", b"1", b"2", b"3", b"4"]
    ended(link, ears)
    assert shop.xlen(name) == 0


def test_acknowledgements_do_not_wait_for_the_blocking_read(broker, stream, shop, name):
    link, ears = stream(broker)
    add(shop, name, "one")
    ears.until(lambda: ears.deliveries)

    begun = time.monotonic()
    link.acknowledge(ears.deliveries[0].handle)
    link.publish(f"{name}:reply", b"", ears.done)
    ears.until(lambda: ears.published)

    assert time.monotonic() - begun < 0.5
    assert shop.xlen(name) == 0


def test_a_stream_is_read_on_at_once(broker, stream, shop, name):
    link, ears = stream(broker)
    up(ears)

    begun = time.monotonic()
    for number in range(1, 6):
        add(shop, name, str(number))
        ears.until(lambda number=number: len(ears.deliveries) == number)
        link.acknowledge(ears.deliveries[-1].handle)

    assert time.monotonic() - begun < 1


def test_an_entry_without_the_field_is_delivered_empty(broker, stream, shop, name):
    link, ears = stream(broker)
    shop.xadd(name, {"text": "elsewhere"})

    ears.until(lambda: ears.deliveries)
    link.acknowledge(ears.deliveries[0].handle)
    ended(link, ears)

    assert ears.payloads() == [b""]
    assert shop.xlen(name) == 0


def test_a_paused_stream_keeps_what_comes(broker, stream, shop, name):
    link, ears = stream(broker)
    up(ears)
    add(shop, name, "before")
    ears.until(lambda: ears.deliveries)

    link.pause()
    add(shop, name, "after")
    link.acknowledge(ears.deliveries[0].handle)
    ended(link, ears)

    assert ears.payloads() == [b"before"]
    _, later = stream(broker)
    later.until(lambda: later.deliveries)
    assert later.payloads() == [b"after"]


def test_replies_go_the_way_the_messages_come(broker, opened, stream, shop, name):
    listener = shop.pubsub()
    listener.subscribe(f"{name}:reply")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    link, ears = opened(broker, topic=name)
    link.publish(f"{name}:reply", b"said", ears.done)
    other, heard = stream(broker)
    other.publish(f"{name}:log", b"written", heard.done)
    shop.set(f"{name}:text", "no stream")
    other.publish(f"{name}:text", b"secret words", heard.done)

    ears.until(lambda: ears.published)
    heard.until(lambda: len(heard.published) == 2)

    assert listener.get_message(timeout=5)["data"] == b"said"
    assert [fields for _, fields in shop.xrange(f"{name}:log")] == [{b"payload": b"written"}]
    assert (ears.published, heard.published[0]) == ([""], "")
    assert "something else than a stream" in heard.published[1]
    assert "secret" not in heard.published[1]
    listener.close()
    ended(other, heard)
