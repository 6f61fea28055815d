"""Guards of every test: nothing that a test started may outlive it."""

import logging
import threading
from collections.abc import Iterator

import pykka
import pytest

LIMIT_S = 5.0
LONGEST = ("test_fault_", "test_broker_", "test_web_bad_clients", "test_journey_message_status", "test_cli_service_life", "test_house_files")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first: where files are shared out among workers, none is begun when the others are done."""
    items.sort(key=lambda item: not item.path.name.startswith(LONGEST))


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    actors = pykka.ActorRegistry.get_all()
    for ref in actors:
        ref.stop(block=False)
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(LIMIT_S)
    assert not actors, f"actors were left running: {actors}"
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"threads were left running: {alive}"


@pytest.fixture(autouse=True)
def _log_lines_are_well_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log line whose arguments do not fit its text is an error here, not a note on stderr."""
    monkeypatch.setattr(logging, "raiseExceptions", True)

    def fail(self: logging.Handler, record: logging.LogRecord) -> None:
        raise AssertionError(f"badly formed log line: {record.msg!r}")

    monkeypatch.setattr(logging.Handler, "handleError", fail)
