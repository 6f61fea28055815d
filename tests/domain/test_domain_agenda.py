"""The agenda: what must happen when."""

from hypothesis import given
from hypothesis import strategies as st

from otppi.domain.agenda import Agenda


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from((1.0, 2.0, 3.0, 4.0, float("inf"), None))), max_size=300), st.sampled_from((0.0, 2.0, 5.0)))
def test_an_agenda_gives_each_name_once_at_its_last_moment(steps, now):
    agenda, expected = Agenda(), {}
    for name, moment in steps:
        expected.pop(name, None)
        if moment is None:
            agenda.drop(name)
        else:
            agenda.put(name, moment)
            if moment != float("inf"):
                expected[name] = moment
        assert agenda.first() == min(expected.values(), default=None)
    assert sorted(agenda.due(now)) == sorted(name for name, moment in expected.items() if moment <= now)
    assert agenda.first() == min((moment for moment in expected.values() if moment > now), default=None)


def test_an_agenda_does_not_grow_with_what_is_over():
    agenda = Agenda()
    for n in range(10_000):
        agenda.put(str(n), 1e6 + n)
        agenda.drop(str(n))
    assert len(agenda._heap) < 100


def test_an_agenda_that_was_tidied_up_has_lost_nothing():
    agenda = Agenda()
    for moment in range(50, 0, -1):
        for name in range(20):
            agenda.put(str(name), float(moment * 100 - name))
            assert agenda.first() == min(agenda._moments.values())
    assert list(agenda.due(1000)) == [str(name) for name in reversed(range(20))]
