"""``otppi check``: are site file and settings in order?"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from otppi.cli.common import Commands, add_parser, become_owner, site_of
from otppi.config.book import SettingsBook
from otppi.config.routing import doubts
from otppi.config.zones import zone_of
from otppi.domain.allowances import Calendar
from otppi.domain.errors import Mistake
from otppi.store.files import failing_as
from otppi.store.sections import FileSections


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "check", "check site file and settings, all errors at once", "otppi check --site ./otppi.toml")
    parser.set_defaults(run=run)


def _doubts(book: SettingsBook) -> Iterator[str]:
    """Say what is allowed in one section but does not fit another."""
    zone = None
    try:
        zone = zone_of(book.get("general").time_zone)
    except Mistake as mistake:
        yield f"general: {mistake}"
    yield from (f"routing: {doubt}" for doubt in doubts(book.get("routing"), book.get("modems"), Calendar(zone).day(time.time())))


def run(args: argparse.Namespace) -> int:
    """Say that all is well; what is not comes as BadSettings."""
    site = site_of(args)
    data = Path(site.paths.data)
    with failing_as(f"{data} could not be read"):
        known = (data / "settings").exists()
    if not known:
        print(f"The site file is in order; nothing is set yet in {data}.")
        return 0
    become_owner(data)
    book = SettingsBook(FileSections(data / "settings"))
    modems, subscribers = book.get("modems"), [(kind, one) for kind, one in book.get("subscribers").each() if one.enabled]
    active = sum(modem.active for modem in modems)
    brokers = f"; brokers: {', '.join(kind for kind, _ in subscribers)}" if subscribers else ""
    print(f"Site file and settings in {data} are in order; modems: {len(modems)}, active: {active}{brokers}.")
    for doubt in _doubts(book):
        print(doubt)
    for kind, subscriber in subscribers:
        if risk := subscriber.risk():
            print(f"{kind}: {risk}")
    return 0
