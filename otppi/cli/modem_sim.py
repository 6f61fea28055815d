"""``otppi modem sim``: the SIM's PIN."""

import argparse

from otppi.at import tools
from otppi.cli.common import Commands, add_parser, print_json, read_lines
from otppi.cli.modem_place import add_place, find, use
from otppi.domain.errors import NotDone

ACTIONS = {
    "enable": ("have the SIM ask for its PIN after power on", {"pin": "PIN"}),
    "disable": ("have the SIM ask for no PIN", {"pin": "PIN"}),
    "change": ("change the PIN, while the SIM asks for it", {"pin": "Present PIN", "new": "New PIN*"}),
    "enter": ("enter the PIN that the SIM asks for", {"pin": "PIN"}),
    "unblock": ("unblock a SIM with its PUK, and give it a new PIN", {"puk": "PUK", "new": "New PIN*"}),
}
"""What each does, and what it has to know, in the order in which ``--pin-stdin`` reads it."""


def register(actions: Commands) -> None:
    """Add the action with its own actions."""
    parser = add_parser(actions, "sim", "look at and change the PIN lock of a SIM; never uses up its last try", "otppi modem sim state modem0", table=True, nested=True)
    inner = parser.add_subparsers(dest="sim_action", metavar="ACTION", title="actions", required=True)
    state = add_parser(inner, "state", "tell whether the SIM asks for a PIN, and how many tries are left", "otppi modem sim state modem0", table=True, nested=True)
    add_place(state)
    state.set_defaults(run=show)
    for action, (what, asked) in ACTIONS.items():
        change = add_parser(inner, action, what, f"otppi modem sim {action} modem0", nested=True)
        add_place(change)
        lines = " then ".join(name.rstrip("*") for name in asked.values())
        change.add_argument("--pin-stdin", action="store_true", help=f"read from standard input, one a line: {lines}; nothing is asked for")
        change.set_defaults(run=run)


def show(args: argparse.Namespace) -> int:
    """Print how the SIM stands."""
    found = use(args, tools.tool("sim-state", {}, imei_write=False), {})
    if args.json:
        print_json(found)
    else:
        print(found["said"])
    return 0


def run(args: argparse.Namespace) -> int:
    """Do it, and print what became of it. Raises NotDone when the SIM refused, or when it is not known."""
    place, asked = find(args), ACTIONS[args.sim_action][1]
    arguments = dict(zip(asked, read_lines(tuple(asked.values()), from_stdin=args.pin_stdin, option="--pin-stdin"), strict=True))
    found = use(args, tools.tool(f"sim-{args.sim_action}", arguments, imei_write=False), arguments, place)
    if not found["done"]:
        raise NotDone(found["said"])
    print(found["said"])
    if found["state"] is not None:
        print(found["state"]["said"])
    return 0
