"""The gateway, which kills itself at one step of a received message's way: ``python -m doubles.killed_inbox run …`` (see doubles.killed)."""

import os
import sys

from doubles.killed import AFTER, BEFORE, WISH, Killer, install

from actors.modem import ModemOwner
from otppi.cli import main
from otppi.domain.inbox import InboxBook
from otppi.domain.messages.receiving import Safe
from otppi.store.inbox import InboxFiles

STEPS = {
    "writing": (InboxFiles, "append", BEFORE),
    "part kept": (InboxBook, "keep_part", AFTER),
    "synced": (InboxFiles, "sync", AFTER),
    "removing": (ModemOwner, ModemOwner._handlers[Safe], BEFORE),
    "deleted": (InboxFiles, "rewrite", AFTER),
}

if __name__ == "__main__":
    killer = Killer(os.environ[WISH])
    for step, (cls, name, after) in STEPS.items():
        install(killer, step, cls, name, after)
    sys.exit(main())
