"""A server of AMQP 1.0 that is no RabbitMQ: grants every address but the missing ones, and says what it was asked for."""

import socket
import threading

import proton

_GREETING = b"AMQP\x03\x01\x00\x00"
_MECHANISMS = b"\x00\x00\x00\x15\x02\x01\x00\x00\x00\x53\x40\xc0\x08\x01\xa3\x05PLAIN"
_WELCOME = b"\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x44\xc0\x03\x01\x50\x00"
PACE_S = 0.05


class Amqp1Peer:
    """``with Amqp1Peer() as peer:`` serves one connection. ``outcome`` is for every message that is sent to it."""

    def __init__(self, outcome=proton.Delivery.ACCEPTED, missing=()):
        self.sources, self.targets, self.bodies = [], [], []
        self.outcome, self.missing = outcome, missing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="amqp 1.0 peer")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *raised):
        self._over.set()
        self._thread.join(10)

    def _serve(self):
        with self._listener, self._listener.accept()[0] as line:
            line.settimeout(10)
            _exactly(line, len(_GREETING))
            line.sendall(_GREETING + _MECHANISMS)
            _exactly(line, int.from_bytes(_exactly(line, 4), "big") - 4)  # user and password
            line.sendall(_WELCOME)
            line.settimeout(PACE_S)
            self._talk(line)

    def _talk(self, line):
        transport, connection, collector = proton.Transport(proton.Transport.SERVER), proton.Connection(), proton.Collector()
        connection.collect(collector)
        transport.bind(connection)
        while not self._over.is_set():
            try:
                data = line.recv(4096)
                if not data:
                    return
                transport.push(data)
            except TimeoutError:
                pass
            while (event := collector.peek()) is not None:
                self._answer(event)
                collector.pop()
            while (pending := transport.pending()) > 0:
                transport.pop(line.send(transport.peek(pending)))

    def _answer(self, event):
        kinds = proton.Event
        if event.type == kinds.CONNECTION_REMOTE_OPEN:
            event.connection.open()
        elif event.type == kinds.SESSION_REMOTE_OPEN:
            event.session.open()
        elif event.type == kinds.LINK_REMOTE_OPEN:
            self._attach(event.link)
        elif event.type == kinds.DELIVERY and event.delivery.readable:
            message = proton.Message()
            message.decode(event.link.recv(event.delivery.pending))
            self.bodies.append(bytes(message.body))
            event.delivery.update(self.outcome)
            event.delivery.settle()
        elif event.type in {kinds.SESSION_REMOTE_CLOSE, kinds.CONNECTION_REMOTE_CLOSE, kinds.LINK_REMOTE_CLOSE}:
            event.context.close()

    def _attach(self, link):
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        asked = (self.sources if link.is_sender else self.targets)
        asked.append(link.remote_source.address if link.is_sender else link.remote_target.address)
        absent = asked[-1] in self.missing
        if absent:
            (link.source if link.is_sender else link.target).type = proton.Terminus.UNSPECIFIED
        link.open()
        if absent:
            link.condition = proton.Condition("amqp:not-found", "there is none")
            link.close()
        elif link.is_sender:
            link.send(proton.Message(body=f"for {asked[-1]}"))
        else:
            link.flow(10)


def _exactly(line, count):
    data = b""
    while len(data) < count:
        data += line.recv(count - len(data))
    return data
