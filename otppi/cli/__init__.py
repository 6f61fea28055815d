"""The command line: words, tables and exit codes. 0: done, 1: not done, 2: wrong words or configuration."""

import argparse
import sys
from collections.abc import Sequence

from otppi.cli import blocklist, check, demo, modem, route, run, settings, status, user, virtual_modem
from otppi.domain.errors import BadSettings, Mistake, OtppiError

COMMANDS = (run, check, status, settings, user, blocklist, route, modem, virtual_modem, demo)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit code. Every error is one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="otppi", description="Sends one-time passwords and SMS through your own SIM cards.", epilog="otppi COMMAND --help shows an example."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    args = parser.parse_args(words)
    try:
        return int(args.run(args))
    except (BadSettings, Mistake) as error:
        print(f"otppi: {error}", file=sys.stderr)
        return 2
    except OtppiError as error:
        print(f"otppi: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; nothing is left to say
        return 1
    except KeyboardInterrupt:
        return 1
