"""How a job can end, and the sentence that its sender is told."""

from otppi.domain.job import Job
from otppi.domain.outcome import Attempt, Fate, Outcome, Verdict

_FINAL = {
    Verdict.SENT: (Fate.SENT, "sent"),
    Verdict.FAILED: (Fate.FAILED, "failed"),
    Verdict.UNKNOWN: (Fate.UNKNOWN, "unknown"),
}


def blocked(job: Job) -> Outcome:
    """The blocklist said no."""
    return Outcome(Fate.FAILED, "blocked", "The receiver is on the blocklist.", parts=(0, job.parts))


def unscreened(job: Job) -> Outcome:
    """The blocklist said nothing in time."""
    return Outcome(Fate.FAILED, "failed", "The blocklist did not answer, so nothing was sent.", parts=(0, job.parts))


def refused(job: Job, *, draining: bool) -> Outcome:
    """The job was not taken in."""
    sentence = "The gateway is shutting down; try again in a moment." if draining else "The queue is full; try again in a moment."
    return Outcome(Fate.REFUSED, "failed", sentence, parts=(0, job.parts))


def unwritten(job: Job, why: str, *, answered: bool) -> Outcome:
    """The journal cannot be written, so that nothing may be sent."""
    return Outcome(Fate.FAILED if answered else Fate.REFUSED, "failed", why, parts=(0, job.parts))


def shut_down(job: Job) -> Outcome:
    """The drain found the job unsent; whoever waits for it may try again."""
    return Outcome(Fate.REFUSED, "failed", "The gateway was shut down before the message was sent.", parts=(0, job.parts))


def expired(job: Job) -> Outcome:
    """The message's own time is over."""
    return Outcome(Fate.EXPIRED, "expired", "The message expired before it was sent.", parts=(0, job.parts))


def waited(job: Job) -> Outcome:
    """The deadline came while every modem was busy."""
    return Outcome(Fate.EXPIRED, "expired", "The message waited as long as allowed and no modem was free.", parts=(0, job.parts))


def without_modem(job: Job, last: Attempt | None, *, tried: bool) -> Outcome:
    """Nobody is there to send it. ``last`` is what the last sender said; ``tried`` that one gave it up for good."""
    if last is None:
        return Outcome(Fate.NO_MODEM, "failed", "No modem is connected that may send to this receiver.", parts=(0, job.parts))
    return Outcome(Fate.FAILED if tried else Fate.NO_MODEM, "failed", last.error, parts=(0, job.parts), result=last.result)


def reported(sender: str, attempt: Attempt) -> Outcome:
    """A sender said sent, failed or unknown."""
    fate, status = _FINAL[attempt.verdict]
    return Outcome(fate, status, attempt.error, sender, attempt.parts, attempt.references, attempt.result)


def in_hand(job: Job, sender: str) -> Outcome:
    """No end yet: the reply is due before the outcome. ``sender`` is empty while nobody holds the job."""
    return Outcome(Fate.IN_HAND, "sending" if sender else "queued", sender=sender, parts=(0, job.parts))
