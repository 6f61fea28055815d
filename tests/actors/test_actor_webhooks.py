"""The webhooks' owner alone, its poster played by the test, its events in a real sealed spool (S15, Q1, X3)."""

import json
import logging

import pytest
from doubles.clock import FakeClock
from doubles.pump import Pump, Told

from actors.webhooks import SHOW_S, TEST_LIMIT_S, Webhooks
from otppi.adapters.seal import Seal
from otppi.config.webhooks import Webhook
from otppi.domain import hook_queue
from otppi.domain.errors import Mistake, StoreError
from otppi.domain.messages.receiving import Forwarded, Happened
from otppi.domain.messages.running import Begin, Configure, Operate, State
from otppi.domain.secret import Secret
from otppi.domain.webhook_desk import ALARM_S, SHOW_GIVEN_UP_S
from otppi.domain.webhooks import GIVE_UP_S, Answer, named
from otppi.store.spool import Spool

OK, BROKEN, GONE, SILENT = Answer(200), Answer(500), Answer(410), Answer(0, "a.example:443 did not answer in time.")
DAY_S = 86_400.0


def hook(name="a", **words):
    return Webhook(id=name, url=f"https://{name}.example/T0KEN", secret=Secret("s3cret"), **words)


class Counting(Spool):
    """The real spool, with a count of what was written; one that is ``full`` takes nothing."""

    def __init__(self, folder, key):
        super().__init__(folder, lambda: Seal(key))
        self.writes, self.full = 0, False

    def keep(self, message_id, body):
        if self.full:
            raise StoreError("The disk is full.")
        self.writes += 1
        super().keep(message_id, body)


class Rig:
    """``answers`` gives the answer to each post by the webhook's host; None leaves it on its way."""

    def __init__(self, folder, *hooks, key=bytes(32), clock=None, answers=lambda host: OK):
        self.folder, self.clock, self.answers = folder, clock or FakeClock(), answers
        self.monitor, self.inbox, self.sent, self.left = Told(), Told(), [], []
        self.spool = Counting(folder, key)
        self.actor = Webhooks(self.clock, self.spool, self, self.monitor, hooks or (hook(),))
        self.pump = Pump(self.actor)
        self.pump.tell(Configure("inbox", self.inbox))
        self.pump.tell(Begin())

    def post(self, request, done):
        """Stand in for the adapter."""
        host = request.url.split("/")[2]
        self.sent.append((host, request))
        answer = self.answers(host.removesuffix(".example"))
        if answer is None:
            self.left.append(done)
        else:
            done(answer)

    def raise_(self, event="message.sent", key="", **data):
        self.pump.tell(Happened(event, self.clock.wall(), data, key))

    def advance(self, seconds, step=DAY_S):
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(step, end - self.clock.monotonic()))
            self.pump.settle()

    def answer(self, answer=OK):
        self.left.pop(0)(answer)
        self.pump.settle()

    def posted(self, name="a"):
        return [json.loads(request.body) for host, request in self.sent if host == f"{name}.example"]

    def numbers(self, name="a"):
        return [body["data"].get("n") for body in self.posted(name)]

    def facts(self, name="a", kind="webhook"):
        self.advance(SHOW_S)
        return [state.facts for state in self.monitor.of(State) if (state.kind, state.name) == (kind, name)][-1]

    def alarms(self):
        self.advance(SHOW_S)
        last = {state.name: state.facts for state in self.monitor.of(State) if state.kind == "alarm"}
        return {name: facts for name, facts in last.items() if facts is not None}

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def again(self, *hooks, **words):
        """Another life over the same folder, as after SIGKILL."""
        return Rig(self.folder, *hooks, clock=self.clock, **words)

    def test(self, name):
        results = []
        self.pump.tell(Operate("webhook.test", {"id": name}, "cli:me", results.append, results.append))
        return results


@pytest.fixture
def start(tmp_path):
    return lambda *hooks, **words: Rig(tmp_path / "webhooks", *hooks, **words)


def test_an_event_is_sealed_on_disk_before_it_is_posted_and_gone_after(start):
    rig = start(answers=lambda host: None)
    rig.raise_(text="Your code is 135790")
    [name] = rig.files()
    assert rig.sent[0][1].headers["X-Otppi-Id"] == name == rig.posted()[0]["id"]
    assert b"135790" not in (rig.folder / name).read_bytes()
    rig.answer()
    assert rig.files() == []
    facts = rig.facts()
    assert (facts["state"], facts["waiting"], facts["delivered"], facts["failed"], facts["last_status"]) == ("ready", 0, 1, 0, 200)


def test_each_webhook_gets_what_it_wants_and_nothing_is_written_when_nobody_does(start):
    rig = start(hook("a", events=("sms.received",)), hook("b", events=("modem.state",)), hook("c", active=False))
    for _ in range(100):
        rig.raise_("message.sent")
    assert (rig.spool.writes, rig.sent) == (0, [])
    rig.raise_("sms.received", n=1)
    assert (rig.spool.writes, rig.numbers("a"), rig.numbers("b"), rig.numbers("c")) == (1, [1], [], [])


def test_what_was_not_taken_survives_a_kill_in_its_order_and_under_its_id(start):
    rig = start(answers=lambda host: SILENT)
    for n in range(5):
        rig.raise_(n=n)
        rig.clock.advance(0.01)
    first = rig.again(answers=lambda host: None)
    assert first.posted()[0]["id"] == rig.posted()[0]["id"]
    first.answer(OK)
    second = first.again()
    assert second.numbers() == [1, 2, 3, 4]
    assert second.files() == []


def test_after_a_kill_only_those_are_told_again_who_had_not_taken_it(start):
    hooks = hook("a"), hook("b")
    rig = start(*hooks, answers=lambda host: OK if host == "a" else BROKEN)
    rig.raise_(n=1)
    again = rig.again(*hooks)
    assert (again.numbers("a"), again.numbers("b")) == ([], [1])


def test_a_power_cut_ends_what_waits_and_a_received_sms_is_taken_again_under_its_old_id(start, caplog):
    rig = start(answers=lambda host: SILENT)
    rig.raise_(n=1)
    rig.raise_("sms.received", key="inbox-7", n=2)
    cut = rig.again(key=bytes(31) + b"\x01")
    assert (cut.sent, cut.files(), cut.inbox) == ([], [], [])
    assert "2 events for webhooks cannot be read any more, as the power was lost" in caplog.text
    cut.raise_("sms.received", key="inbox-7", n=2)
    assert [body["id"] for body in cut.posted()] == [named("inbox-7")]
    assert cut.inbox == [Forwarded("inbox-7")]


def test_files_that_are_none_of_ours_or_broken_stop_nothing(start):
    rig = start(answers=lambda host: SILENT)
    rig.raise_(n=1)
    rig.spool.keep("0" * 26, b"[]")
    rig.spool.keep("1" * 26, b'{"body": "x", "born": "soon"}')
    assert rig.again().numbers() == [1]
    assert rig.files() == []


def test_the_inbox_hears_of_a_message_once_all_who_want_it_have_it(start):
    rig = start(hook("a"), hook("b"), hook("c", events=("modem.state",)), answers=lambda host: None)
    rig.raise_("sms.received", key="inbox-7")
    rig.answer()
    assert rig.inbox == []
    rig.raise_("sms.received", key="inbox-7")  # raised again meanwhile: it is the same one
    rig.answer()
    assert rig.inbox == [Forwarded("inbox-7")]
    assert len(rig.sent) == 2
    nobody = start(hook("c", events=("modem.state",)))
    nobody.raise_("sms.received", key="inbox-8")
    assert nobody.inbox == [Forwarded("inbox-8")]


def test_two_days_of_retries_each_signed_anew_then_it_is_given_up_with_an_alarm(start, caplog):
    rig = start(answers=lambda host: BROKEN)
    rig.raise_("sms.received", key="inbox-7", n=1)
    rig.advance(ALARM_S - 60, step=60)
    assert rig.alarms() == {}
    rig.advance(120, step=10)
    [alarm] = rig.alarms().values()
    assert alarm["text"] == "a.example:443 has taken no event for over an hour: a.example:443 answered with status 500."
    rig.advance(GIVE_UP_S, step=60)
    assert 45 <= len(rig.sent) <= 65
    assert len({request.headers["X-Otppi-Id"] for _, request in rig.sent}) == 1
    assert len({request.headers["X-Otppi-Timestamp"] for _, request in rig.sent}) == len({request.headers["X-Otppi-Signature"] for _, request in rig.sent}) == len(rig.sent)
    assert (rig.files(), rig.inbox, rig.facts()["given_up"]) == ([], [Forwarded("inbox-7")], 1)
    rig.answers = lambda host: OK
    rig.raise_(n=2)
    rig.advance(3600 * 1.2, step=60)
    assert rig.facts()["state"] == "ready"
    assert rig.alarms()["webhook a"]["text"].startswith("a.example:443 was not told of 1 events")
    rig.advance(SHOW_GIVEN_UP_S, step=3600)
    assert rig.alarms() == {}
    assert "T0KEN" not in caplog.text


def test_a_restart_in_between_does_not_make_the_two_days_longer(start):
    rig = start(answers=lambda host: SILENT)
    rig.raise_(n=1)
    rig.advance(GIVE_UP_S - 3600, step=600)
    again = rig.again(answers=lambda host: SILENT)
    again.advance(3000, step=60)
    assert again.files()
    again.advance(700, step=60)
    assert again.files() == []


def test_beyond_ten_thousand_the_oldest_are_given_up_counted_and_an_alarm(start, monkeypatch):
    monkeypatch.setattr(hook_queue.HookQueue.__init__, "__defaults__", (20, 10**6))
    rig = start(answers=lambda host: None)
    for n in range(25):
        rig.raise_("sms.received", key=f"inbox-{n}", n=n)
    assert len(rig.files()) == 20
    assert [message.key for message in rig.inbox] == [f"inbox-{n}" for n in range(1, 6)], "the first is on its way"
    facts = rig.facts()
    assert (facts["waiting"], facts["given_up"]) == (20, 5)
    assert "5 events" in rig.alarms()["webhook a"]["text"]


def test_410_switches_a_webhook_off_until_its_settings_change(start):
    rig = start(hook("a"), hook("b"), answers=lambda host: GONE if host == "a" else OK)
    rig.raise_(n=1)
    rig.raise_(n=2)
    assert (rig.numbers("a"), rig.numbers("b")) == ([1], [1, 2])
    assert (rig.facts()["state"], rig.facts()["waiting"], rig.files()) == ("off", 0, [])
    assert "wants no events any more" in rig.alarms()["webhook a"]["text"]
    rig.answers = lambda host: OK
    rig.pump.tell(Configure("webhooks", (hook("a"), hook("b"))))
    rig.raise_(n=3)
    assert rig.numbers("a") == [1], "nothing changed"
    rig.pump.tell(Configure("webhooks", (hook("a", events=("message.sent",)), hook("b"))))
    rig.raise_(n=4)
    assert (rig.numbers("a"), rig.facts()["state"], rig.alarms()) == ([1, 4], "ready", {})


def test_a_change_of_the_settings_is_tried_at_once_and_an_answer_to_the_old_ones_counts_no_more(start):
    rig = start(answers=lambda host: None)
    rig.raise_(n=1)
    rig.pump.tell(Configure("webhooks", (Webhook(id="a", url="https://new.example/", secret=Secret("s3cret")),)))
    assert rig.numbers("new") == [1]
    rig.answer(GONE)  # from the old address
    assert rig.facts()["state"] == "ready"
    rig.answer(OK)
    assert rig.files() == []


def test_one_that_is_removed_or_inactive_leaves_nothing_behind(start):
    rig = start(hook("a"), hook("b"), answers=lambda host: None)
    rig.raise_("sms.received", key="inbox-7")
    rig.raise_(n=2)
    rig.pump.tell(Configure("webhooks", (hook("a", active=False), hook("b"))))
    assert rig.facts() is None
    rig.answer()
    rig.answer()
    rig.answer()
    assert (rig.files(), rig.inbox, rig.numbers("b")) == ([], [Forwarded("inbox-7")], [None, 2])


def test_a_broken_webhook_does_not_keep_others_waiting(start):
    rig = start(hook("a"), hook("b"), hook("c"), answers=lambda host: None if host in "ab" else OK)
    rig.raise_(n=1)
    assert {host for host, _ in rig.sent} == {"a.example", "b.example"}, "two at a time"
    rig.answer(SILENT)
    assert rig.numbers("c") == [1]
    rig.raise_(n=2)
    assert rig.numbers("c") == [1, 2]


def test_webhooks_take_turns_however_much_waits_for_one(start):
    rig = start(hook("a"), hook("b"), hook("c"), answers=lambda host: None)
    for n in range(3):
        rig.raise_(n=n)
    for _ in range(4):
        rig.answer()
    assert [host[0] for host, _ in rig.sent] == ["a", "b", "c", "a", "b", "c"]


def test_while_the_disk_is_full_events_go_out_all_the_same_and_an_alarm_tells_of_it(start):
    rig = start(answers=lambda host: None)
    rig.spool.full = True
    rig.raise_(n=1)
    assert rig.numbers() == [1]
    assert rig.alarms()["webhooks disk"]["text"] == "Events are not safe from a restart: The disk is full."
    rig.spool.full = False
    rig.raise_(n=2)
    assert rig.alarms() == {}


def test_a_test_goes_out_at_once_whatever_waits_and_says_how_it_went(start):
    rig = start(hook("a"), hook("b", active=False), answers=lambda host: SILENT)
    rig.raise_(n=1)
    rig.answers = lambda host: OK if host == "b" else BROKEN
    assert rig.test("a") == [{"id": "a", "taken": False, "status": 500, "error": ""}]
    assert rig.test("b") == [{"id": "b", "taken": True, "status": 200, "error": ""}]
    assert rig.posted("b")[0]["event"] == "test"
    assert rig.files(), "the other one waits as before"
    for name in ("c", 7, None):
        [failure] = rig.test(name)
        assert isinstance(failure, Mistake)


def test_a_test_without_an_answer_ends_in_time_and_a_late_one_is_not_told_twice(start):
    rig = start(answers=lambda host: None)
    results = rig.test("a")
    rig.advance(TEST_LIMIT_S - 1)
    assert results == []
    rig.advance(2)
    assert results == [{"id": "a", "taken": False, "status": 0, "error": "There was no answer within 18 s."}]
    rig.answer(OK)
    assert len(results) == 1


def test_neither_secrets_nor_texts_nor_paths_are_in_facts_alarms_and_logs(start, caplog):
    caplog.set_level(logging.DEBUG)
    rig = start(answers=lambda host: GONE)
    rig.raise_("sms.received", sender="628123456789", text="Your code is 135790")
    shown = repr(rig.monitor) + caplog.text + repr(rig.facts()) + repr(rig.alarms())
    assert not [word for word in ("T0KEN", "s3cret", "135790", "628123456789") if word in shown]
    assert "a.example:443" in shown
