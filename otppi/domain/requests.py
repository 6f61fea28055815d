"""Every request a client can make, and the one parser for all doors.

``{"command": …, "data": {…}, "callback_topic"?: …, "callback_delay"?: …}`` becomes an :class:`Envelope` with one of the
request classes below. A new command is one class here and one line in :data:`COMMANDS`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from otppi.domain import lenient
from otppi.domain.errors import Mistake, NotUnderstood

Echoed = dict[str, Any]
"""Values of a request that its reply repeats as they were sent, types kept."""

MILLISECONDS_ABOVE = 1e11  # a later unix second than this lies in the year 5138: the client meant milliseconds
MAX_VALIDITY_S = 63 * 7 * 86_400  # 63 weeks, the longest TP-VP (TS 23.040, 9.2.3.12.1)
MAX_REFERENCE = 200  # characters of a client's reference or id


@dataclass(frozen=True, slots=True)
class RequestOtp:
    """Create a code, send it inside ``template`` and keep what is needed to verify it."""

    command: str
    receiver: str = field(repr=False)
    template: str = field(repr=False)
    reference: str
    params: tuple[str, str, str, str] = field(repr=False)
    subject: str = field(repr=False)
    date_time: float | None
    expiration: float | None
    client_id: Any
    echoed: Echoed = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifyOtp:
    """Check a code against reference, receiver and params; a right one is consumed."""

    command: str
    receiver: str = field(repr=False)
    code: str = field(repr=False)
    reference: str
    params: tuple[str, str, str, str] = field(repr=False)
    echoed: Echoed = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendSms:
    """Send a text to an MSISDN. ``modem`` is empty except where a person picked one."""

    command: str
    receiver: str = field(repr=False)
    text: str = field(repr=False)
    date_time: float | None
    expiration: float | None
    client_id: Any
    priority: str = ""
    flash: bool = False
    validity_s: float | None = None
    data: Echoed = field(default_factory=dict, repr=False)
    """As it was sent: what tells a repetition from another request."""


@dataclass(frozen=True, slots=True)
class SendEmail:
    """Send a text to a mail address."""

    command: str
    receiver: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    date_time: float | None
    expiration: float | None
    client_id: Any


@dataclass(frozen=True, slots=True)
class Block:
    """Put a number on the blocklist, or with ``on`` false take it off."""

    command: str
    receiver: str = field(repr=False)
    on: bool


@dataclass(frozen=True, slots=True)
class GetModemList:
    """Tell every modem's identity and state."""

    command: str


@dataclass(frozen=True, slots=True)
class RequestUssd:
    """Run a USSD code on one modem, answer an open dialogue, or end it with ``cancel``."""

    command: str
    modem_id: str
    ussd_code: str = field(repr=False)
    cancel: bool
    echoed: Echoed = field(repr=False)


@dataclass(frozen=True, slots=True)
class GetMessageStatus:
    """Tell what became of a message by the id that its reply carried."""

    command: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Echo:
    """Return the request."""

    command: str
    body: Echoed = field(repr=False)


Request = RequestOtp | VerifyOtp | SendSms | SendEmail | Block | GetModemList | RequestUssd | GetMessageStatus | Echo


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request and where its reply should go on a broker. ``callback_delay`` is in milliseconds as sent."""

    request: Request
    callback_topic: str = ""
    callback_delay: float | None = None


def parse(body: bytes) -> Envelope:
    """Read one request.

    Raises :class:`NotUnderstood` for broken JSON, missing ``data`` or an unknown command, :class:`Misread` when a value
    has a shape that cannot be used.
    """
    return read(lenient.loads(body))


def read(value: Any) -> Envelope:
    """Like :func:`parse`, for JSON that has been parsed already."""
    if not isinstance(value, dict):
        raise NotUnderstood('The body must be an object: {"command": …, "data": {…}}.')
    command = value.get("command")
    if not isinstance(command, str) or not command:
        raise NotUnderstood('The body has no "command".')
    build = COMMANDS.get(command)
    if build is None:
        raise NotUnderstood("The command is unknown. Known ones: " + ", ".join(COMMANDS) + ".")
    data = value.get("data")
    if not isinstance(data, dict):
        raise NotUnderstood('The body has no "data" object.')
    topic, delay = "", None
    try:
        topic = lenient.text(value, "callback_topic", where="")
        delay = lenient.number(value, "callback_delay", where="")
        return Envelope(build(command, data, value), topic, delay)
    except Mistake as mistake:
        raise Misread(command, _echoed(data) if command in _OTP else {}, str(mistake), topic, delay) from None


class Misread(Mistake):
    """The command was understood, one of its values cannot be used. The reply goes where the request's would have gone."""

    def __init__(self, command: str, echoed: Echoed, sentence: str, callback_topic: str = "", callback_delay: float | None = None) -> None:
        self.command = command
        self.echoed = echoed
        self.callback_topic = callback_topic
        self.callback_delay = callback_delay
        super().__init__(sentence)


def _echoed(data: Echoed) -> Echoed:
    return _repeated(data, "date_time", "receiver", "reference")


def _repeated(data: Echoed, *keys: str) -> Echoed:
    return {key: data[key] for key in keys if key in data}


def _params(data: Echoed) -> tuple[str, str, str, str]:
    one, two, three, four = (lenient.text(data, f"param{n}").strip() for n in (1, 2, 3, 4))
    return one, two, three, four


def _reference(data: Echoed) -> str:
    reference = lenient.text(data, "reference").strip()
    if not reference:
        raise Mistake("data.reference is missing.")
    if len(reference) > MAX_REFERENCE:
        raise Mistake(f"data.reference is longer than {MAX_REFERENCE} characters.")
    return reference


def _client_id(data: Echoed) -> Any:
    if len(lenient.text(data, "id")) > MAX_REFERENCE:
        raise Mistake(f"data.id is longer than {MAX_REFERENCE} characters.")
    return data.get("id")


def _unix(data: Echoed, key: str) -> float | None:
    seconds = lenient.number(data, key)
    if seconds is not None and seconds > MILLISECONDS_ABOVE:
        seconds /= 1000
    return seconds or None  # the original's clients write 0 for "not set"


def _request_otp(command: str, data: Echoed, _: Echoed) -> Request:
    return RequestOtp(
        command=command,
        receiver=lenient.text(data, "receiver").strip(),
        template=lenient.text(data, "message"),
        reference=_reference(data),
        params=_params(data),
        subject=lenient.text(data, "subject"),
        date_time=_unix(data, "date_time"),
        expiration=_unix(data, "expiration"),
        client_id=_client_id(data),
        echoed=_echoed(data),
    )


def _verify_otp(command: str, data: Echoed, _: Echoed) -> Request:
    return VerifyOtp(
        command=command,
        receiver=lenient.text(data, "receiver").strip(),
        code=lenient.text(data, "otp").strip(),
        reference=_reference(data),
        params=_params(data),
        echoed=_echoed(data),
    )


def _send_sms(command: str, data: Echoed, _: Echoed) -> Request:
    priority = lenient.text(data, "priority")
    if priority not in {"", "otp", "single", "bulk"}:
        raise Mistake('data.priority must be "otp", "single" or "bulk".')
    validity_s = lenient.number(data, "validity_s")
    if validity_s is not None and validity_s < 1:
        raise Mistake("data.validity_s must be at least 1 second.")
    return SendSms(
        command=command,
        receiver=lenient.text(data, "receiver").strip(),
        text=lenient.text(data, "message"),
        date_time=_unix(data, "date_time"),
        expiration=_unix(data, "expiration"),
        client_id=_client_id(data),
        priority=priority,
        flash=lenient.flag(data, "flash"),
        data=data,
        validity_s=None if validity_s is None else min(validity_s, MAX_VALIDITY_S),
    )


def _send_email(command: str, data: Echoed, _: Echoed) -> Request:
    return SendEmail(
        command=command,
        receiver=lenient.text(data, "receiver").strip(),
        subject=lenient.text(data, "subject"),
        text=lenient.text(data, "message"),
        date_time=_unix(data, "date_time"),
        expiration=_unix(data, "expiration"),
        client_id=_client_id(data),
    )


def _send_message(command: str, data: Echoed, body: Echoed) -> Request:
    build = _send_email if "@" in lenient.text(data, "receiver") else _send_sms
    return build(command, data, body)


def _block(command: str, data: Echoed, _: Echoed) -> Request:
    receiver = lenient.text(data, "receiver").strip() or lenient.text(data, "msisdn").strip()
    if not receiver:
        raise Mistake("data.receiver is missing.")
    return Block(command, receiver, on=command == "block-msisdn")


def _ussd(command: str, data: Echoed, _: Echoed) -> Request:
    return RequestUssd(
        command=command,
        modem_id=lenient.text(data, "modem_id"),
        ussd_code=lenient.text(data, "ussd_code"),
        cancel=lenient.flag(data, "cancel"),
        echoed=_repeated(data, "date_time", "modem_id", "ussd_code"),
    )


COMMANDS: dict[str, Callable[[str, Echoed, Echoed], Request]] = {
    "request-otp": _request_otp,
    "verify-otp": _verify_otp,
    "send-sms": _send_sms,
    "send-email": _send_email,
    "send-mail": _send_email,
    "send-message": _send_message,
    "block-msisdn": _block,
    "unblock-msisdn": _block,
    "get-modem-list": lambda command, data, body: GetModemList(command),
    "request-ussd": _ussd,
    "get-message-status": lambda command, data, body: GetMessageStatus(command, lenient.text(data, "id").strip()),
    "echo": lambda command, data, body: Echo(command, body),
}
_OTP = {"request-otp", "verify-otp"}
