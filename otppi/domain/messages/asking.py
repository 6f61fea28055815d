"""Requests of clients that are no plain messages: OTP, blocklist, modem list, USSD."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from otppi.domain.messages.sending import ReplyTo
from otppi.domain.outcome import Outcome
from otppi.domain.ports import Origin
from otppi.domain.requests import Block, GetModemList, RequestOtp, RequestUssd, VerifyOtp


@dataclass(frozen=True, slots=True)
class AskOtp:
    """Gateway → OTP desk: create and send a code. One reply."""

    request: RequestOtp
    origin: Origin
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskRedelivered:
    """OTP desk → router: a broker delivered again what asks for a code whose reference is in use. ``delivery`` is the hash
    of its payload. One reply: that of the first delivery, or that the reference is in use.
    """

    request: RequestOtp
    delivery: str
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskVerify:
    """Gateway → OTP desk: check a code. One reply."""

    request: VerifyOtp
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class OtpSettled:
    """Router → OTP desk: the end of a code's message. ``tag`` is the record's; ``then`` replies to the client.

    ``then`` does nothing when the client has been told "in hand" already.
    """

    tag: bytes = field(repr=False)
    outcome: Outcome
    then: Callable[[], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskBlock:
    """Gateway → blocklist: block or unblock a number. One reply, after the change is on disk."""

    request: Block
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskModems:
    """Gateway → monitor: list the modems. One reply."""

    request: GetModemList
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskUssd:
    """Gateway → router → modem: run a USSD code, answer an open session, or end it. One reply."""

    request: RequestUssd
    reply: ReplyTo = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskTool:
    """Gateway → router → modem: use a tool (``tool`` is an otppi.at.tools.Tool). ``done`` takes its JSON result, ``failed`` the NotDone; one of them, once."""

    modem: str
    tool: Any
    done: Callable[[Any], None] = field(repr=False)
    failed: Callable[[Exception], None] = field(repr=False)
