"""``otppi blocklist``: the numbers that are never texted."""

import argparse
import csv
import sys

from otppi.cli.common import add_parser, operate, print_json, print_table
from otppi.domain.errors import Mistake

NEED_NUMBERS = ("add", "unblock", "delete")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = add_parser(commands, "blocklist", "manage the numbers that are never texted",
                        "otppi blocklist add 08123456789 '62812*' | otppi blocklist export > blocked.csv", table=True)
    parser.add_argument("action", choices=("add", "unblock", "delete", "list", "import", "export"))
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="0812… is read by the country code; a trailing * makes it a prefix; for list: search")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the action says. import and export speak CSV: number or prefix, then blocked or passing."""
    if args.action in NEED_NUMBERS:
        if not args.numbers:
            raise Mistake(f"blocklist {args.action} needs at least one number.")
        changed = operate(args, f"blocklist.{args.action}", numbers=args.numbers)["changed"]
        print(f"{changed} of {len(args.numbers)} changed.")
    elif args.action == "import":
        rows = [row for row in csv.reader(sys.stdin) if row and not row[0].startswith("#")]
        entries = [{"pattern": row[0], "blocked": len(row) < 2 or row[1].strip() != "passing"} for row in rows]
        print(f"{operate(args, 'blocklist.import', entries=entries)['changed']} of {len(entries)} changed.")
    else:
        entries = operate(args, "blocklist.list", search=" ".join(args.numbers)) if args.action == "list" else operate(args, "blocklist.export")
        _print(args, entries)
    return 0


def _print(args: argparse.Namespace, entries: list[dict[str, object]]) -> None:
    rows = [(entry["pattern"], "blocked" if entry["blocked"] else "passing") for entry in entries]
    if args.json:
        print_json(entries)
    elif args.action == "export":
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    else:
        print_table(("NUMBER", "STATE"), rows)
