"""Killed at each step of a message's way, the gateway says what became of it and sends none twice (Q1, Q2, B7, S7).

Each case kills the real process, reads from a copy of its disk what would be said after a power cut, and starts it again.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles.mortal import Mortal, ended
from doubles.network import VirtualNetwork
from doubles.service import until

from otppi.domain.msisdn import mask

NUMBERS = (f"62811{number:04d}567" for number in itertools.count())
THREE_PARTS = "p" * 400
PATIENT, HASTY = ({"host": "127.0.0.1", "http_port": 0, "reply_timeout_s": seconds} for seconds in (25, 0.2))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with VirtualNetwork(tmp_path_factory.mktemp("network"), count=1) as network:
        yield network


@pytest.fixture(scope="module")
def one_service(tmp_path_factory, network):
    with Mortal(tmp_path_factory.mktemp("service"), network) as service:
        yield service


@pytest.fixture
def service(one_service, network):
    one_service.alive()
    one_service.until_modem("modem0", "ready")
    yield one_service
    network.latency(0)


@pytest.fixture
def clients():
    with ThreadPoolExecutor(4) as clients:
        yield clients


def reached(network, to):
    """What the network took for a number, part by part."""
    return [submit["part"] for submit in network.logged("submit") if submit["to"] == to]


def killed_at(service, step, times, command="send-sms", **data):
    """Send one message and die of it; gives what the client was told, if anything."""
    service.die_at(step, times)
    told = service.ask(command, **data)
    service.until_dead()
    return told


def status(service, message_id):
    reply = service.post("get-message-status", id=message_id)
    assert reply["response_code"] == "0000", reply
    return reply["data"]


STEPS = [  # step, times, what is told after a crash of the process, and after a power cut; None: nothing is known of it
    ("asked", 1, None, None),
    ("arming", 1, None, None),
    ("armed", 1, "failed", "unknown"),
    ("handed over", 1, "failed", "unknown"),
    ("marking", 1, "failed", "unknown"),
    ("marked", 1, "unknown", "unknown"),
    ("body gone", 1, "unknown", "unknown"),
    ("marking", 2, "unknown", "unknown"),
    ("marked", 2, "sent", "sent"),
    ("ending", 1, "sent", "sent"),
    ("ended", 1, "sent", "sent"),
]


@pytest.mark.parametrize("step, times, crash, power_cut", STEPS)
def test_killed_at_each_step_of_a_send_it_is_known_what_became_of_it_and_a_retry_never_doubles_it(
    service, network, tmp_path, step, times, crash, power_cut,
):
    data = {"receiver": next(NUMBERS), "message": "hello", "id": "mine"}
    to = data["receiver"]
    assert killed_at(service, step, times, **data) is None
    assert ended(service.told_after_power_cut(tmp_path).get(mask(to))) == power_cut
    service.start()
    story, before = service.story(to), len(reached(network, to))
    assert ended(story) == crash
    if crash is not None:
        assert status(service, story.facts.id)["status"] == crash
    retry = service.post("send-sms", **data)
    if crash == "unknown":
        assert (retry["response_code"], retry["data"]["status"], retry["data"]["id"]) == ("1111", "unknown", story.facts.id)
        assert len(reached(network, to)) <= 1
    elif crash == "sent":
        assert (retry["response_code"], retry["data"]["id"]) == ("0000", story.facts.id)
        assert reached(network, to) == [1]
    else:
        assert before == 0
        assert retry["response_code"] == "0000"
        assert reached(network, to) == [1]


@pytest.mark.parametrize("step, part, crash, sent", [
    *[("marked", part, "unknown", part) for part in range(1, 3)], ("body gone", 1, "unknown", 1), ("answered", 1, "unknown", 1), ("answered", 2, "unknown", 2),
    ("told", 0, "failed", 1), ("told", 1, "failed", 2), ("told", 2, "sent", 3),
])
def test_killed_at_each_part_of_a_long_message_it_is_known_how_many_left(service, network, tmp_path, step, part, crash, sent):
    data = {"receiver": next(NUMBERS), "message": THREE_PARTS, "id": "mine"}
    to = data["receiver"]
    steps = {"marked": ("marked", 1 + 2 * part), "body gone": ("body gone", 1 + part),
             "answered": ("marking", 2 + 2 * part), "told": ("marked", 2 + 2 * part)}
    assert killed_at(service, *steps[step], **data) is None
    cut = service.told_after_power_cut(tmp_path)[mask(to)]
    assert (ended(cut), cut.end["sent"]) == ("sent" if crash == "sent" else "unknown", sent)
    service.start()
    story = service.story(to)
    told = status(service, story.facts.id)
    assert (told["status"], told["parts"]) == (crash, {"sent": sent, "total": 3})
    assert set(reached(network, to)) >= set(range(1, sent + 1))
    assert len(reached(network, to)) <= sent + (crash == "unknown")
    before = reached(network, to)
    retry = service.post("send-sms", **data)
    assert retry["response_code"] == {"failed": "0000", "unknown": "1111", "sent": "0000"}[crash]
    assert reached(network, to) == before + ([1, 2, 3] if crash == "failed" else [])


KEPT = [  # as above; "resumed": it goes out once, without a retry
    ("keeping", 1, "failed", "unknown"),
    ("body kept", 1, "failed", "unknown"),
    ("kept", 1, "resumed", "unknown"),
    ("handed over", 1, "resumed", "unknown"),
    ("marking", 2, "resumed", "unknown"),
    ("marked", 2, "unknown", "unknown"),
    ("marking", 3, "unknown", "unknown"),
    ("marked", 3, "sent", "sent"),
    ("dropping", 2, "sent", "sent"),
]


@pytest.mark.parametrize("step, times, crash, power_cut", KEPT)
def test_killed_at_each_step_of_a_send_that_was_answered_in_hand_it_goes_on_or_has_an_outcome(
    service, network, tmp_path, clients, step, times, crash, power_cut,
):
    service.do("settings.set", section="api", value=HASTY)
    network.latency(900)
    first, data = next(NUMBERS), {"receiver": next(NUMBERS), "message": "hello", "id": "mine"}
    to = data["receiver"]
    holding = service.post("send-sms", receiver=first, message="first")
    assert holding["data"]["status"] == "sending"
    service.die_at(step, times)
    told = service.ask("send-sms", **data)
    service.until_dead()
    network.latency(0)
    if step not in {"keeping", "body kept", "kept"}:
        assert (told["response_code"], told["data"]["status"]) == ("1111", "queued")
    assert ended(service.told_after_power_cut(tmp_path).get(mask(to))) == power_cut
    service.start()
    service.until_all_ended()
    story = service.story(to)
    assert ended(story) == ("sent" if crash == "resumed" else crash)
    if told is not None:
        assert status(service, told["data"]["id"])["status"] == ended(story)
    assert list((service.data / "spool").iterdir()) == []
    retry = service.post("send-sms", **data)
    assert retry["response_code"] == ("1111" if crash == "unknown" else "0000")
    assert (retry["data"]["id"] == story.facts.id) is (crash != "failed")
    assert len(reached(network, to)) <= 1 if crash == "unknown" else reached(network, to) == [1]
    assert reached(network, first) == [1]
    assert status(service, holding["data"]["id"])["status"] in {"sent", "unknown"}
    until(lambda: service.modem("modem0")["state"] == "ready")
