"""How long a modem rests that the network bars, and the alarms that follow from how it fares."""

from otppi.at.results import Meaning
from otppi.at.submit import Submitted
from otppi.domain.failure_rate import FailureRate
from otppi.domain.messages.running import State
from otppi.domain.outcome import Attempt, Verdict
from otppi.domain.ports import Clock, Tell

BARRED_RESTS_S = (60.0, 300.0, 1800.0, 3600.0)


class Rests:
    """Belongs to one modem's owner."""

    def __init__(self, modem: str, clock: Clock, monitor: Tell) -> None:
        self._modem = modem
        self._clock = clock
        self._monitor = monitor
        self._bars = 0
        self._rate = FailureRate()
        self._alarms: set[str] = set()

    def next_s(self) -> float:
        """Give the seconds of the rest that begins now; each in a row is longer."""
        self._bars += 1
        return BARRED_RESTS_S[min(self._bars, len(BARRED_RESTS_S)) - 1]

    def note(self, attempt: Attempt, submitted: Submitted) -> None:
        """Take what became of a message; a number that the network refuses says nothing of the modem."""
        if attempt.verdict is Verdict.SENT:
            self._bars = 0
            self.alarm("barred", "")
        if submitted.barred:
            self.alarm("barred", f"The network lets the SIM send nothing: {attempt.error} Its credit may be used up.")
        if submitted.trouble is not Meaning.MESSAGE and self._rate.note(failed=attempt.verdict is not Verdict.SENT):
            self.alarm("failures", self._rate.sentence() if self._rate.alarming else "")

    def alarm(self, what: str, text: str) -> None:
        """Raise an alarm, or end it with an empty text."""
        name = f"modem {self._modem} {what}"
        if text and what not in self._alarms:
            self._alarms.add(what)
            self._monitor(State("alarm", name, {"source": f"modem {self._modem}", "what": what, "text": text, "since": self._clock.wall()}))
        elif not text and what in self._alarms:
            self._alarms.discard(what)
            self._monitor(State("alarm", name, None))

    def end(self) -> None:
        """End all alarms, with the modem's owner; the next one finds out by itself."""
        for what in list(self._alarms):
            self.alarm(what, "")
