"""Who waits for whom: jobs in lanes of equal candidates, and senders that have nothing to do.

Jobs with the same candidates share a lane, so that a sender that becomes free looks at a handful of lanes instead of
ten thousand jobs. Within a lane priority goes before age; a sender takes the best head among its lanes. Among idle
senders the one that has been idle longest is taken, which is round robin.
"""

import heapq

Lane = tuple[str, ...]


class Lanes:
    """Waiting jobs and idle senders. Knows ids only."""

    def __init__(self) -> None:
        self._queues: dict[Lane, list[tuple[int, int, str]]] = {}
        self._waiting: dict[str, Lane] = {}
        self._idle: dict[str, None] = {}  # ordered: the longest idle first

    def put(self, lane: Lane, priority: int, seq: int, job_id: str) -> None:
        """Let a job wait for any sender of ``lane``; an empty lane waits for better times."""
        heapq.heappush(self._queues.setdefault(lane, []), (priority, seq, job_id))
        self._waiting[job_id] = lane

    def discard(self, job_id: str) -> None:
        """Take a job out; it may be absent."""
        lane = self._waiting.pop(job_id, None)
        if lane is not None:
            self._head(lane)  # drops it when it stands first; else it is dropped when it comes to stand there

    def idle(self, sender: str) -> None:
        """Note that a sender has nothing to do; it goes behind the others."""
        self._idle.pop(sender, None)
        self._idle[sender] = None

    def busy(self, sender: str) -> None:
        """Note that a sender is not to be offered anything."""
        self._idle.pop(sender, None)

    def idle_of(self, lane: Lane) -> str | None:
        """Give the sender of a lane that has been idle longest."""
        return next((sender for sender in self._idle if sender in lane), None)

    def all_idle(self) -> list[str]:
        """List the senders that have nothing to do, the longest idle first."""
        return list(self._idle)

    def pop_for(self, sender: str) -> str | None:
        """Take out the job that goes first among those that wait for this sender."""
        heads = [(head, lane) for lane in list(self._queues) if sender in lane and (head := self._head(lane)) is not None]
        if not heads:
            return None
        head, lane = min(heads)
        heapq.heappop(self._queues[lane])
        del self._waiting[head[2]]
        self._head(lane)
        return head[2]

    def clear_jobs(self) -> None:
        """Take all jobs out."""
        self._queues.clear()
        self._waiting.clear()

    def _head(self, lane: Lane) -> tuple[int, int, str] | None:
        """Give the first job of a lane that still waits there, after dropping those that do not."""
        queue = self._queues.get(lane)
        while queue:
            if self._waiting.get(queue[0][2]) == lane:
                return queue[0]
            heapq.heappop(queue)
        self._queues.pop(lane, None)
        return None
