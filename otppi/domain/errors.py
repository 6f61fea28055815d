"""The tree of errors. Callers catch by branch; a sentence in an error is fit for a person to read.

OtppiError
├── Mistake (ValueError)      a person or a client asked for something wrong; the sentence names the field and the mend
│   ├── NotUnderstood         the body cannot be read at all
│   ├── BadNumber             no MSISDN
│   ├── BadTemplate           the message of an OTP does not hold exactly one %s
│   └── BadSettings           site file or settings; carries every problem at once
├── NotDone                   rightly asked, but it cannot be done now
├── PortError (OSError)       a device's line; the device is gone, taken or mute
│   ├── PortMissing           nothing is there
│   ├── PortTaken             somebody else holds it
│   └── PortLost              it went away while in use
└── StoreError (OSError)      a file could not be read or written
    └── DataLocked            another gateway owns the data folder

No error carries an OTP, a password, a PIN, a message's text or a whole number.
"""

from collections.abc import Iterable


class OtppiError(Exception):
    """Root of the tree; its text is always fit to be shown and logged."""


class Mistake(OtppiError, ValueError):
    """What was asked is wrong; asking again in the same way will fail again."""


class NotUnderstood(Mistake):
    """The body of a request cannot be read: broken JSON, no ``data`` object or an unknown command."""


class BadNumber(Mistake):
    """A recipient that is no MSISDN."""


class BadTemplate(Mistake):
    """The message of an OTP request must hold exactly one ``%s``."""


class BadSettings(Mistake):
    """Site file or settings with errors; :attr:`problems` holds each as ``(path, sentence)``."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{path}: {sentence}" if path else sentence for path, sentence in self.problems))


class NotDone(OtppiError):
    """Rightly asked, but not possible now; the sentence says why."""


class PortError(OtppiError, OSError):
    """A device's line failed. Opening it again later may help."""


class PortMissing(PortError):
    """There is nothing at that path."""


class PortTaken(PortError):
    """Another process holds the port."""


class PortLost(PortError):
    """The device went away while its port was in use."""


class StoreError(OtppiError, OSError):
    """A file of ours could not be read or written."""


class DataLocked(StoreError):
    """Another process owns the data folder."""
