"""All books of a data folder: state with its files, for the running service and for the command line without one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otppi.config.book import Change, SettingsBook
from otppi.domain.accounts import AccountsBook
from otppi.domain.blocklist import BlocklistBook
from otppi.domain.inbox import InboxBook
from otppi.domain.learned import LearnedBook
from otppi.store.audit import FileAudit
from otppi.store.inbox import InboxFiles
from otppi.store.sections import FileSections
from otppi.store.timestamp import SavedTime


@dataclass(frozen=True, slots=True)
class Books:
    """What a data folder holds. ``state`` keeps sections that are no settings."""

    settings_files: FileSections
    state: FileSections
    settings: SettingsBook
    accounts: AccountsBook
    audit: FileAudit
    saved_time: SavedTime
    inbox: InboxBook
    """Read when it is first needed."""
    learned: LearnedBook
    """What was found out about modems."""

    def make_settings(self, changed: Callable[[Change], None]) -> SettingsBook:
        """Make the settings' book for an owner that wants to hear of changes."""
        return SettingsBook(self.settings_files, changed)

    def make_blocklist(self, country_code: Callable[[], str]) -> BlocklistBook:
        """Make the blocklist's book; numbers are read by the country code of the moment."""
        return BlocklistBook(lambda: self.state.load("blocklist"), lambda value: self.state.save("blocklist", value), country_code)

    def operations(self) -> Mapping[str, Callable[..., Any]]:
        """Give every operation that works without a running service."""
        blocklist = self.make_blocklist(lambda: str(self.settings.get("sms").country_code))
        return {**self.settings.operations, **self.accounts.operations, **blocklist.operations, **self.inbox.operations, **self.learned.operations}


def open_books(data: Path) -> Books:
    """Open the books of a data folder that the caller has locked. Raises BadSettings and StoreError."""
    settings, state = FileSections(data / "settings"), FileSections(data / "state")
    return Books(
        settings_files=settings,
        state=state,
        settings=SettingsBook(settings),
        accounts=AccountsBook(lambda: state.load("accounts"), lambda value: state.save("accounts", value)),
        audit=FileAudit(data / "audit.log"),
        saved_time=SavedTime(data / "time"),
        inbox=InboxBook(InboxFiles(data / "inbox")),
        learned=LearnedBook(state.load, state.names, state.drop),
    )
