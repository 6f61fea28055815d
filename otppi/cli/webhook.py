"""``otppi webhook``: who is told of events, how that goes, and a try."""

import argparse

from otppi.cli.common import Commands, add_parser, operate, print_json, print_table
from otppi.domain.errors import NotDone


def register(commands: Commands) -> None:
    """Add the command with its own commands."""
    parser = add_parser(commands, "webhook", "see how webhooks stand, or try one", "otppi webhook test shop", table=True)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    listing = add_parser(actions, "list", "list the active webhooks with what waits for each", "otppi webhook list", table=True, nested=True)
    listing.set_defaults(run=list_webhooks)
    trying = add_parser(actions, "test", 'post an event "test" to a webhook now, active or not', "otppi webhook test shop", table=True, nested=True)
    trying.add_argument("id", metavar="ID", help="as otppi settings show webhooks has it")
    trying.set_defaults(run=try_webhook)


def list_webhooks(args: argparse.Namespace) -> int:
    """Print how each active webhook stands."""
    found = list(operate(args, "status").get("webhook", {}).values())
    if args.json:
        print_json(found)
        return 0
    print_table(("ID", "HOST", "STATE", "WAITING", "TAKEN", "FAILED", "GIVEN UP", "LAST ERROR"), [
        (one["id"], one["host"], one["state"], one["waiting"], one["delivered"], one["failed"], one["given_up"], one["last_error"]) for one in found])
    return 0


def try_webhook(args: argparse.Namespace) -> int:
    """Say that the test was taken; with ``--json`` also what came back when it was not. Raises NotDone when it was not."""
    result = operate(args, "webhook.test", id=args.id)
    if args.json:
        print_json(result)
        return 0 if result["taken"] else 1
    if not result["taken"]:
        raise NotDone(result["error"] or f"{args.id} answered with status {result['status']}.")
    print(f"{args.id} took the test (status {result['status']}).")
    return 0
