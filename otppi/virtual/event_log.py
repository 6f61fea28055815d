"""What the network received, as JSON lines on disk before the answer leaves, and in memory for who asks."""

import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

KEPT: Final = 100_000
"""Events and messages held in memory; older ones are in the file only."""

Event = Mapping[str, object]


class EventLog:
    """Counts and keeps events; every line of the file is written whole and at once."""

    def __init__(self, path: Path | None = None) -> None:
        """Append to `path`, or keep no file."""
        self.events: deque[Event] = deque(maxlen=KEPT)
        self.messages: deque[Event] = deque(maxlen=KEPT)
        self.submits = 0
        """SUBMITs since the start, each part counted."""
        self.received = 0
        """Whole messages since the start."""
        self.on_event: Callable[[], None] = lambda: None
        self._file = (
            None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        )

    def add(self, event: Event) -> None:
        """Write an event; when this returns, a SIGKILL cannot lose it."""
        if self._file is not None:
            os.write(self._file, json.dumps(event, ensure_ascii=False).encode() + b"\n")
        self.events.append(event)
        if event["event"] == "submit":
            self.submits += 1
        elif event["event"] == "message":
            self.received += 1
            self.messages.append(event)
        self.on_event()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
