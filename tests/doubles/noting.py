"""Papers and replies that note in one list what is written, synced, sealed and told: who was first."""

import json

from doubles.papers import Papers
from doubles.router_rig import Rig

from otppi.domain.errors import StoreError

FULL = "The disk is full."
WORN = "The journal could not be synced: Input/output error."


class Noting(Papers):
    """``order`` holds kinds of records (an end by its status), syncs, and what else a test adds."""

    def __init__(self):
        super().__init__()
        self.order = []
        self.sync_fails = False

    def append(self, payload):
        super().append(payload)
        record = json.loads(payload)
        self.order.append(record.get("status", record["r"]))

    def keep(self, message_id, body):
        super().keep(message_id, body)
        self.order.append("sealed")

    def drop(self, message_id):
        super().drop(message_id)
        self.order.append("dropped")

    def syncing(self):
        if self.sync_fails:
            raise StoreError(WORN)
        self.order.append("sync begins")
        return lambda: self.order.append("synced")

    def break_down(self):
        self.fail_from = len(self.calls)

    def mend(self):
        self.fail_from, self.sync_fails = None, False


class Replies(list):
    """Replies that are noted beside what is written."""

    def __init__(self, order):
        super().__init__()
        self.note = order

    def append(self, reply):
        self.note.append(f"told {reply.data.get('status') or reply.status}")
        super().append(reply)


def noting_rig(folder):
    """A router's rig whose papers note replies and assignments too; both modems are usable."""
    papers = Noting()
    rig = Rig(folder, papers=papers)
    rig.replies = Replies(papers.order)
    for name, told in rig.senders.items():
        rig.stand(name, port=lambda message, told=told: papers.order.append("assigned") or told.append(message))
    return rig
