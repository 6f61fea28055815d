"""Who waits for whom: jobs in lanes of equal candidates, and senders that have nothing to do.

Jobs with the same candidates share a lane, so that a sender that becomes free looks at a handful of lanes instead of
ten thousand jobs. Within a lane priority goes before age; a sender takes the best head among its lanes. Among idle
senders the one that has been idle longest is taken, which is round robin.
"""

from bisect import bisect_left, insort

Lane = tuple[str, ...]
Place = tuple[int, int, str]
"""Priority, age and id of a job."""


class Lanes:
    """Waiting jobs and idle senders. Knows ids only."""

    def __init__(self) -> None:
        # Sorted lists: taking out of the front moves 80 kB for ten thousand jobs, some microseconds, and leaves nothing behind.
        self._queues: dict[Lane, list[Place]] = {}
        self._waiting: dict[str, tuple[Lane, Place]] = {}
        self._idle: dict[str, None] = {}  # ordered: the longest idle first

    def put(self, lane: Lane, priority: int, seq: int, job_id: str) -> None:
        """Let a job wait for any sender of ``lane``; an empty lane waits for better times."""
        place = (priority, seq, job_id)
        insort(self._queues.setdefault(lane, []), place)
        self._waiting[job_id] = (lane, place)

    def discard(self, job_id: str) -> None:
        """Take a job out; it may be absent."""
        if (held := self._waiting.pop(job_id, None)) is None:
            return
        lane, place = held
        queue = self._queues[lane]
        del queue[bisect_left(queue, place)]
        if not queue:
            del self._queues[lane]

    def pop_for(self, sender: str) -> str | None:
        """Take out the job that goes first among those that wait for this sender."""
        head = min((queue[0] for lane, queue in self._queues.items() if sender in lane), default=None)
        if head is None:
            return None
        self.discard(head[2])
        return head[2]

    def lanes(self) -> list[Lane]:
        """List the lanes in which somebody waits."""
        return list(self._queues)

    def head(self, lane: Lane) -> Place | None:
        """Give the job that goes first in a lane."""
        queue = self._queues.get(lane)
        return queue[0] if queue else None

    def count(self, lane: Lane, priority: int) -> int:
        """Count the jobs of a priority in a lane."""
        queue = self._queues.get(lane, [])
        return bisect_left(queue, (priority + 1,)) - bisect_left(queue, (priority,))

    def clear_jobs(self) -> None:
        """Take all jobs out."""
        self._queues.clear()
        self._waiting.clear()

    def idle(self, sender: str) -> None:
        """Note that a sender has nothing to do any more; it goes behind the others."""
        self._idle[sender] = None

    def busy(self, sender: str) -> None:
        """Note that a sender is not to be offered anything."""
        self._idle.pop(sender, None)

    def idle_of(self, lane: Lane) -> Lane:
        """Give the senders of a lane that have nothing to do, the longest idle first."""
        return tuple(sender for sender in self._idle if sender in lane)

    def all_idle(self) -> list[str]:
        """List the senders that have nothing to do, the longest idle first."""
        return list(self._idle)
