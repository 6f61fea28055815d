"""The job that a modem holds: its PDUs, and what can be said of it at every moment."""

from dataclasses import dataclass

from otppi.at.pdu import SubmitPdu, submit_pdus
from otppi.domain.job import Job
from otppi.domain.outcome import Attempt, Verdict


@dataclass(slots=True)
class InHand:
    """A job and how far it is."""

    job: Job
    part: int = 0
    """The last part whose body was given away; from the first on the message's fate is the network's."""

    def cut_short(self, why: str) -> Attempt:
        """Report on the job when nobody will say more about it."""
        verdict = Verdict.UNKNOWN if self.part else Verdict.AGAIN
        return Attempt(verdict, why, parts=(max(0, self.part - 1), self.job.parts))


def encoded(job: Job, reference: int, left_s: float) -> tuple[SubmitPdu, ...]:
    """Give the PDUs of a job that has ``left_s`` seconds left; the network keeps what expires no longer than that.

    Raises PduError for an odd number and TextError for a text that cannot be sent.
    """
    validity_s = max(1, int(left_s)) if job.validity_s is None and job.expires else job.validity_s
    return submit_pdus(job.to, job.text, reference=reference, validity_s=validity_s, flash=job.flash)
