"""What the router makes of tariffs: the cheapest sends, counts cross edges, quotas rest a modem, days begin, crashes forget nothing."""

import pytest
from doubles.clock import NOON
from doubles.pump import Told
from doubles.router_rig import FAILED, TO, Rig

from actors.router_costs import KEEP_S, SHOW_S
from otppi.config.modem import Modem
from otppi.config.routing import Allowance, PriceOfPrefix, Quota, Routing, Tariff
from otppi.config.sections import General
from otppi.domain.allowances import Usage
from otppi.domain.dispatch import Standing
from otppi.domain.messages.running import Configure, State
from otppi.domain.messages.sending import SenderStanding
from otppi.domain.outcome import Attempt, Verdict

DAY_S = 86_400.0
CHEAP, DEAR = Tariff(id="cheap", currency="IDR", default_price=50), Tariff(id="dear", currency="IDR", default_price=100)


class Till:
    """The file of the counts."""

    def __init__(self):
        self.value = None

    def usage(self):
        return Usage(lambda: self.value, lambda value: setattr(self, "value", value))


@pytest.fixture
def till():
    return Till()


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path, queue_limit=100)
    yield rig
    rig.journal.close()


def priced(rig, *tariffs, a="cheap", b="dear", zone="UTC", till=None, stand=True):
    """Give the two modems tariffs."""
    if till is not None:
        rig.pump.actor._costs._usage = till.usage()
    rig.pump.tell(Configure("general", General(time_zone=zone)))
    rig.pump.tell(Configure("routing", Routing(tariffs=tariffs or (CHEAP, DEAR))))
    rig.modems(Modem(id="a", name="Alpha", port="/dev/a", tariff=a), Modem(id="b", name="Beta", port="/dev/b", tariff=b))
    for name in "ab" if stand else "":
        rig.stand(name)
    return rig


def send(rig, count=1, attempt=None, **fields):
    """Send messages one after the other; gives by whom."""
    senders = ""
    for _ in range(count):
        rig.send(**fields)
        [(sender, job)] = [(sender, job) for sender in "ab" for job in rig.assigned(sender)]
        rig.finish(sender, job, attempt or Attempt(Verdict.SENT, parts=(job.parts, job.parts), references=tuple(range(job.parts)), result="OK"))
        senders += sender
    return senders


def route(rig, number=TO):
    return rig.pump.actor.explain(number)


def words(rig):
    return [{key: modem.get(key) for key in ("state", "price", "why", "dearer", "quota")} for modem in route(rig)["groups"][-1]["modems"]]


def test_the_cheapest_sends_and_the_dearer_one_when_it_is_gone(rig):
    priced(rig)
    assert send(rig, 3) == "aaa"
    rig.stand("a", Standing.AWAY)
    assert send(rig, 2) == "bb"
    rig.stand("a")
    assert send(rig, 2) == "aa"


def test_other_tariffs_count_at_once_for_those_who_wait(rig):
    priced(rig)
    for _ in range(2):
        rig.send()
    [first] = rig.assigned("a")
    assert rig.assigned("b") == []
    rig.pump.tell(Configure("routing", Routing(tariffs=(CHEAP, Tariff(id="dear", default_price=10)))))
    assert len(rig.assigned("b")) == 1
    rig.finish("a", first)


def test_prefixes_of_prices_are_read_by_the_country_code(rig):
    local = Tariff(id="dear", default_price=100, prices=(PriceOfPrefix(prefix="0812", price=10),))
    priced(rig, CHEAP, local)
    assert send(rig, to="0812 6666 666") == "b"
    assert send(rig, to="0813 6666 666") == "a"


def test_an_allowance_is_used_from_its_first_to_its_last_sms_with_every_part_counted(rig):
    promo = Tariff(id="promo", default_price=70, allowances=(Allowance(from_=1, to=4, price=0),))
    priced(rig, promo, CHEAP, a="promo", b="cheap")
    assert send(rig, 1, text="x" * 400) == "a"  # three parts
    assert send(rig, 3) == "abb"


def test_what_did_not_leave_does_not_count_and_what_may_have_left_does(rig):
    promo = Tariff(id="promo", default_price=70, allowances=(Allowance(from_=1, to=2, price=0),))
    priced(rig, promo, CHEAP, a="promo", b="cheap")
    assert send(rig, 2, attempt=FAILED) == "aa"
    assert send(rig, 2, attempt=Attempt(Verdict.UNKNOWN, "Nobody knows.", (0, 1))) == "aa"
    assert send(rig) == "b"


def test_a_quota_rests_the_modem_until_the_period_is_over_and_raises_an_alarm(rig):
    few = Tariff(id="few", default_price=1, quota=Quota(day=2))
    priced(rig, few, DEAR, a="few")
    assert send(rig, 4) == "aabb"
    assert words(rig)[0] == {"state": "resting", "price": 1, "why": "default price", "dearer": False, "quota": "day"}
    rig.advance(SHOW_S)
    alarm = [state for state in rig.monitor.of(State) if state.kind == "alarm" and state.name == "modem a quota"]
    assert [bool(state.facts) for state in alarm] == [True]
    assert alarm[0].facts["source"] == "modem a"
    midnight = -NOON % DAY_S
    rig.advance(midnight - (rig.clock.wall() - NOON) + 1)
    assert send(rig, 3) == "aab"
    rig.advance(SHOW_S)
    shown = [state.facts for state in rig.monitor.of(State) if (state.kind, state.name) == ("usage", "a")]
    assert shown[-1] == {"day": 2, "week": 4, "month": 4, "tariff": "few", "quota_reached": "day"}


def test_what_waits_for_a_spent_modem_alone_goes_on_by_itself_when_the_day_is_over(rig):
    few = Tariff(id="few", default_price=1, quota=Quota(day=1))
    priced(rig, few, a="few", b="few", stand=False)
    rig.stand("a")
    rig.advance(-NOON % DAY_S - 60)  # a minute before midnight
    assert send(rig) == "a"
    rig.send()
    assert rig.assigned("a") == []
    rig.advance(61)
    assert len(rig.assigned("a")) == 1


def test_a_tariff_that_ends_today_is_not_known_tomorrow(rig):
    ends = Tariff(id="cheap", default_price=50, valid_to="2027-01-15")  # the day of the clock
    priced(rig, ends, DEAR)
    assert send(rig) == "a"
    rig.advance(DAY_S)
    assert send(rig) == "b"
    assert words(rig)[0]["why"] == 'tariff "cheap" does not hold today'


def test_the_day_begins_by_the_time_zone_of_the_device(rig):
    few = Tariff(id="few", default_price=1, quota=Quota(day=1))
    priced(rig, few, DEAR, a="few", zone="Pacific/Kiritimati")  # UTC+14
    assert send(rig, 2) == "ab"
    rig.advance((-NOON - 14 * 3600) % DAY_S + 1)
    assert send(rig) == "a"


def test_counts_are_saved_now_and_then_and_at_the_end(rig, till):
    priced(rig, till=till)
    send(rig)
    assert till.value is None
    rig.advance(KEEP_S)
    assert till.usage().used("a", rig.clock.wall()).day == 1
    send(rig)
    rig.pump.actor.clean_up()
    assert till.usage().used("a", rig.clock.wall()).day == 2


def test_after_a_crash_nothing_is_forgotten_and_nothing_counted_twice(rig, till):
    few = Tariff(id="few", default_price=1, quota=Quota(day=3))
    priced(rig, few, DEAR, a="few", till=till)
    send(rig, 1)
    rig.advance(KEEP_S)
    send(rig, 1)
    life = Rig(rig.folder, clock=rig.clock, queue_limit=100)
    priced(life, few, DEAR, a="few", till=till, stand=False)
    life.take_up()
    for name in "ab":
        life.stand(name)
    assert send(life, 2) == "ab"
    life.journal.close()


def test_counts_belong_to_the_sim_not_to_the_modem(rig):
    few = Tariff(id="few", default_price=1, quota=Quota(day=1))
    priced(rig, few, DEAR, a="few", stand=False)

    def put(imsi):
        rig.pump.tell(SenderStanding("a", Standing.USABLE, rig.senders["a"], imsi))

    rig.stand("b")
    put("510100000000001")
    assert send(rig, 2) == "ab"
    put("510100000000002")
    assert send(rig, 2) == "ab"
    put("510100000000001")
    assert send(rig) == "b"


def test_a_clock_that_is_known_to_be_wrong_counts_on_where_it_was(rig, till):
    few = Tariff(id="few", default_price=1, quota=Quota(day=2))
    priced(rig, few, DEAR, a="few", till=till)
    send(rig)
    rig.advance(KEEP_S)
    rig.clock.set_wall(1000.0)
    rig.clock.plausible = False
    assert send(rig, 2) == "ab"


def test_without_tariffs_nothing_is_priced_and_the_modems_take_turns(rig):
    priced(rig, a="", b="")
    assert send(rig, 4) == "abab"
    assert words(rig)[0] == {"state": "usable", "price": None, "why": None, "dearer": None, "quota": None}
    assert "price" not in route(rig)["groups"][-1]["modems"][0]


def test_a_tariff_that_nobody_knows_is_the_most_expensive_and_said_to_be_missing(rig):
    priced(rig, a="cheep")
    assert send(rig, 2) == "bb"
    assert words(rig)[0] == {"state": "usable", "price": None, "why": 'there is no tariff "cheep"', "dearer": True, "quota": None}
    assert route(rig)["chosen"] == ["b"]


def test_a_message_does_not_have_everything_routed_anew(rig, monkeypatch):
    promo = Tariff(id="promo", default_price=70, allowances=(Allowance(from_=1, to=108, price=0),))
    priced(rig, promo, CHEAP, a="promo", b="cheap")
    routed = Told()
    monkeypatch.setattr(rig.pump.actor._dispatch, "routes_changed", lambda now: routed.append(now) or [])
    send(rig, 98)
    assert not routed
    send(rig, 2)
    assert routed, "close to an edge a long message may have another choice"
