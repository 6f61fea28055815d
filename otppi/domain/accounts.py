"""Administrators and API users: their records, what may be changed about them, and the snapshot that doors see."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from otppi.domain import passwords
from otppi.domain.errors import Mistake
from otppi.domain.ports import ApiUser
from otppi.domain.requests import COMMANDS
from otppi.domain.secret import Secret

_NAME = re.compile(r"[^\s:\x00-\x1f\x7f\ud800-\udfff]{1,64}")
KINDS = ("api", "admin")


@dataclass(frozen=True, slots=True)
class Account:
    """One account. ``record`` is a password record; ``commands`` limits an API user, empty allows all.

    ``sends_hash`` marks a user moved over from the original whose client still sends the hash in place of the password.
    """

    name: str
    record: str = field(repr=False)
    email: str = ""
    phone: str = field(default="", repr=False)
    commands: tuple[str, ...] = ()
    blocked: bool = False
    active: bool = True
    sends_hash: bool = False


class Snapshot:
    """The accounts as doors see them; replaced as a whole, never changed. Implements ports.Accounts but for upgrade."""

    def __init__(self, users: Iterable[Account], version: int) -> None:
        self._users = {
            user.name: ApiUser(user.name, user.record, frozenset(user.commands), usable=user.active and not user.blocked) for user in users
        }
        self._version = version

    def api_user(self, name: str) -> ApiUser | None:
        """Give the user of that name, or None."""
        return self._users.get(name)

    def version(self) -> int:
        """Give a number that differs between snapshots."""
        return self._version


class AccountsBook:
    """All accounts with their file and their operations. Every change is safe on disk when it returns."""

    def __init__(self, load: Callable[[], Any], save: Callable[[Any], None]) -> None:
        stored = load() or {}
        self._accounts: dict[str, dict[str, Account]] = {
            kind: {entry["name"]: Account(**{**entry, "commands": tuple(entry["commands"])}) for entry in stored.get(kind, [])} for kind in KINDS
        }
        self._save = save
        self._version = 0
        self.operations: dict[str, Callable[..., Any]] = {
            "user.list": self.listing,
            "user.add": self.add,
            "user.passwd": self.passwd,
            "user.remove": self.remove,
            "user.block": lambda kind, name: self._change(kind, name, blocked=True),
            "user.unblock": lambda kind, name: self._change(kind, name, blocked=False),
            "user.activate": lambda kind, name: self._change(kind, name, active=True),
            "user.deactivate": lambda kind, name: self._change(kind, name, active=False),
        }

    def snapshot(self) -> Snapshot:
        """Give what doors need to know."""
        return Snapshot(self._accounts["api"].values(), self._version)

    def listing(self) -> list[dict[str, Any]]:
        """List every account without its password record."""
        return [
            {"kind": kind, "name": account.name, "email": account.email, "phone": "set" if account.phone else "", "commands": list(account.commands),
             "blocked": account.blocked, "active": account.active, "password": "hash of the original" if account.record.startswith("sha256$") else "set",
             "sends_hash": account.sends_hash}
            for kind in KINDS for account in self._accounts[kind].values()
        ]

    def add(self, kind: str, name: str, password: str, email: str = "", phone: str = "", commands: Iterable[str] = ()) -> dict[str, Any]:
        """Add an account. Raises :class:`Mistake` naming what is wrong."""
        if kind not in KINDS:
            raise Mistake('An account is of kind "api" or "admin".')
        if not _NAME.fullmatch(name):
            raise Mistake("A user name has 1 to 64 characters, without spaces and colons.")
        if name in self._accounts[kind]:
            raise Mistake(f'There is a user "{name}" already.')
        wanted = tuple(commands)
        for command in wanted:
            if command not in COMMANDS:
                raise Mistake(f'There is no command "{command}". Known ones: {", ".join(COMMANDS)}.')
        secret = Secret(password)
        passwords.check_new(secret)
        self._keep(kind, Account(name, passwords.record(secret), email=email, phone=phone, commands=wanted))
        return {"name": name}

    def passwd(self, kind: str, name: str, password: str) -> dict[str, Any]:
        """Set a new password."""
        secret = Secret(password)
        passwords.check_new(secret)
        self._keep(kind, replace(self._account(kind, name), record=passwords.record(secret), sends_hash=False))
        return {"name": name}

    def upgrade(self, name: str, old_record: str, password: Secret) -> None:
        """Replace an API user's imported record after ``password`` was proven to fit it, unless it changed meanwhile.

        Nothing is done where nothing is gained: a hash that is sent again and again is written down once.
        """
        account = self._accounts["api"].get(name)
        better = passwords.upgraded(password, old_record)
        if account is not None and account.record == old_record and better is not None:
            self._keep("api", replace(account, record=better, sends_hash=passwords.takes_hash(better)))

    def remove(self, kind: str, name: str) -> dict[str, Any]:
        """Remove an account; the last administrator stays."""
        self._account(kind, name)
        if kind == "admin":
            self._keep_one_admin(name)
        rest = {key: value for key, value in self._accounts[kind].items() if key != name}
        self._write({**self._accounts, kind: rest})
        return {"name": name}

    def _change(self, kind: str, name: str, *, blocked: bool | None = None, active: bool | None = None) -> dict[str, Any]:
        account = self._account(kind, name)
        changed = replace(account, blocked=account.blocked if blocked is None else blocked, active=account.active if active is None else active)
        if kind == "admin" and (changed.blocked or not changed.active):
            self._keep_one_admin(name)
        self._keep(kind, changed)
        return {"name": name}

    def _keep_one_admin(self, without: str) -> None:
        if not any(account.active and not account.blocked for account in self._accounts["admin"].values() if account.name != without):
            raise Mistake("This is the last administrator who can log in; it stays.")

    def _account(self, kind: str, name: str) -> Account:
        account = self._accounts.get(kind, {}).get(name)
        if account is None:
            raise Mistake(f'There is no {kind} user "{name}".')
        return account

    def _keep(self, kind: str, account: Account) -> None:
        self._write({**self._accounts, kind: {**self._accounts[kind], account.name: account}})

    def _write(self, accounts: dict[str, dict[str, Account]]) -> None:
        self._save({kind: [asdict(account) for account in accounts[kind].values()] for kind in KINDS})
        self._accounts = accounts
        self._version += 1
