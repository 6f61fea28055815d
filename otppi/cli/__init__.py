"""The command line: words, tables and exit codes. 0: done, 1: not done, 2: wrong words or configuration."""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from otppi.cli import (
    blocklist,
    check,
    demo,
    inbox,
    modem,
    publish,
    route,
    run,
    settings,
    status,
    user,
    ussd,
    virtual_modem,
    webhook,
    ws_broker,
)
from otppi.cli.common import Parser
from otppi.domain.errors import BadSettings, Mistake, OtppiError

COMMANDS = (run, check, status, settings, user, blocklist, route, modem, ussd, inbox, webhook, publish, virtual_modem, ws_broker, demo)
EPILOG = """first steps:
  otppi demo                                   try everything without a modem
  otppi settings show modems                   what is set; otppi settings set modems FILE replaces it
  otppi user add-api NAME                      who may use the API
  otppi run                                    the service; otppi status asks how it is

otppi COMMAND --help shows an example of each.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code. Every error is one sentence on stderr."""
    parser = Parser(prog="otppi", description="Sends one-time passwords and SMS through your own SIM cards.", epilog=EPILOG)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)
    for command in COMMANDS:
        command.register(commands)
    args = parser.parse_args(words)
    try:
        code = int(args.run(args))
        sys.stdout.flush()
    except BadSettings as error:
        for line in str(error).splitlines():
            print(f"otppi: {line}", file=sys.stderr)
        return 2
    except Mistake as error:
        print(f"otppi: {error}", file=sys.stderr)
        return 2
    except OtppiError as error:
        hint = " Use sudo, or the user of the service." if isinstance(error.__cause__, PermissionError) else ""
        print(f"otppi: {error}{hint}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; nothing is left to say
        return 1
    except KeyboardInterrupt:
        return 1
    return code


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        print(f"otppi {importlib.metadata.version('otppi')}")
        parser.exit()
