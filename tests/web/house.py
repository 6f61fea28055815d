"""Doors on loopback before doubles of everything behind them, and ways to knock at them."""

import base64
import http.client
import json
import socket
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from doubles.gateway import HandClock, RecordingControl, RecordingGateway, SnapshotAccounts, user

from otppi.config.sections import Api
from otppi.domain import passwords
from otppi.domain.secret import Secret
from otppi.web.server import Doors

PASSWORD = "right: horse"
RECORD = passwords.record(Secret(PASSWORD))


def basic(name="app", password=PASSWORD, encoding="utf-8"):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode(encoding)).decode()


SIGNED = {"Authorization": basic()}


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


def call(url, method="POST", path="/api/otp", body=None, headers=None):
    """Make one request on its own connection."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request(method, path, body, headers or {})
        return answer(connection.getresponse())


def dial(url):
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def everything(sock):
    """Read until the door hangs up."""
    data = b""
    while part := sock.recv(65536):
        data += part
    return data


def api(**fields):
    return Api(**({"host": "127.0.0.1", "http_port": 0} | fields))


class House:
    """Doors and what stands behind them."""

    def __init__(self, folder, gateway=None, waiting=4, trusted=(), **fields):
        self.gateway = gateway or RecordingGateway()
        self.accounts = SnapshotAccounts(user("app", RECORD))
        self.control = RecordingControl()
        self.clock = HandClock()
        self.socket = folder / "run" / "control.sock"
        self.section = api(**fields)
        self.doors = Doors(gateway=self.gateway, accounts=self.accounts, control=self.control, admin=("127.0.0.1", 0),
                           control_socket=self.socket, trusted_proxies=trusted, waiting=waiting, clock=self.clock)

    def open(self):
        opened = self.doors.open(self.section)
        self.admin, self.url = opened.admin, (opened.api or ("",))[0]
        return self
