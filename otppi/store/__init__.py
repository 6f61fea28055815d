"""Plain files that survive a crash: atomic sections, an append-only journal, the data folder's lock.

Public: :class:`FileJournal`, :class:`FileSections`, :class:`FileAudit`, :class:`DataFolder`, :func:`run_directory`,
:func:`key`, :class:`SavedTime`. Every failure of a file is a :class:`otppi.domain.errors.StoreError`; damaged files are
mended or set aside as ``<name>.damaged-<n>`` and logged, never a crash at start.
"""

from otppi.store.audit import FileAudit
from otppi.store.journal import FileJournal
from otppi.store.keys import key
from otppi.store.lock import DataFolder
from otppi.store.run_directory import run_directory
from otppi.store.sections import FileSections
from otppi.store.timestamp import SavedTime

__all__ = ["DataFolder", "FileAudit", "FileJournal", "FileSections", "SavedTime", "key", "run_directory"]
