"""``otppi modem``: the modems, their identity and state, and the tools for one of them."""

import argparse

from otppi.cli import modem_doctor, modem_imei, modem_learned, modem_probe, modem_sim
from otppi.cli.common import Commands, add_parser, operate, print_json, print_table
from otppi.cli.status import print_modems


def register(commands: Commands) -> None:
    """Add the command with its own commands."""
    parser = add_parser(commands, "modem", "list the modems, look at one, use the SIM and IMEI tools", "otppi modem list --json", table=True)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    listing = add_parser(actions, "list", "list the modems with identity and state", "otppi modem list --json", table=True, nested=True)
    listing.set_defaults(run=run)
    for tool in (modem_probe, modem_doctor, modem_sim, modem_imei, modem_learned):
        tool.register(actions)


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
