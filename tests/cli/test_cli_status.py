"""`otppi status`: what must not be overlooked stands before the figures."""

import time

import pytest

from otppi.cli import main, status

FIGURES = {"sent": 3, "in_hand": 1}


@pytest.fixture
def shown(monkeypatch, capsys):
    """What is printed for such a state of the traffic."""

    def show(alarm=None, **traffic):
        told = {"since": time.time(), "alarm": alarm or {}, "traffic": {"router": {**FIGURES, "halted": "", "remembered_since": 0, **traffic}}}
        monkeypatch.setattr(status, "operate", lambda args, name: told)
        assert main(["status"]) == 0
        return capsys.readouterr().out.splitlines()

    return show


def test_when_all_is_well_the_figures_alone_are_shown(shown):
    assert shown()[1] == "Messages: 3 sent, 1 in hand"


@pytest.mark.parametrize("traffic, words", [
    ({"halted": "The disk is full."}, ["NOTHING IS SENT", "The disk is full."]),
    ({"remembered_since": time.mktime((2026, 11, 24, 9, 41, 0, 0, 0, -1))}, ["REPEATS", "2026-11-24 09:41"]),
])
def test_what_must_be_known_comes_before_the_figures(shown, traffic, words):
    _, warning, figures, *_ = shown(**traffic)
    assert all(word in warning for word in words)
    assert figures == "Messages: 3 sent, 1 in hand"


def test_alarms_come_before_the_figures(shown):
    alarm = {"source": "modem m1", "what": "credit", "text": "The SIM is out of credit.", "since": time.time() - 600}
    _, first, figures, *_ = shown(alarm={"modem m1 credit": alarm})
    assert first == "ALARM modem m1, credit, for 10 min: The SIM is out of credit."
    assert figures == "Messages: 3 sent, 1 in hand"


def test_reports_are_told_once_there_are_any(shown):
    assert "Reported" not in "".join(shown(reports={"delivered": 0, "unmatched": 0}))
    assert shown(reports={"delivered": 2, "unmatched": 1})[2] == "Reported: 2 delivered, 1 unmatched"
