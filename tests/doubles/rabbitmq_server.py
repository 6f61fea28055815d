"""A RabbitMQ node in a folder of its own: AMQP 0-9-1 and 1.0, STOMP and MQTT on the loopback, in the plain and, for AMQP, over TLS."""

import contextlib
import json
import socket
import subprocess
from pathlib import Path

from doubles import authority
from doubles.broker import Broker, _die_with_the_test, free_port

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # the one of the search path changes the user
PACE_S = 0.05
GREETING_S = 5.0
_HEADER = b"AMQP\x00\x00\x09\x01"


class RabbitServer(Broker):
    """``port`` is AMQP's. ``user`` may do all on ``/`` and on the virtual host ``side``; ``reader``, of the same password,
    may read and ``stranger`` may nothing on ``/``.

    MQTT takes five seconds more at the first start, for an election of one: it is there when it is asked for.
    """

    user, reader, stranger, password = "otppi", "reader", "stranger", "rabbit-battery-staple"
    vhost = "side"

    def __init__(self, folder: Path, *, mqtt: bool = False) -> None:
        super().__init__(folder)
        self.tls_port, self.stomp_port, self.mqtt_port, self._epmd_port, distribution = (free_port() for _ in range(5))
        self._ports = [self.port, self.tls_port, self.stomp_port, *([self.mqtt_port] if mqtt else [])]
        self._epmd: subprocess.Popen[bytes] | None = None
        self.ca_file = self._write_papers()
        self._write_settings(mqtt)
        self.environment = {
            "HOME": str(self.folder),  # the cookie's place
            "RUNNING_UNDER_SYSTEMD": "1",  # the shell becomes the node, which then dies with the test
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "otppi@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +SDcpu 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def command(self) -> list[str]:
        """The script of the package."""
        return [SERVER]

    def begin(self) -> None:
        """Start the names' daemon in the foreground first: one that the node starts outlives it."""
        if self._epmd is None:
            self._epmd = subprocess.Popen(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"], stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_die_with_the_test)  # noqa: PLW1509
        super().begin()

    def answers(self) -> bool:
        """Whether all listeners are there, and AMQP greets."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PACE_S)  # asking without a pause takes the node's processor from it
        with contextlib.suppress(OSError), contextlib.ExitStack() as visits:
            lines = [visits.enter_context(socket.create_connection((self.host, port), GREETING_S)) for port in self._ports]
            lines[0].sendall(_HEADER)
            return lines[0].recv(1) == b"\x01"
        return False

    def __exit__(self, *raised: object) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(10)
            self._epmd = None

    def _write_papers(self) -> str:
        leaf, key, root = authority.chain()
        for name, text in (("leaf.pem", leaf), ("key.pem", key), ("root.pem", root), ("chain.pem", leaf + root)):
            (self.folder / name).write_text(text)
        return str(self.folder / "root.pem")

    def _write_settings(self, mqtt: bool) -> None:  # noqa: FBT001
        lines = [
            f"listeners.tcp.local = 127.0.0.1:{self.port}",
            f"listeners.ssl.local = 127.0.0.1:{self.tls_port}",
            f"ssl_options.certfile = {self.folder}/leaf.pem",
            f"ssl_options.keyfile = {self.folder}/key.pem",
            f"ssl_options.cacertfile = {self.folder}/chain.pem",
            "ssl_options.verify = verify_none",
            f"stomp.listeners.tcp.local = 127.0.0.1:{self.stomp_port}",
            *([f"mqtt.listeners.tcp.local = 127.0.0.1:{self.mqtt_port}"] if mqtt else []),
            f"load_definitions = {self.folder}/definitions.json",
            "disk_free_limit.absolute = 1MB",
            "log.console.level = warning",
        ]
        (self.folder / "rabbitmq.conf").write_text("".join(f"{line}\n" for line in lines))
        plugins = ["rabbitmq_amqp1_0", "rabbitmq_stomp", *(["rabbitmq_mqtt"] if mqtt else [])]
        (self.folder / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        (self.folder / "definitions.json").write_text(json.dumps({
            "users": [{"name": name, "password": password, "tags": ""}
                      for name, password in (("guest", "guest"), (self.user, self.password), (self.reader, self.password), (self.stranger, self.password))],
            "vhosts": [{"name": "/"}, {"name": self.vhost}],
            "permissions": [
                {"user": "guest", "vhost": "/", **rights},
                {"user": self.user, "vhost": "/", **rights},
                {"user": self.user, "vhost": self.vhost, **rights},
                {"user": self.reader, "vhost": "/", "configure": "", "write": "", "read": ".*"},
                {"user": self.stranger, "vhost": "/", "configure": "", "write": "", "read": ""},
            ],
        }))
