"""Fixtures of the doors' tests."""

import threading

import pytest
from web.house import House


@pytest.fixture(autouse=True)
def _no_thread_left():
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not left


@pytest.fixture
def build(tmp_path):
    """Build houses; their doors are closed in the end."""
    houses = []

    def _build(**options):
        houses.append(House(tmp_path / str(len(houses)), **options))
        return houses[-1]

    yield _build
    for house in houses:
        house.doors.close(2)


@pytest.fixture
def house(build):
    return build().open()
