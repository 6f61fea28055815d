"""``otppi user``: administrators and API users."""

import argparse

from otppi.cli.common import Commands, add_parser, add_password_option, operate, print_json, print_table, read_password
from otppi.domain.errors import Mistake

KINDS = ("api", "admin")
CHANGES = {
    "passwd": ("give an account a new password", "has a new password"),
    "remove": ("remove an account", "is removed"),
    "block": ("block an account, at once", "is blocked"),
    "unblock": ("take the block from an account", "is not blocked any more"),
    "activate": ("make an account active", "is active"),
    "deactivate": ("make an account inactive, at once", "is inactive"),
}
"""Action, what it does, and what is true afterwards."""


def register(commands: Commands) -> None:
    """Add the command with its own commands."""
    parser = add_parser(commands, "user", "manage administrators and API users", "otppi user add-api shop --password-stdin < password.txt", table=True)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    listing = add_parser(actions, "list", "list all accounts", "otppi user list --json", table=True, nested=True)
    listing.set_defaults(run=list_users)
    for kind, whom in (("api", "an API user"), ("admin", "an administrator")):
        add = add_parser(actions, f"add-{kind}", f"add {whom}", f"otppi user add-{kind} NAME --email name@example.org", nested=True)
        add.add_argument("name", metavar="NAME")
        add.add_argument("--email", default="", metavar="E", help="e-mail address")
        add.add_argument("--phone", default="", metavar="P", help="phone number")
        add.add_argument("--commands", default="", metavar="LIST",
                         help="API commands that are allowed, separated by commas, such as request-otp,verify-otp (default: all)")
        add_password_option(add)
        add.set_defaults(run=add_user, kind=kind)
    for action, (what, _) in CHANGES.items():
        change = add_parser(actions, action, what, f"otppi user {action} api shop", nested=True)
        change.add_argument("kind", choices=KINDS, help="API user or administrator")
        change.add_argument("name", metavar="NAME")
        if action == "passwd":
            add_password_option(change)
        change.set_defaults(run=change_user)


def list_users(args: argparse.Namespace) -> int:
    """Print all accounts."""
    users = operate(args, "user.list")
    if args.json:
        print_json(users)
    else:
        print_table(("KIND", "NAME", "ACTIVE", "BLOCKED", "E-MAIL", "COMMANDS", "PASSWORD"), [
            (user["kind"], user["name"], user["active"], user["blocked"], user["email"], ",".join(user["commands"]) or "all",
             user["password"] + (", client sends the hash" if user["sends_hash"] else "")) for user in users],
            none="There is no account yet; add an API user with: otppi user add-api NAME")
    return 0


def add_user(args: argparse.Namespace) -> int:
    """Add an account."""
    if args.kind == "admin" and args.commands:
        raise Mistake("--commands is for API users; an administrator may do everything.")
    commands = [command.strip() for command in args.commands.split(",") if command.strip()]
    operate(args, "user.add", kind=args.kind, name=args.name, password=read_password(args), email=args.email, phone=args.phone, commands=commands)
    print(f"{_whom(args)} is added.")
    return 0


def change_user(args: argparse.Namespace) -> int:
    """Change an account."""
    more = {"password": read_password(args)} if args.action == "passwd" else {}
    operate(args, f"user.{args.action}", kind=args.kind, name=args.name, **more)
    print(f"{_whom(args)} {CHANGES[args.action][1]}.")
    return 0


def _whom(args: argparse.Namespace) -> str:
    return f'{"API user" if args.kind == "api" else "Administrator"} "{args.name}"'
