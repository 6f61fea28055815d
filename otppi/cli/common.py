"""What commands share: where the data is, whether a service runs on it, and how an operation reaches it."""

import argparse
import contextlib
import getpass
import json
import os
import pwd
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from otppi.books import open_books
from otppi.config.site import Site, load_site
from otppi.domain import operations
from otppi.domain.errors import DataLocked, Mistake, NotDone
from otppi.store.lock import DataFolder
from otppi.store.run_directory import run_directory
from otppi.web.control_client import TIMEOUT_S, NotAnswering, ask

CONTROL_SOCKET = "control.sock"

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # argparse has no public name for it


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the words in one line, and where help is. A long option is written in full."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter, **more})

    def error(self, message: str) -> NoReturn:
        """End with 2."""
        self.exit(2, f"{self.prog}: {message}; see: {self.prog} --help\n")


def add_parser(commands: Commands, name: str, what: str, example: str, *, table: bool = False, nested: bool = False) -> argparse.ArgumentParser:
    """Add a command, or with ``nested`` an action of one, with the options that every command takes."""
    parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=f"example:\n  {example}")
    add_options(parser, table=table, nested=nested)
    return parser


def add_options(parser: argparse.ArgumentParser, *, table: bool = False, nested: bool = False) -> None:
    """Add what every command takes. A ``nested`` parser leaves alone what was said before its own name."""
    default = argparse.SUPPRESS if nested else None
    parser.add_argument("--site", type=Path, metavar="FILE", default=default, help="site file (default: /etc/otppi/otppi.toml if it is there)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", default=default, help="data folder, instead of the site file's")
    if table:
        parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS if nested else False, help="print JSON instead of a table")


def site_of(args: argparse.Namespace) -> Site:
    """Read the site file that the words name. Raises BadSettings."""
    return load_site(args.site, os.environ, args.data_dir)


def operate(args: argparse.Namespace, name: str, /, **arguments: Any) -> Any:
    """Run an operation by the running service, or without one on the locked data folder. Raises Mistake and NotDone."""
    operation = operations.check(name, arguments)
    site = site_of(args)
    folder = DataFolder(Path(site.paths.data))
    run = folder.run_dir()
    if run is not None:
        try:
            return ask(run / CONTROL_SOCKET, name, arguments, TIMEOUT_S + operation.limit_s)
        except NotAnswering:
            pass  # it ended or was killed; the folder's lock, asked for next, is the judge
    if not operation.offline:
        raise NotDone(f"No service runs on {site.paths.data}; start it with: otppi run")
    return _without_service(site, folder, name, arguments)


def _without_service(site: Site, folder: DataFolder, name: str, arguments: dict[str, Any]) -> Any:
    who = caller()
    become_owner(folder.path)
    with locked(site, folder):
        books = open_books(folder.path)
        try:
            result = books.operations()[name](**arguments)
        except TypeError:
            raise Mistake("An argument of the operation has the wrong shape.") from None
        operation = operations.OPERATIONS[name]
        if operation.changes:
            books.audit.record(f"cli:{who}", name, operations.target(operation, arguments))
        return result


@contextlib.contextmanager
def locked(site: Site, folder: DataFolder) -> Iterator[None]:
    """Own the data folder for a while. Raises NotDone when somebody else does."""
    try:
        folder.lock(run_directory(folder.path, Path(site.paths.run) if site.paths.run else None, os.environ))
    except DataLocked:
        raise NotDone(f"A service holds {folder.path} and does not answer; try again when it has started or stopped.") from None
    try:
        yield
    finally:
        folder.unlock()


def caller() -> str:
    """Name whoever asks, as the kernel knows him: the service finds the same name at its control socket."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def become_owner(data: Path) -> None:
    """Act as the data folder's owner, so that root leaves no file that the service cannot read. Raises NotDone."""
    if os.geteuid() != 0 or not data.exists():
        return
    status = data.stat()
    if not status.st_uid:
        return
    try:
        try:
            account = pwd.getpwuid(status.st_uid)
            os.initgroups(account.pw_name, account.pw_gid)
            os.setgid(account.pw_gid)
        except KeyError:  # a user of another machine or container; its number is all there is
            os.setgroups([])
            os.setgid(status.st_gid)
        os.setuid(status.st_uid)
    except OSError as error:
        raise NotDone(f"{data} belongs to another user, and this one may not act for him: {error.strerror}.") from error


def print_json(value: Any) -> None:
    """Print JSON for people and programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]], none: str = "none") -> None:
    """Print aligned columns; an empty table says ``none``."""
    if not rows:
        print(none)
        return
    table = [[str(head) for head in heads], *[[_shown(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _shown(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "-" if cell in {None, ""} else str(cell)


def read_lines(what: Sequence[str], *, from_stdin: bool, option: str) -> list[str]:
    """Read secrets, one a line from standard input, or ask for each; a name that ends with ``*`` is asked for twice. Raises Mistake."""
    if from_stdin:
        return [_line() for _ in what]
    if not sys.stdin.isatty():
        raise Mistake(f"There is nobody to ask; give it on standard input with {option}.")
    found = []
    try:
        for name in what:
            found.append(getpass.getpass(f"{name.rstrip('*')}: "))
            if name.endswith("*") and getpass.getpass("Again: ") != found[-1]:
                raise Mistake("The two differ; nothing was tried.")
    except EOFError:  # Ctrl-D
        print(file=sys.stderr)
        raise Mistake("Nothing was given.") from None
    return found


def add_password_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--password-stdin``, which :func:`read_password` reads."""
    parser.add_argument("--password-stdin", action="store_true", help="read the password from the first line of standard input, and do not ask for it")


def read_password(args: argparse.Namespace) -> str:
    """Read a password from standard input, or ask for it twice. Raises Mistake."""
    if args.password_stdin:
        return _line()
    if not sys.stdin.isatty():
        raise Mistake("There is nobody to ask for the password; give it on standard input with --password-stdin.")
    try:
        password, again = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except EOFError:  # Ctrl-D
        print(file=sys.stderr)
        raise Mistake("No password was given.") from None
    if again != password:
        raise Mistake("The two passwords differ.")
    return password


def _line() -> str:
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Mistake("The password on standard input is not UTF-8 text.") from None
