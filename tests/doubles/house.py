"""The whole service in the test's own process, so that a test can make its parts fail and turn its clock."""

import secrets
import shutil
import threading
from pathlib import Path

import requests

from otppi import app
from otppi.books import open_books
from otppi.config.site import load_site
from otppi.web.control_client import ask

AUTH = ("shop", "long enough")
API = {"host": "127.0.0.1", "http_port": 0}


class House:
    """``with House(folder, network) as house:`` is a service; :meth:`begin` and :meth:`end` are its lives."""

    def __init__(self, data, network, *, modems=None, **settings):
        self.data = data
        self.run = Path("/tmp") / f"otppi-test-{secrets.token_hex(6)}"
        self.run.mkdir(mode=0o700)
        operations = open_books(data).operations()
        operations["settings.set"](section="api", value={**API, **settings.pop("api", {})})
        links = network.links if network is not None else []
        more = modems or [{} for _ in links]
        self.modems = [{"id": f"modem{number}", "port": str(link), **keys} for number, (link, keys) in enumerate(zip(links, more, strict=True))]
        operations["settings.set"](section="modems", value=self.modems)
        for section, value in settings.items():
            operations["settings.set"](section=section, value=value)
        operations["user.add"](kind="api", name=AUTH[0], password=AUTH[1])
        self.service = self.opened = None

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind, error, trace):
        clean = self.end() if self.service is not None else True
        shutil.rmtree(self.run)
        assert clean or kind is not None

    def begin(self):
        """Start a life."""
        site = load_site(None, {"OTPPI_ADMIN_HOST": "127.0.0.1", "OTPPI_ADMIN_PORT": "0"}, self.data)
        self.service = app.Service(site, self.run)
        self.opened = self.service.start(threading.Event())

    def end(self):
        """End it; True when all its threads have ended."""
        service, self.service = self.service, None
        return service.stop()

    def raw(self, command, **data):
        """Post; gives the response."""
        body = {"command": command, "data": data}
        return requests.post(self.opened.api[0] + "/api/sms", json=body, auth=AUTH, timeout=40)

    def post(self, command, **data):
        """Post; gives the reply."""
        return self.raw(command, **data).json()

    def do(self, name, **arguments):
        """Run an operation."""
        return ask(self.run / "control.sock", name, arguments)

    def status(self, message_id):
        """Ask what became of a message."""
        return self.post("get-message-status", id=message_id)["data"]

    def traffic(self):
        """What the status says of messages."""
        return self.do("status")["traffic"]["router"]
