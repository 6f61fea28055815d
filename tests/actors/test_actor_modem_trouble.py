import pytest
from doubles.modem_desk import AWAY, COMING, USABLE

from actors.modem import QUIET_S
from actors.modem_bringup import UNREGISTERED_REST_S
from actors.modem_sign import COMING_S
from otppi.at.submit import PROMPT_LIMIT_S
from otppi.domain.ladder import Rung
from otppi.domain.messages.device import LineLost, Received
from otppi.domain.messages.running import Wake
from otppi.domain.messages.sending import SentAfterAll
from otppi.domain.outcome import Verdict


def looks(desk):
    """How often the modem was asked how it stands; its first question is the last one of the preparation too."""
    return sum(data == b"AT+CSQ\r" for data in desk.written)


# the cable


@pytest.mark.parametrize("options,verdict,received", [
    ({"when": "prompt"}, Verdict.AGAIN, 0), ({"when": "body_bytes", "bytes": 10}, Verdict.UNKNOWN, 0),
    ({"when": "after_body"}, Verdict.UNKNOWN, 1), ({"when": "after_body", "received": False}, Verdict.UNKNOWN, 0)])
def test_a_modem_unplugged_while_it_sends_says_what_it_knows_and_comes_back_when_it_is_plugged_in(network, desk, options, verdict, received):
    network.fault("unplug", **options)

    assert desk.send("hello").verdict is verdict
    assert desk.standing_at_finish() is COMING
    desk.until(lambda: "no port" in desk.states)
    network.replug()
    desk.ready(2)

    assert desk.standings == [COMING, USABLE, COMING, USABLE]
    assert desk.send("next").verdict is Verdict.SENT
    assert [message["text"] for message in network.received(received + 1)] == ["hello"] * received + ["next"]


def test_a_modem_unplugged_in_the_second_part_counts_the_first(network, desk):
    def pull(data):
        if data.endswith(b"\x1a") and desk.bodies == 2:
            network.fault("unplug", received=False)

    desk.at_write = pull
    attempt = desk.send("x" * 400)

    assert attempt.verdict is Verdict.UNKNOWN
    assert attempt.parts == (1, 3)
    assert len(desk.finished) == 1


def test_an_idle_modem_that_is_unplugged_is_noticed_at_once_and_is_away_when_it_does_not_come_back(network, desk):
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port")
    assert desk.standings[-1] is COMING
    assert desk.facts[-1]["connected"] is False
    lost_at = desk.clock.monotonic()

    desk.until(lambda: desk.standings[-1] is AWAY, each=0.5)
    assert COMING_S <= desk.clock.monotonic() - lost_at < 3 * COMING_S
    assert desk.standings == [COMING, USABLE, COMING, AWAY]

    network.replug()
    desk.until(lambda: desk.states.count("ready") == 2, each=2)
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_message_for_a_modem_that_was_just_lost_is_given_back(network, desk):
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port")

    assert desk.send("hello").verdict is Verdict.AGAIN
    assert desk.bodies == 0


def test_what_comes_late_from_an_earlier_opening_counts_for_nothing(network, desk):
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port")
    network.replug()
    desk.ready(2)
    network.latency(200)
    desk.assign("hello")
    network.submits(1)

    desk.ref.tell(Received(1, b"\r\n+CMS ERROR: 1\r\n"))
    desk.ref.tell(LineLost(1, "late"))
    for what in ("deadline", "look", "open", "doubt"):
        desk.ref.tell(Wake(what, 1))

    assert desk.attempt().verdict is Verdict.SENT
    assert len(desk.opened_at) == 2


def test_a_lost_modem_waits_for_nothing_but_its_next_opening(network, desk):
    network.urc("+CPIN: NOT READY")
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port")
    desk.pause()

    assert len([wakeup for _, _, wakeup in desk.clock._heap if wakeup.deliver is not None]) == 1


# silence


def test_a_prompt_that_never_comes_starts_the_modem_anew_before_the_message_is_given_back(network, desk):
    network.fault("no_prompt", count=2)
    desk.assign("hello")
    desk.passes(PROMPT_LIMIT_S)
    desk.until(lambda: desk.finished, each=0.5)

    assert desk.attempt().verdict is Verdict.AGAIN
    assert desk.standing_at_finish() is COMING
    assert desk.bodies == 0
    desk.ready(2)
    assert desk.send("hello").verdict is Verdict.SENT
    assert [message["text"] for message in network.received(1)] == ["hello"]


def test_a_modem_that_hangs_while_idle_is_found_after_a_quiet_time_and_healed_once_it_answers(network, desk):
    network.fault("hang", count=None)
    desk.passes(QUIET_S)
    desk.until(lambda: "silent" in desk.states, each=1)
    assert desk.standings[-1] is COMING

    network.clear_faults()
    desk.ready(2)
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_modem_that_stays_silent_climbs_the_ladder_and_is_found_well_whenever_it_answers(network, desk):
    network.fault("hang", count=None)
    desk.passes(QUIET_S)
    rungs = []

    def seen():
        rung = desk.facts[-1]["recovery"]
        if rung and rung not in rungs:
            rungs.append(rung)
        return Rung.REST.value in rungs

    desk.until(seen, each=2)
    assert rungs == [rung.value for rung in Rung]
    assert desk.written.count(b"AT+CFUN=1,1\r") == 1
    assert desk.bodies == 0

    network.clear_faults()
    desk.until(lambda: desk.states.count("ready") == 2, each=10)
    assert desk.facts[-1]["recovery"] == ""
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_modem_that_hangs_when_a_message_comes_gives_it_back(network, desk):
    network.fault("hang", count=None)
    desk.assign("hello")
    desk.until(lambda: desk.finished, each=1)

    assert desk.attempt().verdict is Verdict.AGAIN
    assert desk.standing_at_finish() is COMING
    network.clear_faults()
    desk.ready(2)
    assert desk.send("next").verdict is Verdict.SENT


def test_a_modem_that_goes_on_hanging_is_tried_ever_more_rarely(network, desk):
    network.fault("hang", count=None)
    desk.passes(QUIET_S)
    desk.until(lambda: len(desk.opened_at) >= 6, each=1)

    rests = [after - before for before, after in zip(desk.opened_at[1:], desk.opened_at[2:], strict=False)]
    assert rests == sorted(rests)
    assert rests[-1] > 10
    assert desk.standings[-1] is AWAY


# looking after a quiet time


def test_a_quiet_modem_is_asked_for_its_signal_and_stays_usable(network, desk):
    before = looks(desk)
    for turn in range(3):
        desk.passes(QUIET_S)
        desk.until(lambda turn=turn: looks(desk) == before + turn + 1)
        desk.until(lambda: desk.written[-1] == b"AT+CREG?\r")
        desk.pause()

    assert desk.standings == [COMING, USABLE]
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_modem_that_sends_is_not_asked_how_it_stands(network, desk):
    before = looks(desk)
    for _ in range(4):
        desk.send("hello")
        desk.clock.advance(QUIET_S / 2)

    assert looks(desk) == before


def test_a_message_that_comes_while_the_modem_is_looked_at_is_sent_right_after(network, desk):
    network.fault("sim_busy")
    desk.passes(QUIET_S)
    desk.clock.wait_for_wakeup(1)
    desk.assign("hello")
    desk.pause()
    assert desk.finished == []

    desk.passes(1)

    assert desk.attempt().verdict is Verdict.SENT
    assert desk.standings == [COMING, USABLE]


def test_a_message_that_comes_while_a_dead_modem_is_looked_at_is_given_back(network, desk):
    network.fault("hang", count=None)
    desk.passes(QUIET_S)
    desk.clock.wait_for_wakeup(10)
    desk.assign("hello")
    desk.passes(10)

    assert desk.attempt().verdict is Verdict.AGAIN
    assert desk.standing_at_finish() is COMING


# SIM and network


def test_a_modem_that_loses_its_network_leaves_the_pool_by_itself_and_comes_back_over_the_same_port(network, desk):
    network.fault("not_registered", count=None)
    desk.until(lambda: "not registered" in desk.states, each=0.01)
    assert desk.standings[-1] is COMING
    desk.clock.advance(COMING_S)
    desk.until(lambda: desk.standings[-1] is AWAY, each=1)

    network.clear_faults()
    desk.until(lambda: desk.states.count("ready") == 2, each=UNREGISTERED_REST_S)

    assert len(desk.opened_at) == 1
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_message_refused_for_want_of_a_network_makes_the_modem_look_for_itself(network, desk):
    network.fault("cms", code=331)
    before = looks(desk)

    assert desk.send("hello").verdict is Verdict.LATER

    desk.until(lambda: looks(desk) == before + 1)
    assert desk.send("next").verdict is Verdict.SENT


def test_a_message_that_comes_while_the_modem_finds_that_it_has_no_network_is_given_back(network, desk):
    desk.at_write = lambda data: desk.assign("hello") if data == b"AT+CSQ\r" and not desk.finished else None
    network.fault("not_registered", count=None)
    desk.until(lambda: desk.finished, each=0.01)

    assert desk.attempt().verdict is Verdict.AGAIN
    assert desk.standing_at_finish() is COMING


def test_a_sim_that_is_pulled_while_the_modem_is_ready_is_noticed_and_so_is_its_return(network, desk):
    network.fault("sim_absent", count=None)
    desk.until(lambda: "no SIM" in desk.states, each=0.01)
    assert desk.facts[-1]["why"] == "No SIM is in the modem."
    assert desk.standings[-1] is COMING

    network.clear_faults()
    desk.ready(2)
    assert desk.send("hello").verdict is Verdict.SENT


@pytest.mark.parametrize("line", ["+CPIN: NOT READY", "+QUSIM: 0", "+CREG: 0"])
def test_a_doubt_that_was_wrong_changes_nothing(network, desk, line):
    before = looks(desk)
    network.urc(line)
    desk.until(lambda: looks(desk) == before + 1, each=0.01)

    assert desk.send("hello").verdict is Verdict.SENT
    assert desk.standings == [COMING, USABLE]


def test_a_doubt_that_comes_while_a_message_leaves_waits_for_its_end(network, desk):
    network.latency(200)
    before = looks(desk)
    desk.assign("hello")
    network.submits(1)
    network.urc("+CREG: 2")

    assert desk.attempt().verdict is Verdict.SENT
    desk.until(lambda: looks(desk) == before + 1, each=0.01)
    assert desk.send("next").verdict is Verdict.SENT


# a modem that starts anew by itself


def test_an_idle_modem_that_starts_anew_is_prepared_anew(network, desk):
    network.urc("RDY")
    desk.until(lambda: "restarted" in desk.states, each=0.01)
    desk.ready(2)

    assert len(desk.opened_at) == 2
    assert desk.send("hello").verdict is Verdict.SENT


def test_a_modem_that_starts_anew_after_the_body_leaves_the_message_unknown_at_once(network, desk):
    network.fault("lost_result")
    desk.assign("hello")
    network.submits(1)
    network.urc("RDY")
    desk.until(lambda: desk.finished, each=0.01)

    assert desk.attempt().verdict is Verdict.UNKNOWN
    assert desk.standing_at_finish() is COMING
    assert desk.clock.monotonic() < 1060


# whatever happens


def test_every_message_gets_exactly_one_report_whatever_the_modem_does(network, desk):
    faults = [{"kind": "cms", "code": 38}, {"kind": "cms", "code": 500}, {"kind": "no_prompt", "count": 2}, {"kind": "lost_ok"}, {"kind": "double_cmgs"},
              {"kind": "unplug", "when": "prompt"}, {"kind": "unplug"}, {"kind": "lost_result"}, {"kind": "urc_storm"}, {"kind": "cms", "code": 314}]
    for number, fault in enumerate(faults):
        network.fault(**fault)
        desk.assign(f"message {number}", id=f"job{number}")
        desk.until(lambda number=number: len(desk.finished) > number, each=2)
        network.clear_faults()
        if not network.state()["plugged"]:
            network.replug()
        desk.until(lambda: desk.standings[-1] is USABLE, each=0.5)

    assert [finished.job_id for finished in desk.finished] == [f"job{number}" for number in range(len(faults))]
    texts = [message["text"] for message in network.received()]
    assert len(texts) == len(set(texts)), "no message was sent twice"
    sent = {f"message {number}" for number, finished in enumerate(desk.finished) if finished.attempt.verdict is Verdict.SENT}
    assert sent <= set(texts)


def test_an_answer_that_comes_after_its_fate_was_said_to_be_unknown_is_told_once(network, desk):
    network.fault("lost_result")
    desk.assign("hello")
    desk.until(lambda: desk.finished, each=10)
    assert desk.attempt().verdict is Verdict.UNKNOWN
    desk.ready(2)
    network.urc("+CMGS: 77")
    desk.until(lambda: desk.router.of(SentAfterAll))
    network.urc("+CMGS: 78")
    assert desk.send("next").verdict is Verdict.SENT
    network.urc("+CMGS: 79")
    assert desk.send("next").verdict is Verdict.SENT
    assert [(late.sender, late.job_id, late.reference) for late in desk.router.of(SentAfterAll)] == [("m1", "job1", 77)]


def test_an_answer_that_comes_after_the_port_was_opened_anew_says_nothing(network, desk):
    network.fault("lost_result")
    desk.assign("hello")
    desk.until(lambda: desk.finished, each=10)
    network.unplug()
    desk.until(lambda: desk.states[-1] == "no port", each=0.5)
    network.replug()
    desk.until(lambda: desk.states[-1] == "ready", each=0.5)
    network.urc("+CMGS: 77")
    assert desk.send("next").verdict is Verdict.SENT
    assert desk.router.of(SentAfterAll) == []
