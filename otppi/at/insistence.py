"""A command that is given again while the SIM is busy."""

from otppi.at.dialogue import Command, Pause, Script

PAUSE_S = 1.0
BUSY_TRIES = 20  # "SIM busy" right after power-up passes within seconds
BUSY = {301, 314, 14, 515}  # +CMS and +CME ERROR: the SIM or the modem is busy


def insistently(command: Command) -> Script:
    """Give a command again while the modem says that the SIM is busy. Returns the Answer."""
    for _ in range(BUSY_TRIES):
        answer = yield command
        if answer.final.code not in BUSY:
            break
        yield Pause(PAUSE_S)
    return answer
