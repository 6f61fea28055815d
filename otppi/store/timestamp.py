"""The last time that was known, so that a clock without a battery is seen to be wrong."""

import math
from pathlib import Path

from otppi.domain.errors import StoreError
from otppi.store.files import replace_file, set_aside


class SavedTime:
    """Unix seconds in a file; they only grow, unless a person sets the clock back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> float:
        """Give the saved unix time, 0 when there is none or the file is damaged. Raises StoreError."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            raise StoreError(f"{self._path} could not be read: {error.strerror}.") from error
        try:
            saved = float(text.removesuffix(b"\n").decode("ascii")) if text.endswith(b"\n") else math.nan
        except ValueError:
            saved = math.nan
        if not math.isfinite(saved) or saved < 0:
            set_aside(self._path, "it holds no time")
            return 0.0
        return saved

    def save(self, unix: float, *, force: bool = False) -> None:
        """Keep ``unix`` if it is later than what is kept, or in any case with ``force``. Raises StoreError."""
        if force or unix > self.last():
            replace_file(self._path, [f"{unix:.3f}\n".encode()])
