"""``otppi user``: administrators and API users."""

import argparse

from otppi.cli.common import add_options, add_parser, operate, print_json, print_table, read_password

KINDS = ("api", "admin")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command with its own commands."""
    parser = add_parser(commands, "user", "manage administrators and API users", "otppi user add-api shop --password-stdin < password.txt", table=True)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list all accounts")
    add_options(listing, table=True, nested=True)
    listing.set_defaults(run=list_users)
    for kind in KINDS:
        add = actions.add_parser(f"add-{kind}", help=f"add an {'API user' if kind == 'api' else 'administrator'}")
        add_options(add, nested=True)
        add.add_argument("name", metavar="NAME")
        add.add_argument("--email", default="", metavar="E")
        add.add_argument("--phone", default="", metavar="P")
        add.add_argument("--commands", default="", metavar="LIST", help="allowed commands, comma separated (default: all)")
        add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        add.set_defaults(run=add_user, kind=kind)
    for action in ("passwd", "remove", "block", "unblock", "activate", "deactivate"):
        change = actions.add_parser(action, help=f"{action} an account")
        add_options(change, nested=True)
        change.add_argument("kind", choices=KINDS)
        change.add_argument("name", metavar="NAME")
        if action == "passwd":
            change.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
        change.set_defaults(run=change_user)


def list_users(args: argparse.Namespace) -> int:
    """Print all accounts."""
    users = operate(args, "user.list")
    if args.json:
        print_json(users)
    else:
        print_table(("KIND", "NAME", "ACTIVE", "BLOCKED", "E-MAIL", "COMMANDS", "PASSWORD"), [
            (user["kind"], user["name"], user["active"], user["blocked"], user["email"], ",".join(user["commands"]) or "all", user["password"]) for user in users])
    return 0


def add_user(args: argparse.Namespace) -> int:
    """Add an account."""
    commands = [command.strip() for command in args.commands.split(",") if command.strip()]
    operate(args, "user.add", kind=args.kind, name=args.name, password=read_password(args), email=args.email, phone=args.phone, commands=commands)
    print(f'{args.kind} user "{args.name}" is added.')
    return 0


def change_user(args: argparse.Namespace) -> int:
    """Change an account."""
    more = {"password": read_password(args)} if args.action == "passwd" else {}
    operate(args, f"user.{args.action}", kind=args.kind, name=args.name, **more)
    done = {"passwd": "has a new password", "remove": "is removed", "block": "is blocked", "unblock": "is not blocked any more",
            "activate": "is active", "deactivate": "is inactive"}[args.action]
    print(f'{args.kind} user "{args.name}" {done}.')
    return 0
