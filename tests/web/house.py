"""Doors on loopback before doubles of everything behind them, and ways to knock at them."""

import base64
import http.client
import json
import socket
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic
from urllib.parse import urlsplit

from doubles.authority import careless, pair
from doubles.gateway import HandClock, RecordingControl, RecordingGateway, SnapshotAccounts, user

from otppi.config.certificates import Certificate
from otppi.config.sections import Api
from otppi.domain import passwords
from otppi.domain.secret import Secret
from otppi.web.server import HTTP, HTTPS, Doors

PASSWORD = "right: horse"
RECORD = passwords.record(Secret(PASSWORD))


def basic(name="app", password=PASSWORD, encoding="utf-8"):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode()


SIGNED = {"Authorization": basic()}


def wait_for(fact, limit_s=5):
    until = monotonic() + limit_s
    while not fact():
        assert monotonic() < until
        Event().wait(0.005)


def order(command="echo", **data):
    return json.dumps({"command": command, "data": data}, ensure_ascii=False).encode()


SMS = order("send-sms", receiver="08126666666", message="hello")


def chunked(*parts):
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def head(method="POST", path="/api/otp", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: otppi", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Answer:
    """What a door said."""

    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self):
        return json.loads(self.body)


def answer(response):
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def connect(url, context=None):
    """Give a client for one connection; under HTTPS it takes any certificate unless told otherwise."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=10, context=context or careless())
    return http.client.HTTPConnection(parts.netloc, timeout=10)


def call(url, method="POST", path="/api/otp", body=None, headers=None, context=None):
    """Make one request on its own connection."""
    with closing(connect(url, context)) as connection:
        connection.request(method, path, body, headers or {})
        return answer(connection.getresponse())


def dial(url):
    """Give a TCP connection that has said nothing yet."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def speak(url, context=None):
    """Give a connection on which requests can be sent: under HTTPS the handshake is made."""
    sock = dial(url)
    if not url.startswith("https"):
        return sock
    return (context or careless()).wrap_socket(sock, server_hostname="127.0.0.1")


def everything(sock):
    """Read until the door hangs up."""
    data = b""
    while part := sock.recv(65536):
        data += part
    return data


def held_requests(house, *bodies):
    """Let requests wait in the gateway; gives a function that lets them go and tells what they were answered."""
    answers = []
    threads = [Thread(target=lambda body=body: answers.append(call(house.url, body=body, headers=SIGNED))) for body in bodies]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert house.gateway.arrived.acquire(timeout=5)

    def finish():
        house.gateway.let_go()
        for thread in threads:
            thread.join(5)
        return answers

    return finish


def api(**fields):
    return Api(**({"host": "127.0.0.1", "http_port": 0, "https_port": 0} | fields))


def certificate(*pem, name="c", active=True):
    """Give an active certificate as the settings hold it; without PEM texts a new pair."""
    text, key = pem or pair()
    return Certificate(id=name, certificate=text, key=Secret(key), active=active)


class House:
    """Doors and what stands behind them."""

    def __init__(self, folder, gateway=None, waiting=4, trusted=(), certificates=(), **fields):
        self.gateway = gateway or RecordingGateway()
        self.accounts = SnapshotAccounts(user("app", RECORD))
        self.control = RecordingControl()
        self.clock = HandClock()
        self.socket = folder / "run" / "control.sock"
        self.section, self.certificates = api(**fields), certificates
        self.doors = Doors(gateway=self.gateway, accounts=self.accounts, control=self.control, admin=("127.0.0.1", 0),
                           control_socket=self.socket, trusted_proxies=trusted, waiting=waiting, clock=self.clock)

    def open(self):
        self.take(self.doors.open(self.section, self.certificates))
        return self

    def take(self, opened):
        """Remember where the doors are now; ``url`` is the last of the API's, HTTPS where it is open."""
        self.opened, self.admin, self.url = opened, opened.admin, (opened.api or ("",))[-1]
        self.name = HTTPS if self.url.startswith("https") else HTTP
