"""``otppi ws-broker``: a WebSocket message broker for those who have none."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from otppi.cli.common import Commands
from otppi.domain.errors import Mistake, NotDone

if TYPE_CHECKING:
    from otppi.adapters.htpasswd import Users

PORT = 9000
MOST_PORTS = 65_535
EPILOG = """example:
  htpasswd -Bc users shop && otppi ws-broker --users users

A client connects to ws://HOST:9000/?topic=NAME with a user of the file by Basic authentication; what it sends goes to every
other connection of that topic. Nothing is stored. There is no encryption: across a network that is not yours, put a reverse
proxy with TLS in front and let this one listen with --host 127.0.0.1.
"""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("ws-broker", help="run a WebSocket message broker", epilog=EPILOG,
                                 description="Runs a WebSocket message broker until SIGTERM or Ctrl-C: each message goes to every other connection of its topic.")
    parser.add_argument("--users", type=Path, required=True, metavar="FILE", help="htpasswd file: {SHA}, $apr1$ or bcrypt; read once")
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"port ({PORT}); 0: any free one")
    parser.add_argument("--host", default="0.0.0.0", metavar="ADDRESS", help="address to listen at (0.0.0.0: all of IPv4)")  # noqa: S104  # the original's habit
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises Mistake for a bad file, NotDone when the port cannot be had."""
    from otppi.adapters.htpasswd import Users  # noqa: PLC0415  # the gateway need not carry it

    if not 0 <= args.port <= MOST_PORTS:
        raise Mistake(f"--port: give 0 to {MOST_PORTS}.")
    users = Users.read(args.users)
    try:
        asyncio.run(_serve(users, args.host, args.port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "the address is not known"
        raise NotDone(f"ws-broker: {args.host}:{args.port} could not be opened: {reason}.") from error
    return 0


async def _serve(users: "Users", host: str, port: int) -> None:
    from otppi.adapters.ws_server import WsBroker  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await WsBroker(users).serve(host, port, lambda bound: _tell(host, bound), stop)


def _tell(host: str, port: int) -> None:
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # it is what we warn of
        print("otppi: passwords and messages cross the network unencrypted, on every address; --host 127.0.0.1 behind a proxy with TLS changes that.",
              file=sys.stderr, flush=True)
    print(f"otppi ws-broker ready ws://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
