"""A private WebSocket broker: ours, as a process."""

import base64
import hashlib
import sys
from pathlib import Path

from doubles.broker import Broker


class WsBroker(Broker):
    """``user`` gets in with ``password``, at any path."""

    user, password = "shop", "correct-horse"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        digest = base64.b64encode(hashlib.sha1(self.password.encode(), usedforsecurity=False).digest()).decode()
        (folder / "users").write_text(f"{self.user}:{{SHA}}{digest}\n")

    def command(self) -> list[str]:
        """By the command line."""
        return [sys.executable, "-m", "otppi", "ws-broker", "--host", self.host, "--port", str(self.port), "--users", str(self.folder / "users")]

    def answers(self) -> bool:
        """Whether it listens."""
        return self.bound()
