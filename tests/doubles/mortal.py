"""The real service, killed at a step that a test names, and what it left on disk."""

import shutil
from pathlib import Path

import requests
from doubles.killed import WISH
from doubles.service import Service, until

from otppi.adapters.clock import SystemClock
from otppi.domain import chronicle
from otppi.domain.chronicle import Story
from otppi.domain.msisdn import mask
from otppi.store.days import DayJournals
from otppi.written import open_written

DIE_LIMIT_S = 20
ALL_LIMIT_S = 20


class Mortal(Service):
    """A service that dies at a step of doubles.killed, or when it is told."""

    def __init__(self, folder, network, **more):
        self._wish = folder / "kill"
        tests = str(Path(__file__).parent.parent)
        super().__init__(folder, network, module="doubles.killed", environment={"PYTHONPATH": tests, WISH: str(self._wish)}, **more)

    def die_at(self, step, times=1):
        """Die when this step is passed for the n-th time from now on."""
        new = self._wish.with_suffix(".new")
        new.write_text(f"{step} {times}")
        new.rename(self._wish)

    def until_dead(self):
        """Wait for the end that was wished for."""
        self.process.wait(DIE_LIMIT_S)
        self.wait()
        self._wish.unlink()

    def lose_power(self):
        """Empty what lies in RAM; the service is dead."""
        shutil.rmtree(self.run)

    def alive(self):
        """Start it if it is dead; a wish that did not come true is forgotten."""
        self._wish.unlink(missing_ok=True)
        if self.process.poll() is not None:
            self.start()

    def ask(self, command, **data):
        """Post; gives the reply, None when the connection broke."""
        try:
            return self.post(command, **data)
        except requests.ConnectionError:
            return None

    def stories(self):
        """Give what is written down, by masked number, the latest of each."""
        return {story.facts.to: story for story in self._all_stories()}

    def _all_stories(self):
        days = DayJournals(self.data / "messages", SystemClock().wall, 30)
        try:
            return list(chronicle.read(days.replay(0)).values())
        finally:
            days.close()

    def story(self, to):
        """Give what is written down of the message to that number, None when nothing is."""
        return self.stories().get(mask(to))

    def until_all_ended(self):
        """Wait until every message that was written down has its end; the figures of the status may be a moment old."""
        until(lambda: all(story.end is not None for story in self._all_stories()), ALL_LIMIT_S)

    def told_after_power_cut(self, folder):
        """Start on a copy of what lies on disk, with nothing left in RAM; gives the stories by masked number."""
        data, run = folder / "copy", folder / "new-run"
        shutil.copytree(self.data, data)
        run.mkdir()
        written = open_written(data, run, SystemClock(), 24)
        try:
            assert written.recovery.trouble == ""
            return {story.facts.to: story for story in chronicle.read(written.journal.replay(0)).values()}
        finally:
            written.journal.close()


def ended(story):
    """Give the status that a story came to: None without a story, "open" without an end."""
    if story is None:
        return None
    assert isinstance(story, Story)
    return story.end["status"] if story.end is not None else "open"
