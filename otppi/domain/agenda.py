"""What must happen when: one moment per name at most."""

import heapq
from collections.abc import Iterator

_SLACK = 64  # moments out of date that are kept before it is worth looking


class Agenda:
    """Moments by name; setting one again replaces it."""

    def __init__(self) -> None:
        self._moments: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []  # holds moments out of date as well; those are passed over

    def put(self, name: str, moment: float) -> None:
        """Set the moment of a name; infinity takes it off."""
        if self._moments.get(name) == moment:
            return
        if moment == float("inf"):
            self.drop(name)
            return
        self._moments[name] = moment
        if len(self._heap) > _SLACK + 2 * len(self._moments):
            self._heap = [(due, other) for other, due in self._moments.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (moment, name))

    def drop(self, name: str) -> None:
        """Take a name off; it may be absent."""
        self._moments.pop(name, None)

    def due(self, now: float) -> Iterator[str]:
        """Take off and give, one by one, the names whose moment has come; moments set meanwhile count too."""
        while (first := self.first()) is not None and first <= now:
            name = heapq.heappop(self._heap)[1]
            del self._moments[name]
            yield name

    def first(self) -> float | None:
        """Give the earliest moment, None when there is none."""
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
