"""The control socket: administrators' operations over HTTP on a Unix socket, for the command line on the same machine.

``POST /do`` with ``{"do": name, "arguments": {…}}`` is answered ``{"result": …}``, or ``{"error": sentence, "kind": "mistake"}``,
or with kind ``not-done``. The kernel tells who asks (SO_PEERCRED, unix(7)).
"""

import json
import os
import pwd
from collections.abc import Collection
from typing import Any

from otppi.domain import lenient, operations
from otppi.domain.errors import Mistake, NotDone
from otppi.domain.ports import Control
from otppi.web import body
from otppi.web.answers import Environ, StartResponse, log_failure, send
from otppi.web.waits import Waits

ANSWER_S = 10.0  # an operation reads or writes one file; a hung owner must not hold the command line longer
LIMIT = 16 * 1024 * 1024  # bytes; an imported blocklist of 100,000 numbers takes about 5 MB


class ControlSocket:
    """Answers at the control socket. ``allowed`` are the user ids that may speak: root and the service's own."""

    def __init__(self, control: Control, waits: Waits, allowed: Collection[int] | None = None) -> None:
        self._control = control
        self._waits = waits
        self._allowed = frozenset({0, os.getuid()} if allowed is None else allowed)

    def __call__(self, environ: Environ, start: StartResponse) -> list[bytes]:
        """Serve one request (PEP 3333)."""
        try:
            status, answer = 200, json.dumps({"result": self._do(environ)}, ensure_ascii=False).encode()
        except Mistake as mistake:
            status, answer = 400, _error(str(mistake), "mistake")
        except NotDone as error:
            status, answer = 503, _error(str(error), "not-done")
        except TimeoutError as late:
            status, answer = 504, _error(str(late), "not-done")
        except Exception as failure:  # noqa: BLE001  # the last resort of every request
            log_failure("An operation", failure)
            status, answer = 500, _error("The gateway failed; its log says more.", "not-done")
        return send(environ, start, status, answer)

    def _do(self, environ: Environ) -> Any:
        peer = int(environ.get("X_REMOTE_UID", -1))
        if peer not in self._allowed:
            raise NotDone("Only root and the user of the service may use the control socket.")
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/do":
            raise Mistake("The control socket knows POST /do alone.")
        order = lenient.loads(body.read(environ, LIMIT))
        name, arguments = (order.get("do"), order.get("arguments", {})) if isinstance(order, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(arguments, dict):
            raise Mistake('An order is {"do": name, "arguments": {…}}.')
        limit_s = operations.check(name, arguments).limit_s or ANSWER_S
        try:
            return self._waits.result(self._control.do(name, arguments, f"cli:{_user(peer)}"), limit_s)
        except TimeoutError:
            raise TimeoutError(f"The gateway did not answer within {limit_s:.0f} s.") from None


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _error(sentence: str, kind: str) -> bytes:
    return json.dumps({"error": sentence, "kind": kind}, ensure_ascii=False).encode()
