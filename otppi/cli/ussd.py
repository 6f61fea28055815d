"""``otppi ussd``: a USSD dialogue with the network of one modem's SIM."""

import argparse
import sys

from otppi.cli.common import Commands, add_parser, operate
from otppi.domain.errors import NotDone


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "ussd", "run a USSD code on a modem; further input is asked for while the network waits for it", "otppi ussd modem0 '*888#'")
    parser.add_argument("modem", metavar="MODEM", help="a modem's id, as otppi modem list has it")
    parser.add_argument("code", metavar="CODE", help="such as '*888#', quoted for the shell's sake")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each answer; an empty line or the end of input ends an open session. Raises NotDone when the network or the modem says no."""
    said = operate(args, "ussd", modem=args.modem, code=args.code)
    print(said["text"], flush=True)
    while said["open"]:
        if not (code := _line()):
            _end(args)
            break
        said = operate(args, "ussd", modem=args.modem, code=code)
        print(said["text"], flush=True)
    return 0


def _line() -> str:
    if sys.stdin.isatty():
        print("> ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip()
    except KeyboardInterrupt:
        return ""


def _end(args: argparse.Namespace) -> None:
    try:
        operate(args, "ussd", modem=args.modem, cancel=True)
    except NotDone:
        return  # the network or the gateway ended it first, which is as good
