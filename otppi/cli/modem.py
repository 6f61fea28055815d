"""``otppi modem``: the modems, their identity and state."""

import argparse

from otppi.cli.common import add_parser, operate, print_json, print_table
from otppi.cli.status import modem_row


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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
    print_table(("MODEM", "STATE", "PORT", "OPERATOR", "SIGNAL", "SENT", "FAILED", "UNKNOWN", "WHY"), [modem_row(modem) for modem in modems])
    print()
    print_table(("MODEM", "MAKE", "MODEL", "IMEI", "DEFAULT"), [
        (modem["id"], modem["manufacturer"], modem["model"], modem["imei"], modem["defaultModem"]) for modem in modems])
    return 0
