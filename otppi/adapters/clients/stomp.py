"""STOMP 1.2 for RabbitMQ and ActiveMQ. A name without a leading slash is a topic's, or with ``stomp://…/queue`` a queue's.

stomp.py makes and reads the frames; the connection is ours, without the library's threads, which keep to themselves why they
cannot connect and, with TLS, notice neither an end nor a silence.
"""

import contextlib
import os
import socket
import time
from typing import Any

from otppi.adapters.clients.trouble import encryption, refused, silent, translated
from otppi.config.door import Callback, Door
from otppi.domain.errors import NotDone

os.environ.setdefault("STOMP_SKIP_HOSTNAME_SCAN", "1")  # else the import asks the name server for our own name
from stomp.protocol import Protocol12
from stomp.transport import BaseTransport
from stomp.utils import parse_frame

READ_BYTES = 65_536
_REFUSALS = ("access refused", "bad connect", "not authorized", "user name", "password", "login", "authentication")


class StompClient:
    """Implements Client for ``stomp(s)://``."""

    answers = False

    def __init__(self, door: Door) -> None:
        self._door = door
        self._replies: list[bytes] = []
        self._buffer = b""
        self._up = False
        with translated(door):
            tls = encryption(door)
            line = socket.create_connection(door.where, door.connect_s)
            self._socket = line if tls is None else tls.wrap_socket(line, server_hostname=door.host)
        transport: Any = BaseTransport(auto_decode=False)
        transport.vhost = door.options.get("vhost", "/")  # RabbitMQ's; ActiveMQ takes any
        transport.current_host_and_port = door.where
        transport.send = self._socket.sendall
        self._protocol: Any = Protocol12(transport, (0, 0), auto_content_length=False)  # with a length ActiveMQ makes bytes of the text
        try:
            self._say("connect", door.username or None, door.password.reveal() or None, with_connect_command=True)
            self._wait("CONNECTED")
        except NotDone:
            self.close()
            raise
        self._up = True

    def listen(self, callback: Callback) -> None:
        """Subscribe to the callback destination, of the same kind as the request's."""
        self._say("subscribe", self._where_to(callback.topic), id="reply", ack="auto", headers={"receipt": "reply"})
        self._wait("RECEIPT")

    def publish(self, payload: bytes) -> str:
        """Send and wait for the receipt."""
        destination = self._where_to(self._door.topic)
        self._replies.clear()  # what came before answers an earlier request
        self._say("send", destination, payload.decode(), content_type="application/json", headers={"receipt": "request", "persistent": "true"})
        self._wait("RECEIPT")
        listener = "" if destination.startswith("/queue/") else "; STOMP does not tell whether somebody subscribes to it"
        return f"The broker has the request for {destination}{listener}."

    def receive(self, limit_s: float) -> bytes | None:
        """Give the next reply."""
        end = time.monotonic() + limit_s
        while not self._replies and self._hear(end):
            pass
        return self._replies.pop(0) if self._replies else None

    def close(self) -> None:
        """Hang up; what there was to confirm has been confirmed."""
        with contextlib.suppress(OSError):
            if self._up:
                self._socket.settimeout(0)  # it is told if there is room for it
                self._protocol.send_frame("DISCONNECT", {})
        self._socket.close()

    def _say(self, what: str, *values: Any, **more: Any) -> None:
        with translated(self._door):
            self._socket.settimeout(self._door.connect_s)
            getattr(self._protocol, what)(*values, **more)

    def _wait(self, what: str) -> None:
        end = time.monotonic() + self._door.connect_s
        while heard := self._hear(end):
            if heard == what:
                return
        raise silent(self._door) if self._up else NotDone(f"{self._door.place} did not answer in time.")

    def _hear(self, end: float) -> str:
        """Take one frame and give its command; nothing when none came in time. Raises NotDone for the bad ones."""
        frame = self._frame(end)
        if frame is None:
            return ""
        if frame.cmd == "MESSAGE":
            self._replies.append(frame.body)
        elif frame.cmd == "ERROR":
            said = f"{frame.headers.get('message', '')} {frame.body.decode(errors='replace')}".lower()
            if not self._up and any(word in said for word in _REFUSALS):
                raise refused(self._door)
            raise NotDone(f"{self._door.place} refused the {'request' if self._up else 'connection'}; may this user use that destination?")
        elif frame.cmd not in {"CONNECTED", "RECEIPT"}:
            raise NotDone(f"What listens at {self._door.place} does not speak STOMP.")
        return str(frame.cmd)

    def _frame(self, end: float) -> Any:
        """Take the next frame; None when none came in time."""
        while (raw := self._raw(end)) is not None:
            try:
                found = parse_frame(raw)
            except ValueError:
                raise NotDone(f"What listens at {self._door.place} does not speak STOMP.") from None
            if found is not None:  # as heart-beats are
                return found
        return None

    def _raw(self, end: float) -> bytes | None:
        with translated(self._door):
            while b"\0" not in self._buffer:
                if (left := end - time.monotonic()) <= 0:
                    return None
                self._socket.settimeout(left)
                try:
                    more = self._socket.recv(READ_BYTES)
                except TimeoutError:
                    return None
                if not more:
                    raise NotDone(f"{self._door.place} closed the connection.")
                self._buffer += more
        raw, _, self._buffer = self._buffer.partition(b"\0")  # JSON has no such byte in it
        return raw.lstrip(b"\r\n")

    def _where_to(self, name: str) -> str:
        if name.startswith("/"):
            return name
        kind = "queue" if self._door.path.startswith("/queue") or self._door.topic.startswith("/queue/") else "topic"
        return f"/{kind}/{name}"
