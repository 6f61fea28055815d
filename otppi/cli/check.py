"""``otppi check``: are site file and settings in order?"""

import argparse
from pathlib import Path

from otppi.cli.common import add_parser, site_of
from otppi.config.book import SettingsBook
from otppi.store.sections import FileSections


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_parser(commands, "check", "check site file and settings, all errors at once", "otppi check --site ./otppi.toml")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say that all is well; what is not comes as BadSettings."""
    site = site_of(args)
    book = SettingsBook(FileSections(Path(site.paths.data) / "settings"))
    modems = book.get("modems")
    print(f"Site file and settings in {site.paths.data} are in order; {len(modems)} modems, {sum(modem.active for modem in modems)} of them active.")
    return 0
