"""What is said of messages after their end: written down, found again in another life, told to their owner."""

import pytest
from doubles.papers import Papers

from otppi.domain.chronicle import UNDELIVERED
from otppi.domain.errors import StoreError
from otppi.domain.job import Job, Priority, new_id
from otppi.domain.ledger import Ledger, owner_of, story_of
from otppi.domain.outcome import Fate, Outcome

NOW = 1_800_000_000.0
TO = "62812345678"


@pytest.fixture
def papers():
    return Papers()


@pytest.fixture
def ledger(papers):
    return started(papers)


def started(papers, now=NOW):
    ledger = Ledger(papers, papers, b"key", 24)
    ledger.recover([], "life", now=now, monotonic=0.0)
    return ledger


def ended(ledger, fate=Fate.SENT, references=(7,), total=1, sender="m1", to=TO):
    """A message that came to an end; gives its id."""
    job = Job(new_id(NOW), to, "text", total, Priority.SINGLE, 1000.0, False, None, source="rest", user="shop")
    ledger.arrived(job, NOW)
    ledger.arm([job.id])
    ledger.begun(job.id, sender, NOW + 1)
    ledger.settled(job, Outcome(fate, fate.name.lower(), "", sender, (len(references), total), references), NOW + 2)
    return job.id


def told(papers, message_id):
    return story_of(papers.lines, message_id, owner_of("rest", "shop"))


def report(ledger, reference, *, delivered=True, sender="m1", to=TO):
    return ledger.reported(sender, reference, to, delivered=delivered, code=0 if delivered else 0x41, now=NOW + 10)


@pytest.mark.parametrize("lives", [1, 2])
def test_a_message_is_delivered_once_every_part_is_also_when_the_reports_come_in_another_life(papers, ledger, lives):
    message = ended(ledger, references=(7, 8), total=2)
    ledger = started(papers) if lives == 2 else ledger
    assert report(ledger, 8).part == 2
    assert told(papers, message)["status"] == "sent"
    ledger = started(papers) if lives == 2 else ledger
    assert report(ledger, 7).whole
    assert told(papers, message)["status"] == "delivered"
    assert [entry["status"] for entry in told(papers, message)["history"]] == ["queued", "sending", "sent", "delivered"]
    assert report(started(papers), 7) is None


def test_a_part_that_was_not_delivered_makes_the_message_fail_whatever_comes_after(papers, ledger):
    message = ended(ledger, references=(7, 8), total=2)
    report(ledger, 7, delivered=False)
    assert not report(ledger, 8).whole
    assert (told(papers, message)["status"], told(papers, message)["error"]) == ("failed", UNDELIVERED)


@pytest.mark.parametrize("strange", [{"sender": "m2"}, {"to": "62899999999"}, {"reference": 9}])
def test_a_report_of_another_message_is_written_down_as_a_stray_with_a_masked_number(papers, ledger, strange):
    message = ended(ledger)
    assert report(ledger, **{"reference": 7, **strange}) is None
    assert told(papers, message)["status"] == "sent"
    assert b'"stray"' in papers.lines[-1]
    assert strange.get("to", TO).encode() not in papers.lines[-1]


@pytest.mark.parametrize("lives", [1, 2])
def test_a_late_answer_makes_a_message_of_unknown_fate_sent_and_a_report_delivered(papers, ledger, lives):
    message = ended(ledger, Fate.UNKNOWN, references=(7,), total=2)
    ledger = started(papers) if lives == 2 else ledger
    assert ledger.sent_after_all(message, "m1", 9, NOW + 5)
    assert not ledger.sent_after_all(message, "m1", 10, NOW + 6)
    assert (told(papers, message)["status"], told(papers, message)["parts"]) == ("sent", {"sent": 2, "total": 2})
    ledger = started(papers) if lives == 2 else ledger
    report(ledger, 7)
    assert report(ledger, 9).whole
    assert told(papers, message)["status"] == "delivered"
    assert [entry["status"] for entry in told(papers, message)["history"]] == ["queued", "sending", "unknown", "sent", "delivered"]


@pytest.mark.parametrize("fate, sender", [(Fate.SENT, "m1"), (Fate.FAILED, "m1"), (Fate.UNKNOWN, "m2")])
def test_a_late_answer_counts_for_a_message_in_doubt_at_this_modem_alone(papers, ledger, fate, sender):
    message = ended(ledger, fate, references=())
    assert not ledger.sent_after_all(message, sender, 9, NOW + 5)
    assert told(papers, message)["status"] == fate.name.lower()


def test_a_report_that_cannot_be_written_down_is_waited_for_again(papers, ledger):
    message = ended(ledger)
    papers.fail_from = len(papers.calls)
    with pytest.raises(StoreError):
        report(ledger, 7)
    papers.fail_from = None
    report(ledger, 7)
    assert told(papers, message)["status"] == "delivered"
