"""``otppi modem learned`` and ``forget``: what was found out about modems, as JSON that a virtual modem can play."""

import argparse

from otppi.cli.common import Commands, add_parser, operate, print_json, print_table
from otppi.domain.errors import NotDone


def register(actions: Commands) -> None:
    """Add both actions."""
    telling = add_parser(actions, "learned", "show what was found out about modems, all or one; --json for a file that virtual-modem --profile plays",
                         "otppi modem learned --json > findings.json", table=True, nested=True)
    telling.add_argument("imei", metavar="IMEI", nargs="?", default="", help="of one modem")
    telling.set_defaults(run=show)
    forgetting = add_parser(actions, "forget", "forget what was found out about a modem, so that it is explored anew", "otppi modem forget 001013000000018", nested=True)
    forgetting.add_argument("imei", metavar="IMEI")
    forgetting.set_defaults(run=forget)


def show(args: argparse.Namespace) -> int:
    """Print the findings. Raises NotDone when there are none of that modem."""
    found = operate(args, "modem.learned", imei=args.imei)
    if args.imei and not found:
        raise NotDone("Nothing was found out about a modem with this IMEI.")
    if args.json:
        print_json(found)
        return 0
    print_table(("IMEI", "MAKE", "MODEL", "REVISION", "NOTIFIES", "REPORTS", "STORES", "USSD"), [
        (one["imei"], one["manufacturer"], one["model"], one["revision"], one["capabilities"].get("cnmi", ""), one["capabilities"].get("reports") or "none",
         " ".join(one["capabilities"].get("stores", ())), one["capabilities"].get("ussd", "")) for one in found], none="No modem has been explored yet.")
    return 0


def forget(args: argparse.Namespace) -> int:
    """Forget the findings."""
    operate(args, "modem.forget", imei=args.imei)
    print("Forgotten; the modem is explored when it next becomes ready.")
    return 0
