"""The REST API: one WSGI callable, from the path to the reply in one reading."""

import logging
from collections.abc import Iterable

from otppi.domain import replies, requests
from otppi.domain.errors import NotUnderstood
from otppi.domain.outcome import Fate
from otppi.domain.ports import ApiUser, Gateway, Origin
from otppi.domain.replies import FAILED, Reply
from otppi.domain.requests import Request
from otppi.web import body
from otppi.web.answers import TEXT, Environ, Headers, StartResponse, log_failure, send
from otppi.web.auth import Gate
from otppi.web.body import BadBody
from otppi.web.client_address import ClientAddress
from otppi.web.waits import Waits

GRACE_S = 10.0  # after the time at which the router itself should have answered
USSD_S = 75.0  # a USSD answer is waited for up to 65 s (SPEC A7), plus grace
USSD_AT_ONCE = 2  # HTTP threads (SPEC A7)
HURRIED_S = 5.0  # a message that is only queued needs milliseconds, and two seconds at most for the blocklist (SPEC R4)
HURRIED_AT_ONCE = 4
MESSAGES, HURRIED, USSD = "messages", "hurried", "ussd"

_LANES = dict.fromkeys(("request-otp", "send-sms", "send-email", "send-mail", "send-message"), MESSAGES) | {"request-ussd": USSD}
_MORE: dict[int, Headers] = {
    401: (("WWW-Authenticate", 'Basic realm="otppi", charset="UTF-8"'),),
    405: (("Allow", "POST, PUT"),),
}
_NO_PATH = Reply("", FAILED, error="There is nothing at this path.", status=404)
_NO_METHOD = Reply("", FAILED, error="Use POST or PUT.", status=405)
_DRAINING = replies.refused("", "The gateway is shutting down; try again soon.")
_FAILURE = Reply("", FAILED, error="The gateway failed; its log says more.", status=500)

_log = logging.getLogger(__name__)


class Api:
    """Answers ``POST`` and ``PUT`` at every configured path, and ``GET /healthz``."""

    def __init__(self, gateway: Gateway, gate: Gate, address: ClientAddress, waits: Waits) -> None:
        self._gateway = gateway
        self._gate = gate
        self._address = address
        self._waits = waits
        self._paths: frozenset[str] = frozenset()
        self._limit_s = 0.0
        self._hurry = False
        self.draining = False
        """Once true, new requests are refused; those that wait get their reply."""

    def configure(self, paths: Iterable[str], reply_timeout_s: float, *, hurry: bool) -> None:
        """Take other paths and another limit, from the next request on. With ``hurry`` a message for whose outcome nobody
        can wait any more is answered as soon as it is queued, otherwise it is refused.
        """
        self._paths = frozenset(path.encode().decode("latin-1").rstrip("/") for path in paths)
        self._limit_s = reply_timeout_s + GRACE_S
        self._hurry = hurry

    def __call__(self, environ: Environ, start: StartResponse) -> list[bytes]:
        """Serve one request (PEP 3333)."""
        path = environ["PATH_INFO"].rstrip("/")
        if path == "/healthz":
            return health(environ, start)
        reply, said = self._safely(environ, path)
        more = _MORE.get(reply.status, ())
        if reply.retry_after_s:
            more = [*more, ("Retry-After", str(reply.retry_after_s))]
        return send(environ, start, reply.status, said, more=more)

    def _safely(self, environ: Environ, path: str) -> tuple[Reply, bytes]:
        try:
            reply = self._reply(environ, path)
            return reply, reply.encode()
        except BadBody as bad:
            reply = Reply("", FAILED, error=str(bad), status=bad.status)
        except NotUnderstood as error:
            reply = replies.not_understood(error)
        except requests.Misread as error:
            reply = replies.misread(error)
        except Exception as failure:  # noqa: BLE001  # the last resort of every request
            log_failure("A request", failure)
            reply = _FAILURE
        return reply, reply.encode()

    def _reply(self, environ: Environ, path: str) -> Reply:  # noqa: PLR0911  # the order of refusals, on one page
        if path not in self._paths:
            return _NO_PATH
        if environ["REQUEST_METHOD"] not in {"POST", "PUT"}:
            return _NO_METHOD
        if self.draining:
            return _DRAINING
        address = self._address.of(environ)
        user = self._gate.admit(environ.get("HTTP_AUTHORIZATION"), address)
        if isinstance(user, Reply):
            return user
        request = requests.parse(body.read(environ)).request
        if not _may(user, request.command):
            return replies.failed(request, f"This user may not use {request.command}.")
        lane = self._lane(request.command)
        if lane is None:
            return replies.refused(request.command, "Too many requests wait for their outcome; try again soon.")
        try:
            return self._submit(request, Origin("rest", user.name, address, hurried=lane == HURRIED))
        finally:
            self._waits.leave(lane)

    def _lane(self, command: str) -> str | None:
        """Take a place to wait in; None when there is none."""
        lane = _LANES.get(command, "")
        if self._waits.enter(lane):
            return lane
        return HURRIED if lane == MESSAGES and self._hurry and self._waits.enter(HURRIED) else None

    def _submit(self, request: Request, origin: Origin) -> Reply:
        limit_s = HURRIED_S if origin.hurried else self._limit_s
        if request.command == "request-ussd":
            limit_s = max(limit_s, USSD_S)
        try:
            return self._waits.result(self._gateway.submit(request, origin), limit_s)
        except TimeoutError:
            _log.warning("A %s was not answered within its limit.", request.command)
            return Reply(request.command, Fate.UNKNOWN.code, {"status": "unknown"}, "The gateway did not answer in time: it is not known what became of this.")


def health(environ: Environ, start: StartResponse) -> list[bytes]:
    """Say that the process serves, also while it drains."""
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return send(environ, start, 405, b"Use GET.\n", TEXT, [("Allow", "GET, HEAD")])
    return send(environ, start, 200, b"OK\n", TEXT)


def _may(user: ApiUser, command: str) -> bool:
    if not user.commands or command in user.commands:
        return True
    other = {"send-mail": "send-email", "send-email": "send-mail"}.get(command)  # two names of one command
    return other in user.commands
