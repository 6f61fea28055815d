"""The gateway, which kills itself (SIGKILL) at one step of a message's way: ``python -m doubles.killed run …``.

The step stands in the file that OTPPI_TEST_KILL names: ``<step> <n>`` for the n-th time from when the file is there.
"""

import functools
import os
import signal
import sys
import threading
from pathlib import Path

from actors.modem import ModemOwner
from actors.otp_desk import OtpDesk
from actors.router import Router
from otppi.adapters.serial_lines import SerialLine
from otppi.cli import main
from otppi.domain.ledger import Ledger
from otppi.store.journal import FileJournal
from otppi.store.marks import MarkFile
from otppi.store.spool import Spool

WISH = "OTPPI_TEST_KILL"
BEFORE, AFTER = False, True
CTRL_Z = b"\x1a"

STEPS = {  # owner, method, and when; roughly in the order of a message's way
    "asked": (Router, "ask_send", BEFORE),
    "arming": (Ledger, "arm", BEFORE),
    "armed": (Ledger, "arm", AFTER),
    "synced": (Router, "synced", BEFORE),
    "handing over": (Ledger, "begun", BEFORE),
    "handed over": (ModemOwner, "assign", BEFORE),
    "marking": (MarkFile, "write", BEFORE),  # before each body and after each answer
    "marked": (MarkFile, "write", AFTER),
    "body gone": (SerialLine, "write", AFTER),
    "finished": (Router, "finished", BEFORE),
    "ending": (Ledger, "settled", BEFORE),
    "ended": (Ledger, "settled", AFTER),
    "keeping": (Ledger, "keep", BEFORE),
    "body kept": (Spool, "keep", AFTER),
    "kept": (Ledger, "keep", AFTER),
    "dropping": (Spool, "drop", BEFORE),
    "noting a code": (FileJournal, "append", BEFORE),  # of the OTP journal alone
    "code noted": (FileJournal, "append", AFTER),
    "settling a code": (OtpDesk, "settled", BEFORE),
    "code settled": (OtpDesk, "settled", AFTER),
}


class Killer:
    """Waits for the step in the file, and counts it."""

    def __init__(self, wish):
        self._path = Path(wish)
        self._lock = threading.Lock()
        self._step, self._left = "", 0

    def passed(self, step):
        with self._lock:
            if not self._left and self._path.exists():
                self._step, _, times = self._path.read_text().rpartition(" ")
                self._left = int(times)
            if step == self._step:
                self._left -= 1
                if not self._left:
                    os.kill(os.getpid(), signal.SIGKILL)
                    threading.Event().wait()  # nothing more is done until the signal has come


def concerns(step, owner, args):
    if step == "body gone":
        return args[0].endswith(CTRL_Z)
    return not isinstance(owner, FileJournal) or owner._path.name == "otp.journal"


def install(killer, step, cls, name, after):
    true = getattr(cls, name)

    @functools.wraps(true)
    def dying(self, *args, **more):
        mine = concerns(step, self, args)
        if mine and not after:
            killer.passed(step)
        result = true(self, *args, **more)
        if mine and after:
            killer.passed(step)
        return result

    setattr(cls, name, dying)


if __name__ == "__main__":
    killer = Killer(os.environ[WISH])
    for step, (cls, name, after) in STEPS.items():
        install(killer, step, cls, name, after)
    sys.exit(main())
