"""``otppi modem imei``: read the IMEI; write it where the owner of the machine allows it."""

import argparse
import sys

from otppi.at import tools
from otppi.at.imei_tool import LAW
from otppi.cli.common import Commands, add_parser, print_json, site_of
from otppi.cli.modem_place import add_place, find, use
from otppi.domain.errors import Mistake, NotDone


def register(actions: Commands) -> None:
    """Add the action with its own actions."""
    parser = add_parser(actions, "imei", "read a modem's IMEI, or write it where the site file allows it", "otppi modem imei show modem0", table=True, nested=True)
    inner = parser.add_subparsers(dest="imei_action", metavar="ACTION", title="actions", required=True)
    reading = add_parser(inner, "show", "read the IMEI and look at its check digit", "otppi modem imei show modem0", table=True, nested=True)
    add_place(reading)
    reading.set_defaults(run=show)
    writing = add_parser(inner, "write", "write an IMEI; off unless the site file has [gates] imei_write = true. It is asked for twice", "otppi modem imei write modem0 IMEI", nested=True)
    add_place(writing)
    writing.add_argument("imei", metavar="IMEI", help="15 digits, the last one the check digit")
    writing.set_defaults(run=write)


def show(args: argparse.Namespace) -> int:
    """Print the IMEI."""
    found = use(args, tools.tool("imei-show", {}, imei_write=False), {})
    if args.json:
        print_json(found)
    elif not found["imei"]:
        raise NotDone(found["said"])
    else:
        print(f"{found['imei']}  (type allocation code {found['tac']})\n{found['said']}")
        if not found["writable"]:
            print("It cannot be written by known commands.")
    return 0


def write(args: argparse.Namespace) -> int:
    """Write the IMEI after it was typed again. Raises Mistake when it may not be written, NotDone when the modem does not take it."""
    allowed = site_of(args).gates.imei_write
    tools.tool("imei-write", {"imei": args.imei, "again": args.imei}, imei_write=allowed)  # what is wrong already is said before anything is asked
    place = find(args)
    print(LAW, file=sys.stderr)
    arguments = {"imei": args.imei, "again": _again()}
    found = use(args, tools.tool("imei-write", arguments, imei_write=allowed), arguments, place)
    if not found["done"]:
        raise NotDone(found["said"])
    print(found["said"])
    return 0


def _again() -> str:
    if sys.stdin.isatty():
        print("Type the IMEI again: ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line.strip():
        raise Mistake("The IMEI was not typed again; nothing was written.")
    return line.strip()
