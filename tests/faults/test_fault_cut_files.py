"""Files cut at every byte of their last record before a start: it starts, says so, and nothing is told wrongly (Q1)."""

import logging
import shutil

import pytest
from doubles.mortal import Mortal, ended
from doubles.network import VirtualNetwork

from otppi.adapters.clock import SystemClock
from otppi.domain import chronicle
from otppi.domain.chronicle import Mark
from otppi.domain.job import Job, Priority, new_id
from otppi.domain.outcome import Fate, Outcome
from otppi.written import open_written

CLOCK = SystemClock()
SENT = Outcome(Fate.SENT, "sent", "", "modem0", (1, 1), (7,), "OK")


def a_job(number):
    now = CLOCK.monotonic()
    return Job(id=new_id(CLOCK.wall()), to=f"62811{number:04d}567", text="Your code is 135790", parts=1, priority=Priority.SINGLE, deadline=now + 300,
               expires=False, reply_due=now + 25, source="rest", user="shop", print=f"{number:032x}")


class Disk:
    """What a gateway left that died with: a message sent, one kept, one with the modem."""

    def __init__(self, folder):
        self.data, self.run = folder / "data", folder / "run"
        self.data.mkdir()
        self.run.mkdir()
        written = open_written(self.data, self.run, CLOCK, 24)
        ledger, mark = written.ledger, written.mark("modem0")
        self.sent, self.kept, self.held = (a_job(number) for number in range(3))
        for job in (self.sent, self.kept, self.held):
            ledger.arrived(job, CLOCK.wall())
        ledger.arm([self.sent.id])
        self._send(ledger, mark, self.sent, left=False)
        ledger.settled(self.sent, SENT, CLOCK.wall())
        ledger.keep(self.kept, now=CLOCK.wall(), monotonic=CLOCK.monotonic())
        ledger.arm([self.held.id])
        self._send(ledger, mark, self.held, left=True)
        mark.close()
        written.journal.close()

    def _send(self, ledger, mark, job, *, left):
        ledger.begun(job.id, "modem0", CLOCK.wall())
        mark.write(Mark(job.id, 1, left, () if left else (7,)).to_json())

    @property
    def journal(self):
        [path] = (self.data / "messages").iterdir()
        return path

    @property
    def mark(self):
        [path] = (self.data / "marks").iterdir()
        return path

    @property
    def body(self):
        [path] = (self.data / "spool").iterdir()
        return path

    def start(self):
        """Begin a life; gives what it found and what is written down then."""
        written = open_written(self.data, self.run, CLOCK, 24)
        try:
            stories = {story.facts.id: ended(story) for story in chronicle.read(written.journal.replay(0)).values()}
            known = {job.id: written.ledger.known(job.print, CLOCK.wall()) for job in (self.sent, self.kept, self.held)}
        finally:
            written.journal.close()
        assert written.recovery.trouble == ""
        return written.recovery, stories, known


@pytest.fixture
def disk(tmp_path):
    return Disk(tmp_path)


@pytest.fixture
def damaged(disk, tmp_path):
    """Gives what a start finds after a file was cut; each time on a copy."""

    def start(which, size, *, power=False):
        work = tmp_path / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(disk.data, work / "data")
        shutil.copytree(disk.run, work / "run")
        if power:
            shutil.rmtree(work / "run")
            (work / "run").mkdir()
        copy = object.__new__(Disk)
        copy.__dict__.update(disk.__dict__, data=work / "data", run=work / "run")
        path = getattr(copy, which)
        with path.open("r+b") as file:
            file.truncate(size)
        found, again = copy.start(), copy.start()
        assert [job.id for job in again[0].resumed] == [job.id for job in found[0].resumed]
        assert again[0].ended == []
        return found

    return start


def test_nothing_cut_is_told_as_it_was(disk):
    found, stories, known = disk.start()
    assert [job.id for job in found.resumed] == [disk.kept.id]
    assert stories == {disk.sent.id: "sent", disk.kept.id: "open", disk.held.id: "unknown"}
    assert [known[job.id].outcome and known[job.id].outcome.fate for job in (disk.sent, disk.kept, disk.held)] == [Fate.SENT, None, Fate.UNKNOWN]


def test_a_journal_cut_at_any_byte_of_its_last_record_loses_that_record_alone_and_says_so(disk, damaged, caplog):
    whole = disk.journal.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    for size in range(last, len(whole)):  # the record that armed the message which the modem held
        caplog.clear()
        caplog.set_level(logging.WARNING)
        found, stories, known = damaged("journal", size)
        assert [job.id for job in found.resumed] == [disk.kept.id]
        assert stories == {disk.sent.id: "sent", disk.kept.id: "open"}
        assert known[disk.sent.id].outcome.fate is Fate.SENT
        assert ("were cut off" in caplog.text) is (size > last)


def test_a_journal_cut_anywhere_by_a_power_cut_never_says_failed_of_what_was_sent(disk, damaged):
    whole = disk.journal.read_bytes()
    for size in range(whole.index(b"\n") + 1, len(whole), 5):  # the first record was synced before the modem got the message
        found, stories, known = damaged("journal", size, power=True)
        assert found.resumed == []
        assert stories[disk.sent.id] in {"sent", "unknown"}
        assert known[disk.sent.id].outcome.fate.name == stories[disk.sent.id].upper()
        assert stories.get(disk.kept.id, "failed") == "failed"
        assert stories.get(disk.held.id, "unknown") == "unknown"


def test_a_mark_cut_at_any_byte_makes_what_was_armed_unknown_and_says_so(disk, damaged, caplog):
    for size in range(1, len(disk.mark.read_bytes()), 97):
        caplog.clear()
        found, stories, known = damaged("mark", size)
        assert stories == {disk.sent.id: "sent", disk.kept.id: "open", disk.held.id: "unknown"}
        assert [job.id for job in found.resumed] == [disk.kept.id]
        assert known[disk.held.id].outcome.fate is Fate.UNKNOWN
        assert "is damaged; what its modem held counts as unknown" in caplog.text


def test_a_kept_body_cut_at_any_byte_ends_its_message_as_failed_and_it_may_come_again(disk, damaged):
    for size in range(len(disk.body.read_bytes())):
        found, stories, known = damaged("body", size)
        assert found.resumed == []
        assert stories == {disk.sent.id: "sent", disk.kept.id: "failed", disk.held.id: "unknown"}
        assert known[disk.kept.id] is None


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.mark.parametrize("cut, kept_is", [
    ("messages", "failed"),  # the record of the promise is the one that was cut
    ("otp.journal", "sent"), ("marks", "unknown"), ("spool", "failed"),
])
def test_the_real_service_starts_after_a_cut_goes_on_and_doubles_nothing(tmp_path, network, cut, kept_is):
    with Mortal(tmp_path, network, settings={"api": {"reply_timeout_s": 0.2}}) as service:
        network.latency(0)
        data = {"receiver": "6281100000567", "message": "hello", "id": "mine"}
        sent = service.post("send-sms", **data)
        service.post("request-otp", receiver=data["receiver"], message="%s", reference="first")
        network.latency(60_000)
        held = service.post("send-sms", receiver="6281100001567", message="held")
        kept = service.post("send-sms", receiver="6281100002567", message="kept")
        assert [reply["data"]["status"] for reply in (sent, held, kept)] == ["sent", "sending", "queued"]
        before = len(network.logged("submit"))
        service.kill()
        network.latency(0)
        network.unplug()
        network.replug()
        path = service.data / cut
        [path] = path.iterdir() if path.is_dir() and cut != "spool" else [path / kept["data"]["id"] if path.is_dir() else path]
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 1)
        service.start()
        service.until_all_ended()
        assert service.post("send-sms", **data)["data"]["id"] == sent["data"]["id"]
        status = {name: service.post("get-message-status", id=reply["data"]["id"])["data"]["status"] for name, reply in (("held", held), ("kept", kept))}
        assert status == {"held": "unknown", "kept": kept_is}
        assert [submit["to"] for submit in network.logged("submit")[before:]] == (["6281100002567"] if kept_is == "sent" else [])
        if cut != "spool":
            assert {"messages": "were cut off", "otp.journal": "were cut off", "marks": "is damaged"}[cut] in service.log.read_text()
