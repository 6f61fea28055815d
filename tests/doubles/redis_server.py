"""A private Redis."""

import socket
from pathlib import Path

from doubles.authority import chain
from doubles.broker import Broker, free_port

USER, PASSWORD = "shop", "correct-horse"


class RedisServer(Broker):
    """Keeps streams over a kill. ``locked``: nobody gets in without a password; ``rules``: what :data:`USER` may, in Redis' words."""

    def __init__(self, folder: Path, *, locked: bool = False, rules: str = "~* &* +@all") -> None:
        super().__init__(folder)
        self.tls_port = free_port()
        self.user, self.password = USER, PASSWORD
        certificate, key, root = chain()
        self.ca_file = self._written("root.pem", root)
        self._settings = self._written("redis.conf", f"""
bind 127.0.0.1
port {self.port}
tls-port {self.tls_port}
tls-cert-file {self._written("server.pem", certificate)}
tls-key-file {self._written("server.key", key)}
tls-ca-cert-file {self.ca_file}
tls-auth-clients no
dir {self.folder}
appendonly yes
appendfsync always
save ""
user {self.user} on >{self.password} {rules}
{f"requirepass {self.password}" if locked else ""}
""")

    def command(self) -> list[str]:
        """In the foreground."""
        return ["redis-server", self._settings]

    def answers(self) -> bool:
        """Whether it answers PING; without a password with an error, but not with that of loading."""
        try:
            with socket.create_connection((self.host, self.port), 1) as probe:
                probe.sendall(b"PING\r\n")
                return probe.recv(100).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def _written(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)
