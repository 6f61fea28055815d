"""A private mosquitto."""

import signal
import socket
import subprocess
from pathlib import Path

from doubles.authority import chain
from doubles.broker import Broker, free_port
from doubles.service import until

USER, PASSWORD = "shop", "correct-horse"
_CONNECT = bytes((0x10, 18, 0, 4)) + b"MQTT" + bytes((4, 2, 0, 5, 0, 6)) + b"probe1"


class MosquittoServer(Broker):
    """Keeps sessions over a kill, from :meth:`save` on. ``anonymous`` lets everybody in besides :data:`USER`; ``rules`` are lines of an ACL file."""

    def __init__(self, folder: Path, *, anonymous: bool = True, most_inflight: int = 20, rules: str = "") -> None:
        super().__init__(folder)
        self.tls_port = free_port()
        self.user, self.password = USER, PASSWORD
        certificate, key, root = chain()
        self.ca_file = self._written("root.pem", root)
        passwords = self._written("passwords", "")
        subprocess.run(["mosquitto_passwd", "-b", passwords, self.user, self.password], check=True, capture_output=True)
        access = f"acl_file {self._written('rules', rules)}\n" if rules else ""
        self._settings = self._written("mosquitto.conf", f"""
user root
per_listener_settings false
persistence true
persistence_location {self.folder}/
autosave_on_changes false
autosave_interval 1
max_queued_messages 0
max_inflight_messages {most_inflight}
allow_anonymous {str(anonymous).lower()}
password_file {passwords}
{access}log_dest stderr
log_type all
listener {self.port} 127.0.0.1
listener {self.tls_port} 127.0.0.1
certfile {self._written("server.pem", certificate)}
keyfile {self._written("server.key", key)}
""")

    def command(self) -> list[str]:
        """In the foreground."""
        return ["mosquitto", "-c", self._settings]

    def answers(self) -> bool:
        """Whether it answers CONNECT, whatever the answer."""
        try:
            with socket.create_connection((self.host, self.port), 1) as probe:
                probe.sendall(_CONNECT)
                return probe.recv(1) == b"\x20"
        except OSError:
            return False

    def save(self, *texts: str) -> None:
        """Have it write its sessions to disk now, which it does by itself every other second, and wait until these payloads are there."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        until(lambda: all(text.encode() in self._saved() for text in texts))

    def _saved(self) -> bytes:
        found = self.folder / "mosquitto.db"
        return found.read_bytes() if found.exists() else b""

    def _written(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)
