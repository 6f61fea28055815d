"""`otppi virtual-modem`: modems and a network that other programs take for real."""

import argparse
import re
from pathlib import Path
from typing import Final

from otppi.domain.errors import Mistake, NotDone
from otppi.virtual.findings import make_of
from otppi.virtual.makes import PROFILES

IMEI: Final = re.compile(r"[0-9]{15}")
PIN: Final = re.compile(r"[0-9]{4,8}")

EPILOG = """examples:
  otppi virtual-modem --link /tmp/modem                         one modem; Ctrl-C ends it
  otppi virtual-modem --count 4 --link /tmp/modem%d --latency-ms 2000
  gammu -c gammurc sendsms TEXT 628123456789 -text hello        with `device = /tmp/modem`, `connection = at`
"""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to `otppi`'s."""
    parser = commands.add_parser(
        "virtual-modem",
        help="modems and a network on pseudo-terminals that other programs take for real",
        description="Runs virtual modems on pseudo-terminals; shows each SMS that their network received.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--link", action="append", required=True, metavar="PATH", help="where the port appears; one modem for each"
    )
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="N modems from one --link: %%d in it is the number from 0, else it is appended",
    )
    parser.add_argument(
        "--profile",
        action="append",
        metavar="NAME|FILE.json",
        help=f"make of modem, or findings by `otppi modem learned`; once for each, the last for the rest ({', '.join(sorted(PROFILES))})",
    )
    parser.add_argument("--latency-ms", type=float, default=0, metavar="N", help="the network's time for each SMS (0)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append what the network received, as JSON lines")
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="Unix socket for tests: JSON lines")
    parser.add_argument("--imei", action="append", default=[], metavar="DIGITS", help="of the first, second … modem")
    parser.add_argument("--pin", default="", help="every SIM asks for it")
    parser.add_argument("--quiet", action="store_true", help="do not show the messages")
    parser.set_defaults(run=run)


def _links(given: list[str], count: int | None) -> list[Path]:
    """One path for each modem."""
    if count is None:
        return [Path(link) for link in given]
    if count < 1:
        raise Mistake("--count: give a number from 1.")
    if len(given) == count and count > 1:
        return [Path(link) for link in given]
    if len(given) != 1:
        raise Mistake("--count goes with one --link, or with as many as it says.")
    if "%d" in given[0]:
        return [Path(given[0].replace("%d", str(number))) for number in range(count)]
    return [Path(f"{given[0]}{number}") for number in range(count)] if count > 1 else [Path(given[0])]


def _checked_links(args: argparse.Namespace) -> list[Path]:
    links = _links(args.link, args.count)
    if len(set(links)) < len(links):
        raise Mistake("--link: every modem needs a path of its own.")
    if args.latency_ms < 0:
        raise Mistake("--latency-ms: give 0 or more.")
    if any(not IMEI.fullmatch(imei) for imei in args.imei):
        raise Mistake("--imei: give 15 digits.")
    if args.pin and not PIN.fullmatch(args.pin):
        raise Mistake("--pin: give 4 to 8 digits.")
    try:
        for words in args.profile or ():
            make_of(words)
    except ValueError as error:
        raise Mistake(f"--profile: {error}") from None
    return links


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; NotDone when a link, the log or the socket cannot be made or written."""
    links = _checked_links(args)
    from otppi.virtual import serve  # noqa: PLC0415  the gateway need not carry it: some 30 ms and 2 MB

    options = serve.Options(
        links=links,
        profiles=args.profile or ["generic"],
        latency_s=args.latency_ms / 1000,
        log=args.log,
        pin=args.pin,
        imeis=args.imei,
    )
    try:
        serve.serve(options, args.control, quiet=args.quiet)
    except OSError as error:
        where = error.filename2 or error.filename
        raise NotDone(f"virtual-modem: {error.strerror or error}{f': {where}' if where else ''}.") from error
    return 0
