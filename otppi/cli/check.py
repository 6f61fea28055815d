"""``otppi check``: are site file and settings in order?"""

import argparse
from pathlib import Path

from otppi.cli.common import Commands, add_parser, become_owner, site_of
from otppi.config.book import SettingsBook
from otppi.store.files import failing_as
from otppi.store.sections import FileSections


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "check", "check site file and settings, all errors at once", "otppi check --site ./otppi.toml")
    parser.set_defaults(run=run)


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
    for kind, subscriber in subscribers:
        if risk := subscriber.risk():
            print(f"{kind}: {risk}")
    return 0
