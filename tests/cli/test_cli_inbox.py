"""The inbox by the command line: with a service and without one the results are the same; replies go out by a modem."""

import io
import json
import re
import subprocess
import sys
import time

import pytest
from doubles.clock import NOON
from doubles.network import VirtualNetwork
from doubles.service import Arrivals, Service, until

from otppi.cli import main
from otppi.domain.inbox import InboxBook
from otppi.domain.job import new_id
from otppi.domain.received import Message
from otppi.store.inbox import InboxFiles

TEXTS = [("628123456789", "Please call me."), ("INFO", "Your invoice\nis \x1b[31mready\x1b[0m, " + "x" * 80), ("3636", "Bonus €")]


def fill(data):
    """Put messages into a data folder; gives their ids, the oldest first."""
    book = InboxBook(InboxFiles(data / "inbox"))
    ids = [new_id(NOON + number) for number in range(len(TEXTS))]
    for number, (name, (sender, text)) in enumerate(zip(ids, TEXTS, strict=True)):
        book.keep(Message(name, NOON + number, "2027-01-15T08:00:00+00:00", "modem0", sender, text), print_=name)
    book.keep(Message(long := new_id(NOON + 9), NOON + 9, "", "modem1", "628120000000", "start […]\n[Part 2 of 2 never came.]", 2, (2,), flash=True), print_="p")
    book.keep(Message(raw := new_id(NOON + 10), NOON + 10, "", "modem1", "", "This message could not be read. It is no PDU.", raw="00FF"), print_="q")
    book.sync()
    book.close()
    return [*ids, long, raw]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture(params=["with a service", "without a service"])
def inbox(request, tmp_path, capfd, monkeypatch):
    """Runs ``otppi inbox …`` in this process on a folder with messages, on which a service runs or none does."""
    monkeypatch.setenv("OTPPI_PATHS_RUN", str(tmp_path / "run"))

    def run(*words):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        code = main(["inbox", *words, "--data-dir", str(tmp_path / "data")])
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(words, code, out, err)

    run.data = tmp_path / "data"
    run.ids = fill(run.data)
    if request.param == "without a service":
        yield run
    else:
        with Service(tmp_path):
            yield run


def done(process):
    assert (process.returncode, process.stderr) == (0, "")
    return process.stdout


def moment(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOON + seconds))


def trail(data):
    path = data / "audit.log"
    entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [(entry["operation"], entry["target"]) for entry in entries if entry["operation"].startswith("inbox.")]


def test_messages_are_listed_shown_and_deleted_with_the_same_results(inbox):
    first, second, third, long, raw = inbox.ids
    table = done(inbox("list")).splitlines()
    assert re.split(r"\s{2,}", table[0]) == ["ID", "CAME", "MODEM", "SENDER", "NEW", "TEXT"]
    assert [line.split()[0] for line in table[1:]] == [raw, long, third, second, first]
    assert all(" new " in line for line in table[1:])
    assert "\x1b" not in "".join(table)
    assert table[4].endswith("…")
    assert len(table[4].split("new  ")[1]) == 60
    assert done(inbox("list", "--unread", "--search", "INVOICE", "--json")).count('"id"') == 1
    assert done(inbox("list", "--modem", "modem0", "--limit", "2")).splitlines()[3:] == ["", "2 of 3; --limit and --page show others."]
    assert done(inbox("list", "--modem", "modem0", "--limit", "2", "--page", "2")).split()[6] == first
    assert done(inbox("list", "--search", "nothing of the kind")) == "No message fits.\n"

    assert done(inbox("show", second)).splitlines() == [
        "From:    INFO", "Modem:   modem0", f"Came:    {moment(1)}", "Sent:    2027-01-15T08:00:00+00:00", "",
        "Your invoice", "is \ufffd[31mready\ufffd[0m, " + "x" * 80]
    assert done(inbox("show", long)).splitlines() == [
        "From:    628120000000", "Modem:   modem1", f"Came:    {moment(9)}", "Made of: 1 of 2 parts", "Kind:    flash", "", "start […]", "[Part 2 of 2 never came.]"]
    assert done(inbox("show", raw)).splitlines()[-2:] == ["This message could not be read. It is no PDU.", "00FF"]
    shown = json.loads(done(inbox("show", second, "--json")))
    assert (shown["text"], shown["read"]) == (TEXTS[1][1], True)
    unread = json.loads(done(inbox("list", "--unread", "--json")))
    assert [one["id"] for one in unread["messages"]] == [third, first]
    assert (unread["total"], unread["unread"]) == (2, 2)

    assert done(inbox("delete", second, raw, "never")) == "2 of 3 deleted.\n"
    assert [one["id"] for one in json.loads(done(inbox("list", "--json")))["messages"]] == [long, third, first]
    gone = inbox("show", second)
    assert (gone.returncode, gone.stdout, gone.stderr) == (2, "", "otppi: There is no message with this id in the inbox.\n")
    assert b"invoice" not in b"".join(path.read_bytes() for path in (inbox.data / "inbox").iterdir())
    until(lambda: trail(inbox.data) == [("inbox.delete", f"3 messages: {second}, {raw}, neXXX")])


def test_an_empty_inbox_says_so_and_looking_creates_none(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("OTPPI_PATHS_RUN", str(tmp_path / "run"))
    assert main(["inbox", "list", "--data-dir", str(tmp_path / "data")]) == 0
    assert capfd.readouterr().out == "No message has come yet.\n"
    assert not (tmp_path / "data" / "inbox").exists()


def test_a_reply_goes_out_by_a_modem_and_the_trail_names_no_number(tmp_path, network):
    service = Service(tmp_path, network)
    first, second, *_ = fill(service.data)
    with service:
        service.until_modem("modem0", "ready")
        arrivals = Arrivals(network)
        assert done(service.cli("inbox", "reply", first, "I will.")) == "The reply is sent.\n"
        assert [(one["to"], one["text"]) for one in arrivals.messages(1)] == [("628123456789", "I will.")]
        refused = service.cli("inbox", "reply", second, "Thank you.")
        assert (refused.returncode, refused.stderr) == (2, "otppi: The sender of this message is no number; it cannot be replied to.\n")
        until(lambda: trail(service.data) == [("inbox.reply", first)])
        for path in (service.log, service.data / "audit.log"):
            assert not re.search("628123456789|I will|Thank you|invoice", path.read_text())
