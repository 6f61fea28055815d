"""What a receiver gets: body, headers, signature, and when it is tried again (S15)."""

import hashlib
import hmac
import json
import re
import subprocess
import sys

import pytest
from house.tree import ROOT

from otppi.config.webhooks import Webhook
from otppi.domain import webhooks
from otppi.domain.job import new_id
from otppi.domain.secret import Secret
from otppi.domain.webhooks import Answer, Event

NOON = 1_800_000_000.0
HOOK = Webhook(id="shop", url="https://example.com/in", secret=Secret("schlüssel"))
EXAMPLE = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text("utf-8"), re.DOTALL)[1]


def event(text="Grüße 🙂"):
    return Event("A" * 26, webhooks.body("A" * 26, "sms.received", NOON + 0.12345, {"text": text}), NOON)


def test_the_body_is_the_specified_one():
    assert json.loads(event().body) == {"id": "A" * 26, "event": "sms.received", "at": NOON + 0.123, "data": {"text": "Grüße 🙂"}}
    assert list(json.loads(event().body)) == ["id", "event", "at", "data"]


def test_half_a_character_does_not_stop_an_event():
    assert json.loads(event("\ud83d").body)["data"] == {"text": "?"}


def test_the_signature_is_the_hmac_of_timestamp_dot_and_body():
    made = webhooks.post(HOOK, event(), NOON + 7.9)
    assert made.headers["X-Otppi-Id"] == "A" * 26
    assert made.headers["X-Otppi-Timestamp"] == str(int(NOON) + 7)
    openssl = subprocess.run(["openssl", "dgst", "-sha256", "-hmac", "schlüssel"], input=f"{int(NOON) + 7}.".encode() + made.body, capture_output=True, check=True)
    assert made.headers["X-Otppi-Signature"] == "sha256=" + openssl.stdout.decode().split()[-1]


def test_a_retry_has_the_same_id_and_body_and_a_new_time_and_signature():
    first, second = webhooks.post(HOOK, event(), NOON), webhooks.post(HOOK, event(), NOON + 10)
    differing = {name for name in first.headers if first.headers[name] != second.headers[name]}
    assert differing == {"X-Otppi-Timestamp", "X-Otppi-Signature"}
    assert first.body == second.body


def test_no_secret_and_no_content_is_in_a_repr():
    made = webhooks.post(HOOK, event("Your code is 135790"), NOON)
    assert "135790" not in repr(made) + repr(event("Your code is 135790"))
    assert "sha256" not in repr(made)


def test_an_event_with_a_key_has_one_id_for_ever_which_the_spool_takes():
    assert webhooks.named("inbox 7") == webhooks.named("inbox 7") != webhooks.named("inbox 8")
    assert re.fullmatch(r"[0-9A-V]{26}", webhooks.named("inbox 7"))
    assert len(new_id(NOON)) == 26


@pytest.mark.parametrize("failures, seconds", [(1, 10), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 3600), (7, 3600), (500, 3600)])
def test_rests_grow_to_an_hour_and_are_spread(failures, seconds):
    assert webhooks.rest_s(failures, 0.5) == pytest.approx(seconds)
    assert webhooks.rest_s(failures, 0) == pytest.approx(0.8 * seconds)
    assert webhooks.rest_s(failures, 1) == pytest.approx(1.2 * seconds)


@pytest.mark.parametrize("status, taken, gone", [(200, True, False), (204, True, False), (299, True, False), (199, False, False), (300, False, False),
                                                 (410, False, True), (500, False, False), (0, False, False)])
def test_two_hundreds_are_taken_and_410_is_for_good(status, taken, gone):
    assert (Answer(status).taken, Answer(status).gone) == (taken, gone)


def verify(*, secret="schlüssel", body=None, headers=None, at=NOON):
    """Run the documentation's example in a process of its own."""
    made = webhooks.post(HOOK, event(), NOON)
    call = f"print(is_ours({secret!r}, {headers or dict(made.headers)!r}, {made.body if body is None else body!r}, now={at!r}))"
    return subprocess.run([sys.executable, "-I", "-c", EXAMPLE + "\n" + call], capture_output=True, text=True, check=True, timeout=20).stdout.strip() == "True"


def test_the_example_of_the_documentation_takes_what_is_ours_and_nothing_else():
    assert verify()
    assert not verify(secret="another")
    assert not verify(body=event("changed").body)
    assert not verify(at=NOON + 301), "an old one, played again"
    forged = dict(webhooks.post(HOOK, event(), NOON).headers)
    assert not verify(headers=forged | {"X-Otppi-Timestamp": str(int(NOON) + 1)})
    assert not verify(headers=forged | {"X-Otppi-Timestamp": "soon"})
    bare = hmac.new("schlüssel".encode(), event().body, hashlib.sha256).hexdigest()
    assert not verify(headers=forged | {"X-Otppi-Signature": "sha256=" + bare})


def test_the_documentation_names_every_event_and_header():
    text = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
    assert not [name for name in (*webhooks.EVENTS, *webhooks.post(HOOK, event(), NOON).headers) if f"`{name}" not in text and name != "Content-Type"]
