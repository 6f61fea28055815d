"""``otppi modem``: the modems, their identity and state."""

import argparse

from otppi.cli.common import Commands, add_parser, operate, print_json, print_table
from otppi.cli.status import print_modems


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "modem", "list the modems with identity and state", "otppi modem list --json", table=True)
    parser.add_argument("action", choices=("list",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print all modems."""
    modems = operate(args, "modem.list")
    if args.json:
        print_json(modems)
        return 0
    print_modems(modems)
    if modems:
        print()
        print_table(("MODEM", "MAKE", "MODEL", "IMEI", "DEFAULT"), [
            (modem["id"], modem["manufacturer"], modem["model"], modem["imei"], modem["defaultModem"]) for modem in modems])
    return 0
