"""``otppi publish`` through every broker, with a small peer in the gateway's place."""

import io
import json
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from cli.publish_peers import Hub, at_amqp, at_mqtt, at_redis, at_stomp, at_websocket
from doubles import authority
from doubles.activemq_server import ActivemqServer
from doubles.broker import free_port
from doubles.mosquitto_server import MosquittoServer
from doubles.rabbitmq_server import RabbitServer
from doubles.redis_server import RedisServer
from doubles.service import until

from otppi.adapters import clients
from otppi.cli import main
from otppi.config import door as doors
from otppi.domain.errors import NotDone

DATA = {"receiver": "08126666666", "message": "Größe = 1 {x}"}
WORDS = ["send-sms", "receiver=08126666666", "message=Größe = 1 {x}"]
WRONG = "not-that-one"


def url(scheme, server, port=None, path="", user=None, password=None):
    user, password = user or server.user, password or server.password
    return f"{scheme}://{user}:{quote(password, safe='')}@{server.host}:{port or server.port}{path}"


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory):
    with RabbitServer(tmp_path_factory.mktemp("rabbit")) as server:
        yield server


@pytest.fixture(scope="module")
def activemq(tmp_path_factory):
    with ActivemqServer(tmp_path_factory.mktemp("activemq")) as server:
        yield server


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory):
    with MosquittoServer(tmp_path_factory.mktemp("mosquitto"), anonymous=False) as server:
        yield server


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def hub():
    with Hub() as hub:
        yield hub


@pytest.fixture
def mqtt(mosquitto):
    with at_mqtt(mosquitto) as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("mqtt", mosquitto, **more))


@pytest.fixture
def redis(redis_server):
    with at_redis(redis_server) as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("redis", redis_server, **more))


@pytest.fixture
def redis_stream(redis_server):
    with at_redis(redis_server, stream=True) as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("redis", redis_server, path="/0?mode=stream", **more))


@pytest.fixture
def websocket(hub):
    with at_websocket(hub) as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("ws", hub, path="/ws", **more))


@pytest.fixture
def amqp(rabbit):
    with at_amqp(rabbit) as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("amqp", rabbit, path="/%2F", **more))


@pytest.fixture
def stomp(rabbit):
    with at_stomp(rabbit, rabbit.stomp_port, "topic") as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("stomp", rabbit, port=rabbit.stomp_port, **more))


@pytest.fixture
def activemq_queue(activemq):
    with at_stomp(activemq, activemq.port, "queue") as peer:
        yield SimpleNamespace(peer=peer, url=lambda **more: url("stomp", activemq, path="/queue/sms", **more))


@pytest.fixture(params=["amqp", "mqtt", "redis", "redis_stream", "stomp", "activemq_queue", "websocket"])
def door(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def publish(capfd, monkeypatch):
    """Runs the command in this process; gives exit code, standard output and standard error."""
    def publish(*words, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            code = main(["publish", *words])
        except SystemExit as end:
            code = end.code
        return code, *capfd.readouterr()

    return publish


def one_sentence(err):
    assert err.count("\n") == 1, err
    assert err.startswith("otppi: "), err
    return err


@pytest.mark.parametrize("code, exit_code", [("0000", 0), ("1111", 0), ("1102", 1)])
def test_the_reply_is_printed_and_its_code_decides(door, publish, code, exit_code):
    door.peer.code = code
    ended, out, err = publish(door.url(), *WORDS, "--callback", "--timeout", "10")
    envelope = door.peer.envelopes[0]
    assert len(envelope.pop("callback_topic")) > 20
    assert envelope == {"command": "send-sms", "data": DATA}
    assert out.count("\n") == 1
    reply = json.loads(out)
    assert (reply["command"], reply["response_code"], reply["data"]) == ("send-sms", code, DATA)
    assert ended == exit_code
    assert err == ("" if ended == 0 else "otppi: The gateway answered 1102: It is so.\n")


def test_without_a_callback_the_confirmation_is_enough(door, publish):
    code, out, err = publish(door.url(), *WORDS)
    assert (code, err) == (0, "")
    assert "sms" in out
    until(lambda: door.peer.envelopes)
    assert door.peer.envelopes == [{"command": "send-sms", "data": DATA}]


def test_no_reply_in_time_is_told(door, publish):
    door.peer.code = ""
    code, out, err = publish(door.url(), *WORDS, "--callback", "my.replies", "--callback-delay", "50", "--timeout", "0.3")
    assert (code, out) == (1, "")
    assert "No reply came within 0.3 s." in one_sentence(err)
    assert door.peer.envelopes == [{"command": "send-sms", "data": DATA, "callback_topic": "my.replies", "callback_delay": 50}]


def test_a_wrong_password_is_told_and_not_shown(door, publish):
    code, out, err = publish(door.url(password=WRONG), *WORDS)
    assert (code, out) == (1, "")
    assert "refused user name or password" in one_sentence(err)
    assert WRONG not in err
    assert door.peer.envelopes == []


@pytest.mark.parametrize("scheme", [name + more for name in ("http", "amqp", "mqtt", "redis", "stomp", "ws") for more in ("", "s")])
def test_a_server_that_is_down_is_told(publish, scheme):
    port = free_port()
    code, out, err = publish(f"{scheme}://shop:{WRONG}@127.0.0.1:{port}", *WORDS)
    assert (code, out, err) == (1, "", f"otppi: Nothing listens at 127.0.0.1:{port}.\n")


@pytest.mark.parametrize("answer", [b"AMQP\0\0\x09\1", b"\xff\xfe\0", b"HTTP/1.1 400 Bad Request\r\n\r\n\0"])
def test_a_server_that_does_not_speak_stomp_is_told(publish, answer):
    def serve():
        visitor, _ = server.accept()
        with visitor:
            visitor.recv(10_000)
            visitor.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(serve)
        port = server.getsockname()[1]
        assert publish(f"stomp://127.0.0.1:{port}", *WORDS) == (1, "", f"otppi: What listens at 127.0.0.1:{port} does not speak STOMP.\n")


def test_a_server_that_says_nothing_is_told(publish):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        for scheme in ("http", "amqp", "mqtt", "redis", "stomp", "ws", "https", "amqps"):
            code, out, err = publish(f"{scheme}://127.0.0.1:{mute.getsockname()[1]}", *WORDS, "--timeout", "0.2")
            assert (code, out) == (1, ""), scheme
            assert "did not answer in time" in one_sentence(err), scheme


@pytest.mark.parametrize("name, scheme, path", [
    ("mosquitto", "mqtt", ""), ("redis_server", "redis", ""), ("redis_server", "redis", "?mode=stream"), ("activemq", "stomp", "/queue/frozen")])
def test_a_broker_that_falls_silent_leaves_it_open_whether_it_has_the_request(request, name, scheme, path):
    server = request.getfixturevalue(name)
    door = doors.read(url(scheme, server, path=path), callback=doors.Callback("reply", fresh=True), timeout_s=0.3)
    with closing(clients.connect(door)) as client:
        client.listen(door.callback)
        server.freeze()
        try:
            with pytest.raises(NotDone, match="whether the request arrived is not known"):
                client.publish(b"{}")
        finally:
            server.thaw()


@pytest.mark.parametrize("name, scheme", [("mosquitto", "mqtt"), ("redis_server", "redis")])
def test_a_broker_that_dies_ends_the_wait_for_the_reply(request, name, scheme):
    server = request.getfixturevalue(name)
    door = doors.read(url(scheme, server), callback=doors.Callback("reply", fresh=True))
    with closing(clients.connect(door)) as client:
        client.listen(door.callback)
        server.kill()
        try:
            with pytest.raises(NotDone, match=str(server.port)):
                client.receive(30)
        finally:
            server.start()


def test_nobody_at_a_redis_channel_is_told(redis_server, publish):
    code, out, err = publish(url("redis", redis_server, path="/nobody"), *WORDS)
    assert (code, out) == (1, "")
    assert "Nobody subscribes to nobody" in one_sentence(err)


def test_a_stream_keeps_the_request_and_only_the_own_stream_of_replies_goes(redis_server, redis_stream, publish):
    import redis

    with redis.Redis(host=redis_server.host, port=redis_server.port, protocol=2) as client:
        for words in (["--callback"], ["--callback", "stays"]):
            client.xadd("stays", {"payload": json.dumps({"command": "send-sms", "response_code": "1102", "data": "older"})})
            assert publish(redis_stream.url(), *WORDS, *words)[0] == 0
        first, second = (envelope["callback_topic"] for envelope in redis_stream.peer.envelopes)
        assert [client.exists(first), client.exists(second)] == [0, 1]
        assert client.xrevrange("sms", count=1)[0][1].keys() == {b"payload"}


def test_a_queue_that_is_not_there_is_told(rabbit, publish):
    code, out, err = publish(url("amqp", rabbit), *WORDS, "--topic", "nobody", "--callback")
    assert (code, out) == (1, "")
    assert "There is no queue nobody" in one_sentence(err)


@pytest.mark.parametrize("more, hint", [([], "publish to the queue sms"), (["--callback"], "consume a queue"), (["--callback", "replies"], "consume a queue replies")])
def test_a_user_without_rights_is_told_what_he_may_not(rabbit, amqp, publish, more, hint):
    code, out, err = publish(amqp.url(user=rabbit.stranger), *WORDS, *more)
    assert (code, out) == (1, "")
    assert hint in one_sentence(err)
    code, out, err = publish(url("stomp", rabbit, port=rabbit.stomp_port, user=rabbit.stranger), *WORDS, *more)
    assert (code, out) == (1, "")
    assert "may this user use that destination" in one_sentence(err)
    assert amqp.peer.envelopes == []


def test_a_virtual_host_that_is_closed_is_told(rabbit, publish):
    code, out, err = publish(url("amqp", rabbit, path="/nowhere"), *WORDS)
    assert (code, out) == (1, "")
    assert 'virtual host "nowhere"' in one_sentence(err)


def test_a_named_callback_queue_is_durable_and_what_waits_in_it_stays(rabbit, amqp, publish):
    import pika

    old = json.dumps({"command": "send-sms", "response_code": "1102", "data": "older"}).encode()
    credentials = pika.PlainCredentials(rabbit.user, rabbit.password)
    assert publish(amqp.url(), *WORDS, "--callback", "replies")[0] == 0
    with pika.BlockingConnection(pika.ConnectionParameters(rabbit.host, rabbit.port, credentials=credentials)) as connection:
        channel = connection.channel()
        channel.queue_declare("replies", durable=True, exclusive=False, auto_delete=False)
        channel.basic_publish("", "replies", old)
        assert publish(amqp.url(), *WORDS, "--callback", "replies")[0] == 0
        assert until(lambda: channel.basic_get("replies", auto_ack=True)[2]) == old


def test_random_callback_queues_do_not_stay(rabbit, amqp, publish):
    import pika

    assert publish(amqp.url(), *WORDS, "--callback")[0] == 0
    name = amqp.peer.envelopes[0]["callback_topic"]
    where = pika.ConnectionParameters(rabbit.host, rabbit.port, credentials=pika.PlainCredentials(rabbit.user, rabbit.password))
    with pika.BlockingConnection(where) as connection, pytest.raises(pika.exceptions.ChannelClosedByBroker, match="no queue"):
        connection.channel().queue_declare(name, passive=True)


def test_stomp_takes_a_queue_by_its_whole_name(activemq, activemq_queue, publish):
    plain = url("stomp", activemq)
    assert publish(plain, *WORDS, "--topic", "/queue/sms", "--callback")[0] == 0
    assert publish(f"{plain}/queue", *WORDS, "--callback")[0] == 0
    assert len(activemq_queue.peer.envelopes) == 2


def test_a_websocket_door_keeps_its_path_and_query_and_gets_its_topic(hub, websocket, publish):
    del hub.lines[:]
    assert publish(websocket.url() + "?a=b&topic=other", *WORDS, "--topic", "sms", "--callback", "my/replies")[0] == 0
    assert [line for line in hub.lines if "a=b" in line] == ["GET /ws?a=b&topic=sms HTTP/1.1", "GET /ws?a=b&topic=my/replies HTTP/1.1"]


@pytest.mark.parametrize("name, scheme", [("rabbit", "amqps"), ("mosquitto", "mqtts"), ("redis_server", "rediss"), ("activemq", "stomps")])
def test_encryption_is_verified_unless_told_otherwise(request, publish, name, scheme):
    server = request.getfixturevalue(name)
    where = url(scheme, server, port=server.tls_port)
    peer = {"amqps": at_amqp, "rediss": at_redis, "mqtts": at_mqtt, "stomps": lambda server: at_stomp(server, server.port, "topic")}[scheme]
    with peer(server) as peer:
        code, _, err = publish(where, *WORDS)
        assert code == 1
        assert "is not trusted" in one_sentence(err)
        assert peer.envelopes == []
        assert publish(where, *WORDS, "--callback", "--ca-file", str(server.ca_file))[0] == 0
        assert publish(where, *WORDS, "--callback", "--no-verify")[0] == 0
        assert len(peer.envelopes) == 2


def test_encryption_of_http_and_websocket_is_verified_unless_told_otherwise(tmp_path, publish):
    leaf, key, root = authority.chain()
    papers = [tmp_path / name for name in ("leaf.pem", "key.pem", "root.pem")]
    for path, text in zip(papers, (leaf, key, root), strict=True):
        path.write_text(text)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*papers[:2])
    with Hub(tls) as hub:
        for more in ([], ["--ca-file", str(papers[2])], ["--no-verify"]):
            for scheme, answer in (("https", "status 401"), ("wss", "written")):
                code, out, err = publish(url(scheme, hub, password=hub.password if scheme == "wss" else WRONG), *WORDS, *more)
                assert (code, answer in out + err) == ((scheme == "https", True) if more else (1, False))
                assert more or "is not trusted" in one_sentence(err)


def test_a_file_of_authorities_that_cannot_be_read_is_told(tmp_path, publish):
    for scheme in ("https", "amqps", "mqtts", "rediss", "stomps", "wss"):
        code, _, err = publish(f"{scheme}://127.0.0.1:{free_port()}", *WORDS, "--ca-file", str(tmp_path / "none.pem"))
        assert (code, err) == (1, f"otppi: {tmp_path}/none.pem could not be read: No such file or directory.\n")
