"""Asks a running service through its control socket. Standard library only: the command line starts with it."""

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from otppi.domain.errors import Mistake, NotDone

TIMEOUT_S = 15.0  # more than the service allows itself


class NotAnswering(NotDone):
    """Nobody listens at the control socket: the service does not run."""


def ask(socket_path: Path, name: str, arguments: Mapping[str, Any], timeout_s: float = TIMEOUT_S) -> Any:
    """Run one operation (see otppi.domain.operations) and give its result.

    Raises Mistake or NotDone as the service says, NotAnswering when there is none.
    """
    connection = _Connection(socket_path, timeout_s)
    try:
        connection.request("POST", "/do", json.dumps({"do": name, "arguments": dict(arguments)}).encode())
        answer = json.loads(connection.getresponse().read())
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotAnswering("The service does not run.") from None
    except PermissionError:
        raise NotDone("The control socket is closed to this user; use sudo, or the user of the service.") from None
    except TimeoutError:
        raise NotDone("The service did not answer in time.") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotDone("The service broke off the answer.") from error
    finally:
        connection.close()
    if not isinstance(answer, dict) or "result" not in answer:
        sentence = str(answer.get("error", "")) if isinstance(answer, dict) else ""
        kind = Mistake if isinstance(answer, dict) and answer.get("kind") == "mistake" else NotDone
        raise kind(sentence or "The service gave no answer that can be read.")
    return answer["result"]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
