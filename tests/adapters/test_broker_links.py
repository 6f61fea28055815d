"""What holds for the links of all brokers: limits, ends and what is left of them, at peers that do not behave."""

import contextlib
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.broker_links import Links, black_hole, lost, mute
from doubles.service import until
from doubles.subscriber_ears import BrokerEars
from doubles.ws_peer import place

from otppi.adapters.brokers.amqp import AmqpLink
from otppi.adapters.brokers.amqp1 import Amqp1Link
from otppi.adapters.brokers.mqtt import MqttLink
from otppi.adapters.brokers.opening import BrokerLinks
from otppi.adapters.brokers.redis import RedisLink
from otppi.adapters.brokers.stomp import StompLink
from otppi.adapters.brokers.websocket import WebsocketLink
from otppi.adapters.ws_frames import Kind, frame
from otppi.config.subscribers import (
    AmqpSubscriber,
    MqttSubscriber,
    RedisSubscriber,
    StompSubscriber,
    Tls,
    WebsocketSubscriber,
)
from otppi.domain.links import Ears
from otppi.domain.secret import Secret

KINDS = {
    "amqp": (AmqpLink, AmqpSubscriber), "amqp 1.0": (Amqp1Link, AmqpSubscriber), "mqtt": (MqttLink, MqttSubscriber), "redis": (RedisLink, RedisSubscriber),
    "stomp": (StompLink, StompSubscriber), "websocket": (WebsocketLink, WebsocketSubscriber),
}
MINUTE_MS = 60_000


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def links(kind):
    with Links(KINDS[kind][0]) as opened:
        yield opened


def settings(kind, port, **more):
    return KINDS[kind][1](**{"host": "127.0.0.1", "port": port, "username": "shop", "password": Secret("correct-horse"), "timeout_ms": MINUTE_MS, **more})


@pytest.mark.parametrize("silence, tls", [(mute, Tls()), (mute, Tls(enabled=True, verify=False)), (black_hole, Tls())])
def test_closing_while_it_connects_is_quick(links, kind, silence, tls):
    with silence() as port:
        link, ears = links.open(settings(kind, port, tls=tls), wait=False)
        assert links.close(link, ears) < 1
        assert ears.ups == 0


@pytest.mark.parametrize("silence", [mute, black_hole])
def test_who_does_not_answer_is_given_up_in_time(links, kind, silence):
    with silence() as port:
        began = time.monotonic()
        _, ears = links.open(settings(kind, port, timeout_ms=300), wait=False)
        assert lost(ears) == (f"127.0.0.1:{port} did not answer in time.", False)
        assert time.monotonic() - began < 2


@pytest.fixture
def no_names(monkeypatch):
    """A system that looks names up for ever; gives what is set while somebody asks."""
    asked, over, real = threading.Event(), threading.Event(), socket.getaddrinfo

    def hanging(host, *words, flags=0, **more):
        if host == "broker.example" and not flags & socket.AI_NUMERICHOST:
            asked.set()
            over.wait()
            raise socket.gaierror
        return real(host, *words, flags=flags, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    yield asked
    over.set()


def test_a_name_that_is_looked_up_for_ever_holds_neither_the_end_nor_the_time_out(no_names, links, kind):
    link, ears = links.open(settings(kind, 1, host="broker.example"), wait=False)
    assert no_names.wait(5)
    assert links.close(link, ears) < 1
    _, late = links.open(settings(kind, 1, host="broker.example", timeout_ms=300), wait=False)
    assert lost(late, 3) == ("broker.example:1 did not answer in time.", False)


def test_a_name_is_looked_up_and_one_that_is_not_there_is_said(links, kind, monkeypatch):
    real = socket.getaddrinfo

    def told(host, *words, flags=0, **more):
        if host == "nobody.example" or (host == "broker.example" and flags & socket.AI_NUMERICHOST):
            raise socket.gaierror
        return real("127.0.0.1" if host == "broker.example" else host, *words, flags=flags, **more)

    monkeypatch.setattr(socket, "getaddrinfo", told)
    with mute() as port:
        _, ears = links.open(settings(kind, port, host="broker.example", timeout_ms=300), wait=False)
        assert lost(ears) == (f"broker.example:{port} did not answer in time.", False)
    _, nowhere = links.open(settings(kind, port, host="broker.example"), wait=False)
    assert lost(nowhere) == (f"Nothing listens at broker.example:{port}.", False)
    _, unknown = links.open(settings(kind, port, host="nobody.example"), wait=False)
    assert lost(unknown) == (f"The address of nobody.example:{port} could not be found.", False)


def test_a_reply_at_a_mute_broker_is_told_once_and_the_close_keeps_its_limit(links, kind):
    with mute() as port:
        link, ears = links.open(settings(kind, port), wait=False)
        for _ in range(3):
            link.publish("answers", b"{}", ears.done)
        assert 1.5 < links.close(link, ears) < 3, "it is tried for as long as it may"
    assert ears.published == ["The connection to the broker is closed."] * 3


def test_a_thousand_threads_words_are_all_answered_once_around_the_end(links, kind):
    with mute() as port:
        link, ears = links.open(settings(kind, port, timeout_ms=200), wait=False)

        def ask():
            for _ in range(50):
                link.publish("answers", b"{}", ears.done)
                link.acknowledge(None)
                link.pause()

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost(ears)
        assert link.join(5)
        ears.until(lambda: len(ears.published) == 400)
        assert "" not in ears.published


@pytest.mark.parametrize("words", [b"\0" * 100, b"\xff" * 100, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"-ERR shop correct-horse\r\n", b"ERROR\nmessage:shop correct-horse\n\n\0"], ids=["zeros", "ones", "http", "redis", "stomp"])
def test_whatever_listens_there_is_told_in_a_sentence_without_secrets(links, kind, words, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, ears = links.open(settings(kind, server.getsockname()[1], timeout_ms=2000), wait=False)
        visitor, _ = server.accept()
        with visitor:
            visitor.recv(10_000)
            visitor.sendall(words)
            with contextlib.suppress(OSError):  # it may have hung up already
                visitor.shutdown(socket.SHUT_WR)
            why, _ = lost(ears)
    assert why.endswith(".")
    assert "correct-horse" not in why + caplog.text
    assert ears.ups == 0


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_links_that_fail_leave_nothing_open(links, kind):
    def fail():
        with socket.create_server(("127.0.0.1", 0)) as server:
            link, ears = links.open(settings(kind, server.getsockname()[1], timeout_ms=2000), wait=False)
            visitor, _ = server.accept()
            visitor.close()
            lost(ears)
            assert link.join(5)

    fail()  # what a library opens once for all
    before = open_descriptors()
    for _ in range(5):
        fail()
    until(lambda: open_descriptors() <= before)


def test_a_listener_that_fails_ends_the_link_and_its_words_stay_out_of_the_log(caplog):
    """It is not meant to happen, and the thread still tells its end. One kind is enough: it is the code that all share."""
    ears, told = BrokerEars(), []

    def up():
        raise ValueError("a word of the message")

    with place() as server:
        link = WebsocketLink(settings("websocket", server.port), 1, Ears(up, ears.ears.delivered, lambda why, refused: told.append((why, refused))))
        server.visitor().welcome()
        assert link.join(5)
    assert len(told) == 1
    assert "ValueError at" in caplog.text
    assert "a word of the message" not in caplog.text


@contextlib.contextmanager
def dripping(visitor, data):
    """Send a byte now and then, for ever."""
    over = threading.Event()

    def drip():
        with contextlib.suppress(OSError):
            while not over.wait(0.2):
                visitor.sendall(data)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_half_a_frame_that_never_ends_holds_neither_replies_nor_the_end():
    with Links(WebsocketLink) as links, place() as server:
        link, ears = links.open(settings("websocket", server.port), wait=False)
        visitor = server.visitor().welcome(more=b"\x81\x7f" + (1 << 40).to_bytes(8))
        ears.until(lambda: ears.ups)
        with dripping(visitor.stream, b"x"):
            link.publish("answers", b"{}", ears.done)
            other = server.visitor().welcome()
            assert other.hear() == (Kind.TEXT, b"{}")
            other.stream.sendall(frame(Kind.CLOSE, b"\x03\xe8"))
            ears.until(lambda: ears.published == [""])
            assert links.close(link, ears) < 3


def test_an_answer_that_never_ends_does_not_hold_the_end_of_a_link_to_redis():
    with Links(RedisLink) as links, socket.create_server(("127.0.0.1", 0)) as server:
        link, ears = links.open(settings("redis", server.getsockname()[1]), wait=False)
        visitor, _ = server.accept()
        with visitor:
            visitor.sendall(b"$1000000\r\n")
            with dripping(visitor, b"x"):
                assert links.close(link, ears) < 3


@pytest.mark.parametrize("kind, hello", [("websocket", frame(Kind.TEXT, b"x")[:1] + b"\x7f" + (1 << 40).to_bytes(8)), ("stomp", b"MESSAGE\n\n")])
def test_a_message_without_an_end_is_cut_off(kind, hello):
    with Links(KINDS[kind][0]) as links, place() as server:
        link, ears = links.open(settings(kind, server.port), wait=False)
        visitor = server.visitor()
        if kind == "websocket":
            visitor.welcome()
        visitor.stream.sendall(hello)
        with contextlib.suppress(OSError):
            for _ in range(32):
                visitor.stream.sendall(b"x" * 1024 * 1024)
        assert lost(ears) == (f"127.0.0.1:{server.port} sends a message that is too large.", False)
        assert link.join(5)


def test_all_links_are_put_away_at_once():
    brokers, heard = BrokerLinks(), []
    with mute() as port, black_hole() as hole:
        for kind, (_, subscriber) in KINDS.items():
            for where in (port, hole):
                ears = BrokerEars()
                heard.append(ears)
                asked = replace(settings(kind, where), version="1.0") if kind == "amqp 1.0" else settings(kind, where)
                assert isinstance(asked, subscriber)
                brokers.open(asked, 8, ears.ears)
        began = time.monotonic()
        brokers.stop(5)
        assert time.monotonic() - began < 2
    assert [ears.losses for ears in heard] == [[("", False)]] * len(heard)
