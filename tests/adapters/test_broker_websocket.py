"""A WebSocket broker as a subscription sees it: ours as a process, and a server that plays what the test wants, byte by byte."""

import contextlib
import ssl

import pytest
import websocket
from doubles import authority
from doubles.broker_links import Links
from doubles.ws_broker_server import WsBroker
from doubles.ws_peer import place

from otppi.adapters.brokers.websocket import WebsocketLink, url_of
from otppi.adapters.ws_frames import Kind, closing, frame
from otppi.config.subscribers import Tls, WebsocketSubscriber
from otppi.domain.secret import Secret


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with WsBroker(tmp_path_factory.mktemp("ws")) as server:
        yield server


@pytest.fixture
def links():
    with Links(WebsocketLink) as opened:
        yield opened


def settings(port, **more):
    return WebsocketSubscriber(**{"host": "127.0.0.1", "port": port, "username": "shop", "password": Secret("correct-horse"), "topic": "sms",
                                  "timeout_ms": 5000, **more})


@contextlib.contextmanager
def client(broker, topic):
    opened = websocket.create_connection(f"ws://127.0.0.1:{broker.port}/any/path?topic={topic}", timeout=10,
                                         header=["Authorization: Basic c2hvcDpjb3JyZWN0LWhvcnNl"])
    try:
        yield opened
    finally:
        opened.close()


def test_texts_and_bytes_of_the_topic_come_without_a_handle(links, broker):
    _, ears = links.open(settings(broker.port, topic="mixed"))
    with client(broker, "mixed") as other:
        other.send('{"text":"grüße"}')
        other.send_binary(b"\0\1\xff")
        ears.until(lambda: len(ears.deliveries) == 2)
    assert ears.payloads() == ['{"text":"grüße"}'.encode(), b"\0\1\xff"]
    assert [(delivery.handle, delivery.redelivered) for delivery in ears.deliveries] == [(None, False)] * 2


def test_the_handshake_is_the_seeds(links):
    with place() as server:
        link, ears = links.open(settings(server.port, path="/ws", username="username", password=Secret("password")), wait=False)
        visitor = server.visitor().welcome()
        ears.until(lambda: ears.ups)
        first, *lines = visitor.head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        assert first == "GET /ws?topic=sms HTTP/1.1"
        assert headers.pop("Sec-WebSocket-Key")
        assert headers == {"Host": f"127.0.0.1:{server.port}", "Authorization": "Basic dXNlcm5hbWU6cGFzc3dvcmQ=", "Upgrade": "websocket",
                           "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        link.close()
        assert visitor.hear() == (Kind.CLOSE, b"\x03\xe8")


@pytest.mark.parametrize("more, url", [
    ({}, "ws://h:8000/?topic=sms"),
    ({"path": "ws"}, "ws://h:8000/ws?topic=sms"),
    ({"path": "/ws", "port": 80}, "ws://h/ws?topic=sms"),
    ({"path": "/ws", "port": 0}, "ws://h/ws?topic=sms"),
    ({"path": "/ws", "port": 443}, "ws://h:443/ws?topic=sms"),
    ({"path": "/ws", "port": 0, "tls": Tls(enabled=True)}, "wss://h/ws?topic=sms"),
    ({"path": "/ws", "port": 80, "tls": Tls(enabled=True)}, "wss://h:80/ws?topic=sms"),
    ({"path": "/ws?topic=old&key=a%20b&topic=older"}, "ws://h:8000/ws?topic=sms&key=a%20b"),
    ({"path": "/ws?key=1&atopic=2&key=1", "topic": "a/b&c"}, "ws://h:8000/ws?key=1&atopic=2&key=1&topic=a%2Fb%26c"),
    ({"path": "/a#b"}, "ws://h:8000/a%23b?topic=sms"),
    ({"host": "::1"}, "ws://[::1]:8000/?topic=sms"),
])
def test_the_address(more, url):
    subscriber = settings(**{"port": 8000, "host": "h", **more})
    assert url_of(subscriber, subscriber.topic) == url


def test_a_user_name_is_not_needed(links):
    with place() as server:
        _, ears = links.open(settings(server.port, username="", password=Secret("")), wait=False)
        visitor = server.visitor().welcome()
        ears.until(lambda: ears.ups)
        assert "Authorization" not in visitor.head


def test_replies_go_by_connections_of_their_own_and_do_not_come_back(links, broker):
    link, ears = links.open(settings(broker.port, topic="both"))
    with client(broker, "answers/1") as other, client(broker, "both") as neighbour:
        for number in range(20):
            link.publish("answers/1", b'{"n":%d}' % number, ears.done)
        ears.until(lambda: len(ears.published) == 20)
        assert ears.published == [""] * 20
        assert sorted(other.recv() for _ in range(20)) == sorted(f'{{"n":{number}}}' for number in range(20))
        neighbour.send("still here")
        ears.until(lambda: ears.payloads() == [b"still here"])


def test_a_reply_is_one_text_frame_and_a_normal_end(links):
    with place() as server:
        link, ears = links.open(settings(server.port, path="/ws?k=v"), wait=False)
        server.visitor().welcome()
        link.publish("random_topic", '{"text":"grüße"}'.encode(), ears.done)
        visitor = server.visitor().welcome()
        assert visitor.head.startswith("GET /ws?k=v&topic=random_topic HTTP/1.1\r\n")
        assert visitor.hear() == (Kind.TEXT, '{"text":"grüße"}'.encode())
        assert visitor.hear() == (Kind.CLOSE, b"\x03\xe8")
        visitor.stream.sendall(closing(1000))
        ears.until(lambda: ears.published == [""])


def test_a_reply_is_not_held_up_by_others_that_hang(links):
    with place() as server:
        link, ears = links.open(settings(server.port, timeout_ms=1000), wait=False)
        server.visitor().welcome()
        link.publish("mute", b"{}", lambda error: ears.done(f"mute: {error}"))
        server.visitor().ask()
        link.publish("quick", b"{}", ears.done)
        quick = server.visitor().welcome()
        assert quick.hear() == (Kind.TEXT, b"{}")
        quick.stream.sendall(closing(1000))
        ears.until(lambda: ears.published == [""])
        ears.until(lambda: len(ears.published) == 2, 3)
        assert ears.published[1] == f"mute: 127.0.0.1:{server.port} did not answer in time."


def test_frames_in_pieces_are_joined_and_a_ping_between_them_is_answered(links):
    with place() as server:
        _, ears = links.open(settings(server.port), wait=False)
        visitor = server.visitor().welcome(more=frame(Kind.TEXT, b"glued"))
        raw = b"\x01\x03one" + frame(Kind.PING, b"still there?") + b"\x00\x03two" + b"\x80\x05three"
        for byte in raw:
            visitor.stream.sendall(bytes([byte]))
        assert visitor.hear() == (Kind.PONG, b"still there?")
        ears.until(lambda: ears.payloads() == [b"glued", b"onetwothree"])
        visitor.stream.sendall(frame(Kind.TEXT, b"\xff no text") + frame(Kind.TEXT, b"next"))
        ears.until(lambda: ears.payloads()[2:] == [b"\xff no text", b"next"])


def test_pings_that_are_answered_keep_the_connection_and_silence_ends_it(links):
    with place() as server:
        _, ears = links.open(settings(server.port, timeout_ms=200), wait=False)
        visitor = server.visitor().welcome()
        for _ in range(4):
            kind, payload = visitor.hear()
            assert kind is Kind.PING
            visitor.stream.sendall(frame(Kind.PONG, payload))
        assert ears.losses == []
        assert visitor.hear()[0] is Kind.PING
        ears.until(lambda: ears.losses, 3)
        assert ears.losses == [(f"127.0.0.1:{server.port} did not answer in time.", False)]


def test_a_paused_link_drops_what_comes_and_still_answers(links):
    with place() as server:
        link, ears = links.open(settings(server.port), wait=False)
        visitor = server.visitor().welcome()
        ears.until(lambda: ears.ups)
        link.pause()
        visitor.stream.sendall(frame(Kind.TEXT, b"late") + frame(Kind.PING))
        assert visitor.hear() == (Kind.PONG, b"")
        link.publish("answers", b"{}", ears.done)
        other = server.visitor().welcome()
        assert other.hear() == (Kind.TEXT, b"{}")
        other.stream.sendall(closing(1000))
        ears.until(lambda: ears.published == [""])
        assert ears.deliveries == []


def test_a_wrong_password_is_a_refusal_without_a_secret(links, broker):
    _, ears = links.open(settings(broker.port, password=Secret("not-the-password")), wait=False)
    ears.until(lambda: ears.losses)
    [(why, refused)] = ears.losses
    assert refused
    assert "401" in why
    assert "not-the-password" not in why
    assert "shop" not in why


@pytest.mark.parametrize("answer, refused", [
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsecret", True),
    (b"HTTP/1.1 404 Not Found\r\n\r\n", True),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", False),
    (b"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\n\r\n", False),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n", False),
    (b"SSH-2.0-OpenSSH\r\n\r\n", False),
    (b"", False),
])
def test_other_answers_to_the_handshake(links, answer, refused):
    with place() as server:
        _, ears = links.open(settings(server.port), wait=False)
        visitor = server.visitor()
        visitor.ask()
        visitor.stream.sendall(answer)
        visitor.stream.close()
        ears.until(lambda: ears.losses)
        assert ears.ups == 0
        assert ears.losses[0][1] is refused
        assert ears.losses[0][0].endswith(".")
        assert "secret" not in ears.losses[0][0]


@pytest.mark.parametrize("code, refused", [(1000, True), (1008, True), (1001, False), (1011, False)])
def test_a_broker_that_hangs_up_at_once_means_the_password(links, code, refused):
    with place() as server:
        _, ears = links.open(settings(server.port), wait=False)
        server.visitor().welcome(more=closing(code))
        ears.until(lambda: ears.losses)
        assert ears.losses[0][1] is refused
        assert str(code) in ears.losses[0][0]


def test_the_end_of_a_killed_broker_is_told_once_and_later_calls_harm_nobody(links, broker):
    link, ears = links.open(settings(broker.port))
    broker.kill()
    try:
        ears.until(lambda: ears.losses)
        assert not ears.losses[0][1]
        link.acknowledge(None)
        link.pause()
        link.publish("answers", b"{}", ears.done)
        link.close()
        assert ears.until(lambda: ears.published) != [""]
        _, silence = links.open(settings(broker.port), wait=False)
        silence.until(lambda: silence.losses)
        assert silence.losses == [(f"Nothing listens at 127.0.0.1:{broker.port}.", False)]
    finally:
        broker.start()
    assert len(ears.losses) == 1


def test_a_frozen_broker_is_noticed_and_replies_to_it_fail_in_time(links, broker):
    link, ears = links.open(settings(broker.port, timeout_ms=500))
    broker.freeze()
    try:
        for _ in range(12):
            link.publish("answers", b"{}", ears.done)
        ears.until(lambda: ears.losses, 5)
    finally:
        broker.thaw()
    assert ears.losses == [(f"127.0.0.1:{broker.port} did not answer in time.", False)]
    assert len(ears.published) == 12
    assert "" not in ears.published


def test_closing_a_frozen_broker_takes_no_longer_than_promised(links, broker):
    link, ears = links.open(settings(broker.port))
    broker.freeze()
    try:
        link.publish("answers", b"{}", ears.done)
        assert links.close(link, ears) < 3
    finally:
        broker.thaw()
    assert len(ears.published) == 1


def test_closing_is_quick_and_replies_from_before_it_still_go(links, broker):
    with client(broker, "last-words") as other:
        link, ears = links.open(settings(broker.port))
        link.publish("last-words", b"goodbye", ears.done)
        assert links.close(link, ears) < 1
        assert other.recv() == "goodbye"
    assert ears.published == [""]


def served(tmp_path):
    certificate, key = authority.pair("ws")
    (tmp_path / "ws.pem").write_text(certificate + key)
    (tmp_path / "ca.pem").write_text(certificate)
    (tmp_path / "other.pem").write_text(authority.pair("somebody else")[0])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ws.pem")
    return context


def test_encryption_with_a_private_authority(links, tmp_path):
    with place(served(tmp_path)) as server:
        link, ears = links.open(settings(server.port, tls=Tls(enabled=True, ca_file=str(tmp_path / "ca.pem"))), wait=False)
        visitor = server.visitor().welcome()
        large = b"x" * 100_000
        visitor.stream.sendall(frame(Kind.TEXT, large) + frame(Kind.TEXT, b"one more"))
        ears.until(lambda: ears.payloads() == [large, b"one more"])
        link.close()
        assert visitor.hear()[0] is Kind.CLOSE


def test_an_unknown_authority_is_a_refusal(links, tmp_path):
    with place(served(tmp_path)) as server:
        _, ears = links.open(settings(server.port, tls=Tls(enabled=True, ca_file=str(tmp_path / "other.pem"))), wait=False)
        with pytest.raises(OSError, match=r"(?i)unknown.ca"):
            server.visitor()
        ears.until(lambda: ears.losses)
        [(why, refused)] = ears.losses
        assert refused
        assert "not trusted" in why
