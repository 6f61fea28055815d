"""``otppi settings``: show and replace a section."""

import argparse
import sys
from pathlib import Path

from otppi.cli.common import Commands, add_parser, operate, print_json
from otppi.config.sections import SECTIONS
from otppi.domain import lenient
from otppi.domain.errors import Mistake, NotUnderstood

EXAMPLE = """otppi settings show sms > sms.json    # secrets are shown as {"secret": "set"}, which keeps them when set again
  otppi settings set sms sms.json       # a key that is left out takes its default"""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "settings", "show or replace a section of the settings", EXAMPLE)
    parser.add_argument("action", choices=("show", "set"))
    parser.add_argument("section", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("file", nargs="?", metavar="FILE", help="JSON for set; - reads standard input")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show or set."""
    if args.action == "show":
        if args.file is not None:
            raise Mistake("settings show takes no FILE; it prints the section.")
        print_json(operate(args, "settings.show", section=args.section))
        return 0
    if args.file is None:
        raise Mistake("settings set needs a FILE, or - for standard input.")
    operate(args, "settings.set", section=args.section, value=_read(args.file))
    print(f"Section {args.section} is saved.")
    return 0


def _read(file: str) -> object:
    try:
        return lenient.loads(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise Mistake(f"{file} could not be read: {error.strerror}.") from error
    except NotUnderstood as error:
        raise Mistake(str(error).replace("The body", "Standard input" if file == "-" else file, 1)) from error
