"""``otppi publish``: one request through any door of a gateway, and its reply."""

import argparse
import getpass
import json
import os
import re
import secrets
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otppi.cli.common import Commands, add_parser, print_json
from otppi.config import door as doors
from otppi.config.kinds import did_you_mean
from otppi.domain import lenient
from otppi.domain.errors import Mistake, NotDone, NotUnderstood
from otppi.domain.requests import COMMANDS
from otppi.domain.secret import Secret

if TYPE_CHECKING:
    from otppi.adapters.clients import Client

PASSWORD = "OTPPI_PUBLISH_PASSWORD"  # noqa: S105  # a name
DONE = ("0000", "1111")
TIMEOUT_S = 30.0  # more than a gateway takes over one request, unless somebody sets it so
MAX_TIMEOUT_S = 86_400.0
MAX_DELAY_MS = 60_000  # a gateway waits no longer
_CALLBACK = re.compile(r"(?!-$)[A-Za-z0-9._/-]{1,200}")  # what a gateway answers to
EXAMPLE = """otppi publish https://shop@gateway:10443/api/sms send-sms receiver=08123456789 message='Hello there'
  otppi publish amqp://shop@broker/%2F echo --data '{"n": 1}' --callback
  otppi publish redis://broker?mode=stream --topic sms send-sms - < data.json
  otppi publish stomp://shop@broker/queue/sms request-ussd modem_id=modem1 'ussd_code=*888#' --callback=my.replies"""
URLS = f"""the door: scheme://user@host[:port][/path]; http(s) amqp(s) mqtt(s) redis(s) stomp(s) ws(s). What the path means:
 http: of the API ({doors.HTTP_PATH}) - amqp: virtual host (/%%2F is /) - mqtt, redis: topic - stomp: /queue/NAME or /topic/NAME - ws: as the broker has it.
A password in the URL is seen in the process list and the shell's history: leave it out and set {PASSWORD}, or be asked for it"""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add_parser(commands, "publish", "send one request through a door of a gateway and print the reply", EXAMPLE)
    parser.add_argument("url", metavar="URL", help=URLS)
    parser.add_argument("name", metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("values", nargs="*", metavar="KEY=VALUE", help="the data: KEY=TEXT, KEY:=JSON for other types, with no option among them; - alone reads an object from standard input")
    parser.add_argument("--data", metavar="JSON", help="the data as one object, instead of KEY=VALUE")
    parser.add_argument("--topic", metavar="T", help=f"queue, topic, channel or stream of the gateway (default: the URL's, or {doors.DEFAULT_TOPIC})")
    parser.add_argument("--callback", nargs="?", const="", metavar="TOPIC",
                        help="ask for a reply by this topic, or by a random one, and wait for it (HTTP answers anyway); without it the broker's confirmation is awaited")
    parser.add_argument("--callback-delay", type=int, metavar="MS", help="the gateway waits so long before it replies (default: 10)")
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="S", help=f"wait so many seconds for the reply (default: {TIMEOUT_S:.0f})")
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="certificate authorities to trust, PEM (default: the system's)")
    parser.add_argument("--no-verify", action="store_true", help="take any certificate")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Publish and print. 1 when the gateway did not do it."""
    from otppi.adapters import clients  # noqa: PLC0415  # help must not wait for it

    door = _door(args)
    body: dict[str, Any] = {"command": _command(args), "data": _data(args)}
    if door.callback is not None and door.kind != "http":
        body["callback_topic"] = door.callback.topic
        if args.callback_delay is not None:
            body["callback_delay"] = args.callback_delay
    payload = json.dumps(body, ensure_ascii=False).encode()
    with closing(clients.connect(_with_password(door))) as client:
        if door.callback is not None:
            client.listen(door.callback)
        confirmed = client.publish(payload)
        if door.callback is None and not client.answers:
            print(confirmed)
            return 0
        reply = _reply(client, args.name, door.timeout_s)
    if reply is None:
        raise NotDone(f"{confirmed} No reply that can be read came." if client.answers else f"{confirmed} No reply came within {door.timeout_s:g} s.")
    _show(reply)
    code = reply["response_code"]
    if code not in DONE:
        error = " ".join(str(reply.get("error", "")).split())
        raise NotDone(f"The gateway answered {code}{f': {error}' if error else '.'}")
    return 0


def _door(args: argparse.Namespace) -> doors.Door:
    if args.callback_delay is not None and not 0 <= args.callback_delay <= MAX_DELAY_MS:
        raise Mistake(f"--callback-delay must be 0 to {MAX_DELAY_MS} milliseconds.")
    if args.callback_delay is not None and args.callback is None:
        raise Mistake("--callback-delay goes with --callback.")
    if not 0 < args.timeout <= MAX_TIMEOUT_S:
        raise Mistake(f"--timeout must be above 0 and at most {MAX_TIMEOUT_S:.0f} seconds.")
    callback = None
    if args.callback is not None:
        if args.callback and not _CALLBACK.fullmatch(args.callback):
            raise Mistake("A callback topic has up to 200 letters, digits and . _ / -; put a bare --callback last.")
        callback = doors.Callback(args.callback or f"otppi-reply-{secrets.token_hex(8)}", fresh=not args.callback)
    return doors.read(args.url, topic=args.topic, callback=callback, ca_file=str(args.ca_file.absolute()) if args.ca_file else "",
                        verify=not args.no_verify, timeout_s=args.timeout)


def _with_password(door: doors.Door) -> doors.Door:
    if door.password:
        return door
    password = os.environ.get(PASSWORD, "")
    if not password and door.username and sys.stdin.isatty():
        try:
            password = getpass.getpass(f"Password of {door.username}: ")
        except EOFError:
            raise Mistake("No password was given.") from None
    return replace(door, password=Secret(password))


def _command(args: argparse.Namespace) -> str:
    if args.name not in COMMANDS:
        hint = " Put a bare --callback last." if args.callback in COMMANDS else ""
        known = {name.replace("-", "_"): name for name in COMMANDS}
        near = did_you_mean(args.name, known)
        raise Mistake(f'There is no command "{args.name}"{near.replace("_", "-") or "; known ones: " + ", ".join(COMMANDS) + "."}{hint}')
    return str(args.name)


def _data(args: argparse.Namespace) -> dict[str, Any]:
    if args.data == "-" and not args.values:
        args.values, args.data = ["-"], None
    if args.data is not None:
        if args.values:
            raise Mistake("Give the data as KEY=VALUE, as --data or as -, not in two ways.")
        return _object(args.data.encode(errors="surrogateescape"), "--data")
    if args.values == ["-"]:
        return _object(sys.stdin.buffer.read(), "Standard input")
    data: dict[str, Any] = {}
    for word in args.values:
        key, given, value = word.partition("=")
        as_json = key.endswith(":")
        key = key.removesuffix(":")
        if not given or not key:
            raise Mistake("Data are written as KEY=VALUE, KEY:=JSON, or a single - for standard input.")
        if key in data:
            raise Mistake(f"{key} is given twice.")
        data[key] = _json(value.encode(errors="surrogateescape"), f"The value of {key}") if as_json else _text(value, key)
    return data


def _object(raw: bytes, name: str) -> dict[str, Any]:
    value = _json(raw, name)
    if not isinstance(value, dict):
        raise Mistake(f"{name} must be a JSON object.")
    return value


def _json(raw: bytes, name: str) -> Any:
    try:
        return lenient.loads(raw)
    except NotUnderstood as error:
        raise Mistake(str(error).replace("The body", name, 1)) from None


def _text(value: str, key: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Mistake(f"The value of {key} is not UTF-8 text.") from None
    return value


def _reply(client: "Client", command: str, limit_s: float) -> dict[str, Any] | None:
    """Wait for what answers this command; a callback topic may carry others' messages too."""
    end = time.monotonic() + limit_s
    while (raw := client.receive(max(0.0, end - time.monotonic()))) is not None:
        try:
            reply = lenient.loads(raw)
        except NotUnderstood:
            continue
        if isinstance(reply, dict) and isinstance(reply.get("response_code"), str) and reply.get("command") in {command, "", None}:
            return reply
    return None


def _show(reply: dict[str, Any]) -> None:
    if sys.stdout.isatty():
        print_json(reply)
    else:
        print(json.dumps(reply, ensure_ascii=False))
