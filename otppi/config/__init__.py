"""Site file and settings sections: every value knows its label, range and unit; all errors come at once.

Public: :func:`load_site` and :class:`Site`, :class:`SettingsBook` and :class:`Change`, :data:`SECTIONS` and their dataclasses.
``fields`` declares them, ``kinds`` knows how a value is checked, shown and written back.
"""

from otppi.config.book import Change, SettingsBook
from otppi.config.certificates import Certificate
from otppi.config.modem import Apn, Balance, Dial, Limits, Modem
from otppi.config.sections import SECTIONS, Api, ApiPaths, General, InboxForward, MaxWait, Otp, Section, Sms
from otppi.config.site import SITE_FILE, Site, load_site
from otppi.config.subscribers import (
    ActivemqSubscriber,
    AmqpSubscriber,
    MqttSubscriber,
    RedisSubscriber,
    StompSubscriber,
    Subscriber,
    Subscribers,
    WebsocketSubscriber,
)

__all__ = [
    "SECTIONS",
    "SITE_FILE",
    "ActivemqSubscriber",
    "AmqpSubscriber",
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
    "MqttSubscriber",
    "Otp",
    "RedisSubscriber",
    "Section",
    "SettingsBook",
    "Site",
    "Sms",
    "StompSubscriber",
    "Subscriber",
    "Subscribers",
    "WebsocketSubscriber",
    "load_site",
]
