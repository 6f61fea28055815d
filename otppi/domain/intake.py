"""The intake: what the settings say about taking messages in, and the job that is made of a request."""

from dataclasses import dataclass, replace
from typing import Any

from otppi.domain.errors import Mistake
from otppi.domain.job import Job, Priority, new_id
from otppi.domain.ports import Clock, Origin
from otppi.domain.requests import RequestOtp, SendSms

_PRIORITIES = {"otp": Priority.OTP, "single": Priority.SINGLE, "bulk": Priority.BULK}


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """What the settings say about taking messages in."""

    drop_expired: bool = True
    expiration_ms: int = 300_000
    max_parts: int = 10
    max_wait_rest_s: float = 300
    max_wait_broker_s: float = 1200
    reply_timeout_s: float = 25


LONGEST_S = 366 * 86_400.0  # nobody waits longer for a modem; clocks cannot wait for ever (threading.TIMEOUT_MAX)


class Expired(Mistake):
    """The message's time was over when it arrived."""

    def __init__(self) -> None:
        super().__init__("The message expired before it was sent.")


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of the clock: unix seconds, seconds that never jump, and whether the former can be right."""

    wall: float
    monotonic: float
    plausible: bool


def moment(clock: Clock) -> Moment:
    """Read the clock."""
    return Moment(clock.wall(), clock.monotonic(), clock.wall_is_plausible())


def expiry(expiration: float | None, date_time: float | None, rules: IntakeRules) -> float | None:
    """Give the unix second after which a message is worthless, None for never."""
    if expiration is not None:
        return expiration
    return date_time + rules.expiration_ms / 1000 if date_time is not None else None


def deadline(expires_at: float | None, now: Moment, rules: IntakeRules, *, patient: bool) -> tuple[float, bool]:
    """Give the monotonic deadline of a message and whether it is the message's own expiry.

    Raises :class:`Expired`. While the clock is known to be wrong nothing expires.
    """
    wait = rules.max_wait_broker_s if patient else rules.max_wait_rest_s
    if expires_at is None or not rules.drop_expired or not now.plausible:
        return now.monotonic + wait, False
    left = expires_at - now.wall
    if left <= 0:
        raise Expired
    if left > LONGEST_S:
        return now.monotonic + (wait if patient else LONGEST_S), False
    if patient and wait < left:
        return now.monotonic + wait, False
    return now.monotonic + left, True


def check_text(text: str, parts: int, max_parts: int) -> None:
    """Refuse a text that is empty or takes too many SMS. Raises :class:`Mistake`."""
    if not text:
        raise Mistake("data.message is empty.")
    if parts > max_parts:
        raise Mistake(f"data.message would take {parts} SMS; at most {max_parts} are allowed.")


def sms_job(request: SendSms, origin: Origin, now: Moment, rules: IntakeRules, *, to: str, parts: int, print_: str) -> Job:
    """Make the job of a request to send a text to the canonical number ``to``. Raises :class:`Expired` and Mistake."""
    check_text(request.text, parts, rules.max_parts)
    if print_:
        origin = replace(origin, delivery="")  # its id tells more
    due, expires = deadline(expiry(request.expiration, request.date_time, rules), now, rules, patient=origin.patient)
    return Job(
        id=new_id(now.wall), to=to, text=request.text, parts=parts, priority=_PRIORITIES.get(request.priority, Priority.SINGLE), deadline=due, expires=expires,
        flash=request.flash, validity_s=int(request.validity_s) if request.validity_s is not None else None, client_id=request.client_id, print=print_,
        **_of(origin, now, rules),
    )


def otp_job(request: RequestOtp, origin: Origin, now: Moment, rules: IntakeRules, *, to: str, text: str, parts: int, expires_at: float) -> Job:
    """Make the job that carries a code, whose record ends at ``expires_at`` (unix seconds). Raises :class:`Expired` and Mistake."""
    check_text(text, parts, rules.max_parts)
    if expires_at <= now.wall and now.plausible:
        raise Expired  # whatever drop_expired says: nobody could verify it
    due, expires = deadline(expires_at, now, rules, patient=origin.patient)
    return Job(id=new_id(now.wall), to=to, text=text, parts=parts, priority=Priority.OTP, deadline=due, expires=expires, client_id=request.client_id,
               **_of(origin, now, rules))


def _of(origin: Origin, now: Moment, rules: IntakeRules) -> dict[str, Any]:
    return {"reply_due": None if origin.patient else now.monotonic + rules.reply_timeout_s, "patient": origin.patient, "hurried": origin.hurried,
            "source": origin.door, "user": origin.user, "delivery": origin.delivery}
