"""``otppi inbox``: received SMS."""

import argparse
import time
import unicodedata
from typing import Any

from otppi.cli.common import Commands, add_parser, operate, print_json, print_table
from otppi.domain.errors import NotDone

PREVIEW = 60  # characters of a text in the table


def register(commands: Commands) -> None:
    """Add the command with its own commands."""
    parser = add_parser(commands, "inbox", "read and answer received SMS", "otppi inbox list --unread", table=True)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    listing = add_parser(actions, "list", "list received SMS, the newest first", "otppi inbox list --search invoice --limit 10", table=True, nested=True)
    listing.add_argument("--unread", action="store_true", help="only those that nobody has read")
    listing.add_argument("--search", default="", metavar="TEXT", help="only those with this in sender or text")
    listing.add_argument("--modem", default="", metavar="ID", help="only those of this modem")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most (default: 50)")
    listing.add_argument("--page", type=int, default=1, metavar="N", help="which page of so many (default: 1)")
    listing.set_defaults(run=list_messages)
    showing = add_parser(actions, "show", "show a message, which is read then", "otppi inbox show ID", table=True, nested=True)
    showing.add_argument("id", metavar="ID", help="as otppi inbox list has it")
    showing.set_defaults(run=show_message)
    replying = add_parser(actions, "reply", "send an SMS to the sender of a message", "otppi inbox reply ID 'Thank you.'", nested=True)
    replying.add_argument("id", metavar="ID")
    replying.add_argument("text", metavar="TEXT")
    replying.set_defaults(run=reply_to_message)
    deleting = add_parser(actions, "delete", "delete messages, from the disk too", "otppi inbox delete ID", nested=True)
    deleting.add_argument("ids", nargs="+", metavar="ID")
    deleting.set_defaults(run=delete_messages)


def list_messages(args: argparse.Namespace) -> int:
    """Print a page of messages."""
    found = operate(args, "inbox.list", search=args.search, modem=args.modem, unread=args.unread, page=args.page, limit=args.limit)
    if args.json:
        print_json(found)
        return 0
    filtered = args.search or args.modem or args.unread
    print_table(("ID", "CAME", "MODEM", "SENDER", "NEW", "TEXT"), [
        (one["id"], _moment(one["at"]), one["modem"], plain(one["sender"]), "" if one["read"] else "new", _preview(one["text"])) for one in found["messages"]],
        none="No message fits." if filtered or args.page > 1 else "No message has come yet.")
    if found["total"] > len(found["messages"]) > 0:
        print(f"\n{len(found['messages'])} of {found['total']}; --limit and --page show others.")
    return 0


def show_message(args: argparse.Namespace) -> int:
    """Print a message."""
    message = operate(args, "inbox.show", id=args.id)
    if args.json:
        print_json(message)
        return 0
    _print_heads(message)
    print()
    print("\n".join(plain(line) for line in message["text"].splitlines()))
    if message["raw"]:
        print(message["raw"])
    return 0


def reply_to_message(args: argparse.Namespace) -> int:
    """Send a reply and say what became of it. Raises NotDone when that is not known."""
    outcome = operate(args, "inbox.reply", id=args.id, text=args.text)
    if outcome["status"] == "unknown":
        raise NotDone(f"It is not known whether the reply was sent: {outcome['error'] or 'the modem did not say'}")
    print("The reply is sent." if outcome["status"] == "sent" else f"The reply is in hand; its id is {outcome['id']}.")
    return 0


def delete_messages(args: argparse.Namespace) -> int:
    """Delete messages; an id that there is not counts as not deleted."""
    done = operate(args, "inbox.delete", ids=args.ids)
    print(f"{done['deleted']} of {len(args.ids)} deleted.")
    return 0


def plain(text: str) -> str:
    """Give a text without what would command a terminal: whoever sent it is a stranger."""
    return "".join("\ufffd" if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character for character in text)


def _print_heads(message: dict[str, Any]) -> None:
    parts = f"{message['parts'] - len(message['missing'])} of {message['parts']} parts" if message["missing"] else f"{message['parts']} parts"
    for head, value in (("From", plain(message["sender"])), ("Modem", message["modem"]), ("Came", _moment(message["at"])), ("Sent", message["sent_at"]),
                        ("Made of", parts if message["parts"] > 1 else ""), ("Kind", "flash" if message["flash"] else "")):
        if value:
            print(f"{head + ':':8} {value}")


def _moment(unix: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix))


def _preview(text: str) -> str:
    line = plain(" ".join(text.split()))
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"
