"""A receiver of webhooks on loopback that answers byte by byte as a test says, over HTTP or HTTPS."""

import contextlib
import os
import socket
import ssl
import threading
from dataclasses import dataclass, field

from doubles.ears import Ears

LIMIT_S = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def status(number, **headers):
    """Give a whole answer without a body."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {number} So\r\n{more}Content-Length: 0\r\n\r\n".encode()


@dataclass
class Request:
    """One that came whole."""

    line: str
    headers: dict
    body: bytes = field(repr=False)


class Receiver:
    """``with Receiver(status(500), OK) as receiver``: the answers in their order, the last one stays. ``None`` is silence,
    a tuple is sent piece by piece, ``pause_s`` apart.
    """

    def __init__(self, *answers, pair=None, pause_s=0.0):
        self.answers = list(answers) or [OK]
        self.pause_s = pause_s
        self.heard = Ears()
        self.accepted = 0
        self._over = threading.Event()
        self._context = _context(*pair) if pair else None
        self._lock = threading.Lock()
        self._open = set()
        self._threads = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if pair else 'http'}://127.0.0.1:{self.port}/hook/T0KEN?key=T0KEN"

    def __enter__(self):
        self._begin(self._accept)
        return self

    def __exit__(self, *_):
        self._over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for line in list(self._open):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LIMIT_S)

    def requests(self, count=1):
        """Everything that came, once there are so many."""
        self.heard.wait_for(Request, count)
        return self.heard.of(Request)

    def _begin(self, work, *words):
        thread = threading.Thread(target=work, args=words, name="receiver")
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self._over.is_set():
            try:
                line = self._socket.accept()[0]
            except OSError:
                return
            self.accepted += 1
            self._open.add(line)
            self._begin(self._serve, line)

    def _serve(self, line):
        try:
            if self._context is not None:
                line = self._context.wrap_socket(line, server_side=True)
                self._open.add(line)
            self._answer(line)
        except OSError:
            pass  # hung up, or a handshake that failed: some tests are about that
        finally:
            line.close()

    def _answer(self, line):
        with line.makefile("rb") as file:
            head = iter(file.readline().decode("latin-1").strip() for _ in range(100))
            first = next(head)
            if not first:
                return
            headers = dict(one.split(": ", 1) for one in iter(head.__next__, ""))
            body = file.read(int(headers.get("Content-Length", 0)))
            with self._lock:
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.heard(Request(first, headers, body))
            if answer is None:
                self._over.wait(LIMIT_S)
                return
            for piece in answer if isinstance(answer, tuple) else (answer,):
                line.sendall(piece)
                if self.pause_s and self._over.wait(self.pause_s):
                    return


def _context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = os.memfd_create("receiver")
    try:
        os.write(file, f"{key}\n{certificate}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{file}")
    finally:
        os.close(file)
    return context
