"""Peers in the gateway's place, for the client of every door: each on a real broker by the broker's own library."""

import base64
import hashlib
import json
import socketserver
import threading
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit


class Peer:
    """Stands for a gateway: keeps envelopes, and answers each that asks for it with ``code``, or not at all."""

    def __init__(self):
        self.code = "0000"
        self.envelopes = []
        self.ready = threading.Event()

    def answer(self, payload, publish):
        envelope = json.loads(payload)
        self.envelopes.append(envelope)
        if self.code and "callback_topic" in envelope:
            publish(envelope["callback_topic"], json.dumps({"command": "echo", "response_code": "0000", "data": {}}))  # somebody else's
            publish(envelope["callback_topic"], json.dumps({"command": envelope["command"], "response_code": self.code, "data": envelope["data"],
                                                            **({"error": "It is so."} if self.code == "1102" else {})}))


@contextmanager
def thread(work):
    """Runs ``work(stop)`` until the block ends."""
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(stop,))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(10)


class Hub(socketserver.ThreadingTCPServer):
    """A WebSocket broker of the smallest kind: each text frame to every other connection of its topic."""

    user, password, host = "shop", "hub:pässword", "127.0.0.1"
    daemon_threads = True

    def __init__(self, tls=None):
        super().__init__((self.host, 0), Visitor)
        self.tls = tls
        self.port = self.server_address[1]
        self.basic = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        self.visitors = []
        self.lines = []

    def __enter__(self):
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def get_request(self):
        line, address = super().get_request()
        return (self.tls.wrap_socket(line, server_side=True) if self.tls else line), address

    def __exit__(self, *raised):
        self.shutdown()
        self._thread.join()
        self.server_close()


class Visitor(socketserver.StreamRequestHandler):
    """One connection, from handshake to hang-up."""

    def handle(self):
        line, *headers = iter(lambda: self.rfile.readline().decode().rstrip(), "")
        fields = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
        self.server.lines.append(line)
        if fields.get("authorization") != self.server.basic:
            self.wfile.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            return
        accept = base64.b64encode(hashlib.sha1(fields["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        self.topic = parse_qs(urlsplit(line.split()[1]).query)["topic"][0]
        self.server.visitors.append(self)
        while (head := self.rfile.read(2)) and head[0] == 0x81:
            length = head[1] & 0x7F
            length = int.from_bytes(self.rfile.read(2)) if length == 126 else length
            mask = self.rfile.read(4)
            text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(length)))
            frame = bytes((0x81, length)) if length < 126 else bytes((0x81, 126)) + length.to_bytes(2)
            for other in list(self.server.visitors):
                if other is not self and other.topic == self.topic:
                    other.wfile.write(frame + text)
        self.server.visitors.remove(self)


@contextmanager
def at_amqp(server, topic="sms"):
    import pika

    peer = Peer()
    credentials = pika.PlainCredentials(server.user, server.password)

    def work(stop):
        with pika.BlockingConnection(pika.ConnectionParameters(server.host, server.port, credentials=credentials)) as connection:
            channel = connection.channel()
            channel.queue_declare(topic, durable=True)

            def heard(channel, method, properties, body):
                peer.answer(body, lambda where, text: channel.basic_publish("", where, text.encode()))

            channel.basic_consume(topic, heard, auto_ack=True)
            peer.ready.set()
            while not stop.is_set():
                connection.process_data_events(time_limit=0.02)

    with thread(work):
        assert peer.ready.wait(10)
        yield peer


@contextmanager
def at_mqtt(server):
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    peer = Peer()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(server.user, server.password)
    client.on_connect = lambda *_: client.subscribe("sms", 1)
    client.on_subscribe = lambda *_: peer.ready.set()
    client.on_message = lambda _, __, message: peer.answer(message.payload, lambda where, text: client.publish(where, text, 1))
    client.connect(server.host, server.port)
    client.loop_start()
    try:
        assert peer.ready.wait(10)
        yield peer
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def at_redis(server, *, stream=False):
    import redis

    peer = Peer()
    client = redis.Redis(host=server.host, port=server.port, username=server.user, password=server.password, protocol=2)

    def subscribed(stop):
        with client.pubsub(ignore_subscribe_messages=True) as heard:
            heard.subscribe("sms")
            while not stop.is_set():
                message = heard.get_message(timeout=0.02)
                if client.pubsub_numsub("sms")[0][1]:
                    peer.ready.set()
                if message:
                    peer.answer(message["data"], client.publish)

    def read(stop):
        last = client.xinfo_stream("sms")["last-generated-id"] if client.exists("sms") else "0-0"
        peer.ready.set()
        while not stop.is_set():
            for number, fields in (client.xread({"sms": last}, block=20) or [("", [])])[0][1]:
                last = number
                peer.answer(fields[b"payload"], lambda where, text: client.xadd(where, {"payload": text}))

    with client, thread(read if stream else subscribed):
        assert peer.ready.wait(10)
        yield peer


@contextmanager
def at_websocket(hub):
    import websocket

    peer = Peer()

    def opened(topic):
        return websocket.create_connection(f"ws://{hub.host}:{hub.port}/ws?topic={topic}", timeout=0.02, header=[f"Authorization: {hub.basic}"])

    def answer(where, text):
        reply = opened(where)
        reply.send(text)
        reply.close(timeout=1)

    def work(stop):
        line = opened("sms")
        peer.ready.set()
        while not stop.is_set():
            try:
                peer.answer(line.recv(), answer)
            except websocket.WebSocketTimeoutException:
                continue
        line.close(timeout=1)

    with thread(work):
        assert peer.ready.wait(10)
        yield peer


@contextmanager
def at_stomp(server, port, kind):
    import stomp

    peer = Peer()
    connection = stomp.Connection12([(server.host, port)], vhost="/", auto_content_length=False)

    class Ears(stomp.ConnectionListener):
        def on_receipt(self, frame):
            peer.ready.set()

        def on_message(self, frame):
            assert "content-length" not in frame.headers or kind == "topic"
            peer.answer(frame.body, lambda where, text: connection.send(f"/{kind}/{where}", text))

    connection.set_listener("", Ears())
    connection.connect(server.user, server.password, wait=True)
    try:
        connection.subscribe(f"/{kind}/sms", id="1", ack="auto", headers={"receipt": "1"})
        assert peer.ready.wait(10)
        yield peer
    finally:
        connection.disconnect()
