"""Site file and settings sections: every value knows its label, range and unit; all errors come at once.

Public: :func:`load_site` and :class:`Site`, :class:`SettingsBook` and :class:`Change`, :data:`SECTIONS` and their dataclasses.
``fields`` declares them, ``kinds`` knows how a value is checked, shown and written back.
"""

from otppi.config.book import Change, SettingsBook
from otppi.config.certificates import Certificate
from otppi.config.modem import Apn, Balance, Dial, Limits, Modem
from otppi.config.sections import SECTIONS, Api, ApiPaths, General, InboxForward, MaxWait, Otp, Section, Sms
from otppi.config.site import SITE_FILE, Site, load_site

__all__ = [
    "SECTIONS",
    "SITE_FILE",
    "Api",
    "ApiPaths",
    "Apn",
    "Balance",
    "Certificate",
    "Change",
    "Dial",
    "General",
    "InboxForward",
    "Limits",
    "MaxWait",
    "Modem",
    "Otp",
    "Section",
    "SettingsBook",
    "Site",
    "Sms",
    "load_site",
]
