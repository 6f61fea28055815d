"""Killed again and again under load, nothing is lost, doubled or told wrongly. All hundred deaths: ``python -m soak.kills``."""

from doubles.storm import Storm

DEATHS = 10


def test_killed_at_random_under_load_every_message_is_accounted_for_and_none_is_sent_twice(tmp_path):
    storm = Storm(tmp_path, seed=2026)
    storm.run(DEATHS)
    storm.check()
