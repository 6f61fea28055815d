"""A disk that fills up or dies, at the seam between us and the operating system: os.write, os.fsync, os.replace."""

import errno
import os
from pathlib import Path


class PowerCut(BaseException):  # no error of ours: nothing in the product may catch it and go on
    """The process ends here."""


class FailingDisk:
    """Stands in for the calls that change files; install it with pytest's monkeypatch.

    ``room`` is how many bytes can still be written (None: any number); then writes are short, then ENOSPC.
    ``calls_left`` is how many of the three calls succeed before the power goes (None: all).
    """

    def __init__(self, monkeypatch):
        self.room = None
        self.calls_left = None
        self.synced = []
        self._write, self._fsync, self._replace = os.write, os.fsync, os.replace
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "replace", self.replace)

    def write(self, file, data):
        self._step()
        if self.room is not None:
            data = bytes(data)[: self.room]
            self.room -= len(data)
            if not data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._write(file, data)

    def fsync(self, file):
        self._step()
        self.synced.append(Path(f"/proc/self/fd/{file}").resolve())
        self._fsync(file)

    def replace(self, source, target, **folders):
        self._step()
        self._replace(source, target, **folders)

    def _step(self):
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise PowerCut
