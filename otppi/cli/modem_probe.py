"""``otppi modem probe``: what a port answers."""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from otppi.at import probe, tools
from otppi.cli.common import Commands, add_parser, print_json
from otppi.cli.modem_place import TOOL_LIMIT_S, Place, add_place, find, open_line, use
from otppi.domain.errors import NotDone

if TYPE_CHECKING:
    from otppi.adapters.at_session import AtSession

GREET_LIMIT_S = 15.0


def register(actions: Commands) -> None:
    """Add the action."""
    parser = add_parser(actions, "probe", "ask a port what it answers; other baud rates are tried when it is silent", "otppi modem probe /dev/ttyUSB0", table=True, nested=True)
    add_place(parser)
    parser.add_argument("--show-numbers", action="store_true", help="show phone numbers and identities whole")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each question with its answer. Raises NotDone when nothing speaks AT."""
    place, arguments = find(args), {"numbers": args.show_numbers}
    tool = tools.tool("probe", arguments, imei_write=False)
    found: dict[str, Any] = {"port": place.gateway or place.line.path}
    if place.gateway:
        found |= use(args, tool, arguments, place)
    else:
        with speaking(place, only=bool(args.baud)) as (session, rate):
            found |= {"baud_rate": rate, **tool.told(session.run(tool.script(), TOOL_LIMIT_S))}
    if args.json:
        print_json(found)
        return 0
    if "baud_rate" in found:
        print(f"{found['port']} at {found['baud_rate']} baud")
    for answer in found["answers"]:
        print(f"{answer['command']:<12} {answer['end']}")
        listed = answer["command"] == "AT+CLAC"  # a hundred names, one a line
        for line in [" ".join(answer["lines"])] if listed else answer["lines"]:
            print(f"    {line}")
    return 0


@contextlib.contextmanager
def speaking(place: Place, *, only: bool = False) -> "Iterator[tuple[AtSession, int]]":
    """Give a line at which something speaks AT, and its baud rate: the one that is set first. Raises NotDone when there is none, PortError for a port that cannot be opened."""
    first = place.line.baud_rate
    rates = [first] if only else [first, *(rate for rate in probe.BAUD_RATES if rate != first)]
    for rate in rates:
        if rate != first:
            print(f"Nothing at {first} baud; trying {rate}.", file=sys.stderr)
        with open_line(place, rate) as session:
            if session.run(probe.greet(), GREET_LIMIT_S):
                yield session, rate
                return
    raise NotDone(f"Nothing at {place.line.path} speaks AT{f' at {first} baud' if only else ', at any usual baud rate'}. See: otppi modem doctor {place.name}")
