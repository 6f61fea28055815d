"""The replies of the gateway: one shape for every door."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.errors import NotUnderstood
from otppi.domain.outcome import Fate, Outcome
from otppi.domain.requests import Echo, Misread, Request, RequestOtp, RequestUssd, VerifyOtp

OK = "0000"
UNAUTHORIZED = "1100"
FAILED = "1102"
DUPLICATE = "1201"
INVALID_OTP = "1202"
EXPIRED = "1203"

RETRY_AFTER_S = 5  # what a refused client is told to wait


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client is told. ``status`` and ``retry_after_s`` are HTTP's; brokers see only the body."""

    command: str
    code: str
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error: str = ""
    status: int = 200
    retry_after_s: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def refused(self) -> bool:
        """Whether the client is told to come back later, so that a broker should keep its message."""
        return self.status == 503

    def body(self) -> dict[str, Any]:
        """Give the JSON object; ``error`` only when there is something to say."""
        body: dict[str, Any] = {**self.extra, "command": self.command, "response_code": self.code, "data": dict(self.data)}
        if self.error:
            body["error"] = self.error
        return body

    def encode(self) -> bytes:
        """Give the body as UTF-8 JSON."""
        return json.dumps(self.body(), ensure_ascii=False).encode()


def not_understood(error: NotUnderstood) -> Reply:
    """Answer a body that could not be read."""
    return Reply("", FAILED, error=str(error), status=400)


def misread(error: Misread) -> Reply:
    """Answer a request of which one value cannot be used."""
    return Reply(error.command, FAILED, data=error.echoed, error=str(error))


def duplicate(request: RequestOtp) -> Reply:
    """Answer a request for a code whose reference has one."""
    return Reply(request.command, DUPLICATE, data=_echoed(request), error="The reference is in use.")


def failed(request: Request, sentence: str) -> Reply:
    """Answer a request that was understood and cannot be done."""
    return Reply(request.command, FAILED, data=_echoed(request), error=sentence)


def refused(command: str, sentence: str) -> Reply:
    """Tell a client to come back later: draining or full."""
    return Reply(command, FAILED, error=sentence, status=503, retry_after_s=RETRY_AFTER_S)


def echo(request: Echo) -> Reply:
    """Give the request back with a code."""
    rest = {key: value for key, value in request.body.items() if key not in {"command", "data", "response_code"}}
    return Reply(request.command, OK, data=request.body["data"], extra=rest)


def ussd(request: RequestUssd, text: str, raw: str, *, replyable: bool) -> Reply:
    """Tell what the network answered, by the names of the original's documentation and of its source."""
    return Reply(request.command, OK, data={**request.echoed, "ussd_response": text, "ussd_content": text, "ussd_content_raw": raw, "replyable": replyable})


def of_outcome(request: Request, job_id: str, client_id: Any, outcome: Outcome) -> Reply:
    """Answer a request whose message came to ``outcome``, by the table of outcomes."""
    if outcome.fate is Fate.REFUSED:
        return refused(request.command, outcome.error)
    if isinstance(request, RequestOtp):
        data = _echoed(request)
        if outcome.fate in {Fate.UNKNOWN, Fate.IN_HAND}:
            data |= {"id": job_id, "status": outcome.status}
    else:
        data = {"id": job_id, "client_id": client_id, "modemID": outcome.sender,
                "parts": {"sent": outcome.parts[0], "total": outcome.parts[1]},
                "reference": list(outcome.references), "status": outcome.status, "result": outcome.result}
    return Reply(request.command, outcome.fate.code, data=data, error=outcome.error)


def _echoed(request: Request) -> dict[str, Any]:
    return dict(request.echoed) if isinstance(request, RequestOtp | VerifyOtp | RequestUssd) else {}
