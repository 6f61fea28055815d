"""``otppi settings``: show and replace a section."""

import argparse
import sys
from pathlib import Path

from otppi.cli.common import add_parser, operate, print_json
from otppi.domain import lenient


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_parser(commands, "settings", "show or replace a section of the settings", "otppi settings show sms | otppi settings set sms -")
    parser.add_argument("action", choices=("show", "set"))
    parser.add_argument("section", metavar="SECTION", help="general, api, sms, otp or modems")
    parser.add_argument("file", nargs="?", metavar="FILE", help="JSON for set; - reads standard input")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show or set."""
    if args.action == "show":
        print_json(operate(args, "settings.show", section=args.section))
        return 0
    if args.file is None:
        print("otppi: settings set needs a FILE, or - for standard input.", file=sys.stderr)
        return 2
    try:
        text = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as error:
        print(f"otppi: {args.file} could not be read: {error.strerror}.", file=sys.stderr)
        return 2
    operate(args, "settings.set", section=args.section, value=lenient.loads(text))
    print(f"Section {args.section} is saved.")
    return 0
