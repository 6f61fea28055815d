"""Every command of the standards that a virtual modem knows; what only one make knows is data in `profiles`."""

from collections.abc import Mapping
from typing import Final

from otppi.virtual.commands_basic import BASIC
from otppi.virtual.commands_network import NETWORK
from otppi.virtual.commands_send import SEND
from otppi.virtual.commands_settings import SETTINGS
from otppi.virtual.commands_store import STORE
from otppi.virtual.commands_ussd import USSD
from otppi.virtual.modem import Handler

COMMANDS: Final[Mapping[str, Handler]] = {**BASIC, **NETWORK, **SETTINGS, **STORE, **SEND, **USSD}
"""Handlers by name, in capitals."""
