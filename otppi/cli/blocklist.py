"""``otppi blocklist``: the numbers that are never texted."""

import argparse
import csv
import sys
from pathlib import Path

from otppi.cli.common import Commands, add_parser, operate, print_json, print_table
from otppi.domain.errors import Mistake

NEED_NUMBERS = ("add", "unblock", "delete")
STATES = {"": True, "blocked": True, "passing": False}
EXAMPLE = """otppi blocklist add 08123456789 '62812*'
  otppi blocklist list 62812
  otppi blocklist export > blocked.csv
  otppi blocklist import blocked.csv"""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "blocklist", "manage the numbers that are never texted",
                        EXAMPLE, table=True)
    parser.add_argument("action", choices=("add", "unblock", "delete", "list", "import", "export"),
                        help="unblock frees what is listed as blocked, never a number for which a prefix stands; an exception that passes a blocked prefix comes by import; delete takes either off")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="0812… is read by the country code; a trailing * makes it a prefix; for list: digits to look for; for import: a FILE, or - for standard input")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the action says. import and export speak CSV: number or prefix, then blocked or passing."""
    if args.action in NEED_NUMBERS:
        if not args.numbers:
            raise Mistake(f"blocklist {args.action} needs at least one number.")
        done = operate(args, f"blocklist.{args.action}", numbers=args.numbers)
        blocked = done.get("still_blocked", 0)
        print(f"{done['changed']} of {len(args.numbers)} changed." + (f" {blocked} still blocked by a prefix." if blocked else ""))
    elif args.action == "import":
        entries = _read(args.numbers)
        print(f"{operate(args, 'blocklist.import', entries=entries)['changed']} of {len(entries)} changed.")
    elif args.action == "export" and args.numbers:
        raise Mistake("blocklist export prints the whole list; blocklist list shows a part of it.")
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
        print_table(("NUMBER", "STATE"), rows, none="No number is listed." if not args.numbers else "No listed number holds these digits.")


def _read(files: list[str]) -> list[dict[str, object]]:
    """Read what export wrote: a number or prefix a line, then blocked (which may be left out) or passing."""
    if len(files) > 1:
        raise Mistake("blocklist import reads one FILE, or standard input.")
    try:
        data = Path(files[0]).read_bytes() if files and files[0] != "-" else sys.stdin.buffer.read()
        rows = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    except OSError as error:
        raise Mistake(f"{files[0]} could not be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Mistake("What is to be imported is no CSV text.") from error
    entries: list[dict[str, object]] = []
    for row in rows:
        if not row or row[0].startswith("#"):
            continue
        state = row[1].strip().lower() if len(row) > 1 else ""
        if state not in STATES:
            raise Mistake(f'Entry {len(entries) + 1}: the second column is "blocked" or "passing".')
        entries.append({"pattern": row[0], "blocked": STATES[state]})
    return entries
