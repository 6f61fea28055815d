"""``otppi route``: which modem would send to a number now, and why."""

import argparse
from typing import Any

from otppi.cli.common import Commands, add_parser, operate, print_json
from otppi.domain import pricing


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "route", "tell which modem would send to a number now, and why", "otppi route 08123456789", table=True)
    parser.add_argument("number", metavar="NUMBER")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the choice and the groups that were looked at. 1 when no modem would send."""
    route = operate(args, "route", number=args.number)
    if args.json:
        print_json(route)
        return 0 if route["chosen"] else 1
    names = {modem["id"]: modem["name"] for group in route["groups"] for modem in group["modems"]}
    if route["chosen"]:
        turn = " in turn" if len(route["chosen"]) > 1 else ""
        print(f"{route['number']} goes by {', '.join(names[modem] for modem in route['chosen'])}{turn}: {route['reason']}.")
    else:
        print(f"{route['number']} goes nowhere: {route['reason']}.")
    for group in route["groups"]:
        print(f"  {group['reason']}: " + ", ".join(f"{modem['name']} ({_words(modem)})" for modem in group["modems"]))
    return 0 if route["chosen"] else 1


def _words(modem: dict[str, Any]) -> str:
    """Give state and price of a modem, and why it is passed over."""
    quota = f"quota of the {modem['quota']} reached" if modem.get("quota") else ""
    return ", ".join(filter(None, (modem["state"], quota, pricing.words(modem))))
