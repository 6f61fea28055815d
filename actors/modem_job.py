"""The job that a modem holds: its PDUs, and what can be said of it at every moment."""

from dataclasses import dataclass

from otppi.at.pdu import SubmitPdu, submit_pdus
from otppi.domain.chronicle import Mark
from otppi.domain.job import Job
from otppi.domain.outcome import Attempt, Verdict


@dataclass(slots=True)
class InHand:
    """A job and how far it is."""

    job: Job
    left: bool = False
    """Whether a body was given away whose fate is not known yet."""
    taken: tuple[int, ...] = ()
    """The TP-MR of the parts that the network took."""

    def mark(self, *, left: bool) -> Mark:
        """Give what is to be on disk at a step."""
        return Mark(self.job.id, self.job.parts, left, self.taken)

    def cut_short(self, why: str) -> Attempt:
        """Report on the job when nobody will say more about it."""
        sent, parts = len(self.taken), self.job.parts
        if sent >= parts:
            return Attempt(Verdict.SENT, parts=(sent, parts), references=self.taken, result="OK")
        if self.left:
            return Attempt(Verdict.UNKNOWN, why, (sent, parts), self.taken)
        if sent:
            return Attempt(Verdict.FAILED, f"{why} {sent} of {parts} parts had left.", (sent, parts), self.taken)
        return Attempt(Verdict.AGAIN, why, (0, parts))


def encoded(job: Job, reference: int, left_s: float, *, status_report: bool = False) -> tuple[SubmitPdu, ...]:
    """Give the PDUs of a job that has ``left_s`` seconds left; the network keeps what expires no longer than that.

    Raises PduError for an odd number and TextError for a text that cannot be sent.
    """
    validity_s = max(1, int(left_s)) if job.validity_s is None and job.expires else job.validity_s
    return submit_pdus(job.to, job.text, reference=reference, validity_s=validity_s, flash=job.flash, status_report=status_report)
