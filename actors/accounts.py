"""The accounts: administrators and API users. Doors see them as a snapshot that is replaced after each change."""

from collections.abc import Callable
from dataclasses import dataclass, field

from actors.base import handles
from actors.owner import Owner
from otppi.domain.accounts import AccountsBook, Snapshot
from otppi.domain.messages.running import Begin
from otppi.domain.ports import ApiUser, Clock, Tell
from otppi.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Web → accounts: an imported record was proven; replace it by one of ours."""

    name: str
    old_record: str = field(repr=False)
    password: Secret


class LiveAccounts:
    """The accounts as doors see them: a reference that is replaced, which needs no lock. Implements ports.Accounts."""

    def __init__(self) -> None:
        self.snapshot = Snapshot((), 0)
        self.ask_upgrade: Tell = lambda message: None

    def publish(self, snapshot: Snapshot) -> None:
        """Take a new snapshot."""
        self.snapshot = snapshot

    def api_user(self, name: str) -> ApiUser | None:
        """Give the user of that name, or None."""
        return self.snapshot.api_user(name)

    def version(self) -> int:
        """Give a number that changes whenever any account does."""
        return self.snapshot.version()

    def upgrade(self, name: str, old_record: str, password: Secret) -> None:
        """Ask for an imported record to be replaced."""
        self.ask_upgrade(Upgrade(name, old_record, password))


class AccountsOwner(Owner):
    """Owns the accounts. ``publish`` takes each new snapshot; it must not block."""

    def __init__(self, clock: Clock, book: AccountsBook, publish: Callable[[Snapshot], None]) -> None:
        super().__init__("accounts", clock, book.operations)
        self._book = book
        self._publish = publish

    @handles(Begin)
    def begin(self, _: Begin) -> None:
        """Publish the first snapshot."""
        self._publish(self._book.snapshot())

    @handles(Upgrade)
    def upgrade(self, message: Upgrade) -> None:
        """Replace an imported record."""
        self._book.upgrade(message.name, message.old_record, message.password)
        self._publish(self._book.snapshot())

    def operated(self, name: str) -> None:
        """Publish what an operation changed before it is answered."""
        if name != "user.list":
            self._publish(self._book.snapshot())
